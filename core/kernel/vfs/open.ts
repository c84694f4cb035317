/** open(2), openat2(2): from a path and flags to an open file, creating what O_CREAT and O_TMPFILE ask for. */
import { EACCES, EAGAIN, EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, ENXIO, EPERM } from '../abi/errno.ts';
import {
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOFOLLOW,
  O_OPEN_ONLY,
  O_PATH,
  O_RDONLY,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
} from '../abi/fcntl.ts';
import { MS_NODEV } from '../abi/fs.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import { DirectoryFile } from './directory-file.ts';
import type { Inode } from './inode.ts';
import { resolvePath, Walk } from './lookup.ts';
import { newNodeOwner } from './modify.ts';
import { IN_CREATE, IN_MODIFY, IN_OPEN, notifyEntry, notifyObject } from './notify.ts';
import { OpenFile } from './open-file.ts';
import { childRef, type PathRef } from './path.ts';
import { PathFile } from './path-file.ts';
import { isOwner, MAY_EXEC, MAY_READ, MAY_WRITE, requireAccess, requireWritableMount } from './permission.ts';
import { type PendingOpen, specialFiles } from './special.ts';

/**
 * Opens a path as open(2) does; `flags` are O_*, `mode` holds for a new file. Sets `path` of the file. A FIFO may still
 * have to wait for its other end.
 */
export function openAt(
  task: Task,
  dirFd: number,
  path: string,
  flags: number,
  mode = 0,
  resolve = 0,
): OpenFile | PendingOpen {
  if ((flags & O_PATH) !== 0) return openPathOnly(task, dirFd, path, flags, resolve);
  if ((flags & O_TMPFILE_BIT) !== 0) return openUnnamed(task, dirFd, path, flags, mode, resolve);
  if ((flags & O_CREAT) !== 0) return openOrCreate(task, dirFd, path, flags, mode, resolve);
  const walk = startWalk(task, dirFd, path, resolve);
  walk.toEnd(path, (flags & O_NOFOLLOW) === 0);
  return openExisting(task, walk.at, flags, walk.magicFile);
}

/** `openAt` for the kernel's own use: never a FIFO that would have to wait (EAGAIN). */
export function openPath(task: Task, dirFd: number, path: string, flags: number, mode = 0): OpenFile {
  const opened = openAt(task, dirFd, path, flags, mode);
  if (opened instanceof OpenFile) return opened;
  if (opened.isReady()) return opened.file;
  opened.file.drop();
  return fail(EAGAIN);
}

function startWalk(task: Task, dirFd: number, path: string, resolve: number): Walk {
  if (path === '') fail(ENOENT);
  return new Walk(task, dirFd, path, resolve);
}

function openPathOnly(task: Task, dirFd: number, path: string, flags: number, resolve: number): OpenFile {
  const ref = resolvePath(task, dirFd, path, {
    follow: (flags & O_NOFOLLOW) === 0,
    directory: (flags & O_DIRECTORY) !== 0,
    resolve,
  });
  const file = new PathFile(flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), ref.inode);
  file.path = ref;
  return file;
}

function openUnnamed(
  task: Task,
  dirFd: number,
  path: string,
  flags: number,
  mode: number,
  resolve: number,
): OpenFile | PendingOpen {
  if ((flags & O_DIRECTORY) === 0 || (flags & O_ACCMODE) === O_RDONLY || (flags & O_CREAT) !== 0) fail(EINVAL);
  const directory = resolvePath(task, dirFd, path, { directory: true, resolve });
  requireAccess(task, directory.inode, MAY_WRITE | MAY_EXEC);
  requireWritableMount(directory);
  const { uid, gid } = newNodeOwner(task, directory.inode);
  const inode = directory.inode.createUnnamed(
    S_IFREG | (mode & 0o7777 & ~task.process.fs.umask),
    uid,
    gid,
    (flags & O_EXCL) === 0,
  );
  const ref: PathRef = { mount: directory.mount, inode, name: `#${inode.stat().ino} (deleted)`, parent: directory };
  return finishOpen(task, ref, flags & ~O_DIRECTORY);
}

