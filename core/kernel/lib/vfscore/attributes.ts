/** chmod(2), chown(2), utime(2), utimensat(2), truncate(2). */
import { EFAULT, EINVAL } from '../../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, atFlagNames } from '../../abi/fcntl.ts';
import { UTIME_NOW, UTIME_OMIT } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import {
  changeMode,
  changeOwner,
  changeTimes,
  type NewTime,
  requireTruncatable,
  targetAt,
  targetOfFile,
} from '../../vfs/attributes.ts';
import { changeContent, checkSizeLimit } from '../../vfs/io.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import { IN_MODIFY, notifyObject } from '../../vfs/notify.ts';

function chmodAt(task: Task, dirFd: number, path: string, mode: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  changeMode(task, targetAt(task, dirFd, path, flags), mode);
  return 0;
}

export const chmod = defineSyscall({
  nr: 90,
  name: 'chmod',
  support: 'full',
  args: [arg.path('pathname'), arg.mode('mode')],
  result: result.ok,
  run: (task, path, mode) => chmodAt(task, AT_FDCWD, path, mode, 0),
});

export const fchmod = defineSyscall({
  nr: 91,
  name: 'fchmod',
  support: 'full',
  args: [arg.fd('fd'), arg.mode('mode')],
  result: result.ok,
  run: (task, fd, mode) => {
    changeMode(task, targetOfFile(task.process.fds.require(fd)), mode);
    return 0;
  },
});

export const fchmodat = defineSyscall({
  nr: 268,
  name: 'fchmodat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.mode('mode')],
  result: result.ok,
  run: (task, dirFd, path, mode) => chmodAt(task, dirFd, path, mode, 0),
});

export const fchmodat2 = defineSyscall({
  nr: 452,
  name: 'fchmodat2',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.mode('mode'), arg.flags('flags', atFlagNames)],
  result: result.ok,
  run: chmodAt,
});

function chownAt(task: Task, dirFd: number, path: string, uid: number, gid: number, flags: number): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  changeOwner(task, targetAt(task, dirFd, path, flags), uid, gid);
  return 0;
}

const pathOwnerArgs = [arg.path('pathname'), arg.uid('owner'), arg.uid('group')] as const;

export const chown = defineSyscall({
  nr: 92,
  name: 'chown',
  support: 'full',
  args: pathOwnerArgs,
  result: result.ok,
  run: (task, path, uid, gid) => chownAt(task, AT_FDCWD, path, uid, gid, 0),
});

export const fchown = defineSyscall({
  nr: 93,
  name: 'fchown',
  support: 'full',
  args: [arg.fd('fd'), arg.uid('owner'), arg.uid('group')],
  result: result.ok,
  run: (task, fd, uid, gid) => {
    changeOwner(task, targetOfFile(task.process.fds.require(fd)), uid, gid);
    return 0;
  },
});

export const lchown = defineSyscall({
  nr: 94,
  name: 'lchown',
  support: 'full',
  args: pathOwnerArgs,
  result: result.ok,
  run: (task, path, uid, gid) => chownAt(task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW),
});

export const fchownat = defineSyscall({
  nr: 260,
  name: 'fchownat',
  support: 'full',
  args: [arg.dirFd('dirfd'), ...pathOwnerArgs, arg.flags('flags', atFlagNames)],
  result: result.ok,
  run: chownAt,
});

const SECOND = 1_000_000_000n;

/** Two times at `gva`, each a 64-bit number of seconds and one of parts of `unit` nanoseconds; NULL is now. */
function readTimes(task: Task, gva: number, unit: bigint, partsMax: bigint): [NewTime, NewTime] {
  if (gva === 0) return ['now', 'now'];
  const read = (at: number): NewTime => {
    const parts = BigInt.asIntN(64, task.memory.getU64(at + 8));
    if (unit === 1n && parts === BigInt(UTIME_NOW)) return 'now';
    if (unit === 1n && parts === BigInt(UTIME_OMIT)) return 'omit';
    if (parts < 0n || parts > partsMax) fail(EINVAL);
    return BigInt.asIntN(64, task.memory.getU64(at)) * SECOND + parts * unit;
  };
  return [read(gva), read(gva + 16)];
}

function utimesAt(task: Task, dirFd: number, path: string, gva: number): number {
  const [atime, mtime] = readTimes(task, gva, 1000n, 999_999n);
  changeTimes(task, targetAt(task, dirFd, path, 0), atime, mtime);
  return 0;
}

/** Without a path it is about an open file, and the working directory is none. */
function targetOfFd(task: Task, fd: number): ReturnType<typeof targetOfFile> {
  return fd === AT_FDCWD ? fail(EFAULT) : targetOfFile(task.process.fds.require(fd));
}

export const utime = defineSyscall({
  nr: 132,
  name: 'utime',
  support: 'full',
  args: [arg.path('filename'), arg.pointer('times')],
  result: result.ok,
  run: (task, path, gva) => {
    const at = (offset: number): NewTime =>
      gva === 0 ? 'now' : BigInt.asIntN(64, task.memory.getU64(gva + offset)) * SECOND;
    changeTimes(task, targetAt(task, AT_FDCWD, path, 0), at(0), at(8));
    return 0;
  },
});

export const utimes = defineSyscall({
  nr: 235,
  name: 'utimes',
  support: 'full',
  args: [arg.path('filename'), arg.pointer('times')],
  result: result.ok,
  run: (task, path, gva) => utimesAt(task, AT_FDCWD, path, gva),
});

export const futimesat = defineSyscall({
  nr: 261,
  name: 'futimesat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.optionalPath('pathname'), arg.pointer('times')],
  result: result.ok,
  run: (task, dirFd, path, gva) => {
    if (path !== undefined) return utimesAt(task, dirFd, path, gva);
    const [atime, mtime] = readTimes(task, gva, 1000n, 999_999n);
    changeTimes(task, targetOfFd(task, dirFd), atime, mtime);
    return 0;
  },
});

export const utimensat = defineSyscall({
  nr: 280,
  name: 'utimensat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.optionalPath('pathname'), arg.pointer('times'), arg.flags('flags', atFlagNames)],
  result: result.ok,
  run: (task, dirFd, path, gva, flags) => {
    const [atime, mtime] = readTimes(task, gva, 1n, 999_999_999n);
    if (path === undefined && flags !== 0) return -EINVAL;
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
    const target = path === undefined ? targetOfFd(task, dirFd) : targetAt(task, dirFd, path, flags);
    changeTimes(task, target, atime, mtime);
    return 0;
  },
});

export const truncate = defineSyscall({
  nr: 76,
  name: 'truncate',
  support: 'full',
  args: [arg.path('path'), arg.long('length')],
  result: result.ok,
  run: (task, path, length) => {
    if (length < 0) return -EINVAL;
    const ref = resolvePath(task, AT_FDCWD, path);
    requireTruncatable(task, ref);
    const { inode } = ref;
    checkSizeLimit(task, length, inode.stat().size);
    changeContent(task, inode, length, () => {
      inode.setattr({ size: length });
      return 0;
    });
    notifyObject(inode, ref, IN_MODIFY);
    return 0;
  },
});
