/** Between a root file system folder and archives: packs into cpio, unpacks cpio, tar and zip. */
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Job } from '../../contract/api/catalog.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason, kindOf } from '../../host/services.ts';
import { folderMembers } from '../archive/folder-members.ts';
import { type Member, readMembers } from '../archive/members.ts';
import { TreeWriter, writeMembers } from '../archive/tree-writer.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { stagingName, syncFolder } from '../store/atomic.ts';
import { guessProgram } from './guess-program.ts';
import type { RootfsLibrary } from './rootfs-library.ts';

type JobResult = NonNullable<Job['result']>;
export interface PackTarget {
  path: string;
  gzip: boolean;
  overwrite?: boolean | undefined;
}

const modes: Readonly<Record<Member['type'], number>> = {
  file: 0o100000,
  folder: 0o040000,
  link: 0o120000,
  hardlink: 0o100000,
  device: 0,
};

export async function packRoot(
  root: string,
  target: PackTarget,
  { signal, step, progress }: JobControl,
): Promise<JobResult> {
  step('packing');
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    progress(done);
  };
  await writeBeside(target.path, target.overwrite === true, async (temporary) => {
    const stages = [
      cpioPieces(folderMembers(root, '', signal), count),
      ...(target.gzip ? [createGzip()] : []),
      createWriteStream(temporary, { flags: 'wx' }),
    ];
    await pipeline(stages as Parameters<typeof pipeline>[0], { signal } as never);
  });
  return { path: resolve(target.path) };
}

/** Writes a file that appears when it is whole. */
export async function writeBeside(
  given: string,
  overwrite: boolean,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const path = resolve(given);
  if (!overwrite && existsSync(path))
    throw new VmError('host.file', `${path} exists already; choose another name, or overwrite it`, { path });
  if (kindOf(dirname(path)) !== 'folder')
    throw new VmError('host.file', `the folder ${dirname(path)} does not exist`, { path });
  const temporary = join(dirname(path), `.${basename(path)}.${stagingName()}`);
  try {
    await write(temporary);
    const file = await open(temporary, 'r+');
    await file.sync();
    await file.close();
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof VmError || (error as Error).name === 'AbortError') throw error;
    throw new VmError('host.file', `cannot write ${path}: ${hostReason(error)}`, { path }, error);
  }
}

/** newc, as core/image/cpio.ts reads it, but piece by piece: an archive may be larger than memory. */
async function* cpioPieces(members: AsyncIterable<Member>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let ino = 1;
  for await (const member of members) {
    // Devices and sockets of a folder mean nothing in an archive that devfs will cover.
    if (member.type === 'device') continue;
    const target = new TextEncoder().encode(member.target);
    const size = member.type === 'link' ? target.length : member.sizeBytes;
    if (size > 0xffff_ffff)
      throw new VmError('host.file', `${member.path} is too large for a cpio archive`, { path: member.path });
    yield header(member.path, modes[member.type] | member.mode, ino++, size);
    if (member.type === 'link') yield padded(target);
    if (member.type !== 'file') continue;
    let at = 0;
    for await (const piece of member.content()) {
      at += piece.length;
      if (at > size) break;
      count(piece.length);
      yield piece;
    }
    if (at !== size)
      throw new VmError('host.file', `${member.path} changed while it was packed; stop the instances that use it`, {
        path: member.path,
      });
    yield new Uint8Array(-size & 3);
  }
  yield header('TRAILER!!!', 0, 0, 0);
}

function header(name: string, mode: number, ino: number, size: number): Uint8Array {
  const bytes = new TextEncoder().encode(`${name}\0`);
  const mtime = Math.floor(Date.now() / 1000);
  const fields = [ino, mode, 0, 0, 1, mtime, size, 0, 0, 0, 0, bytes.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return padded(Buffer.concat([Buffer.from(text), bytes]));
}
const padded = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)]);

export async function unpackRoot(
  roots: RootfsLibrary,
  path: string,
  name: string,
  control: JobControl,
): Promise<JobResult> {
  control.step('unpacking');
  if (kindOf(path) !== 'file') throw new VmError('host.file', `there is no archive ${path}`, { path });
  let program: string[] = [];
  const root = await roots.make({ name, source: 'cpio' }, async (folder) => {
    const writer = new TreeWriter(folder, { devices: 'skip' });
    const members = readMembers(path, { signal: control.signal, onProgress: control.progress });
    await writeMembers(members, writer);
    program = guessProgram(folder);
  });
  return { rootfs: root.id, path: root.path, program };
}
