/**
 * Directories of a host folder. Besides the host's entries a directory may hold some of our own, in memory and unknown
 * to the host: FIFOs, sockets and device nodes (node:fs can't make them), mount points and generated files that the
 * folder lacks (virtual.ts). Those win over a host entry of the same name.
 */
import type { Failure, HostAttributes, HostDir, HostFile, HostTarget } from '../../../dev/host-folder.ts';
import { EACCES, EEXIST, EINVAL, EISDIR, ENOENT, ENOTEMPTY, EPERM, EXDEV } from '../../abi/errno.ts';
import { RENAME_NOREPLACE } from '../../abi/fs.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { DirEntry, Inode } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { must } from './failure.ts';
import { HostInode } from './host-inode.ts';
import { HostRegular } from './regular.ts';
import { HostSymlink } from './special.ts';
import { VirtualDirectory, VirtualFile, VirtualInode, VirtualSpecial } from './virtual.ts';

export class HostDirectory extends HostInode {
  /** The path walker relies on one object for each directory. */
  readonly isEvictable = false;
  private hostDir: HostDir | undefined = undefined;
  /** Inodes by the name they were found under last. */
  private readonly children = new Map<string, HostInode>();
  private virtual: Map<string, VirtualInode> | undefined = undefined;

  /** The directory's handle on the host, opened when needed; don't keep it. */
  handle(): HostDir {
    const { fs } = this;
    if (this === fs.root) return fs.folder.root;
    if (this.hostDir === undefined) {
      const parent = this.parent ?? fail(ENOENT);
      const opened = fs.folder.openDir(parent.handle(), this.name, this.ino);
      // Moved away or replaced by someone on the host: for the guest it is gone.
      if (typeof opened === 'number') fail(opened === -EACCES ? EACCES : ENOENT);
      this.hostDir = opened;
    }
    fs.touch(this);
    return this.hostDir;
  }
  closeHandle(): void {
    if (this.hostDir !== undefined) this.fs.folder.closeDir(this.hostDir);
    this.hostDir = undefined;
  }

  protected target(): HostTarget {
    return { dir: this.handle(), name: '', ino: this.ino };
  }
  protected fetch(): HostAttributes | Failure {
    if (this === this.fs.root || (this.hostDir !== undefined && this.parent !== undefined))
      return this.fs.folder.lookup(this.handle(), '');
    return this.fetchByName();
  }
  protected resize(): void {
    fail(EISDIR);
  }
  override open(flags: number): OpenFile {
    return new DirectoryFile(flags, this);
  }

  remember(name: string, inode: HostInode): void {
    this.children.set(name, inode);
  }
  forget(name: string, inode: HostInode): void {
    if (this.children.get(name) === inode) this.children.delete(name);
  }

  override lookup(name: string): Inode | undefined {
    const own = this.virtual?.get(name);
    if (own !== undefined) return own;
    const known = this.children.get(name);
    if (known !== undefined && this.fs.isNameFresh(known, this.fs.now())) return known;
    return this.lookupHost(name);
  }

  private lookupHost(name: string): HostInode | undefined {
    const found = this.fs.folder.lookup(this.handle(), name);
    if (typeof found !== 'number') return this.fs.inodeOf(found, this, name);
    if (found !== -ENOENT) fail(-found);
    this.children.get(name)?.detach();
    return undefined;
  }

  override entries(): DirEntry[] {
    const list: DirEntry[] = must(this.fs.folder.list(this.handle()));
    if (this.virtual === undefined) return list;
    const shown = list.filter(({ name }) => !this.virtual!.has(name));
    for (const [name, inode] of this.virtual) shown.push({ name, ino: inode.ino, type: inode.type >> 12 });
    return shown;
  }

  /** The host sees to its own entries. */
  private requireNoVirtual(name: string): void {
    if (this.virtual?.has(name)) fail(EEXIST);
  }

  /** Enters an object of ours. */
  addVirtual(name: string, inode: VirtualInode): void {
    this.virtual ??= new Map();
    this.virtual.set(name, inode);
    inode.parent = this;
    inode.name = name;
  }
  removeVirtual(name: string): void {
    this.virtual?.delete(name);
    if (this.virtual?.size === 0) this.virtual = undefined;
  }

  override provideDirectory(name: string): VirtualInode {
    const inode = new VirtualDirectory(this.fs);
    this.addVirtual(name, inode);
    return inode;
  }
  override provideFile(name: string, content: Uint8Array): VirtualInode {
    const inode = new VirtualFile(this.fs, content);
    this.addVirtual(name, inode);
    return inode;
  }

  override create(name: string, mode: number, rdev: number, uid: number, gid: number): Inode {
    if ((mode & S_IFMT) !== S_IFREG && (mode & S_IFMT) !== 0) {
      if (this.lookup(name) !== undefined) fail(EEXIST);
      const inode = new VirtualSpecial(this.fs, mode, uid, gid, rdev);
      this.addVirtual(name, inode);
      return inode;
    }
    const { fs } = this;
    const file: HostFile = must(fs.folder.create(this.handle(), name, mode & 0o7777));
    const inode = fs.inodeOf(must(fs.folder.statFile(file)), this, name) as HostRegular;
    fs.keepSpare(inode, file);
    this.own(inode, uid, gid);
    return inode;
  }

