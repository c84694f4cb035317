/**
 * Changes of attributes: chmod(2), chown(2), utimensat(2), truncate(2), with the permission rules of inode(7) and
 * capabilities(7). What is changed is an inode found by path, or an open file (whose object may have lost its name).
 */
import { EACCES, EINVAL, EISDIR, EOPNOTSUPP, EPERM } from '../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD } from '../abi/fcntl.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_ISUID } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import type { Attributes, SetAttributes } from './inode.ts';
import { lookupOptions, resolvePath } from './lookup.ts';
import { IN_ATTRIB, notifyObject } from './notify.ts';
import type { OpenFile } from './open-file.ts';
import type { PathRef } from './path.ts';
import { fileSystemIds, isAllowed, isOwner, MAY_WRITE, requireAccess, requireWritableMount } from './permission.ts';

/** What is to be changed. */
export interface AttributeTarget {
  readonly object: { stat(): Attributes; setattr(change: SetAttributes): void };
  readonly ref: PathRef | undefined;
}

export function targetOfFile(file: OpenFile): AttributeTarget {
  return { object: file, ref: file.path };
}

/** The target of `*at` arguments; with AT_EMPTY_PATH and an empty path the descriptor itself. */
export function targetAt(task: Task, dirFd: number, path: string, atFlags: number): AttributeTarget {
  if (path === '' && (atFlags & AT_EMPTY_PATH) !== 0 && dirFd !== AT_FDCWD) {
    return targetOfFile(task.process.fds.requireAny(dirFd));
  }
  const ref = resolvePath(task, dirFd, path, lookupOptions(atFlags));
  return { object: ref.inode, ref };
}

function apply({ object, ref }: AttributeTarget, change: SetAttributes): void {
  object.setattr(change);
  if (ref !== undefined) notifyObject(ref.inode, ref, IN_ATTRIB, ref.inode.type === S_IFDIR);
}

/** EPERM unless owner, EROFS, EOPNOTSUPP for a symbolic link. */
export function changeMode(task: Task, target: AttributeTarget, mode: number): void {
  if (target.ref !== undefined) requireWritableMount(target.ref);
  const attributes = target.object.stat();
  if ((attributes.mode & S_IFMT) === S_IFLNK) fail(EOPNOTSUPP);
  if (!isOwner(task, attributes)) fail(EPERM);
  const { credentials } = task.process;
  // Somebody who is not in the file's group can't make it set-group-ID.
  const mayKeepGroup = credentials.fsuid === 0 || credentials.isInGroup(attributes.gid);
  const allowed = mayKeepGroup ? 0o7777 : 0o7777 & ~S_ISGID;
  apply(target, { mode: (attributes.mode & S_IFMT) | (mode & allowed) });
}

/** `uid` and `gid` are -1 to stay. Only root gives files away; owners may choose among their groups. */
export function changeOwner(task: Task, target: AttributeTarget, uid: number, gid: number): void {
  if (target.ref !== undefined) requireWritableMount(target.ref);
  const attributes = target.object.stat();
  const { credentials } = task.process;
  const change: SetAttributes = {};
  // Ids are unsigned but for the one that says "stay".
  if (uid !== -1) change.uid = uid >>> 0;
  if (gid !== -1) change.gid = gid >>> 0;
  if (credentials.fsuid !== 0) {
    const isOwn = credentials.fsuid === attributes.uid;
    if (change.uid !== undefined && (!isOwn || change.uid !== attributes.uid)) fail(EPERM);
    const mayHaveGroup = (id: number): boolean => isOwn && (id === attributes.gid || credentials.isInGroup(id));
    if (change.gid !== undefined && !mayHaveGroup(change.gid)) fail(EPERM);
  }
  const mode = withoutPrivileges(attributes.mode);
  if (mode !== attributes.mode && (uid !== -1 || gid !== -1)) change.mode = mode;
  apply(target, change);
}

/** A mode without set-user-ID, and without set-group-ID where that means execution; directories keep theirs. */
function withoutPrivileges(mode: number): number {
  if ((mode & S_IFMT) === S_IFDIR) return mode;
  const cleared = mode & ~S_ISUID;
  return (mode & 0o010) !== 0 ? cleared & ~S_ISGID : cleared;
}

/** A time to set: nanoseconds since the epoch, now, or unchanged. */
export type NewTime = bigint | 'now' | 'omit';

export function changeTimes(task: Task, target: AttributeTarget, atime: NewTime, mtime: NewTime): void {
  if (atime === 'omit' && mtime === 'omit') return;
  if (target.ref !== undefined) requireWritableMount(target.ref);
  const attributes = target.object.stat();
  if (!isOwner(task, attributes)) {
    if (atime !== 'now' || mtime !== 'now') fail(EPERM);
    if (!isAllowed(attributes, MAY_WRITE, fileSystemIds(task.process.credentials))) fail(EACCES);
  }
  const now = task.kernel.realtimeNs();
  const change: SetAttributes = {};
  if (atime !== 'omit') change.atimeNs = atime === 'now' ? now : atime;
  if (mtime !== 'omit') change.mtimeNs = mtime === 'now' ? now : mtime;
  apply(target, change);
}

/** Checks of truncate(2); the caller changes the size. EISDIR, EINVAL, EROFS, EACCES. */
export function requireTruncatable(task: Task, ref: PathRef): void {
  if (ref.inode.type === S_IFDIR) fail(EISDIR);
  if (ref.inode.type !== S_IFREG) fail(EINVAL);
  requireAccess(task, ref.inode, MAY_WRITE);
  requireWritableMount(ref);
}
