/** Reads what a catalog holds: a folder, an archive, or a manifest of one's own. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { VmError } from '../../contract/errors.ts';
import { kindOf } from '../../host/services.ts';
import { folderMembers } from '../archive/folder-members.ts';
import { checkMemberPath } from '../archive/member-path.ts';
import { type Member, readMembers } from '../archive/members.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { headOf } from '../rootfs/file-kinds.ts';
import { readText } from '../store/atomic.ts';
import { DocumentKind } from '../store/document.ts';
import { type CatalogFile, indexApps } from './index-apps.ts';
import { appsOf, MANIFEST_NAME, type Manifest, manifestDocument } from './manifest.ts';

const App = z.object({
  path: z.string(),
  name: z.string(),
  title: z.string(),
  description: z.string(),
  category: z.string(),
  icon: z.string(),
  sizeBytes: z.number(),
  network: z.boolean(),
  memoryMiB: z.number(),
  ports: z.array(z.number()),
  program: z.array(z.string()),
  env: z.array(z.string()),
  isStatic: z.boolean(),
});
const Index = z.object({
  layout: z.enum(['dynamic-apps', 'static-pie-apps', 'manifest', 'unknown']),
  /** Folder or archive file that has the apps. */
  content: z.string(),
  /** The folder at the top of an archive that everything lies in. */
  prefix: z.string(),
  readAt: z.number(),
  apps: z.array(App),
});
export type CatalogIndex = z.infer<typeof Index>;
export const indexDocument = new DocumentKind('the index of a catalog', Index);

/** What was read; `archive` when a manifest names one to be read instead. */
export type ReadCatalog = CatalogIndex & {
  archive?: string | undefined;
  sha256?: string | undefined;
  manifest?: Manifest | undefined;
};

const MAX_MANIFEST = 1 << 22;

/** `origin` is where it comes from, for relative names. Throws VmError `catalog.not-found` when no app is in it. */
export async function readCatalog(
  path: string,
  origin: string,
  control?: JobControl,
  given?: Manifest,
): Promise<ReadCatalog> {
  if (kindOf(path) === 'file' && given === undefined && startsLikeJson(path)) return readManifest(path, origin);
  const { files, manifest, prefix } =
    kindOf(path) === 'folder' ? await scanFolder(path, control) : await scanArchive(path, control);
  const found = indexApps(files);
  const said = given ?? manifest;
  const apps = said === undefined ? found.apps : appsOf(said, found.apps);
  if (apps.length === 0)
    throw new VmError(
      'catalog.not-found',
      `no app was found in ${origin}: neither folders with lib, lib64 or usr in them, nor static programs, nor an ${MANIFEST_NAME}`,
      { origin },
    );
  return { layout: said === undefined ? found.layout : 'manifest', content: path, prefix, readAt: Date.now(), apps };
}

const startsLikeJson = (path: string): boolean => /^\s*\{/.test(Buffer.from(headOf(path)).toString('utf8'));

function readManifest(path: string, origin: string): ReadCatalog {
  const manifest = manifestDocument.parse(readFileSync(path, 'utf8'), origin);
  const isUrl = /^https?:/i.test(origin);
  // Without an archive the apps lie beside it.
  if (manifest.archive === undefined && isUrl)
    throw new VmError('catalog.not-found', `the catalog ${origin} names no archive to get its apps from`, { origin });
  const archive = manifest.archive ?? '.';
  return {
    layout: 'manifest',
    content: path,
    prefix: '',
    readAt: Date.now(),
    apps: appsOf(manifest, []),
    archive: isUrl ? new URL(archive, origin).href : archive,
    sha256: manifest.sha256,
    manifest,
  };
}

interface Scan {
  files: CatalogFile[];
  manifest: Manifest | undefined;
  prefix: string;
}

async function scanFolder(path: string, control: JobControl | undefined): Promise<Scan> {
  const files: CatalogFile[] = [];
  for await (const member of folderMembers(path, '', control?.signal)) {
    if (member.type === 'file' && !isHidden(member.path)) files.push(fileOf(member));
  }
  const text = readText(join(path, MANIFEST_NAME));
  return {
    files,
    manifest: text === undefined ? undefined : manifestDocument.parse(text, join(path, MANIFEST_NAME)),
    prefix: '',
  };
}

async function scanArchive(path: string, control: JobControl | undefined): Promise<Scan> {
  const files: CatalogFile[] = [];
  let manifest: Manifest | undefined;
  const options = control === undefined ? {} : { signal: control.signal, onProgress: control.progress };
  for await (const member of readMembers(path, options)) {
    const name = checkMemberPath(member.path).join('/');
    if (member.type !== 'file') continue;
    if (basename(name) === MANIFEST_NAME && name.split('/').length <= 2)
      manifest = manifestDocument.parse(await textOf(member), name);
    else files.push(fileOf({ ...member, path: name }));
  }
  const prefix = commonTop(files);
  return { files: files.map((file) => ({ ...file, path: file.path.slice(prefix.length) })), manifest, prefix };
}

const isHidden = (path: string): boolean => path.startsWith('.git/');

const fileOf = ({ path, sizeBytes, mode }: Member): CatalogFile => ({
  path,
  sizeBytes,
  isExecutable: (mode & 0o111) !== 0 || process.platform === 'win32',
});

/** `NAME/` when all lies in one folder, as in the archives of a forge. */
function commonTop(files: readonly CatalogFile[]): string {
  const top = files[0]?.path.split('/')[0];
  if (top === undefined || !files.every((file) => file.path.startsWith(`${top}/`))) return '';
  // A single app whose folder is the top is an app, not a wrapping.
  const within = new Set(files.map((file) => file.path.split('/')[1]));
  return ['lib', 'lib64', 'usr', 'bin', 'rootfs'].some((name) => within.has(name)) ? '' : `${top}/`;
}

async function textOf(member: Member): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of member.content()) {
    length += piece.length;
    if (length > MAX_MANIFEST) throw new VmError('archive.refused', `the ${MANIFEST_NAME} of the archive is too large`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
