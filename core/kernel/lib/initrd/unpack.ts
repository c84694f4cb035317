/**
 * Unpacks a cpio archive into a directory of the guest: at boot as the root file system, or with `extract` into one that
 * is mounted. Names lead no further than the directory: `..` at its top stays there, a leading slash means the top, and
 * symlinks on the way are followed within it, as after chroot(2). What is in the way is replaced, except directories.
 * Contents of files are not copied into a ramfs until they are written.
 */

import { bytesToStr } from '../../../base/bytes.ts';
import { type CpioEntry, CpioError, type Gunzip, readCpio } from '../../../image/cpio.ts';
import { EIO, ELOOP, ENAMETOOLONG, ENOTDIR, EPERM } from '../../abi/errno.ts';
import { makeDev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../../abi/stat.ts';
import { fail, SysError } from '../../errors.ts';
import type { Inode } from '../../vfs/inode.ts';
import { RamDirectory } from '../ramfs/directory.ts';
import { RamRegular } from '../ramfs/file.ts';

const MAX_LINKS = 40;
const NAME_MAX = 255;
const TYPES = new Set([S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK]);

/** Takes the entries one by one. */
export class Unpacker {
  private readonly top: Inode;
  /** First name of each file that has several. */
  private readonly linked = new Map<string, Inode>();
  /** Times of directories, set at the end: unpacking into them changes them. */
  private readonly directories: { inode: Inode; mtimeNs: bigint }[] = [];

  constructor(top: Inode) {
    this.top = top;
  }

  add(entry: CpioEntry): void {
    const type = entry.mode & S_IFMT;
    if (!TYPES.has(type)) throw new CpioError(`"${entry.name}" has the unknown type ${type.toString(8)}`, 0);
    const path = components(entry.name);
    const name = path.pop();
    if (name === '..') throw new CpioError(`"${entry.name}" names no entry`, 0);
    if (name === undefined) {
      // "." itself: the directory we unpack into gets its attributes.
      if (type === S_IFDIR) this.setDirectory(this.top, entry);
      return;
    }
    const parent = this.walk(path);
    if (type === S_IFDIR) this.setDirectory(this.directory(parent, name, entry), entry);
    else this.addOther(parent, name, entry, type);
  }

  finish(): void {
    for (const { inode, mtimeNs } of this.directories) inode.setattr({ mtimeNs });
  }

  private setDirectory(inode: Inode, { mode, uid, gid, mtime }: CpioEntry): void {
    setOwner(inode, uid, gid);
    inode.setattr({ mode: mode & 0o7777 });
    this.directories.push({ inode, mtimeNs: BigInt(mtime) * 1_000_000_000n });
  }

  private directory(parent: Inode, name: string, { mode, uid, gid }: CpioEntry): Inode {
    const existing = parent.lookup(name);
    if (existing?.type === S_IFDIR) return existing;
    if (existing !== undefined) parent.unlink(name);
    return parent.mkdir(name, mode & 0o7777, uid, gid);
  }

  private addOther(parent: Inode, name: string, entry: CpioEntry, type: number): void {
    const key = `${entry.devMajor}:${entry.devMinor}:${entry.ino}`;
    const first = type === S_IFREG && entry.nlink > 1 ? this.linked.get(key) : undefined;
    const existing = parent.lookup(name);
    if (existing === first && first !== undefined) return;
    if (existing !== undefined) parent.unlink(name);
    if (first !== undefined) {
      parent.link(name, first);
      if (entry.data.length > 0) fill(first, entry.data);
    }
    const inode = first ?? make(parent, name, entry, type);
    if (type === S_IFREG && entry.nlink > 1) this.linked.set(key, inode);
    const mtimeNs = BigInt(entry.mtime) * 1_000_000_000n;
    inode.setattr(type === S_IFLNK ? { mtimeNs } : { mode: entry.mode & 0o7777, mtimeNs });
  }

  /** The directory at a path from the top on, made where it is missing. */
  private walk(path: readonly string[]): Inode {
    let links = 0;
    let stack: Inode[] = [];
    const todo = [...path].reverse();
    while (todo.length > 0) {
      const name = todo.pop()!;
      if (name === '..') {
        stack.pop();
        continue;
      }
      const at = stack.at(-1) ?? this.top;
      const child = at.lookup(name) ?? at.mkdir(name, 0o755, 0, 0);
      if (child.type === S_IFDIR) stack.push(child);
      else if (child.type === S_IFLNK) {
        if (++links > MAX_LINKS) fail(ELOOP);
        const target = child.readlink();
        if (target.startsWith('/')) stack = [];
        todo.push(...components(target).reverse());
      } else fail(ENOTDIR);
    }
    return stack.at(-1) ?? this.top;
  }
}

/** Components of a path without `.` and slashes. */
function components(name: string): string[] {
  const path: string[] = [];
  for (const component of name.split('/')) {
    if (component === '' || component === '.') continue;
    if (component.length > NAME_MAX) fail(ENAMETOOLONG);
    path.push(component);
  }
  return path;
}

function make(parent: Inode, name: string, entry: CpioEntry, type: number): Inode {
  const { mode, uid, gid, data } = entry;
  if (type === S_IFLNK) return parent.symlink(name, bytesToStr(data), uid, gid);
  if (type !== S_IFREG) return parent.create(name, mode, makeDev(entry.rdevMajor, entry.rdevMinor), uid, gid);
  if (parent instanceof RamDirectory) {
    const inode = new RamRegular(parent.fs, mode, uid, gid, data);
    inode.nlink = 0;
    inode.isLinkable = true;
    parent.link(name, inode);
    inode.isLinkable = false;
    return inode;
  }
  const inode = parent.create(name, mode, 0, uid, gid);
  fill(inode, data);
  return inode;
}

/** Gives a directory to its owner where that can be done; as with tar(1), who may not keeps what is there. */
function setOwner(inode: Inode, uid: number, gid: number): void {
  try {
    inode.setattr({ uid, gid });
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== EPERM) throw error;
  }
}

/** Writes the contents of a file that has none. */
function fill(inode: Inode, data: Uint8Array): void {
  const file = inode.open(1);
  let failure = 0;
  for (let at = 0; at < data.length; ) {
    const count = file.write(data.subarray(at), at);
    if (count <= 0) {
      failure = count === 0 ? EIO : -count;
      break;
    }
    at += count;
  }
  file.drop();
  if (failure !== 0) fail(failure);
}

/** Unpacks the archive into `top`. Throws CpioError for a damaged one, SysError for what the file system refuses. */
export function unpackArchive(top: Inode, archive: Uint8Array, gunzip?: Gunzip): void {
  const unpacker = new Unpacker(top);
  for (const entry of readCpio(archive, gunzip)) unpacker.add(entry);
  unpacker.finish();
}
