/**
 * Inodes of the in-memory file system. Times written on the I/O path are kept as monotonic numbers and turned into
 * bigints when somebody looks, so that a write allocates nothing.
 */
import { EEXIST, ENODATA, ENOENT, ENOSPC, ENXIO } from '../../abi/errno.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../../abi/fs.ts';
import { S_IFLNK, S_IFMT } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Attributes, Inode, type SetAttributes } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { RamFs } from './fs.ts';

/** What an inode counts against the memory of the file system. */
export const INODE_COST = 512;

export class RamInode extends Inode {
  readonly fs: RamFs;
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink = 1;
  readonly rdev: number;
  private atimeNs: bigint;
  private mtimeNs: bigint;
  private ctimeNs: bigint;
  private readonly btimeNs: bigint;
  /** Monotonic times of an access and a change not yet in the bigints; 0 for none. */
  private accessedAt = 0;
  private changedAt = 0;
  /** relatime: the next read sets atime, since it is not after mtime. */
  private isAccessDue = true;
  private xattrs: Map<string, Uint8Array> | undefined = undefined;

  constructor(fs: RamFs, mode: number, uid: number, gid: number, rdev = 0) {
    super();
    if (!fs.pool.take(INODE_COST)) fail(ENOSPC);
    this.fs = fs;
    this.ino = fs.allocateIno();
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.rdev = rdev;
    this.atimeNs = this.mtimeNs = this.ctimeNs = this.btimeNs = fs.now();
  }

  get type(): number {
    return this.mode & S_IFMT;
  }
  /** Bytes as st_size shows them. */
  get size(): number {
    return 0;
  }
  get allocated(): number {
    return 0;
  }

  stat(): Attributes {
    this.settleTimes();
    return {
      dev: this.fs.dev,
      ino: this.ino,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.size,
      blksize: 4096,
      blocks: this.allocated / 512,
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      btimeNs: this.btimeNs,
    };
  }

  override setattr(change: SetAttributes): void {
    this.settleTimes();
    if (change.size !== undefined) this.resize(change.size);
    if (change.mode !== undefined) this.mode = (this.mode & S_IFMT) | (change.mode & 0o7777);
    this.uid = change.uid ?? this.uid;
    this.gid = change.gid ?? this.gid;
    this.ctimeNs = this.fs.now();
    if (change.size !== undefined) this.mtimeNs = this.ctimeNs;
    this.atimeNs = change.atimeNs ?? this.atimeNs;
    this.mtimeNs = change.mtimeNs ?? this.mtimeNs;
    this.isAccessDue = this.atimeNs <= this.mtimeNs;
  }
  /** Overridden by what has a size to set. */
  protected resize(_size: number): void {}

  /** Content was read. */
  accessed(): void {
    if (!this.isAccessDue) return;
    this.accessedAt = this.fs.monotonicNs();
    this.isAccessDue = false;
  }
  /** Content was changed: mtime and ctime. */
  changed(): void {
    this.changedAt = this.fs.monotonicNs();
    this.isAccessDue = true;
  }
  /** Attributes or links were changed: ctime. */
  relinked(): void {
    this.settleTimes();
    this.ctimeNs = this.fs.now();
  }
  private settleTimes(): void {
    if (this.accessedAt !== 0) this.atimeNs = this.fs.realtimeOf(this.accessedAt);
    if (this.changedAt !== 0) this.mtimeNs = this.ctimeNs = this.fs.realtimeOf(this.changedAt);
    this.accessedAt = this.changedAt = 0;
  }

  /** A name of it went away; with the last one and no open file its memory goes. */
  unlinked(): void {
    this.nlink--;
    this.relinked();
    this.releaseIfUnused();
  }
  releaseIfUnused(): void {
    if (this.nlink > 0 || this.openReferences > 0) return;
    this.fs.pool.give(INODE_COST);
    this.fs.inodeCount--;
    this.dispose();
  }
  protected dispose(): void {}

  open(_flags: number): OpenFile {
    return fail(ENXIO);
  }

  override getxattr(name: string): Uint8Array | undefined {
    return this.xattrs?.get(name);
  }
  override setxattr(name: string, value: Uint8Array, flags: number): void {
    const old = this.xattrs?.get(name);
    if (old !== undefined && (flags & XATTR_CREATE) !== 0) fail(EEXIST);
    if (old === undefined && (flags & XATTR_REPLACE) !== 0) fail(ENODATA);
    const extra = value.length - (old?.length ?? -name.length);
    if (extra > 0 && !this.fs.pool.take(extra)) fail(ENOSPC);
    if (extra < 0) this.fs.pool.give(-extra);
    this.xattrs ??= new Map();
    this.xattrs.set(name, new Uint8Array(value));
    this.relinked();
  }
  override removexattr(name: string): void {
    const old = this.xattrs?.get(name) ?? fail(ENODATA);
    this.xattrs!.delete(name);
    this.fs.pool.give(old.length + name.length);
    this.relinked();
  }
  override listxattr(): string[] {
    return [...(this.xattrs?.keys() ?? [])];
  }
}

export class RamSymlink extends RamInode {
  private readonly target: string;
  constructor(fs: RamFs, target: string, uid: number, gid: number) {
    super(fs, S_IFLNK | 0o777, uid, gid);
    this.target = target;
    fs.pool.charge(target.length);
  }
  protected override dispose(): void {
    this.fs.pool.give(this.target.length);
  }
  override get size(): number {
    return this.target.length;
  }
  override readlink(): string {
    return this.target;
  }
}

/** FIFOs, sockets and device nodes: opened through vfs/special.ts. */
export class RamSpecial extends RamInode {}

/** The inode as one of this file system; ENOENT for a stranger, which the VFS never passes. */
export function asRamInode(inode: Inode): RamInode {
  return inode instanceof RamInode ? inode : fail(ENOENT);
}
