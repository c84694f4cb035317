/** Makes a root file system of an app: from the folder or archive of its catalog, with the archives inside it unpacked. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogApp, Job } from '../../contract/api/catalog.ts';
import { VmError } from '../../contract/errors.ts';
import { findExample } from '../../host/examples.ts';
import { folderMembers } from '../archive/folder-members.ts';
import { readMembers } from '../archive/members.ts';
import { type Place, TreeWriter, writeMembers } from '../archive/tree-writer.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { guessProgram } from '../rootfs/guess-program.ts';
import type { RootfsLibrary } from '../rootfs/rootfs-library.ts';
import type { CatalogIndex } from './read-catalog.ts';

/** Packed to keep the repository small; unpacked in place. */
const INNER_ARCHIVE = 'usr.tar.gz';

export interface ImportRequest {
  app: CatalogApp;
  /** Missing for the built-in examples. */
  index: CatalogIndex | undefined;
  roots: RootfsLibrary;
  control: JobControl;
}

export async function importApp({ app, index, roots, control }: ImportRequest): Promise<NonNullable<Job['result']>> {
  if (app.imported !== undefined) return { rootfs: app.imported.rootfs, path: app.imported.path, program: app.program };
  let { program } = app;
  const root = await roots.make({ name: app.title, source: 'catalog', app: app.id, program }, async (folder) => {
    control.step('unpacking');
    if (index === undefined) copyExample(app, folder);
    else await copyApp(app, index, folder, control);
    await unpackInner(folder, control);
    const [first] = program;
    if (first === undefined || !existsSync(join(folder, first)))
      program = first === undefined ? guessProgram(folder) : program;
  });
  return { rootfs: root.id, path: root.path, program };
}

function copyExample({ name }: CatalogApp, folder: string): void {
  mkdirSync(join(folder, 'bin'));
  const target = join(folder, 'bin', name);
  copyFileSync(findExample(name)!, target);
  chmodSync(target, 0o755);
}

async function copyApp(app: CatalogApp, index: CatalogIndex, folder: string, control: JobControl): Promise<void> {
  const path = app.id.slice(app.source.length + 1);
  const { content, prefix } = index;
  const stat = statSync(content, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new VmError('catalog.not-found', `${content} is not there any more; read the catalog again`, {
      path: content,
    });
  const isFolder = stat.isDirectory();
  const members = isFolder
    ? folderMembers(join(content, path), '', control.signal)
    : readMembers(content, { signal: control.signal, onProgress: control.progress });
  const writer = new TreeWriter(folder);
  await writeMembers(members, writer, placeOf(app, isFolder ? [] : `${prefix}${path}`.split('/')));
  if (writer.bytes === 0)
    throw new VmError('catalog.not-found', `${content} does not hold ${path} any more; read the catalog again`, {
      path,
    });
}

/** Of a static app its programs, and what its `rootfs` holds; of others the folder as it is. */
function placeOf({ isStatic, program }: CatalogApp, base: readonly string[]): Place {
  return (parts) => {
    if (parts.length <= base.length || !base.every((part, index) => parts[index] === part)) return undefined;
    const inner = parts.slice(base.length);
    if (!isStatic) return inner;
    if (inner[0] === 'rootfs') return inner.slice(1);
    return inner.length === 1 && (`/${inner[0]}` === program[0] || !inner[0]!.includes('.')) ? inner : undefined;
  };
}

async function unpackInner(folder: string, control: JobControl): Promise<void> {
  const archive = join(folder, INNER_ARCHIVE);
  if (!existsSync(archive)) return;
  control.step(`unpacking ${INNER_ARCHIVE}`);
  await writeMembers(readMembers(archive, { signal: control.signal }), new TreeWriter(folder));
  rmSync(archive);
}
