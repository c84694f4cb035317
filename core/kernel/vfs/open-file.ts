/**
 * Open files: the shared descriptions that file descriptors refer to. Operations never wait: one that would, returns
 * -EAGAIN, and the system call layer waits on `queue` and tries again unless the file is O_NONBLOCK. Whoever changes the
 * readiness of a file wakes its queue.
 */
import { EBADF, EINVAL, EISDIR, ENODEV, ENOTDIR, ENOTTY, EPERM, ESPIPE } from '../abi/errno.ts';
import { O_PATH, O_SETTABLE } from '../abi/fcntl.ts';
import { POLLIN, POLLNVAL, POLLOUT } from '../abi/poll.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import { WaitQueue } from '../wait.ts';
import type { Attributes, Inode, SetAttributes } from './inode.ts';
import { IN_CLOSE_NOWRITE, IN_CLOSE_WRITE, notifyIfGone, notifyObject } from './notify.ts';
import type { PathRef } from './path.ts';

export { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP } from '../abi/poll.ts';

export abstract class OpenFile {
  /** Access mode and status flags (O_*), without O_CREAT, O_EXCL, O_TRUNC, O_CLOEXEC. */
  flags: number;
  /** File position of read, write, lseek, getdents. */
  position = 0;
  /** The object it was opened from; undefined for anonymous ones (eventfd, epoll...). */
  readonly inode: Inode | undefined;
  /** How it was found, for /proc/self/fd, fchdir, *at calls. */
  path: PathRef | undefined = undefined;
  /** Woken at any change of readiness. */
  readonly queue = new WaitQueue();
  /** Called when the last reference goes, before `release`: locks of this open file end. */
  onLastClose: (() => void) | undefined = undefined;
  private references = 1;

  constructor(flags: number, inode?: Inode) {
    this.flags = flags;
    this.inode = inode;
    if (inode !== undefined) inode.openReferences++;
  }

  /** What /proc/self/fd/N shows when there is no path: `pipe:[7]`, `anon_inode:[eventfd]`. */
  abstract readonly describe: string;

  /** Reads at `offset` (at the position for -1, which the file then moves): bytes read, 0 at the end, or -errno. */
  read(_into: Uint8Array, _offset: number): number {
    return -EINVAL;
  }
  /** Writes at `offset` (at the position for -1, or at the end with O_APPEND): bytes written or -errno. */
  write(_from: Uint8Array, _offset: number): number {
    return -EINVAL;
  }
  /** True when offsets mean something (regular files, block devices): pread, lseek, mmap. */
  readonly isSeekable: boolean = false;
  /** New position or -errno; `whence` as lseek(2). */
  seek(_offset: number, _whence: number): number {
    return -ESPIPE;
  }
  /** POLL* bits that hold now. */
  poll(): number {
    return POLLIN | POLLOUT;
  }
  ioctl(_task: Task, _request: number, _argument: number): number {
    return -ENOTTY;
  }
  /** Next directory entries are produced from `position` on by the caller, which asks for the whole list. */
  directory(): Inode {
    return fail(ENOTDIR);
  }
  truncate(_size: number): number {
    return -EINVAL;
  }
  sync(): number {
    return -EINVAL;
  }
  /** The inode whose content an mmap of this file shows. */
  mappable(): Inode {
    return fail(ENODEV);
  }
  /** Attributes by the open file: a file system whose inodes are found by path overrides it, so that unlinked files work. */
  stat(): Attributes {
    return this.inode?.stat() ?? anonymousAttributes;
  }
  /** fchmod, fchown, futimens; sizes go through `truncate`. */
  setattr(change: SetAttributes): void {
    if (this.inode === undefined) fail(EPERM);
    this.inode.setattr(change);
  }
  /** fallocate(2) with checked arguments: 0 or -errno. */
  allocate(_mode: number, _offset: number, _len: number): number {
    return -ENODEV;
  }
  /** F_SETFL: `settable` bits are O_SETTABLE. 0 or -errno. */
  setStatusFlags(_task: Task, settable: number): number {
    this.flags = (this.flags & ~O_SETTABLE) | settable;
    return 0;
  }
  /** F_GET_SEALS and F_ADD_SEALS: the seals, 0, or -errno. */
  seals(): number {
    return -EINVAL;
  }
  addSeals(_seals: number): number {
    return -EINVAL;
  }
  /** How long a blocking read or write waits at most, in nanoseconds (SO_RCVTIMEO, SO_SNDTIMEO of sockets). */
  readTimeoutNs = Number.POSITIVE_INFINITY;
  writeTimeoutNs = Number.POSITIVE_INFINITY;
  /** True for the ends of pipes: splice(2) wants one, and copies with `peek` and `read`. */
  readonly isPipe: boolean = false;
  /** Bytes at the front of a pipe from `skip` on, without taking them: how many, 0 at the end of the stream, -EAGAIN. */
  peek(_into: Uint8Array, _skip: number): number {
    return -EINVAL;
  }
  /** Signal-driven I/O, F_SETOWN and F_SETSIG: who is told, and by which signal (0: SIGIO). */
  owner = 0;
  ownerType = 1;
  ownerSignal = 0;
  /** F_GETPIPE_SZ and F_SETPIPE_SZ of fcntl(2): the capacity in bytes, or -errno. */
  pipeSize(): number {
    return -EBADF;
  }
  setPipeSize(_task: Task, _bytes: number): number {
    return -EBADF;
  }
  /** Lines that /proc/PID/fdinfo/N shows beyond pos, flags and mnt_id. */
  fdinfo(): string {
    return '';
  }
  /** Called once, when the last reference goes. */
  protected release(): void {}

  retain(): this {
    this.references++;
    return this;
  }
  /** Gives a reference up. With the last one, waiters are woken with POLLNVAL (epoll then forgets the file). */
  drop(): void {
    if (--this.references > 0) return;
    this.queue.wakeFor(POLLNVAL);
    if (this.inode !== undefined) this.closeInode(this.inode);
    this.onLastClose?.();
    this.release();
  }

  private closeInode(inode: Inode): void {
    inode.openReferences--;
    if ((this.flags & O_PATH) === 0)
      notifyObject(inode, this.path, this.isWritable ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    notifyIfGone(inode);
  }

  get isReadable(): boolean {
    return (this.flags & 3) !== 1;
  }
  get isWritable(): boolean {
    return (this.flags & 3) !== 0;
  }
}

/** What fstat shows of a file without an inode (eventfd, epoll...). */
const anonymousAttributes: Attributes = {
  dev: 15,
  ino: 1,
  mode: 0o600,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdev: 0,
  size: 0,
  blksize: 4096,
  blocks: 0,
  atimeNs: 0n,
  mtimeNs: 0n,
  ctimeNs: 0n,
  btimeNs: 0n,
};

/** Common answers for the wrong kind of file. */
export const wrongKind = { notOpenForThis: -EBADF, isDirectory: -EISDIR } as const;
