/** Root file systems: the folders that guests run in. */
import * as z from 'zod/mini';
import { call, event, Nothing } from '../contract.ts';

export interface RootfsInfo {
  id: string;
  name: string;
  /** Folder of the host. */
  path: string;
  /** `own` folders lie in the data folder and are deleted with their entry; others belong to the user. */
  kind: 'own' | 'user';
  source: 'folder' | 'made' | 'catalog' | 'cpio' | 'import';
  addedAt: number;
  /** Missing until `rootfs.usage` has counted. */
  usage?: DiskUsage;
  usedBy: string[];
  /** The folder is gone or can't be read. */
  problem?: string;
}

export interface DiskUsage {
  bytes: number;
  files: number;
  folders: number;
  links: number;
  countedAt: number;
}

export interface RootfsEntry {
  name: string;
  kind: 'file' | 'folder' | 'link' | 'other';
  sizeBytes: number;
  /** Permission bits. */
  mode: number;
  modifiedAt: number;
  /** Of links. */
  target?: string;
  isElf?: boolean;
}

export interface FilePiece {
  kind: 'text' | 'binary' | 'image' | 'elf';
  /** Of images. */
  mediaType?: string;
  sizeBytes: number;
  /** Base64 of the bytes asked for. */
  data: string;
}

export interface ElfReport {
  type: 'executable' | 'static-pie' | 'pie' | 'shared-library' | 'other';
  entry: string;
  interpreter?: { path: string; isFound: boolean };
  segments: { type: string; address: string; fileSizeBytes: number; memorySizeBytes: number; flags: string }[];
  sections: { name: string; type: string; address: string; sizeBytes: number }[];
  /** All that the loader would open, in its order; `path` is missing for those not found. */
  libraries: { name: string; neededBy: string; path?: string; fix?: string }[];
  soname?: string;
  runpath: string[];
  /** One line when it can't run here. */
  problem?: string;
}

export interface OverlayChange {
  path: string;
  kind: 'added' | 'changed' | 'removed';
  type: 'file' | 'folder' | 'link' | 'other';
  sizeBytes: number;
}

export const RootfsRef = z.object({ rootfs: z.string() });
const GuestPath = z.string().check(z.startsWith('/'));

export const rootfsCalls = {
  'rootfs.list': call<RootfsInfo[]>()('List the root file systems', Nothing),
  'rootfs.add': call<RootfsInfo>()(
    'Use a folder of this computer',
    z.object({ path: z.string(), name: z.optional(z.string()) }),
  ),
  'rootfs.rename': call<RootfsInfo>()(
    'Rename',
    z.object({ rootfs: z.string(), name: z.string().check(z.minLength(1)) }),
  ),
  'rootfs.remove': call<null>()('Forget a folder; one of the data folder is deleted', RootfsRef),
  'rootfs.make': call<{ job: string }>()(
    'Make one from programs of this computer with their libraries',
    z.object({ name: z.string().check(z.minLength(1)), programs: z.array(z.string()).check(z.minLength(1)) }),
  ),
  'rootfs.browse': call<RootfsEntry[]>()('List a folder inside', z.object({ rootfs: z.string(), path: GuestPath })),
  'rootfs.read': call<FilePiece>()(
    'Read a piece of a file inside, at most 1 MiB',
    z.object({
      rootfs: z.string(),
      path: GuestPath,
      offset: z.int().check(z.gte(0)),
      lenBytes: z.int().check(z.gte(0), z.lte(1 << 20)),
    }),
  ),
  'rootfs.elf': call<ElfReport>()('Explain an ELF file inside', z.object({ rootfs: z.string(), path: GuestPath })),
  'rootfs.usage': call<DiskUsage>()('Count files and bytes', RootfsRef),
  'rootfs.pack': call<{ job: string }>()(
    'Pack into a cpio archive',
    z.object({ rootfs: z.string(), path: z.string(), gzip: z.boolean(), overwrite: z.optional(z.boolean()) }),
  ),
  'rootfs.unpack': call<{ job: string }>()(
    'Make one from a cpio, tar or zip archive',
    z.object({ path: z.string(), name: z.string().check(z.minLength(1)) }),
  ),
  'overlay.changes': call<OverlayChange[]>()(
    'List what an instance changed in its overlay, in this or its last run',
    z.object({ vm: z.string() }),
  ),
  'overlay.discard': call<null>()('Forget the changes kept of an overlay', z.object({ vm: z.string() })),
  'overlay.commit': call<{ applied: number }>()(
    'Write the changes to the root file system',
    z.object({ vm: z.string() }),
  ),
  'rootfs.changed': event<null>('The list of root file systems changed'),
} as const;
