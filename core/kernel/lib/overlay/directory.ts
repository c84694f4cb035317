/**
 * Directories of an overlay: the lower directory's entries, if there is a lower one, changed by a map of our own: a name
 * that is in it stands for that object, or for nothing (a whiteout). A directory made in the overlay has no lower one, so
 * it hides what a removed lower directory of its name held. Renaming moves the object with its lower directory.
 */
import { EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../abi/fs.ts';
import { direntType, S_IFDIR, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { Attributes, DirEntry, Inode, SetAttributes } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { RamDirectory } from '../ramfs/directory.ts';
import { RamRegular } from '../ramfs/file.ts';
import { type RamInode, RamSpecial, RamSymlink } from '../ramfs/inode.ts';
import { OverlayInode } from './inode.ts';

export class OverlayDirectory extends OverlayInode {
  /** Names that differ from the lower directory; undefined is a whiteout. */
  readonly own = new Map<string, OverlayInode | undefined>();
  /** Mode, owner or times were set: more than entries changed. */
  hasOwnAttributes = false;
  private isRemoved = false;

  /** The path walker relies on one object for each directory. */
  override get isEvictable(): boolean {
    return false;
  }

  /** As overlayfs has it: one link for a directory that is not simply the lower one. */
  override stat(): Attributes {
    const shown = super.stat();
    if (this.isRemoved) return { ...shown, nlink: 0 };
    return this.upper === undefined ? shown : { ...shown, nlink: 1 };
  }
  override setattr(change: SetAttributes): void {
    super.setattr(change);
    this.hasOwnAttributes = true;
  }
  protected makeUpper(_lower: Inode, { mode, uid, gid }: Attributes): RamInode {
    return new RamDirectory(this.fs.upper, mode, uid, gid);
  }
  override open(flags: number): OpenFile {
    return new DirectoryFile(flags, this);
  }

  private lowerChild(name: string): Inode | undefined {
    return this.lower?.lookup(name);
  }

  override lookup(name: string): OverlayInode | undefined {
    const own = this.own.get(name);
    if (own !== undefined || this.own.has(name)) return own;
    const lower = this.lowerChild(name);
    if (lower === undefined) return undefined;
    const child = this.fs.over(lower);
    child.placed(this, name);
    return child;
  }

  override entries(): DirEntry[] {
    const list = (this.lower?.entries() ?? []).filter(({ name }) => !this.own.has(name));
    for (const [name, child] of this.own) {
      if (child !== undefined) list.push({ name, ino: child.ino, type: direntType(child.type) });
    }
    return list;
  }

  /** Makes `name` stand for `child`, or for nothing. */
  private set(name: string, child: OverlayInode | undefined): void {
    if (child === undefined && this.lowerChild(name) === undefined) this.own.delete(name);
    else this.own.set(name, child);
    child?.placed(this, name);
    (this.copyUp() as RamDirectory).changed();
  }

  private requireFree(name: string): void {
    if (this.isRemoved) fail(ENOENT);
    if (this.lookup(name) !== undefined) fail(EEXIST);
  }
  private add(name: string, upper: RamInode): OverlayInode {
    const inode = this.fs.inMemory(upper);
    inode.linked(1);
    this.set(name, inode);
    return inode;
  }

  override create(name: string, mode: number, rdev: number, uid: number, gid: number): Inode {
    this.requireFree(name);
    const { upper } = this.fs;
    const isRegular = (mode & S_IFMT) === S_IFREG || (mode & S_IFMT) === 0;
    return this.add(
      name,
      isRegular ? new RamRegular(upper, mode, uid, gid) : new RamSpecial(upper, mode, uid, gid, rdev),
    );
  }
  override mkdir(name: string, mode: number, uid: number, gid: number): Inode {
    this.requireFree(name);
    return this.add(name, new RamDirectory(this.fs.upper, mode, uid, gid));
  }
  override provideDirectory(name: string): Inode {
    return this.provide(() => super.provideDirectory(name));
  }
  override provideFile(name: string, content: Uint8Array): Inode {
    return this.provide(() => super.provideFile(name, content));
  }
  /** What is provided in a provided directory changes that, and leaves it provided. */
  private provide(make: () => Inode): Inode {
    const isOurs = this.fs.isProvided(this);
    const made = this.fs.provided(make());
    if (isOurs) this.fs.provided(this);
    return made;
  }
  override symlink(name: string, target: string, uid: number, gid: number): Inode {
    this.requireFree(name);
    return this.add(name, new RamSymlink(this.fs.upper, target, uid, gid));
  }
  override createUnnamed(mode: number, uid: number, gid: number): Inode {
    const upper = new RamRegular(this.fs.upper, mode, uid, gid);
    upper.nlink = 0;
    upper.isLinkable = true;
    return this.fs.inMemory(upper);
  }

  override link(name: string, target: Inode): void {
    if (!(target instanceof OverlayInode) || target.type === S_IFDIR) fail(EPERM);
    this.requireFree(name);
    const isLinkable = target.upper instanceof RamRegular && target.upper.isLinkable;
    if (target.links <= 0 && !isLinkable) fail(ENOENT);
    target.linked(1);
    this.set(name, target);
  }

  override unlink(name: string): void {
    const child = this.lookup(name) ?? fail(ENOENT);
    if (child.type === S_IFDIR) fail(EISDIR);
    this.drop(name, child);
  }
  override rmdir(name: string): void {
    const child = this.lookup(name) ?? fail(ENOENT);
    if (!(child instanceof OverlayDirectory)) fail(ENOTDIR);
    child.requireEmpty();
    this.drop(name, child);
  }
  private requireEmpty(): void {
    if (this.entries().length > 0) fail(ENOTEMPTY);
  }
  /** Takes the name of `child` away for good. */
  private drop(name: string, child: OverlayInode): void {
    this.set(name, undefined);
    if (child.parent === this && child.name === name) child.placed(undefined, '');
    child.linked(-1);
    if (child instanceof OverlayDirectory) child.isRemoved = true;
    if (child.parent === undefined) this.fs.gone(child);
  }

  override rename(name: string, newParent: Inode, newName: string, flags: number): void {
    if (!(newParent instanceof OverlayDirectory)) fail(EXDEV);
    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) fail(EINVAL);
    if (newParent.isRemoved) fail(ENOENT);
    const source = this.lookup(name) ?? fail(ENOENT);
    const target = newParent.lookup(newName);
    if ((flags & RENAME_EXCHANGE) !== 0) {
      const other = target ?? fail(ENOENT);
      newParent.set(newName, source);
      this.set(name, other);
      return;
    }
    if (target === source) return;
    if (target !== undefined) {
      if ((flags & RENAME_NOREPLACE) !== 0) fail(EEXIST);
      newParent.requireReplaceable(source, target);
      newParent.drop(newName, target);
    }
    this.set(name, undefined);
    newParent.set(newName, source);
  }

  private requireReplaceable(source: OverlayInode, target: OverlayInode): void {
    if (target instanceof OverlayDirectory) {
      if (source.type !== S_IFDIR) fail(EISDIR);
      target.requireEmpty();
    } else if (source.type === S_IFDIR) fail(ENOTDIR);
  }
}
