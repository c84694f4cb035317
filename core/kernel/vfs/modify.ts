/**
 * Changes of the name space: mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2), rename(2). The checks that
 * Linux makes before it asks a file system are here, in its order, since the errno depends on it.
 */
import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../abi/fs.ts';
import { S_IFDIR, S_IFMT, S_ISGID } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import type { Inode } from './inode.ts';
import { lookupChild, type ParentRef, resolveParent } from './lookup.ts';
import {
  IN_CREATE,
  IN_DELETE,
  IN_ISDIR,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  moveCookie,
  notifyEntry,
  notifyIfGone,
  notifyLinks,
  notifyMovedSelf,
  notifyUnlinked,
} from './notify.ts';
import { childRef, isSamePlace, type PathRef } from './path.ts';
import { MAY_EXEC, MAY_WRITE, requireAccess, requireRemovable, requireWritableMount } from './permission.ts';

const isOrdinary = (name: string): boolean => name !== '' && name !== '.' && name !== '..';

/** Owner of a new object: the task's ids, and the directory's group when that is set-group-ID. */
export function newNodeOwner(task: Task, parent: Inode): { uid: number; gid: number; isGroupInherited: boolean } {
  const { fsuid, fsgid } = task.process.credentials;
  const directory = parent.stat();
  const isGroupInherited = (directory.mode & S_ISGID) !== 0;
  return { uid: fsuid, gid: isGroupInherited ? directory.gid : fsgid, isGroupInherited };
}

/** Checks that a new name can be made: EEXIST, ENOENT, EROFS, EACCES. */
function prepareCreate(task: Task, dirFd: number, path: string, isDirectory: boolean): ParentRef {
  const target = resolveParent(task, dirFd, path);
  if (!isOrdinary(target.name)) fail(EEXIST);
  const existing = lookupChild(task, target);
  if (existing !== undefined) fail(EEXIST);
  if (target.hasTrailingSlash && !isDirectory) fail(ENOENT);
  requireWritableMount(target.parent);
  requireAccess(task, target.parent.inode, MAY_WRITE | MAY_EXEC);
  return target;
}

export function makeDirectory(task: Task, dirFd: number, path: string, mode: number): void {
  const { parent, name } = prepareCreate(task, dirFd, path, true);
  const { uid, gid, isGroupInherited } = newNodeOwner(task, parent.inode);
  const bits = mode & 0o1777 & ~task.process.fs.umask;
  parent.inode.mkdir(name, isGroupInherited ? bits | S_ISGID : bits, uid, gid);
  notifyEntry(parent.inode, IN_CREATE | IN_ISDIR, name);
}

/** Makes a regular file, FIFO, socket or device node; `mode` has the type. The umask is applied. */
export function makeNode(task: Task, dirFd: number, path: string, mode: number, rdev: number): PathRef {
  const { parent, name } = prepareCreate(task, dirFd, path, false);
  const { uid, gid } = newNodeOwner(task, parent.inode);
  const bits = (mode & S_IFMT) | (mode & 0o7777 & ~task.process.fs.umask);
  const inode = parent.inode.create(name, bits, rdev, uid, gid);
  notifyEntry(parent.inode, IN_CREATE, name);
  return childRef(parent, name, inode);
}

export function makeSymlink(task: Task, target: string, dirFd: number, path: string): void {
  if (target === '') fail(ENOENT);
  const { parent, name } = prepareCreate(task, dirFd, path, false);
  const { uid, gid } = newNodeOwner(task, parent.inode);
  parent.inode.symlink(name, target, uid, gid);
  notifyEntry(parent.inode, IN_CREATE, name);
}

export function makeLink(task: Task, source: PathRef, dirFd: number, path: string): void {
  const { parent, name } = prepareCreate(task, dirFd, path, false);
  if (source.mount !== parent.mount) fail(EXDEV);
  if (source.inode.type === S_IFDIR) fail(EPERM);
  parent.inode.link(name, source.inode);
  notifyLinks(source.inode);
  notifyEntry(parent.inode, IN_CREATE, name);
}

export function unlinkFile(task: Task, dirFd: number, path: string): void {
  const target = resolveParent(task, dirFd, path);
  if (!isOrdinary(target.name)) fail(EISDIR);
  const { parent, name } = target;
  requireWritableMount(parent);
  const child = lookupChild(task, target) ?? fail(ENOENT);
  const isDirectory = child.inode.type === S_IFDIR;
  if (target.hasTrailingSlash) fail(isDirectory ? EISDIR : ENOTDIR);
  requireRemovable(task, parent.inode, child.inode);
  if (isDirectory) fail(EISDIR);
  requireNotMounted(task, child);
  parent.inode.unlink(name);
  notifyLinks(child.inode);
  notifyEntry(parent.inode, IN_DELETE, name);
  notifyIfGone(child.inode);
}

