/** stat(2), fstat(2), lstat(2), newfstatat(2), statx(2), statfs(2), access(2) and its kin. */
import { EACCES, EFAULT, EINVAL, EROFS } from '../../abi/errno.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_DONT_SYNC,
  AT_STATX_FORCE_SYNC,
  AT_SYMLINK_NOFOLLOW,
  accessFlagNames,
  accessModeNames,
  atFlagNames,
  W_OK,
  X_OK,
} from '../../abi/fcntl.ts';
import { MS_NOEXEC, MS_RDONLY, ST_RELATIME, ST_VALID } from '../../abi/fs.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK, STATX__RESERVED, statxMaskNames } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { Attributes, FileSystem } from '../../vfs/inode.ts';
import { FOLLOW, lookupOptions, NO_FOLLOW, resolvePath } from '../../vfs/lookup.ts';
import { isMountRoot, type PathRef } from '../../vfs/path.ts';
import { fileSystemIds, isAllowed, realIds } from '../../vfs/permission.ts';
import { writeStat, writeStatx } from './stat-layout.ts';

export const stat = defineSyscall({
  nr: 4,
  name: 'stat',
  support: 'full',
  args: [arg.path('pathname'), arg.pointer('statbuf')],
  result: result.ok,
  run: (task, path, buf) => {
    writeStat(task.memory, buf, resolvePath(task, AT_FDCWD, path, FOLLOW).inode.stat());
    return 0;
  },
});

export const fstat = defineSyscall({
  nr: 5,
  name: 'fstat',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('statbuf')],
  result: result.ok,
  run: (task, fd, buf) => {
    writeStat(task.memory, buf, task.process.fds.requireAny(fd).stat());
    return 0;
  },
});

export const lstat = defineSyscall({
  nr: 6,
  name: 'lstat',
  support: 'full',
  args: [arg.path('pathname'), arg.pointer('statbuf')],
  result: result.ok,
  run: (task, path, buf) => {
    writeStat(task.memory, buf, resolvePath(task, AT_FDCWD, path, NO_FOLLOW).inode.stat());
    return 0;
  },
});

/** Attributes and, when there is one, the place of what `*at` arguments name. */
function attributesAt(
  task: Task,
  dirFd: number,
  path: string | undefined,
  flags: number,
): { attributes: Attributes; ref: PathRef | undefined } {
  const isSelf = (flags & AT_EMPTY_PATH) !== 0 && (path === '' || path === undefined);
  if (isSelf && dirFd !== AT_FDCWD) {
    const file = task.process.fds.requireAny(dirFd);
    return { attributes: file.stat(), ref: file.path };
  }
  const ref = resolvePath(task, dirFd, path ?? (isSelf ? '' : fail(EFAULT)), lookupOptions(flags));
  return { attributes: ref.inode.stat(), ref };
}

export const newfstatat = defineSyscall({
  nr: 262,
  name: 'newfstatat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.optionalPath('pathname'), arg.pointer('statbuf'), arg.flags('flags', atFlagNames)],
  result: result.ok,
  run: (task, dirFd, path, buf, flags) => {
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) !== 0) return -EINVAL;
    writeStat(task.memory, buf, attributesAt(task, dirFd, path, flags).attributes);
    return 0;
  },
});

const STATX_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
const BOTH_SYNCS = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;

export const statx = defineSyscall({
  nr: 332,
  name: 'statx',
  support: 'full',
  args: [
    arg.dirFd('dirfd'),
    arg.optionalPath('pathname'),
    arg.flags('flags', atFlagNames),
    arg.flags('mask', statxMaskNames),
    arg.pointer('statxbuf'),
  ],
  result: result.ok,
  run: (task, dirFd, path, flags, mask, buf) => {
    if ((flags & ~STATX_FLAGS) !== 0 || (flags & BOTH_SYNCS) === BOTH_SYNCS) return -EINVAL;
    if ((mask & STATX__RESERVED) !== 0) return -EINVAL;
    const { attributes, ref } = attributesAt(task, dirFd, path, flags);
    const mount = ref && { id: ref.mount.id, isRoot: isMountRoot(ref) };
    writeStatx(task.memory, buf, attributes, mount);
    return 0;
  },
});

