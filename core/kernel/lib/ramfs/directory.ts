/** Directories of the in-memory file system: names to inodes, in the order they were made. */
import { EEXIST, EINVAL, EISDIR, EMLINK, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../abi/fs.ts';
import { direntType, S_IFDIR, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { DirEntry, Inode } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { RamRegular } from './file.ts';
import type { RamFs } from './fs.ts';
import { asRamInode, RamInode, RamSpecial, RamSymlink } from './inode.ts';

/** What tmpfs counts for an entry in st_size. */
const ENTRY_SIZE = 20;
const MAX_LINKS = 65000;
/** What a name counts against the memory of the file system, beyond its length. */
const NAME_COST = 64;

export class RamDirectory extends RamInode {
  private readonly children = new Map<string, RamInode>();

  constructor(fs: RamFs, mode: number, uid: number, gid: number) {
    super(fs, S_IFDIR | (mode & 0o7777), uid, gid);
    this.nlink = 2;
  }

  override get size(): number {
    return (this.children.size + 2) * ENTRY_SIZE;
  }
  override lookup(name: string): RamInode | undefined {
    return this.children.get(name);
  }
  override entries(): DirEntry[] {
    this.accessed();
    const list: DirEntry[] = [];
    for (const [name, child] of this.children) list.push({ name, ino: child.ino, type: direntType(child.mode) });
    return list;
  }
  override open(flags: number): OpenFile {
    return new DirectoryFile(flags, this);
  }

  override create(name: string, mode: number, rdev: number, uid: number, gid: number): RamInode {
    this.requireFree(name);
    const isRegular = (mode & S_IFMT) === S_IFREG || (mode & S_IFMT) === 0;
    const inode = isRegular ? new RamRegular(this.fs, mode, uid, gid) : new RamSpecial(this.fs, mode, uid, gid, rdev);
    return this.add(name, inode);
  }
  override mkdir(name: string, mode: number, uid: number, gid: number): RamInode {
    this.requireFree(name);
    const inode = this.add(name, new RamDirectory(this.fs, mode, uid, gid));
    this.nlink++;
    return inode;
  }
  override symlink(name: string, target: string, uid: number, gid: number): RamInode {
    this.requireFree(name);
    return this.add(name, new RamSymlink(this.fs, target, uid, gid));
  }
  override link(name: string, target: Inode): void {
    this.requireFree(name);
    const inode = asRamInode(target);
    if (inode.nlink >= MAX_LINKS) fail(EMLINK);
    if (inode.nlink === 0 && !(inode instanceof RamRegular && inode.isLinkable)) fail(ENOENT);
    this.add(name, inode);
    inode.nlink++;
    inode.relinked();
  }
  override createUnnamed(mode: number, uid: number, gid: number, isLinkable: boolean): RamInode {
    const inode = new RamRegular(this.fs, mode, uid, gid);
    inode.nlink = 0;
    inode.isLinkable = isLinkable;
    return inode;
  }

  override unlink(name: string): void {
    const child = this.children.get(name) ?? fail(ENOENT);
    if (child instanceof RamDirectory) fail(EISDIR);
    this.remove(name);
    child.unlinked();
  }
  override rmdir(name: string): void {
    const child = this.children.get(name) ?? fail(ENOENT);
    if (!(child instanceof RamDirectory)) fail(ENOTDIR);
    if (child.children.size > 0) fail(ENOTEMPTY);
    this.remove(name);
    this.discard(child);
  }
  /** A subdirectory loses its name: `.` and its parent's link go too. */
  private discard(child: RamDirectory): void {
    this.nlink--;
    child.nlink = 1;
    child.unlinked();
  }

  override rename(name: string, newParent: Inode, newName: string, flags: number): void {
    if (!(newParent instanceof RamDirectory)) fail(EINVAL);
    const source = this.children.get(name) ?? fail(ENOENT);
    const target = newParent.children.get(newName);
    if (newParent.nlink === 0) fail(ENOENT);
    if ((flags & RENAME_EXCHANGE) !== 0) {
      this.exchange(name, source, newParent, newName, target ?? fail(ENOENT));
      return;
    }
    if (target !== undefined) {
      if ((flags & RENAME_NOREPLACE) !== 0) fail(EEXIST);
      newParent.replace(newName, source, target);
    }
    this.remove(name);
    newParent.add(newName, source);
    if (source instanceof RamDirectory && newParent !== this) {
      this.nlink--;
      newParent.nlink++;
    }
    source.relinked();
  }

  /** Makes way for `source` where `target` is. */
  private replace(name: string, source: RamInode, target: RamInode): void {
    if (target instanceof RamDirectory) {
      if (!(source instanceof RamDirectory)) fail(EISDIR);
      if (target.children.size > 0) fail(ENOTEMPTY);
      this.remove(name);
      this.discard(target);
    } else {
      if (source instanceof RamDirectory) fail(ENOTDIR);
      this.remove(name);
      target.unlinked();
    }
  }

  private exchange(name: string, source: RamInode, other: RamDirectory, otherName: string, target: RamInode): void {
    this.children.set(name, target);
    other.children.set(otherName, source);
    const moved = Number(source instanceof RamDirectory) - Number(target instanceof RamDirectory);
    this.nlink -= moved;
    other.nlink += moved;
    for (const inode of [source, target]) inode.relinked();
    this.changed();
    other.changed();
  }

  private requireFree(name: string): void {
    if (this.nlink === 0) fail(ENOENT);
    if (this.children.has(name)) fail(EEXIST);
    if (this.fs.pool.freeBytes < NAME_COST + name.length) fail(ENOSPC);
  }
  private add<T extends RamInode>(name: string, inode: T): T {
    this.fs.pool.charge(NAME_COST + name.length);
    this.children.set(name, inode);
    this.changed();
    return inode;
  }
  private remove(name: string): void {
    this.fs.pool.give(NAME_COST + name.length);
    this.children.delete(name);
    this.changed();
  }
}
