/** Creates an instance from an `.elfdeck` file: everything is unpacked and checked in the staging folder before any of it shows. */
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VmError } from '../../contract/errors.ts';
import type { VmSpec } from '../../contract/vm-spec.ts';
import { kindOf } from '../../host/services.ts';
import { Image } from '../../image/image.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { checkMemberPath } from '../archive/member-path.ts';
import { type Member, readMembers } from '../archive/members.ts';
import { TreeWriter } from '../archive/tree-writer.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { stagingFolder } from '../store/atomic.ts';
import { keptOverlay } from '../store/kept-overlay.ts';
import { bundleDocument, CHECKSUM, MANIFEST, OVERLAY, TreeChecksum } from './format.ts';

export interface ImportParams {
  path: string;
  name?: string | undefined;
}

export function importInstance(app: ManagerApp, { path, name }: ImportParams): string {
  return app.jobs.start('vm.import', basename(path), async (control) => {
    if (kindOf(path) !== 'file') throw new VmError('host.file', `there is no file ${path}`, { path });
    const staged = stagingFolder(app.home.staging);
    try {
      control.step('unpacking and checking');
      await unpack(path, staged, control);
      const manifest = bundleDocument.parse(readFileSync(join(staged, MANIFEST), 'utf8'), path);
      const wanted = app.vms.store.freeName(name ?? manifest.name);
      const { spec, rootfs } = await place(app, staged, wanted, manifest.spec);
      // What was started with the app on another computer need not be here.
      const info = await app.vms.create(wanted, spec, { ...manifest.meta, autostart: false });
      const overlay = join(staged, OVERLAY);
      if (kindOf(overlay) === 'file') keptOverlay(app.vms.store.folder(info.id), spec)?.write(readFileSync(overlay));
      return { vm: info.id, ...(rootfs === undefined ? {} : { rootfs }) };
    } finally {
      rmSync(staged, { recursive: true, force: true });
    }
  });
}

async function unpack(path: string, folder: string, control: JobControl): Promise<void> {
  const writer = new TreeWriter(folder);
  const checksum = new TreeChecksum();
  let expected: string | undefined;
  let isFirst = true;
  for await (const member of readMembers(path, { signal: control.signal, onProgress: control.progress })) {
    if (isFirst && member.path !== MANIFEST) throw notOurs(path, 'its first entry is not the manifest');
    isFirst = false;
    if (expected !== undefined) throw notOurs(path, 'something follows its checksum');
    if (member.path === CHECKSUM) expected = await textOf(member);
    else await writer.add(checksum.watch(plainPath(member)), checkMemberPath(member.path));
  }
  if (isFirst) throw notOurs(path, 'it is empty');
  if (expected === undefined) throw notOurs(path, 'its end is missing; copy or download it again');
  if (expected !== checksum.digest())
    throw new VmError('catalog.checksum', `${path} is damaged: its checksum is wrong; copy or download it again`, {
      path,
    });
  writer.finish();
}

/** tar ends the names of folders with a slash. */
const plainPath = (member: Member): Member => ({ ...member, path: member.path.replace(/\/$/, '') });

const MAX_TEXT = 200;
async function textOf(member: Member): Promise<string> {
  let text = '';
  for await (const piece of member.content()) {
    text += Buffer.from(piece).toString('latin1');
    if (text.length > MAX_TEXT) break;
  }
  return text;
}

const notOurs = (path: string, why: string): VmError =>
  new VmError('archive.malformed', `${path} is no whole .elfdeck file: ${why}`, { path });

/** Moves the parts to their places in the data folder and points the spec there. */
async function place(
  app: ManagerApp,
  staged: string,
  name: string,
  given: VmSpec,
): Promise<{ spec: VmSpec; rootfs: string | undefined }> {
  const spec: VmSpec = { ...given };
  let rootfs: string | undefined;
  const keep = async (what: string, fill: (folder: string) => void): Promise<string> => {
    const root = await app.roots.make({ name: what, source: 'import' }, fill);
    rootfs ??= root.id;
    return root.path;
  };
  const keepFolder = (what: string, part: string): Promise<string> => {
    // One that was empty has no entry of its own.
    mkdirSync(join(staged, part), { recursive: true });
    return keep(what, (folder) => {
      rmSync(folder, { recursive: true });
      renameSync(join(staged, part), folder);
    });
  };
  const { rootfs: root } = given;
  if (root?.kind === 'folder') {
    spec.rootfs = { ...root, path: await keepFolder(name, 'root') };
  } else if (root?.kind === 'files') {
    const path = await keep(`${name} files`, (folder) => renameSync(join(staged, 'files'), join(folder, 'files')));
    spec.rootfs = {
      kind: 'files',
      files: root.files.map(([guest], index) => [guest, join(path, 'files', String(index))]),
    };
  }
  if (given.initrd !== undefined) {
    const path = await keep(`${name} initrd`, (folder) =>
      renameSync(join(staged, 'initrd'), join(folder, basename(given.initrd!))),
    );
    spec.initrd = join(path, basename(given.initrd));
  }
  // Folders of another computer are not those of this one: what they held came along.
  spec.volumes = [];
  for (const [index, volume] of given.volumes.entries())
    spec.volumes.push({ ...volume, source: await keepFolder(`${name} ${volume.target}`, `volumes/${index}`) });
  spec.folders = [];
  for (const [index, shared] of given.folders.entries())
    spec.folders.push({ ...shared, path: await keepFolder(`${name} ${shared.tag}`, `folders/${index}`) });
  if (kindOf(join(staged, 'image.defconfig')) === 'file') spec.image = importImage(app, given.image, staged);
  return { spec, rootfs };
}

function importImage(app: ManagerApp, wanted: string, staged: string): string {
  const text = readFileSync(join(staged, 'image.defconfig'), 'utf8');
  const isFree = (name: string): boolean => Image.stock(name) === undefined && app.images.resolve(name) === name;
  let name = wanted;
  for (let n = 2; !isFree(name); n++) name = `${wanted}-${n}`;
  app.images.import(name, text);
  return name;
}
