/**
 * Objects of a 9pfs that the host's folder doesn't hold, in memory:
 * - FIFOs, sockets and device nodes made by the guest: meeting points within the guest, gone with the machine;
 * - directories to mount on and generated files (/etc/resolv.conf...) that the folder lacks. The guest may use a file
 *   for reading, and mount on a directory, without a trace in the folder. Its first own change of one (writing, a new
 *   entry, chmod) makes it on the host, if the folder may be written; the object here then passes everything on.
 */
import { EISDIR, ENXIO, EROFS } from '../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../abi/fcntl.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import { type Attributes, type DirEntry, Inode, type SetAttributes } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import type { HostDirectory } from './directory.ts';
import { must } from './failure.ts';
import type { NinePFs } from './file-system.ts';

export abstract class VirtualInode extends Inode {
  readonly fs: NinePFs;
  readonly ino: number;
  readonly type: number;
  parent: HostDirectory | VirtualDirectory | undefined = undefined;
  name = '';
  protected mode: number;
  protected uid: number;
  protected gid: number;
  private readonly rdev: number;
  private isRemoved = false;
  private atimeNs: bigint;
  private mtimeNs: bigint;
  private ctimeNs: bigint;
  private readonly btimeNs: bigint;

  constructor(fs: NinePFs, mode: number, uid: number, gid: number, rdev = 0) {
    super();
    this.fs = fs;
    this.ino = fs.allocateVirtualIno();
    this.type = mode & S_IFMT;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.rdev = rdev;
    this.atimeNs = this.mtimeNs = this.ctimeNs = this.btimeNs = fs.realtimeNs();
  }

  protected get size(): number {
    return 0;
  }

  stat(): Attributes {
    const { fs, ino, mode, uid, gid, rdev, size, atimeNs, mtimeNs, ctimeNs, btimeNs } = this;
    const nlink = this.isRemoved ? 0 : this.type === S_IFDIR ? 2 : 1;
    const blocks = Math.ceil(size / 512);
    return {
      dev: fs.dev,
      ino,
      mode,
      nlink,
      uid,
      gid,
      rdev,
      size,
      blksize: 4096,
      blocks,
      atimeNs,
      mtimeNs,
      ctimeNs,
      btimeNs,
    };
  }

  override setattr(change: SetAttributes): void {
    if (change.mode !== undefined) this.mode = this.type | (change.mode & 0o7777);
    this.uid = change.uid ?? this.uid;
    this.gid = change.gid ?? this.gid;
    this.ctimeNs = this.fs.realtimeNs();
    this.atimeNs = change.atimeNs ?? this.atimeNs;
    this.mtimeNs = change.mtimeNs ?? this.mtimeNs;
  }

  /** It lost its name for good. */
  remove(): void {
    this.isRemoved = true;
  }
  /** Makes it on the host, if it can be; what is on the host then. */
  abstract materialise(): Inode | undefined;

  /** The host directory that holds it, made if it is missing too. */
  protected hostParent(): HostDirectory {
    const { parent } = this;
    if (parent === undefined || this.fs.isReadOnly) fail(EROFS);
    return parent instanceof VirtualDirectory ? parent.materialise() : parent;
  }

  /** Steps aside while `make` makes the host's object of the same name. */
  protected makeOnHost(make: (parent: HostDirectory) => Inode): Inode {
    const parent = this.hostParent();
    parent.removeVirtual(this.name);
    try {
      return make(parent);
    } catch (error) {
      parent.addVirtual(this.name, this);
      throw error;
    }
  }
}

/** A FIFO, socket or device node: opened through vfs/special.ts. */
export class VirtualSpecial extends VirtualInode {
  override materialise(): undefined {
    return undefined;
  }
  override open(): OpenFile {
    return fail(ENXIO);
  }
}

export class VirtualFile extends VirtualInode {
  readonly content: Uint8Array;
  private real: Inode | undefined = undefined;

  constructor(fs: NinePFs, content: Uint8Array, mode = 0o644) {
    super(fs, S_IFREG | mode, 0, 0);
    this.content = content;
  }

