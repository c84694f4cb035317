/**
 * Who may do what: the mode bits against the file system ids of the task (path_resolution(7), capabilities(7)). File
 * system id 0 stands for CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN and the like.
 */
import { EACCES, EPERM, EROFS } from '../abi/errno.ts';
import { MS_RDONLY } from '../abi/fs.ts';
import { S_IFDIR, S_IFMT, S_ISVTX } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Credentials } from '../lib/posix-user/credentials.ts';
import type { Task } from '../task.ts';
import type { Attributes, Inode } from './inode.ts';
import type { PathRef } from './path.ts';

/** Wanted access, in the bits of access(2) and of a mode digit. */
export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

export interface AccessIds {
  uid: number;
  gid: number;
  groups: readonly number[];
}

export function fileSystemIds(credentials: Credentials): AccessIds {
  return { uid: credentials.fsuid, gid: credentials.fsgid, groups: credentials.groups };
}
/** access(2) asks for the real ids. */
export function realIds(credentials: Credentials): AccessIds {
  return { uid: credentials.uid, gid: credentials.gid, groups: credentials.groups };
}

/** True when the ids have the wanted access by the mode bits, or are root. */
export function isAllowed({ mode, uid, gid }: Attributes, wanted: number, ids: AccessIds): boolean {
  if (ids.uid === 0) {
    // Root may search every directory, but executes only what somebody may execute.
    return (wanted & MAY_EXEC) === 0 || (mode & S_IFMT) === S_IFDIR || (mode & 0o111) !== 0;
  }
  const isGroup = ids.gid === gid || ids.groups.includes(gid);
  const bits = ids.uid === uid ? mode >> 6 : isGroup ? mode >> 3 : mode;
  return (bits & wanted) === wanted;
}

/** Search permission of a directory; free of charge for root. */
export function canSearch(task: Task, inode: Inode): boolean {
  const { credentials } = task.process;
  return credentials.fsuid === 0 || isAllowed(inode.stat(), MAY_EXEC, fileSystemIds(credentials));
}

/** EACCES unless the task may. */
export function requireAccess(task: Task, inode: Inode, wanted: number): void {
  const { credentials } = task.process;
  if (credentials.fsuid === 0 && (wanted & MAY_EXEC) === 0) return;
  if (!isAllowed(inode.stat(), wanted, fileSystemIds(credentials))) fail(EACCES);
}

/** EROFS on a read-only mount or file system. */
export function requireWritableMount(ref: PathRef): void {
  if ((ref.mount.flags & MS_RDONLY) !== 0 || ref.mount.fs.isReadOnly) fail(EROFS);
}

export function isOwner(task: Task, attributes: Attributes): boolean {
  const { fsuid } = task.process.credentials;
  return fsuid === 0 || fsuid === attributes.uid;
}

/** Permission to remove or rename an entry: write and search the directory, and in a sticky one own entry or directory. */
export function requireRemovable(task: Task, parent: Inode, child: Inode): void {
  requireAccess(task, parent, MAY_WRITE | MAY_EXEC);
  const { fsuid } = task.process.credentials;
  if (fsuid === 0) return;
  const directory = parent.stat();
  if ((directory.mode & S_ISVTX) !== 0 && directory.uid !== fsuid && child.stat().uid !== fsuid) fail(EPERM);
}
