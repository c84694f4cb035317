/**
 * Inodes without a name: what pipes, sockets and other objects made by a system call have for fstat(2). Linux keeps them
 * in internal mounts (pipefs, sockfs) that no path reaches.
 */
import { ENXIO } from '../abi/errno.ts';
import { S_IFDIR, S_IFMT } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import { type Kernel, service } from '../kernel.ts';
import type { Task } from '../task.ts';
import { fsTypes } from './fs-types.ts';
import { type Attributes, type FileSystem, type FsStatistics, Inode, type SetAttributes } from './inode.ts';
import type { OpenFile } from './open-file.ts';

const PAGE = 4096;

export class AnonymousFs implements FileSystem {
  readonly name: string;
  readonly dev: number;
  readonly isReadOnly = false;
  readonly kernel: Kernel;
  readonly root: Inode;
  private readonly magic: number;
  private nextIno = 1;

  constructor(kernel: Kernel, name: string, magic: number) {
    this.kernel = kernel;
    this.name = name;
    this.magic = magic;
    this.dev = fsTypes(kernel).allocateDev();
    this.root = new AnonymousInode(this, S_IFDIR | 0o555, 0, 0);
  }

  allocateIno(): number {
    return this.nextIno++;
  }

  statfs(): FsStatistics {
    const none = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
    return { type: this.magic, bsize: PAGE, ...none, namelen: 255, flags: 0 };
  }

  sync(): void {}
}

export class AnonymousInode extends Inode {
  readonly fs: AnonymousFs;
  readonly ino: number;
  /** Opening it again through /proc/PID/fd, where that is not the business of a special file opener. */
  reopen: ((flags: number) => OpenFile) | undefined = undefined;
  private mode: number;
  private uid: number;
  private gid: number;
  private readonly madeAtNs: number;
  /** Times, once somebody asked: most of these inodes come and go unseen. */
  private times: Pick<Attributes, 'atimeNs' | 'mtimeNs' | 'ctimeNs' | 'btimeNs'> | undefined = undefined;

  constructor(fs: AnonymousFs, mode: number, uid: number, gid: number) {
    super();
    this.fs = fs;
    this.ino = fs.allocateIno();
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.madeAtNs = fs.kernel.clock.monotonicNs();
  }

  get type(): number {
    return this.mode & S_IFMT;
  }
  stat(): Attributes {
    const { fs, ino, mode, uid, gid } = this;
    const identity = { dev: fs.dev, ino, mode, nlink: 1, uid, gid, rdev: 0 };
    return { ...identity, size: 0, blksize: PAGE, blocks: 0, ...this.knownTimes() };
  }
  private knownTimes() {
    if (this.times === undefined) {
      const { kernel } = this.fs;
      const madeNs = kernel.realtimeNs() - BigInt(Math.round(kernel.clock.monotonicNs() - this.madeAtNs));
      this.times = { atimeNs: madeNs, mtimeNs: madeNs, ctimeNs: madeNs, btimeNs: madeNs };
    }
    return this.times;
  }
  override setattr({ mode, uid, gid, atimeNs, mtimeNs }: SetAttributes): void {
    if (mode !== undefined) this.mode = (this.mode & S_IFMT) | (mode & ~S_IFMT);
    this.uid = uid ?? this.uid;
    this.gid = gid ?? this.gid;
    const before = this.knownTimes();
    this.times = {
      atimeNs: atimeNs ?? before.atimeNs,
      mtimeNs: mtimeNs ?? before.mtimeNs,
      ctimeNs: this.fs.kernel.realtimeNs(),
      btimeNs: before.btimeNs,
    };
  }
  open(flags: number): OpenFile {
    return this.reopen?.(flags) ?? fail(ENXIO);
  }
}

/** One internal file system of a kernel: `const pipeFs = anonymousFs('pipefs', PIPEFS_MAGIC)`. */
export function anonymousFs(name: string, magic: number): (kernel: Kernel) => AnonymousFs {
  return service(name, (kernel) => new AnonymousFs(kernel, name, magic));
}

/** An inode of `fs` owned by the task. */
export function anonymousInode(fs: AnonymousFs, task: Task, mode: number): AnonymousInode {
  const { fsuid, fsgid } = task.process.credentials;
  return new AnonymousInode(fs, mode, fsuid, fsgid);
}

const PIPEFS_MAGIC = 0x50495045;
/** Where pipes, and what looks like one, have their inodes. */
export const pipeFs = anonymousFs('pipefs', PIPEFS_MAGIC);