function openOrCreate(
  task: Task,
  dirFd: number,
  path: string,
  flags: number,
  mode: number,
  resolve: number,
): OpenFile | PendingOpen {
  if ((flags & O_DIRECTORY) !== 0) fail(EINVAL);
  const walk = startWalk(task, dirFd, path, resolve);
  walk.toLast(path);
  for (;;) {
    const { last } = walk;
    if (last === '' || last === '.' || last === '..') fail((flags & O_EXCL) !== 0 ? EEXIST : EISDIR);
    if (walk.hasTrailingSlash) fail(EISDIR);
    const child = walk.child(last);
    if (child === undefined) return createAndOpen(task, walk.at, last, flags, mode);
    if ((flags & O_EXCL) !== 0) fail(EEXIST);
    if (child.inode.type !== S_IFLNK) return openExisting(task, child, flags);
    if ((flags & O_NOFOLLOW) !== 0) fail(ELOOP);
    const target = walk.enterLink(child);
    if (target === undefined) return openExisting(task, walk.at, flags, walk.magicFile);
    walk.toLast(target);
  }
}

function createAndOpen(task: Task, parent: PathRef, name: string, flags: number, mode: number): OpenFile | PendingOpen {
  requireAccess(task, parent.inode, MAY_WRITE | MAY_EXEC);
  requireWritableMount(parent);
  const { uid, gid } = newNodeOwner(task, parent.inode);
  const inode = parent.inode.create(name, S_IFREG | (mode & 0o7777 & ~task.process.fs.umask), 0, uid, gid);
  notifyEntry(parent.inode, IN_CREATE, name);
  return finishOpen(task, childRef(parent, name, inode), flags & ~O_TRUNC);
}

function openExisting(task: Task, ref: PathRef, flags: number, reopened?: OpenFile): OpenFile | PendingOpen {
  const { inode } = ref;
  const { type } = inode;
  if ((flags & O_DIRECTORY) !== 0 && type !== S_IFDIR) fail(ENOTDIR);
  if (type === S_IFLNK) fail(ELOOP);
  const wanted = accessWanted(flags);
  if (type === S_IFDIR) {
    if ((wanted & MAY_WRITE) !== 0 || (flags & O_CREAT) !== 0) fail(EISDIR);
  } else if (type === S_IFSOCK) fail(ENXIO);
  else if ((type === S_IFCHR || type === S_IFBLK) && (ref.mount.flags & MS_NODEV) !== 0) fail(EACCES);
  requireAccess(task, inode, wanted);
  if ((wanted & MAY_WRITE) !== 0 && type === S_IFREG && reopened === undefined) requireWritableMount(ref);
  if ((flags & O_NOATIME) !== 0 && !isOwner(task, inode.stat())) fail(EPERM);
  return finishOpen(task, ref, flags, reopened);
}

/** MAY_* bits; access mode 3 asks for both, as Linux has it. */
function accessWanted(flags: number): number {
  const mode = flags & O_ACCMODE;
  let wanted = mode === O_RDONLY ? MAY_READ : mode === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
  if ((flags & O_TRUNC) !== 0) wanted |= MAY_WRITE;
  return wanted;
}

/** Opens a found or new object whose permissions are checked. */
function finishOpen(task: Task, ref: PathRef, flags: number, reopened?: OpenFile): OpenFile | PendingOpen {
  const opened = openInode(task, ref.inode, flags);
  const isPending = !(opened instanceof OpenFile);
  const file = isPending ? opened.file : opened;
  file.flags = (file.flags & O_ACCMODE) | (flags & ~(O_ACCMODE | O_OPEN_ONLY)) | O_LARGEFILE;
  // What has no place (a pipe opened through /proc/self/fd) shows itself by its own description.
  if (reopened === undefined) file.path ??= ref;
  notifyObject(ref.inode, file.path, IN_OPEN);
  if ((flags & O_TRUNC) !== 0 && ref.inode.type === S_IFREG) truncateOpened(file);
  return opened;
}

function truncateOpened(file: OpenFile): void {
  // Truncation by the inode, because O_TRUNC works with O_RDONLY too.
  file.inode!.setattr({ size: 0 });
  notifyObject(file.inode, file.path, IN_MODIFY);
}

/** Opens an object of any type, without checks. */
export function openInode(task: Task, inode: Inode, flags: number): OpenFile | PendingOpen {
  const kept = flags & ~O_OPEN_ONLY;
  switch (inode.type) {
    case S_IFDIR:
      return new DirectoryFile(kept, inode);
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
      return openSpecial(task, inode, flags);
    default:
      return inode.open(kept);
  }
}

/** By the registered opener; an inode of a file system that knows better (procfs, devfs) may open itself. */
function openSpecial(task: Task, inode: Inode, flags: number): OpenFile | PendingOpen {
  const registry = specialFiles(task.kernel);
  return registry.has(inode) ? registry.open(task, inode, flags) : inode.open(flags & ~O_OPEN_ONLY);
}
