/**
 * Finds the apps in the list of a catalog's files. An app of dynamic-apps is a folder that is a root file system: the first on its
 * path with a `lib`, `lib64`, `usr`, ... in it. One of static-pie-apps has its programs beside a build script, and perhaps a `rootfs`.
 */
import { basename } from 'node:path';
import { knownApp } from './known-apps.ts';

/** A file of a catalog, by its path from the catalog's top. */
export interface CatalogFile {
  path: string;
  sizeBytes: number;
  isExecutable: boolean;
}

export interface IndexedApp {
  path: string;
  name: string;
  title: string;
  description: string;
  category: string;
  icon: string;
  sizeBytes: number;
  network: boolean;
  memoryMiB: number;
  ports: number[];
  program: string[];
  env: string[];
  isStatic: boolean;
}

export type Layout = 'dynamic-apps' | 'static-pie-apps' | 'manifest' | 'unknown';

const rootNames = new Set(['lib', 'lib64', 'usr', 'bin', 'sbin', 'etc', 'usr.tar.gz']);
const buildNames = new Set(['build.sh', 'Makefile', 'GNUmakefile']);
const MAX_DEPTH = 4;
const DEFAULT_MEMORY_MIB = 512;
/** Beside a program in a build folder, and none of its own. */
const notProgram =
  /\.(sh|md|patch|diff|c|cpp|go|rs|h|py|txt|tar|gz|bz2|xz|mod|tar\.gz|json|ya?ml)$|^(Makefile|GNUmakefile|README.*|LICENSE.*|\..*)$/i;

export function indexApps(files: readonly CatalogFile[]): { layout: Layout; apps: IndexedApp[] } {
  const dynamic = grouped(files, dynamicRoot);
  const built = grouped(files, (path) => staticRoot(path, dynamic));
  const apps = [
    ...[...dynamic].map(([path, list]) => dynamicApp(path, list)),
    ...[...built]
      .filter(([, list]) => list.some((file) => buildNames.has(basename(file.path))))
      .flatMap(([path, list]) => staticApp(path, list) ?? []),
  ];
  const statics = apps.filter((app) => app.isStatic).length;
  const layout = apps.length === 0 ? 'unknown' : statics * 2 > apps.length ? 'static-pie-apps' : 'dynamic-apps';
  return { layout, apps: apps.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function grouped(
  files: readonly CatalogFile[],
  rootOf: (path: string) => string | undefined,
): Map<string, CatalogFile[]> {
  const groups = new Map<string, CatalogFile[]>();
  for (const file of files) {
    const root = rootOf(file.path);
    if (root === undefined) continue;
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [file]);
    else group.push(file);
  }
  // Files that lie in the app's folder itself, beside the folders it was found by.
  for (const file of files) {
    const folder = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
    if (rootOf(file.path) === undefined) groups.get(folder)?.push(file);
  }
  return groups;
}

/** `rootfs` of a static app is no app of its own. */
function dynamicRoot(path: string): string | undefined {
  const parts = path.split('/');
  for (let depth = 1; depth <= MAX_DEPTH && depth < parts.length; depth++) {
    if (parts[depth - 1] === 'rootfs') return undefined;
    if (rootNames.has(parts[depth]!)) return parts.slice(0, depth).join('/');
  }
  return undefined;
}

/** The folder that a file lies in, or that its `rootfs` lies in. */
function staticRoot(path: string, dynamic: ReadonlyMap<string, unknown>): string | undefined {
  const parts = path.split('/');
  const at = parts.indexOf('rootfs');
  const root = (at > 0 ? parts.slice(0, at) : parts.slice(0, -1)).join('/');
  return root === '' || dynamic.has(root) ? undefined : root;
}

const sum = (files: readonly CatalogFile[]): number => files.reduce((total, file) => total + file.sizeBytes, 0);

function dynamicApp(path: string, files: readonly CatalogFile[]): IndexedApp {
  const programs = files
    .filter((file) => file.isExecutable && !/\.so(\.|$)|\.sh$/.test(file.path))
    .map((file) => file.path.slice(path.length))
    .filter((file) => /^\/(usr\/)?(local\/)?s?bin\/[^/]+$/.test(file) || /^\/[^/]+$/.test(file));
  return describe(path, programs, sum(files), false);
}

function staticApp(path: string, files: readonly CatalogFile[]): IndexedApp | undefined {
  const programs = files
    .filter(
      (file) => file.isExecutable && file.path.slice(0, file.path.lastIndexOf('/')).replace(/\/rootfs$/, '') === path,
    )
    .map((file) => basename(file.path))
    .filter((name) => !notProgram.test(name));
  // Sources alone, to be built by hand, are nothing to import.
  return programs.length === 0
    ? undefined
    : describe(
        path,
        programs.map((name) => `/${name}`),
        sum(files),
        true,
      );
}

function describe(path: string, programs: readonly string[], sizeBytes: number, isStatic: boolean): IndexedApp {
  const known = knownApp(path);
  const name = path.replace(/^lang\//, '').replaceAll('/', '-');
  const listed = (isStatic ? known?.staticProgram : undefined) ?? known?.program ?? [];
  // The table may be of another version of the catalog: its program counts only where it is there.
  const isThere = listed.length > 0 && programs.includes(listed[0]!);
  const guess = programs.find((program) => basename(program) === basename(path)) ?? programs[0];
  return {
    path,
    name,
    title: known?.title ?? basename(path),
    description: known?.description ?? (isStatic ? 'A static program' : 'A root file system with its program'),
    category: known?.category ?? 'other',
    icon: path.startsWith('lang/') ? path.split('/')[1]! : basename(path),
    sizeBytes,
    network: (known?.ports?.length ?? 0) > 0 || known?.category === 'network',
    memoryMiB: known?.memoryMiB ?? DEFAULT_MEMORY_MIB,
    ports: [...(known?.ports ?? [])],
    program: isThere || guess === undefined ? [...listed] : [guess],
    env: [...(known?.env ?? [])],
    isStatic,
  };
}
