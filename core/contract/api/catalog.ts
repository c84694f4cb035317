/** Catalogs of ready-made apps, and the jobs that import them. */
import * as z from 'zod/mini';
import { call, event, Nothing } from '../contract.ts';
import type { VmErrorData } from '../errors.ts';

export interface CatalogSource {
  id: string;
  title: string;
  /** `built-in` is always there; the others are a folder, an archive file or an https address. */
  kind: 'built-in' | 'folder' | 'archive' | 'url';
  location: string;
  /** Layout found in it. */
  layout: 'examples' | 'dynamic-apps' | 'static-pie-apps' | 'manifest' | 'unknown';
  appCount: number;
  readAt?: number;
  /** Bytes kept of an archive from the network, of those it has. */
  downloadedBytes?: number;
  totalBytes?: number;
  error?: VmErrorData;
}

export interface CatalogApp {
  /** `source:path`. */
  id: string;
  source: string;
  name: string;
  title: string;
  description: string;
  category: string;
  /** Name of an icon that the renderer has, or a data URL. */
  icon: string;
  sizeBytes?: number;
  needs: { network: boolean; memoryMiB: number; ports: number[] };
  /** Program and arguments as run_app.sh's table has them. */
  program: string[];
  env: string[];
  isStatic: boolean;
  /** Root file system it was imported to. */
  imported?: { rootfs: string; path: string };
}

export type JobState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
/** Something that takes a while. */
export interface Job {
  id: string;
  kind:
    | 'catalog.import'
    | 'catalog.refresh'
    | 'rootfs.make'
    | 'rootfs.pack'
    | 'rootfs.unpack'
    | 'vm.export'
    | 'vm.import';
  title: string;
  state: JobState;
  /** What it does now, one line. */
  step: string;
  doneBytes: number;
  totalBytes?: number;
  startedAt: number;
  endedAt?: number;
  canResume: boolean;
  error?: VmErrorData;
  /** What came out: a root file system, an instance, a file. */
  result?: { rootfs?: string; vm?: string; path?: string; program?: string[] };
}

const SourceLocation = z.object({
  /** Folder, archive file, manifest file, or https address. */
  location: z.string().check(z.minLength(1)),
  title: z.optional(z.string()),
  /** SHA-256 that an archive from the network must have, in hex. */
  sha256: z.optional(z.string().check(z.regex(/^[0-9a-fA-F]{64}$/))),
});

export const catalogCalls = {
  'catalog.sources': call<CatalogSource[]>()('List the catalogs', Nothing),
  'catalog.add-source': call<CatalogSource>()('Add a catalog', SourceLocation),
  'catalog.remove-source': call<null>()('Forget a catalog', z.object({ source: z.string() })),
  'catalog.refresh': call<{ job: string }>()('Read a catalog again', z.object({ source: z.string() })),
  'catalog.list': call<CatalogApp[]>()(
    'List or search apps',
    z.object({ source: z.optional(z.string()), query: z.optional(z.string()) }),
  ),
  'catalog.app': call<CatalogApp>()('Show one app', z.object({ app: z.string() })),
  'catalog.import': call<{ job: string }>()('Make a root file system of an app', z.object({ app: z.string() })),
  'job.list': call<Job[]>()('List jobs, latest first', Nothing),
  'job.cancel': call<null>()('Stop a job; nothing half-done stays', z.object({ job: z.string() })),
  'job.resume': call<null>()('Go on with a job that was cut off', z.object({ job: z.string() })),
  'catalog.changed': event<null>('Catalogs or their apps changed'),
  'job.changed': event<Job>('A job is new or has gone on'),
} as const;
