/** Writes an instance with all it runs on to one `.elfdeck` file. */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { VmError } from '../../contract/errors.ts';
import type { VmSpec } from '../../contract/vm-spec.ts';
import { kindOf } from '../../host/services.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { folderMembers } from '../archive/folder-members.ts';
import type { Member } from '../archive/members.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { writeBeside } from '../rootfs/pack.ts';
import { keptOverlay } from '../store/kept-overlay.ts';
import { bundleDocument, CHECKSUM, MANIFEST, OVERLAY, TreeChecksum } from './format.ts';

export interface ExportParams {
  vm: string;
  path: string;
  overwrite?: boolean | undefined;
}

export function exportInstance(app: ManagerApp, { vm, path, overwrite }: ExportParams): string {
  const info = app.vms.get(vm);
  return app.jobs.start('vm.export', `${info.name} to ${resolve(path)}`, async (control) => {
    await writeBeside(path, overwrite === true, async (temporary) => {
      const archive = pack();
      const written = pipeline(archive, createGzip(), createWriteStream(temporary, { flags: 'wx' }));
      // Whichever of the two fails ends the other.
      await Promise.all([fill(archive, app, info, control).catch((error) => archive.destroy(error as Error)), written]);
    });
    return { path: resolve(path), vm: info.id };
  });
}

async function fill(
  archive: Pack,
  app: ManagerApp,
  info: ReturnType<ManagerApp['vms']['get']>,
  control: JobControl,
): Promise<void> {
  const checksum = new TreeChecksum();
  let done = 0;
  control.step('reading the root file system');
  for await (const member of bundleMembers(app, info, control.signal)) {
    await addMember(archive, checksum.watch(member), (bytes) => {
      done += bytes;
      control.progress(done);
    });
  }
  await addMember(archive, textMember(CHECKSUM, checksum.digest()), () => {});
  archive.finalize();
}

async function* bundleMembers(
  app: ManagerApp,
  { id, name, spec, meta }: ReturnType<ManagerApp['vms']['get']>,
  signal: AbortSignal,
): AsyncGenerator<Member> {
  yield textMember(MANIFEST, bundleDocument.format({ name, spec, meta, exportedAt: Date.now() }));
  if (app.images.resolve(spec.image) !== spec.image)
    yield textMember('image.defconfig', (await app.images.export(spec.image)).text);
  yield* rootMembers(spec, signal);
  const overlay = keptOverlay(app.vms.store.folder(id), spec)?.read();
  if (overlay != null) yield bytesMember(OVERLAY, overlay);
  for (const [index, { source }] of spec.volumes.entries()) yield* sharedMembers(`volumes/${index}`, source, signal);
  for (const [index, { path }] of spec.folders.entries()) yield* sharedMembers(`folders/${index}`, path, signal);
  if (spec.initrd === undefined) return;
  if (kindOf(spec.initrd) === 'folder') yield* prefixed('initrd', folderMembers(spec.initrd, '', signal));
  else yield fileMember('initrd', spec.initrd);
}

async function* rootMembers({ rootfs }: VmSpec, signal: AbortSignal): AsyncGenerator<Member> {
  if (rootfs?.kind === 'folder') {
    if (kindOf(rootfs.path) !== 'folder')
      throw new VmError('rootfs.not-found', `the root file system ${rootfs.path} is not there any more`, {
        path: rootfs.path,
      });
    yield* prefixed('root', folderMembers(rootfs.path, '', signal));
  } else if (rootfs?.kind === 'files') {
    for (const [index, [, file]] of rootfs.files.entries()) yield fileMember(`files/${index}`, file);
  }
}

/** A folder of the host that the guest shares. */
async function* sharedMembers(prefix: string, folder: string, signal: AbortSignal): AsyncGenerator<Member> {
  if (kindOf(folder) !== 'folder')
    throw new VmError('host.file', `the shared folder ${folder} is not there any more`, { path: folder });
  yield* prefixed(prefix, folderMembers(folder, '', signal));
}

async function* prefixed(prefix: string, members: AsyncIterable<Member>): AsyncGenerator<Member> {
  for await (const member of members) {
    // Devices and sockets have no place in a file for other computers.
    if (member.type !== 'device') yield { ...member, path: `${prefix}/${member.path}` };
  }
}

function fileMember(path: string, file: string): Member {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) throw new VmError('host.file', `the file ${file} is not there any more`, { path: file });
  return {
    path,
    type: 'file',
    mode: stat.mode & 0o777,
    sizeBytes: stat.size,
    target: '',
    content: () => createReadStream(file),
  };
}

const textMember = (path: string, text: string): Member => bytesMember(path, new TextEncoder().encode(text));

function bytesMember(path: string, bytes: Uint8Array): Member {
  return {
    path,
    type: 'file',
    mode: 0o644,
    sizeBytes: bytes.length,
    target: '',
    content: async function* () {
      yield bytes;
    },
  };
}

async function addMember(
  archive: Pack,
  { path, type, mode, sizeBytes, target, content }: Member,
  count: (bytes: number) => void,
): Promise<void> {
  if (type === 'folder') archive.entry({ name: path, type: 'directory', mode });
  else if (type === 'link') archive.entry({ name: path, type: 'symlink', linkname: target, mode });
  else {
    await new Promise<void>((done, fail) => {
      const entry = archive.entry({ name: path, mode, size: sizeBytes }, (error) => (error ? fail(error) : done()));
      const write = async (): Promise<void> => {
        for await (const piece of content()) {
          count(piece.length);
          if (!entry.write(piece)) await new Promise<void>((go) => entry.once('drain', () => go()));
        }
        entry.end(null);
      };
      write().catch(fail);
    });
  }
}
