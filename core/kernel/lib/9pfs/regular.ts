/**
 * Regular files of a host folder. Each open file has its own host descriptor, so that what was unlinked goes on working;
 * bytes move between the host and the guest's memory without a copy.
 */
import type { Failure, HostAttributes, HostFile, HostTarget } from '../../../dev/host-folder.ts';
import { EOPNOTSUPP, EROFS, ESTALE } from '../../abi/errno.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_ZERO_RANGE,
  O_ACCMODE,
  O_APPEND,
  O_DSYNC,
  O_RDONLY,
  O_WRONLY,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import { must } from './failure.ts';
import { HostInode } from './host-inode.ts';

export class HostRegular extends HostInode {
  private readonly openFiles = new Set<HostOpenFile>();

  get isEvictable(): boolean {
    return this.openFiles.size === 0 && this.watchers === undefined;
  }

  /** A descriptor that is open anyway. */
  private anyHandle(): HostFile | undefined {
    for (const file of this.openFiles) return file.handle;
    return undefined;
  }
  protected target(): HostTarget {
    return this.anyHandle() ?? this.targetByName();
  }
  protected fetch(): HostAttributes | Failure {
    const handle = this.anyHandle();
    return handle === undefined ? this.fetchByName() : this.fs.folder.statFile(handle);
  }
  get size(): number {
    return this.current().size;
  }

  private openHandle(read: boolean, write: boolean): HostFile {
    const parent = this.parent ?? fail(ESTALE);
    return must(this.fs.folder.open(parent.handle(), this.name, this.ino, { read, write, append: false }));
  }

  override open(flags: number): HostOpenFile {
    const mode = flags & O_ACCMODE;
    if (mode !== O_RDONLY && this.fs.isReadOnly) fail(EROFS);
    const handle = this.fs.takeSpare(this) ?? this.openHandle(mode !== O_WRONLY, mode !== O_RDONLY);
    const file = new HostOpenFile(flags, this, handle);
    this.openFiles.add(file);
    return file;
  }
  closed(file: HostOpenFile): void {
    this.openFiles.delete(file);
  }

  protected resize(size: number): void {
    const { folder } = this.fs;
    for (const file of this.openFiles) {
      if (!file.isWritable) continue;
      must(folder.truncate(file.handle, size));
      return;
    }
    const handle = this.openHandle(false, true);
    const result = folder.truncate(handle, size);
    folder.closeFile(handle);
    must(result);
  }
}

/** Zeros to write where the host can't be asked to allocate. */
const ZEROS = new Uint8Array(1 << 16);

export class HostOpenFile extends RegularFile {
  declare readonly inode: HostRegular;
  readonly handle: HostFile;
  /** The same file with O_APPEND; opened when the guest first appends. */
  private appending: HostFile | undefined = undefined;

  constructor(flags: number, inode: HostRegular, handle: HostFile) {
    super(flags, inode);
    this.handle = handle;
  }

  protected readAt(into: Uint8Array, offset: number): number {
    return this.inode.fs.folder.read(this.handle, into, offset);
  }
  protected writeAt(from: Uint8Array, offset: number): number {
    const count = this.inode.fs.folder.write(this.handle, from, offset);
    this.inode.changed();
    return count;
  }

  /** O_SYNC and O_DSYNC: what was written is on the host's disk when the call returns. */
  override write(from: Uint8Array, offset: number): number {
    const count = this.writeUnsynced(from, offset);
    if (count <= 0 || (this.flags & O_DSYNC) === 0) return count;
    const result = this.sync();
    return result < 0 ? result : count;
  }

  /** Appends through a descriptor with O_APPEND, so that writers on the host and other machines are not overwritten. */
  private writeUnsynced(from: Uint8Array, offset: number): number {
    if ((this.flags & O_APPEND) === 0) return super.write(from, offset);
    const { folder } = this.inode.fs;
    if (this.appending === undefined) {
      const opened = folder.reopen(this.handle, { read: false, write: true, append: true });
      // Not every host can; there the size decides where the end is.
      if (typeof opened === 'number') return super.write(from, offset);
      this.appending = opened;
    }
    const count = folder.write(this.appending, from, 0);
    this.inode.changed();
    if (offset === -1 && count > 0) this.position = this.inode.size;
    return count;
  }

  size(): number {
    return this.inode.size;
  }
  protected resize(size: number): number {
    const result = this.inode.fs.folder.truncate(this.handle, size);
    this.inode.changed();
    return result;
  }
  override sync(): number {
    return this.inode.fs.folder.sync(this.handle);
  }

  /**
   * node:fs has no fallocate: space is reserved by writing what a read would show. Punching holes, and reserving beyond
   * the end without growing, can't be had that way.
   */
  override allocate(mode: number, offset: number, len: number): number {
    const isZero = (mode & FALLOC_FL_ZERO_RANGE) !== 0;
    if ((mode & ~(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)) !== 0) return -EOPNOTSUPP;
    const { size, blocks } = this.inode.stat();
    const end = offset + len;
    if ((mode & FALLOC_FL_KEEP_SIZE) !== 0 && end > size) return -EOPNOTSUPP;
    const hasHoles = blocks * 512 < size;
    if (isZero || hasHoles) {
      const result = this.rewrite(offset, Math.min(end, size), isZero);
      if (result < 0) return result;
    }
    return this.rewrite(Math.max(offset, size), end, true);
  }

  /** Writes `[offset, end)` with zeros, or with what it holds already. */
  private rewrite(offset: number, end: number, withZeros: boolean): number {
    const buffer = withZeros ? ZEROS : new Uint8Array(ZEROS.length);
    for (let at = offset; at < end; ) {
      const part = buffer.subarray(0, Math.min(buffer.length, end - at));
      const held = withZeros ? part.length : this.readAt(part, at);
      if (held <= 0) return held;
      const count = this.writeAt(part.subarray(0, held), at);
      if (count < 0) return count;
      at += count;
    }
    return 0;
  }

  protected override release(): void {
    const { folder } = this.inode.fs;
    this.inode.closed(this);
    folder.closeFile(this.handle);
    if (this.appending !== undefined) folder.closeFile(this.appending);
  }
}
