/**
 * The changes of an overlay as one cpio archive, to be kept beyond the machine, and back. Entries come in an order in which they
 * can be replayed: a whiteout takes away what the lower file system has at its path, all that is below it included; as with
 * Linux's overlayfs it is a character device 0:0. An entry may follow the whiteout of its own path: the object was replaced.
 *
 * Lost on the way: extended attributes, nanoseconds of times, and that two names are one file.
 */
import { type CpioEntry, type CpioSource, readCpio, writeCpio } from '../../../image/cpio.ts';
import { O_RDONLY } from '../../abi/fcntl.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import type { Inode } from '../../vfs/inode.ts';
import { Unpacker } from '../initrd/unpack.ts';
import { overlayChanges } from './changes.ts';
import { OverlayDirectory } from './directory.ts';
import type { OverlayFs } from './file-system.ts';

const NS_PER_S = 1_000_000_000n;
const MAX_U32 = 0xffff_ffff;

/** True for the entry of something that was taken away. */
export const isWhiteout = ({ mode, rdevMajor, rdevMinor }: CpioEntry): boolean =>
  (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;

/** All changes, empty files of boot left out. Throws SysError when a file can't be read. */
export function overlayArchive(fs: OverlayFs): Uint8Array<ArrayBuffer> {
  const sources: CpioSource[] = [];
  for (const { path, kind, inode } of overlayChanges(fs)) {
    const name = path.slice(1);
    // It stands for another object than the one that the lower file system has there.
    const isOther = isOwnEntry(fs, path);
    if (inode === undefined || (kind === 'changed' && isOther)) sources.push(whiteout(name, sources.length));
    if (inode === undefined) continue;
    // A directory of the lower file system that has moved here brings all that it holds.
    if (isOther && inode instanceof OverlayDirectory && inode.lower !== undefined) addTree(sources, name, inode);
    else sources.push(sourceOf(name, inode, sources.length));
  }
  return writeCpio(sources);
}

function isOwnEntry(fs: OverlayFs, path: string): boolean {
  const names = path.slice(1).split('/');
  const name = names.pop()!;
  let directory: Inode | undefined = fs.root;
  for (const part of names) directory = directory instanceof OverlayDirectory ? directory.lookup(part) : undefined;
  return directory instanceof OverlayDirectory && directory.own.has(name);
}

function addTree(sources: CpioSource[], name: string, directory: OverlayDirectory): void {
  sources.push(sourceOf(name, directory, sources.length));
  for (const { name: child } of directory.entries()) {
    const inode = directory.lookup(child);
    if (inode instanceof OverlayDirectory) addTree(sources, `${name}/${child}`, inode);
    else if (inode !== undefined) sources.push(sourceOf(`${name}/${child}`, inode, sources.length));
  }
}

function sourceOf(name: string, inode: Inode, ino: number): CpioSource {
  const { mode, uid, gid, mtimeNs, size, rdev } = inode.stat();
  const type = mode & S_IFMT;
  const target = type === S_IFLNK ? inode.readlink() : '';
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  const seconds = mtimeNs / NS_PER_S;
  return {
    ...plain,
    name,
    ino,
    mode,
    uid,
    gid,
    mtime: seconds < 0n ? 0 : Math.min(Number(seconds), MAX_U32),
    rdevMajor: isDevice ? (rdev >>> 8) & 0xfff : 0,
    rdevMinor: isDevice ? (rdev & 0xff) | ((rdev >>> 12) & ~0xff) : 0,
    size: type === S_IFREG ? size : target.length,
    fill: (into) => (type === S_IFREG ? readAll(inode, into) : fillText(into, target)),
  };
}

const plain = { nlink: 1, uid: 0, gid: 0, mtime: 0, devMajor: 0, devMinor: 0, rdevMajor: 0, rdevMinor: 0 };
const whiteout = (name: string, ino: number): CpioSource => ({
  ...plain,
  name,
  ino,
  mode: S_IFCHR,
  size: 0,
  fill() {},
});

function fillText(into: Uint8Array, text: string): void {
  for (let i = 0; i < into.length; i++) into[i] = text.charCodeAt(i);
}

function readAll(inode: Inode, into: Uint8Array): void {
  const file = inode.open(O_RDONLY);
  let failure = 0;
  for (let at = 0; at < into.length; ) {
    const count = file.read(into.subarray(at), at);
    if (count <= 0) {
      failure = -count;
      break;
    }
    at += count;
  }
  file.drop();
  if (failure !== 0) fail(failure);
}

/** Makes the changes again. Throws CpioError for a damaged archive, SysError for what can't be done. */
export function restoreOverlay(fs: OverlayFs, archive: Uint8Array): void {
  const unpacker = new Unpacker(fs.root);
  for (const entry of readCpio(archive)) {
    if (isWhiteout(entry)) takeAway(fs.root, entry.name.split('/'));
    else unpacker.add(entry);
  }
  unpacker.finish();
}

/** What is not there needs no taking away: the lower file system may have changed meanwhile. */
function takeAway(top: OverlayDirectory, path: readonly string[]): void {
  let directory: Inode | undefined = top;
  for (const name of path.slice(0, -1))
    directory = directory instanceof OverlayDirectory ? directory.lookup(name) : undefined;
  const name = path.at(-1)!;
  if (directory instanceof OverlayDirectory && directory.lookup(name) !== undefined) removeTree(directory, name);
}
function removeTree(parent: OverlayDirectory, name: string): void {
  const inode = parent.lookup(name)!;
  if (inode.type !== S_IFDIR) {
    parent.unlink(name);
    return;
  }
  if (inode instanceof OverlayDirectory) for (const child of inode.entries()) removeTree(inode, child.name);
  parent.rmdir(name);
}
