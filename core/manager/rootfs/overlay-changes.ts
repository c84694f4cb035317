/**
 * The changes kept of an overlay (core/kernel/lib/overlay/archive.ts), shown to the user and written to the folder below. The
 * archive is a guest's work and the folder may have changed since: nothing outside of the folder is touched, no link is followed.
 */
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OverlayChange } from '../../contract/api/rootfs.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import { type CpioEntry, readCpio } from '../../image/cpio.ts';
import { checkMemberPath } from '../archive/member-path.ts';
import { stagingName } from '../store/atomic.ts';

// stat(2) and kernel/lib/overlay/archive.ts: a whiteout is the character device 0:0.
const S_IFMT = 0o170000;
const types = new Map<number, OverlayChange['type']>([
  [0o040000, 'folder'],
  [0o100000, 'file'],
  [0o120000, 'link'],
]);
const typeOf = ({ mode }: CpioEntry): OverlayChange['type'] => types.get(mode & S_IFMT) ?? 'other';
const isWhiteout = ({ mode, rdevMajor, rdevMinor }: CpioEntry): boolean =>
  (mode & S_IFMT) === 0o020000 && rdevMajor === 0 && rdevMinor === 0;
/** Names are byte strings in the archive. */
const nameOf = ({ name }: CpioEntry): string => Buffer.from(name, 'latin1').toString('utf8');

export function listChanges(archive: Uint8Array, folder: string): OverlayChange[] {
  const changes = new Map<string, OverlayChange>();
  for (const entry of readCpio(archive)) {
    const path = `/${nameOf(entry)}`;
    const lower = place(folder, checkMemberPath(nameOf(entry)));
    const isThere = lower !== undefined && lstatSync(lower, { throwIfNoEntry: false }) !== undefined;
    changes.set(path, {
      path,
      kind: isWhiteout(entry) ? 'removed' : isThere ? 'changed' : 'added',
      type: isWhiteout(entry) ? 'other' : typeOf(entry),
      sizeBytes: isWhiteout(entry) ? 0 : entry.data.length,
    });
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Host path of an entry; undefined when something on the way is no folder. */
function place(folder: string, parts: readonly string[]): string | undefined {
  let at = folder;
  for (const part of parts.slice(0, -1)) {
    at = join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  }
  return join(at, parts.at(-1) ?? '');
}

/** Writes all changes; returns how many. What was written stays when one fails, and writing all again does no harm. */
export function commitChanges(archive: Uint8Array, folder: string): number {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new VmError('rootfs.not-found', `the root file system ${folder} is not there any more`, { path: folder });
  // Both are read before anything is written: a damaged archive changes nothing.
  const entries = [...readCpio(archive)].map((entry) => ({ entry, parts: checkMemberPath(nameOf(entry)) }));
  let applied = 0;
  for (const { entry, parts } of entries) {
    const path = place(folder, parts);
    // What is gone with all that was around it needs no taking away.
    if (path === undefined && isWhiteout(entry)) continue;
    try {
      if (path === undefined) throw new Error('something on its way is no folder any more');
      if (apply(entry, path)) applied++;
    } catch (error) {
      const name = `/${parts.join('/')}`;
      throw new VmError(
        'host.file',
        `cannot write the change of ${name} to ${folder}: ${hostReason(error)}`,
        { path: name },
        error,
      );
    }
  }
  return applied;
}

/** False for what has no place in a folder of the host: devices, sockets, pipes. */
function apply(entry: CpioEntry, path: string): boolean {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (isWhiteout(entry)) {
    rmSync(path, { recursive: true, force: true });
    return before !== undefined;
  }
  const type = typeOf(entry);
  if (type === 'other') return false;
  const mode = entry.mode & 0o777;
  if (type === 'folder') {
    if (before?.isDirectory() !== true) {
      rmSync(path, { force: true });
      mkdirSync(path);
    }
    chmodSync(path, mode | 0o700);
    return true;
  }
  if (before?.isDirectory() === true) rmSync(path, { recursive: true });
  const beside = join(path, '..', `.elfdeck-${stagingName()}`);
  if (type === 'link') symlinkSync(Buffer.from(entry.data).toString('utf8'), beside);
  else {
    writeFileSync(beside, entry.data, { flag: 'wx', mode: 0o600 });
    chmodSync(beside, mode);
    utimesSync(beside, entry.mtime, entry.mtime);
  }
  renameSync(beside, path);
  return true;
}
