/**
 * Catalogs of one's own: a file `elfdeck-catalog.json`
 *
 *   { "version": 1, "title": "Ours", "archive": "apps.tar.gz", "sha256": "...",
 *     "apps": [{ "path": "web", "title": "Web", "program": ["/bin/web"], "network": true, "ports": [8080] }] }
 *
 * It lies at the top of the folder or archive whose apps it lists, or names the archive to get them from (a path or an address,
 * relative to its own).
 */
import * as z from 'zod/mini';
import { withoutUndefined } from '../../base/objects.ts';
import { DocumentKind } from '../store/document.ts';
import type { IndexedApp } from './index-apps.ts';

export const MANIFEST_NAME = 'elfdeck-catalog.json';

const Path = z
  .string()
  .check(z.regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).*[^/]$/, 'a path inside the catalog is expected, without ".."'));
const App = z.object({
  path: Path,
  name: z.optional(z.string()),
  title: z.optional(z.string()),
  description: z.optional(z.string()),
  category: z.optional(z.string()),
  icon: z.optional(z.string()),
  sizeBytes: z.optional(z.number()),
  network: z.optional(z.boolean()),
  memoryMiB: z.optional(z.int()),
  ports: z.optional(z.array(z.int())),
  program: z.optional(z.array(z.string())),
  env: z.optional(z.array(z.string())),
  isStatic: z.optional(z.boolean()),
});
export const Manifest = z.object({
  title: z.string(),
  archive: z.optional(z.string()),
  sha256: z.optional(z.string()),
  apps: z.array(App),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestDocument = new DocumentKind('the catalog', Manifest);

/** What the manifest leaves out is what was found by the files, or a default. */
export function appsOf({ apps }: Manifest, found: readonly IndexedApp[]): IndexedApp[] {
  return apps.map((given) => {
    const name = given.path.split('/').at(-1)!;
    const base: IndexedApp = found.find((app) => app.path === given.path) ?? {
      path: given.path,
      name,
      title: name,
      description: '',
      category: 'other',
      icon: name,
      sizeBytes: 0,
      network: false,
      memoryMiB: 512,
      ports: [],
      program: [],
      env: [],
      isStatic: false,
    };
    return { ...base, ...withoutUndefined(given) };
  });
}
