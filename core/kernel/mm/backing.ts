/**
 * What a file mapping shows: an open file, or bytes that are in no file system (the vDSO, a program given as initrd).
 * One backing belongs to one mmap call; the VMAs that it is split into share it by reference count.
 */
import { EINVAL } from '../abi/errno.ts';
import { O_APPEND } from '../abi/fcntl.ts';
import type { Inode } from '../vfs/inode.ts';
import type { OpenFile } from '../vfs/open-file.ts';
import { pathString } from '../vfs/path.ts';
import type { SharedFile } from './shared-mappings.ts';

export abstract class Backing {
  private references = 1;
  /** The open file, when there is one. */
  readonly file: OpenFile | undefined = undefined;
  /** What keeps a MAP_SHARED mapping coherent with the file and with other mappings; undefined for MAP_PRIVATE. */
  readonly shared: SharedFile | undefined = undefined;

  /** Bytes read at `offset`, 0 at the end, or -errno. */
  abstract read(into: Uint8Array, offset: number): number;
  abstract write(from: Uint8Array, offset: number): number;
  abstract size(): number;
  /** The path column of /proc/PID/maps. */
  abstract describe(): string;
  /** Makes what was written durable: 0 or -errno. */
  sync(): number {
    return 0;
  }

  retain(): this {
    this.references++;
    return this;
  }
  drop(): void {
    if (--this.references === 0) this.release();
  }
  protected release(): void {}

  /** True when VMAs of both may be merged, their offsets permitting. */
  isSame(other: Backing | undefined): boolean {
    return this === other || (this.file !== undefined && this.file === other?.file && this.shared === other.shared);
  }

  /** Fills all of `into` from `offset` on, with zeros beyond the end. 0 or -errno. */
  fill(into: Uint8Array, offset: number): number {
    let done = 0;
    while (done < into.length) {
      const n = this.read(into.subarray(done), offset + done);
      if (n < 0) return n;
      if (n === 0) break;
      done += n;
    }
    into.fill(0, done);
    return 0;
  }
}

/** An inode that must know of mappings that may change it (F_SEAL_WRITE). */
interface CountsWriters {
  writableMappings: number;
}

function countsWriters(inode: object): inode is CountsWriters {
  return 'writableMappings' in inode;
}

/** The content of an open file. Takes a reference of its own. */
export class FileBacking extends Backing {
  override readonly file: OpenFile;
  override readonly shared: SharedFile | undefined;
  readonly inode: Inode;
  private readonly writers: CountsWriters | undefined;

  /** `shared` is given for MAP_SHARED; `mayWrite` says whether stores to it may ever be allowed. */
  constructor(file: OpenFile, inode: Inode, shared?: SharedFile, mayWrite = false) {
    super();
    this.file = file.retain();
    this.inode = inode;
    this.shared = shared;
    this.writers = shared !== undefined && mayWrite && countsWriters(inode) ? inode : undefined;
    if (this.writers !== undefined) this.writers.writableMappings++;
  }

  read(into: Uint8Array, offset: number): number {
    return this.file.read(into, offset);
  }
  /** Positioned even when the file was opened with O_APPEND: pages go back where they came from. */
  write(from: Uint8Array, offset: number): number {
    const { file } = this;
    const { flags } = file;
    file.flags = flags & ~O_APPEND;
    try {
      return file.write(from, offset);
    } finally {
      file.flags = flags;
    }
  }
  size(): number {
    return this.inode.stat().size;
  }
  override sync(): number {
    const answer = this.file.sync();
    return answer === -EINVAL ? 0 : answer;
  }
  describe(): string {
    const { path } = this.file;
    if (path === undefined) return this.file.describe;
    return this.inode.stat().nlink === 0 ? `${pathString(path)} (deleted)` : pathString(path);
  }
  protected override release(): void {
    this.shared?.detach();
    if (this.writers !== undefined) this.writers.writableMappings--;
    this.file.drop();
  }
}

/** Bytes in host memory; never written back. */
export class BytesBacking extends Backing {
  private readonly bytes: Uint8Array;
  private readonly name: string;
  constructor(bytes: Uint8Array, name: string) {
    super();
    this.bytes = bytes;
    this.name = name;
  }
  read(into: Uint8Array, offset: number): number {
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }
  write(): number {
    return -EINVAL;
  }
  size(): number {
    return this.bytes.length;
  }
  describe(): string {
    return this.name;
  }
}