/** struct statfs: eleven 64-bit words, fsid being the seventh, and spare ones. */
const STATFS_SIZE = 120;

function writeStatfs(task: Task, gva: number, fs: FileSystem, mountFlags: number): number {
  const { memory } = task;
  memory.fill(gva, STATFS_SIZE, 0);
  const s = fs.statfs();
  const flags = s.flags | ST_VALID | (mountFlags & 0xf) | ST_RELATIME;
  const words = [s.type, s.bsize, s.blocks, s.bfree, s.bavail, s.files, s.ffree, fs.dev, s.namelen, s.bsize, flags];
  for (const [i, word] of words.entries()) memory.setLong(gva + i * 8, word);
  return 0;
}

export const statfs = defineSyscall({
  nr: 137,
  name: 'statfs',
  support: 'full',
  args: [arg.path('path'), arg.pointer('buf')],
  result: result.ok,
  run: (task, path, buf) => {
    const { mount } = resolvePath(task, AT_FDCWD, path);
    return writeStatfs(task, buf, mount.fs, mount.flags);
  },
});

export const fstatfs = defineSyscall({
  nr: 138,
  name: 'fstatfs',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('buf')],
  result: result.ok,
  run: (task, fd, buf) => {
    const file = task.process.fds.requireAny(fd);
    const fs = file.inode?.fs ?? task.kernel.mounts.root.mount.fs;
    return writeStatfs(task, buf, fs, file.path?.mount.flags ?? 0);
  },
});

/** 0, or why the task may not: -EACCES, -EROFS. */
function checkAccess(task: Task, ref: PathRef, attributes: Attributes, mode: number, flags: number): number {
  const { type } = ref.inode;
  if ((mode & X_OK) !== 0 && type === S_IFREG && (ref.mount.flags & MS_NOEXEC) !== 0) return -EACCES;
  const { credentials } = task.process;
  const ids = (flags & AT_EACCESS) !== 0 ? fileSystemIds(credentials) : realIds(credentials);
  if (!isAllowed(attributes, mode, ids)) return -EACCES;
  const isSpecial = type === S_IFCHR || type === S_IFBLK || type === S_IFIFO || type === S_IFSOCK;
  const isReadOnly = (ref.mount.flags & MS_RDONLY) !== 0 || ref.mount.fs.isReadOnly;
  return (mode & W_OK) !== 0 && isReadOnly && !isSpecial ? -EROFS : 0;
}

function accessAt(task: Task, dirFd: number, path: string, mode: number, flags: number): number {
  if ((mode & ~7) !== 0) return -EINVAL;
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const ref = resolvePath(task, dirFd, path, lookupOptions(flags));
  return mode === 0 ? 0 : checkAccess(task, ref, ref.inode.stat(), mode, flags);
}

export const access = defineSyscall({
  nr: 21,
  name: 'access',
  support: 'full',
  args: [arg.path('pathname'), arg.flags('mode', accessModeNames)],
  result: result.ok,
  run: (task, path, mode) => accessAt(task, AT_FDCWD, path, mode, 0),
});

export const faccessat = defineSyscall({
  nr: 269,
  name: 'faccessat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.flags('mode', accessModeNames)],
  result: result.ok,
  run: (task, dirFd, path, mode) => accessAt(task, dirFd, path, mode, 0),
});

export const faccessat2 = defineSyscall({
  nr: 439,
  name: 'faccessat2',
  support: 'full',
  args: [
    arg.dirFd('dirfd'),
    arg.path('pathname'),
    arg.flags('mode', accessModeNames),
    arg.flags('flags', accessFlagNames),
  ],
  result: result.ok,
  run: (task, dirFd, path, mode, flags) => accessAt(task, dirFd, path, mode, flags),
});
