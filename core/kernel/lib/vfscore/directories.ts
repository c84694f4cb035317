/** Working directory and root, mkdir(2), rmdir(2), getdents64(2), umask(2). */
import { strToBytes } from '../../../base/bytes.ts';
import { EACCES, EFAULT, EINVAL, ENOENT, ENOTDIR, EPERM, ERANGE } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import { S_IFDIR } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { DirectoryFile } from '../../vfs/directory-file.ts';
import type { DirEntry } from '../../vfs/inode.ts';
import { pathInProcess, resolvePath } from '../../vfs/lookup.ts';
import { makeDirectory, removeDirectory } from '../../vfs/modify.ts';
import { IN_ACCESS, notifyObject } from '../../vfs/notify.ts';
import type { PathRef } from '../../vfs/path.ts';
import { canSearch } from '../../vfs/permission.ts';

/** A directory that the task may search. */
function searchable(task: Task, ref: PathRef): PathRef {
  return canSearch(task, ref.inode) ? ref : fail(EACCES);
}

export const getcwd = defineSyscall({
  nr: 79,
  name: 'getcwd',
  support: 'full',
  args: [arg.pointer('buf'), arg.size('size')],
  result: result.size,
  run: (task, buf, size) => {
    const { cwd } = task.process.fs;
    if (cwd.inode.stat().nlink === 0) return -ENOENT;
    const text = strToBytes(`${pathInProcess(task, cwd)}\0`);
    if (text.length > size) return -ERANGE;
    task.memory.writeBytes(buf, text);
    return text.length;
  },
});

export const chdir = defineSyscall({
  nr: 80,
  name: 'chdir',
  support: 'full',
  args: [arg.path('path')],
  result: result.ok,
  run: (task, path) => {
    task.process.fs.cwd = searchable(task, resolvePath(task, AT_FDCWD, path, { directory: true }));
    return 0;
  },
});

export const fchdir = defineSyscall({
  nr: 81,
  name: 'fchdir',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: (task, fd) => {
    const { path } = task.process.fds.requireAny(fd);
    if (path === undefined || path.inode.type !== S_IFDIR) return -ENOTDIR;
    task.process.fs.cwd = searchable(task, path);
    return 0;
  },
});

export const chroot = defineSyscall({
  nr: 161,
  name: 'chroot',
  support: 'full',
  args: [arg.path('path')],
  result: result.ok,
  run: (task, path) => {
    const root = searchable(task, resolvePath(task, AT_FDCWD, path, { directory: true }));
    if (!task.process.credentials.isPrivileged) return -EPERM;
    task.process.fs.root = root;
    return 0;
  },
});

export const umask = defineSyscall({
  nr: 95,
  name: 'umask',
  support: 'full',
  args: [arg.mode('mask')],
  result: result.int,
  run: (task, mask) => {
    const { fs } = task.process;
    const before = fs.umask;
    fs.umask = mask & 0o777;
    return before;
  },
});

export const mkdir = defineSyscall({
  nr: 83,
  name: 'mkdir',
  support: 'full',
  args: [arg.path('pathname'), arg.mode('mode')],
  result: result.ok,
  run: (task, path, mode) => {
    makeDirectory(task, AT_FDCWD, path, mode);
    return 0;
  },
});

export const mkdirat = defineSyscall({
  nr: 258,
  name: 'mkdirat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.mode('mode')],
  result: result.ok,
  run: (task, dirFd, path, mode) => {
    makeDirectory(task, dirFd, path, mode);
    return 0;
  },
});

export const rmdir = defineSyscall({
  nr: 84,
  name: 'rmdir',
  support: 'full',
  args: [arg.path('pathname')],
  result: result.ok,
  run: (task, path) => {
    removeDirectory(task, AT_FDCWD, path);
    return 0;
  },
});

/** How a call lays an entry out. */
interface EntryLayout {
  /** Offset of the name. */
  nameAt: number;
  /** Where d_type is: before the name, or in the last byte of the record. */
  isTypeLast: boolean;
}
const dirent64: EntryLayout = { nameAt: 19, isTypeLast: false };
const dirent: EntryLayout = { nameAt: 18, isTypeLast: true };

function writeEntries(task: Task, fd: number, gva: number, count: number, layout: EntryLayout): number {
  const file = task.process.fds.require(fd);
  if (!(file instanceof DirectoryFile)) return -ENOTDIR;
  const entries = file.entries();
  notifyObject(file.inode, file.path, IN_ACCESS);
  const room = task.memory.accessible(gva, Math.min(count, 0x7fffffff), 'w');
  let used = 0;
  while (file.position < entries.length) {
    const entry = entries[file.position]!;
    const size = (layout.nameAt + entry.name.length + (layout.isTypeLast ? 2 : 1) + 7) & ~7;
    if (used + size > room) {
      if (used > 0) break;
      return room < count ? -EFAULT : -EINVAL;
    }
    writeEntry(task, gva + used, size, entry, file.position + 1, layout);
    used += size;
    file.position++;
  }
  return used;
}

function writeEntry(task: Task, gva: number, size: number, entry: DirEntry, next: number, layout: EntryLayout): void {
  const { memory } = task;
  memory.setLong(gva, entry.ino);
  memory.setLong(gva + 8, next);
  memory.setU16(gva + 16, size);
  const bytes = memory.view(gva, size, 'w');
  const { name } = entry;
  for (let i = 0; i < name.length; i++) bytes[layout.nameAt + i] = name.charCodeAt(i);
  bytes.fill(0, layout.nameAt + name.length);
  bytes[layout.isTypeLast ? size - 1 : 18] = entry.type;
}

const direntArgs = [arg.fd('fd'), arg.pointer('dirp'), arg.uint('count')] as const;

export const getdents64 = defineSyscall({
  nr: 217,
  name: 'getdents64',
  support: 'full',
  args: direntArgs,
  result: result.size,
  run: (task, fd, dirp, count) => writeEntries(task, fd, dirp, count, dirent64),
});

export const getdents = defineSyscall({
  nr: 78,
  name: 'getdents',
  support: 'full',
  args: direntArgs,
  result: result.size,
  run: (task, fd, dirp, count) => writeEntries(task, fd, dirp, count, dirent),
});