  protected override get size(): number {
    return this.content.length;
  }
  override stat(): Attributes {
    return this.real === undefined ? super.stat() : this.real.stat();
  }
  override setattr(change: SetAttributes): void {
    this.materialise().setattr(change);
  }

  /** Once on the host it is found there: only who found it before still has this object. */
  override materialise(): Inode {
    if (this.real !== undefined) return this.real;
    const real = this.makeOnHost((parent) => parent.create(this.name, this.mode, 0, this.uid, this.gid));
    const file = real.open(1);
    must(file.write(this.content, 0));
    file.drop();
    this.real = real;
    return real;
  }

  override open(flags: number): OpenFile {
    if (this.real === undefined && (flags & O_ACCMODE) === O_RDONLY) return new VirtualOpenFile(flags, this);
    return this.materialise().open(flags);
  }
}

class VirtualOpenFile extends RegularFile {
  declare readonly inode: VirtualFile;
  protected readAt(into: Uint8Array, offset: number): number {
    const part = this.inode.content.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }
  protected writeAt(): number {
    return -EROFS;
  }
  protected resize(): number {
    return -EROFS;
  }
  size(): number {
    return this.inode.content.length;
  }
}

export class VirtualDirectory extends VirtualInode {
  private readonly children = new Map<string, VirtualInode>();
  private real: HostDirectory | undefined = undefined;

  constructor(fs: NinePFs, mode = 0o755) {
    super(fs, S_IFDIR | mode, 0, 0);
  }

  override stat(): Attributes {
    return this.real === undefined ? super.stat() : { ...this.real.stat(), ino: this.ino };
  }
  override setattr(change: SetAttributes): void {
    this.materialise().setattr(change);
  }
  override remove(): void {
    super.remove();
    if (this.real !== undefined) this.hostParent().rmdir(this.name);
  }

  /** Makes the directory on the host; what it holds here moves along and stays virtual. */
  override materialise(): HostDirectory {
    if (this.real !== undefined) return this.real;
    const real = this.makeOnHost((parent) => parent.mkdir(this.name, this.mode, this.uid, this.gid)) as HostDirectory;
    // Who mounted on it, or works in it, goes on with this object.
    this.parent!.addVirtual(this.name, this);
    for (const [name, child] of this.children) real.addVirtual(name, child);
    this.children.clear();
    this.real = real;
    return real;
  }

  addVirtual(name: string, inode: VirtualInode): void {
    if (this.real !== undefined) {
      this.real.addVirtual(name, inode);
      return;
    }
    this.children.set(name, inode);
    inode.parent = this;
    inode.name = name;
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

  override open(flags: number): OpenFile {
    if ((flags & O_ACCMODE) !== O_RDONLY) fail(EISDIR);
    return new DirectoryFile(flags, this);
  }
  override lookup(name: string): Inode | undefined {
    return this.real === undefined ? this.children.get(name) : this.real.lookup(name);
  }
  override entries(): DirEntry[] {
    if (this.real !== undefined) return this.real.entries();
    return [...this.children].map(([name, { ino, type }]) => ({ name, ino, type: type >> 12 }));
  }
  override create(name: string, mode: number, rdev: number, uid: number, gid: number): Inode {
    return this.materialise().create(name, mode, rdev, uid, gid);
  }
  override mkdir(name: string, mode: number, uid: number, gid: number): Inode {
    return this.materialise().mkdir(name, mode, uid, gid);
  }
  override symlink(name: string, target: string, uid: number, gid: number): Inode {
    return this.materialise().symlink(name, target, uid, gid);
  }
  override link(name: string, target: Inode): void {
    this.materialise().link(name, target);
  }
  override unlink(name: string): void {
    this.materialise().unlink(name);
  }
  override rmdir(name: string): void {
    this.materialise().rmdir(name);
  }
  override rename(name: string, newParent: Inode, newName: string, flags: number): void {
    this.materialise().rename(name, newParent, newName, flags);
  }
}