export function removeDirectory(task: Task, dirFd: number, path: string): void {
  const target = resolveParent(task, dirFd, path);
  const { parent, name } = target;
  if (name === '') fail(EBUSY);
  if (name === '.') fail(EINVAL);
  if (name === '..') fail(ENOTEMPTY);
  requireWritableMount(parent);
  const child = lookupChild(task, target) ?? fail(ENOENT);
  requireRemovable(task, parent.inode, child.inode);
  if (child.inode.type !== S_IFDIR) fail(ENOTDIR);
  requireNotMounted(task, child);
  parent.inode.rmdir(name);
  notifyEntry(parent.inode, IN_DELETE | IN_ISDIR, name);
  notifyIfGone(child.inode);
}

/** EBUSY for what a mount hides, or is the root of one. */
function requireNotMounted(task: Task, ref: PathRef): void {
  if (ref.name === '' || task.kernel.mounts.isMountPoint(ref)) fail(EBUSY);
}

export interface RenameEnd {
  dirFd: number;
  path: string;
}

/** `flags`: RENAME_NOREPLACE, RENAME_EXCHANGE. */
export function renameFile(task: Task, from: RenameEnd, to: RenameEnd, flags: number): void {
  const old = resolveParent(task, from.dirFd, from.path);
  const next = resolveParent(task, to.dirFd, to.path);
  if (old.parent.mount !== next.parent.mount) fail(EXDEV);
  if (!isOrdinary(old.name)) fail(EBUSY);
  if (!isOrdinary(next.name)) fail((flags & RENAME_NOREPLACE) !== 0 ? EEXIST : EBUSY);
  requireWritableMount(old.parent);
  const source = lookupChild(task, old) ?? fail(ENOENT);
  const target = lookupChild(task, next);
  if (target !== undefined && (flags & RENAME_NOREPLACE) !== 0) fail(EEXIST);
  if (target === undefined && (flags & RENAME_EXCHANGE) !== 0) fail(ENOENT);
  checkSlashes(old, source, next, target, flags);
  if (isAbove(source, next.parent)) fail(EINVAL);
  if (target !== undefined && isAbove(target, old.parent)) fail((flags & RENAME_EXCHANGE) !== 0 ? EINVAL : ENOTEMPTY);
  if (target !== undefined && target.inode === source.inode) return;
  checkRenamePermission(task, old, source, next, target, flags);
  const { inode } = old.parent;
  inode.rename(old.name, next.parent.inode, next.name, flags);
  afterRename(old, source, next, target, (flags & RENAME_EXCHANGE) !== 0);
}

function checkSlashes(
  old: ParentRef,
  source: PathRef,
  next: ParentRef,
  target: PathRef | undefined,
  flags: number,
): void {
  const isExchange = (flags & RENAME_EXCHANGE) !== 0;
  if (source.inode.type !== S_IFDIR && (old.hasTrailingSlash || (next.hasTrailingSlash && !isExchange))) fail(ENOTDIR);
  if (isExchange && next.hasTrailingSlash && target!.inode.type !== S_IFDIR) fail(ENOTDIR);
}

function checkRenamePermission(
  task: Task,
  old: ParentRef,
  source: PathRef,
  next: ParentRef,
  target: PathRef | undefined,
  flags: number,
): void {
  requireRemovable(task, old.parent.inode, source.inode);
  if (target === undefined) requireAccess(task, next.parent.inode, MAY_WRITE | MAY_EXEC);
  else {
    requireRemovable(task, next.parent.inode, target.inode);
    const isDirectory = source.inode.type === S_IFDIR;
    if ((flags & RENAME_EXCHANGE) === 0 && isDirectory !== (target.inode.type === S_IFDIR)) {
      fail(isDirectory ? ENOTDIR : EISDIR);
    }
    requireNotMounted(task, target);
  }
  requireNotMounted(task, source);
}

/** True when `ref` is `below` or one of its ancestors. */
function isAbove(ref: PathRef, below: PathRef): boolean {
  for (let at: PathRef | undefined = below; at !== undefined; at = at.parent) if (isSamePlace(at, ref)) return true;
  return false;
}

/** Directories remember their place, see path.ts; watchers hear of both halves. */
function afterRename(
  old: ParentRef,
  source: PathRef,
  next: ParentRef,
  target: PathRef | undefined,
  isExchange: boolean,
): void {
  childRef(next.parent, next.name, source.inode);
  if (target !== undefined && isExchange) childRef(old.parent, old.name, target.inode);
  notifyMoved(old, next, source.inode);
  if (target !== undefined && !isExchange) notifyUnlinked(target.inode);
  notifyMovedSelf(source.inode);
  if (target === undefined || !isExchange) return;
  notifyMoved(next, old, target.inode);
  notifyMovedSelf(target.inode);
}

function notifyMoved(from: ParentRef, to: ParentRef, inode: Inode): void {
  const cookie = moveCookie();
  const bits = inode.type === S_IFDIR ? IN_ISDIR : 0;
  notifyEntry(from.parent.inode, IN_MOVED_FROM | bits, from.name, cookie);
  notifyEntry(to.parent.inode, IN_MOVED_TO | bits, to.name, cookie);
}
