/** unlink(2), rename(2), link(2), symlink(2), readlink(2), mknod(2). */
import { strToBytes } from '../../../base/bytes.ts';
import { EINVAL, ENOENT, EPERM } from '../../abi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  atFlagNames,
  unlinkFlagNames,
} from '../../abi/fcntl.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, renameFlagNames } from '../../abi/fs.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../../abi/stat.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import { makeLink, makeNode, makeSymlink, removeDirectory, renameFile, unlinkFile } from '../../vfs/modify.ts';

export const unlink = defineSyscall({
  nr: 87,
  name: 'unlink',
  support: 'full',
  args: [arg.path('pathname')],
  result: result.ok,
  run: (task, path) => {
    unlinkFile(task, AT_FDCWD, path);
    return 0;
  },
});

export const unlinkat = defineSyscall({
  nr: 263,
  name: 'unlinkat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.flags('flags', unlinkFlagNames)],
  result: result.ok,
  run: (task, dirFd, path, flags) => {
    if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
    if (flags === 0) unlinkFile(task, dirFd, path);
    else removeDirectory(task, dirFd, path);
    return 0;
  },
});

function renameAt(task: Task, oldDir: number, oldPath: string, newDir: number, newPath: string, flags: number): number {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return -EINVAL;
  if ((flags & RENAME_EXCHANGE) !== 0 && flags !== RENAME_EXCHANGE) return -EINVAL;
  // Whiteouts belong to file systems that are layers of others; Linux answers EINVAL for the rest.
  if ((flags & RENAME_WHITEOUT) !== 0) return -EINVAL;
  renameFile(task, { dirFd: oldDir, path: oldPath }, { dirFd: newDir, path: newPath }, flags);
  return 0;
}

export const rename = defineSyscall({
  nr: 82,
  name: 'rename',
  support: 'full',
  args: [arg.path('oldpath'), arg.path('newpath')],
  result: result.ok,
  run: (task, oldPath, newPath) => renameAt(task, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0),
});

const renameArgs = [arg.dirFd('olddirfd'), arg.path('oldpath'), arg.dirFd('newdirfd'), arg.path('newpath')] as const;

export const renameat = defineSyscall({
  nr: 264,
  name: 'renameat',
  support: 'full',
  args: renameArgs,
  result: result.ok,
  run: (task, oldDir, oldPath, newDir, newPath) => renameAt(task, oldDir, oldPath, newDir, newPath, 0),
});

export const renameat2 = defineSyscall({
  nr: 316,
  name: 'renameat2',
  support: { partial: 'no RENAME_WHITEOUT (EINVAL)' },
  args: [...renameArgs, arg.flags('flags', renameFlagNames)],
  result: result.ok,
  run: renameAt,
});

function linkAt(task: Task, oldDir: number, oldPath: string, newDir: number, newPath: string, flags: number): number {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const allowEmpty = (flags & AT_EMPTY_PATH) !== 0;
  // CAP_DAC_READ_SEARCH is needed to link by descriptor alone.
  if (allowEmpty && oldPath === '' && !task.process.credentials.isPrivileged) return -ENOENT;
  const source = resolvePath(task, oldDir, oldPath, { follow: (flags & AT_SYMLINK_FOLLOW) !== 0, allowEmpty });
  makeLink(task, source, newDir, newPath);
  return 0;
}

export const link = defineSyscall({
  nr: 86,
  name: 'link',
  support: 'full',
  args: [arg.path('oldpath'), arg.path('newpath')],
  result: result.ok,
  run: (task, oldPath, newPath) => linkAt(task, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0),
});

export const linkat = defineSyscall({
  nr: 265,
  name: 'linkat',
  support: 'full',
  args: [...renameArgs, arg.flags('flags', atFlagNames)],
  result: result.ok,
  run: linkAt,
});

export const symlink = defineSyscall({
  nr: 88,
  name: 'symlink',
  support: 'full',
  args: [arg.path('target'), arg.path('linkpath')],
  result: result.ok,
  run: (task, target, path) => {
    makeSymlink(task, target, AT_FDCWD, path);
    return 0;
  },
});

export const symlinkat = defineSyscall({
  nr: 266,
  name: 'symlinkat',
  support: 'full',
  args: [arg.path('target'), arg.dirFd('newdirfd'), arg.path('linkpath')],
  result: result.ok,
  run: (task, target, dirFd, path) => {
    makeSymlink(task, target, dirFd, path);
    return 0;
  },
});

function readLink(task: Task, dirFd: number, path: string, buf: number, size: number): number {
  if (size <= 0) return -EINVAL;
  const { inode } = resolvePath(task, dirFd, path, { follow: false, allowEmpty: true });
  if (inode.type !== S_IFLNK) return path === '' ? -ENOENT : -EINVAL;
  const text = strToBytes(inode.readlink()).subarray(0, size);
  task.memory.writeBytes(buf, text);
  return text.length;
}

export const readlink = defineSyscall({
  nr: 89,
  name: 'readlink',
  support: 'full',
  args: [arg.path('pathname'), arg.outBuffer('buf', { len: 'bufsiz' }), arg.int('bufsiz')],
  result: result.size,
  run: (task, path, buf, size) => (path === '' ? -ENOENT : readLink(task, AT_FDCWD, path, buf, size)),
});

export const readlinkat = defineSyscall({
  nr: 267,
  name: 'readlinkat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.outBuffer('buf', { len: 'bufsiz' }), arg.int('bufsiz')],
  result: result.size,
  run: readLink,
});

function makeNodeAt(task: Task, dirFd: number, path: string, mode: number, dev: number): number {
  const type = mode & S_IFMT || S_IFREG;
  if (type === S_IFDIR) return -EPERM;
  if (![S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK].includes(type)) return -EINVAL;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  if (isDevice && !task.process.credentials.isPrivileged) return -EPERM;
  makeNode(task, dirFd, path, type | (mode & 0o7777), isDevice ? dev : 0);
  return 0;
}

export const mknod = defineSyscall({
  nr: 133,
  name: 'mknod',
  support: 'full',
  args: [arg.path('pathname'), arg.mode('mode'), arg.hex('dev')],
  result: result.ok,
  run: (task, path, mode, dev) => makeNodeAt(task, AT_FDCWD, path, mode, dev),
});

export const mknodat = defineSyscall({
  nr: 259,
  name: 'mknodat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.mode('mode'), arg.hex('dev')],
  result: result.ok,
  run: makeNodeAt,
});