  override mkdir(name: string, mode: number, uid: number, gid: number): HostInode {
    this.requireNoVirtual(name);
    must(this.fs.folder.mkdir(this.handle(), name, mode));
    return this.made(name, uid, gid);
  }
  override symlink(name: string, target: string, uid: number, gid: number): HostInode {
    this.requireNoVirtual(name);
    must(this.fs.folder.symlink(this.handle(), name, target));
    return this.made(name, uid, gid);
  }
  private made(name: string, uid: number, gid: number): HostInode {
    const inode = this.lookupHost(name) ?? fail(ENOENT);
    this.own(inode, uid, gid);
    return inode;
  }
  /** Gives a new object to its owner where the host allows that; see the rules in file-system.ts. */
  private own(inode: HostInode, uid: number, gid: number): void {
    this.changed();
    if (this.fs.folder.canChown) inode.setattr({ uid, gid });
  }

  override link(name: string, target: Inode): void {
    if (!(target instanceof HostRegular || target instanceof HostSymlink)) fail(EPERM);
    const from = target.parent ?? fail(ENOENT);
    this.requireNoVirtual(name);
    const { folder } = this.fs;
    from.handle();
    const to = this.handle();
    must(folder.link(from.handle(), target.name, target.ino, to, name));
    target.changed();
    this.changed();
  }

  override unlink(name: string): void {
    const own = this.virtual?.get(name);
    if (own !== undefined) {
      if (own.type === S_IFDIR) fail(EISDIR);
      this.removeVirtual(name);
      own.remove();
      return;
    }
    const inode = this.lookup(name) as HostInode | undefined;
    must(this.fs.folder.unlink(this.handle(), name));
    inode?.changed();
    this.lost(name, inode);
  }

  override rmdir(name: string): void {
    const own = this.virtual?.get(name);
    if (own !== undefined) {
      if (!(own instanceof VirtualDirectory)) fail(EINVAL);
      if (own.entries().length > 0) fail(ENOTEMPTY);
      this.removeVirtual(name);
      own.remove();
      return;
    }
    const inode = this.lookup(name);
    if (inode instanceof HostDirectory && inode.virtual !== undefined) fail(ENOTEMPTY);
    must(this.fs.folder.rmdir(this.handle(), name));
    this.lost(name, inode as HostInode | undefined);
  }

  /** `name` no longer stands for `inode`. */
  private lost(name: string, inode: HostInode | undefined): void {
    this.changed();
    if (inode === undefined || inode.parent !== this || inode.name !== name) return;
    inode.unnamed();
  }

  override rename(name: string, newParent: Inode, newName: string, flags: number): void {
    const to = newParent instanceof VirtualDirectory ? newParent.materialise() : newParent;
    if (!(to instanceof HostDirectory)) fail(EXDEV);
    // node:fs has no renameat2(2); without exchange the guest, which is alone here, sees no difference.
    if ((flags & ~RENAME_NOREPLACE) !== 0) fail(EINVAL);
    if ((flags & RENAME_NOREPLACE) !== 0 && to.lookup(newName) !== undefined) fail(EEXIST);
    const own = this.virtual?.get(name);
    if (own instanceof VirtualSpecial) this.renameSpecial(name, own, to, newName);
    else {
      own?.materialise();
      this.renameHost(name, to, newName);
      this.removeVirtual(name);
    }
  }

  private renameSpecial(name: string, inode: VirtualSpecial, to: HostDirectory, newName: string): void {
    const replaced = to.lookup(newName);
    if (replaced === inode) return;
    if (replaced?.type === S_IFDIR) fail(EISDIR);
    if (replaced !== undefined) to.unlink(newName);
    this.removeVirtual(name);
    to.addVirtual(newName, inode);
  }

  private renameHost(name: string, to: HostDirectory, newName: string): void {
    const moved = this.lookupHost(name) ?? fail(ENOENT);
    const replaced = to.lookup(newName);
    if (replaced instanceof HostDirectory && replaced.virtual !== undefined) fail(ENOTEMPTY);
    if (replaced instanceof VirtualDirectory && replaced.entries().length > 0) fail(ENOTEMPTY);
    this.handle();
    const toHandle = to.handle();
    must(this.fs.folder.rename(this.handle(), name, toHandle, newName));
    this.changed();
    to.changed();
    // Two names of one file: rename(2) does nothing then.
    if (replaced === moved) return;
    if (replaced instanceof VirtualInode) {
      to.removeVirtual(newName);
      replaced.remove();
    } else if (replaced !== undefined) {
      (replaced as HostInode).changed();
      to.lost(newName, replaced as HostInode);
    }
    moved.moved(to, newName);
  }
}
