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
  private readonly attributes: Attributes;
  /** Opening it again through /proc/PID/fd, where that is not the business of a special file opener. */
  reopen: ((flags: number) => OpenFile) | undefined = undefined;

  constructor(fs: AnonymousFs, mode: number, uid: number, gid: number) {
    super();
    this.fs = fs;
    this.ino = fs.allocateIno();
    const now = fs.kernel.realtimeNs();
    const times = { atimeNs: now, mtimeNs: now, ctimeNs: now, btimeNs: now };
    const identity = { dev: fs.dev, ino: this.ino, mode, nlink: 1, uid, gid, rdev: 0 };
    this.attributes = { ...identity, size: 0, blksize: PAGE, blocks: 0, ...times };
  }

  get type(): number {
    return this.attributes.mode & S_IFMT;
  }
  stat(): Attributes {
    return { ...this.attributes };
  }
  override setattr({ mode, uid, gid, atimeNs, mtimeNs }: SetAttributes): void {
    const a = this.attributes;
    if (mode !== undefined) a.mode = (a.mode & S_IFMT) | (mode & ~S_IFMT);
    a.uid = uid ?? a.uid;
    a.gid = gid ?? a.gid;
    a.atimeNs = atimeNs ?? a.atimeNs;
    a.mtimeNs = mtimeNs ?? a.mtimeNs;
    a.ctimeNs = this.fs.kernel.realtimeNs();
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
