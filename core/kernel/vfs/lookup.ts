/**
 * Path walking: path_resolution(7), openat2(2). A path is walked from a starting place, component by component, through
 * symbolic links and mounts, with the permission to search each directory checked. The last component is treated apart,
 * since creating, removing and opening look at it in their own ways.
 */
import { EACCES, EAGAIN, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV } from '../abi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../abi/fcntl.ts';
import { MS_NOSYMFOLLOW, NAME_MAX } from '../abi/fs.ts';
import { S_IFDIR, S_IFLNK } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import type { MountTable } from './mount-table.ts';
import { OpenFile } from './open-file.ts';
import { belowMounts, childRef, isSamePlace, type PathRef, pathFrom } from './path.ts';
import { canSearch } from './permission.ts';

export { pathString } from './path.ts';

export interface LookupOptions {
  /** Follow a symbolic link in the last component; default true. */
  follow?: boolean;
  /** AT_EMPTY_PATH: an empty path means the start itself. */
  allowEmpty?: boolean;
  /** ENOTDIR when the result is no directory. */
  directory?: boolean;
  /** RESOLVE_* of openat2(2). */
  resolve?: number;
}

export const FOLLOW: LookupOptions = {};
export const NO_FOLLOW: LookupOptions = { follow: false };

/** Options from AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. */
export function lookupOptions(atFlags: number): LookupOptions {
  if (atFlags === 0) return FOLLOW;
  return { follow: (atFlags & AT_SYMLINK_NOFOLLOW) === 0, allowEmpty: (atFlags & AT_EMPTY_PATH) !== 0 };
}

/** Where a name is or would be. */
export interface ParentRef {
  parent: PathRef;
  /** Last component; '.' or '..' as written; '' when the path is a root. */
  name: string;
  /** The path ended in a slash: the name must be, or become, a directory. */
  hasTrailingSlash: boolean;
}

const MAX_LINKS = 40;

/** Where a relative path starts. ENOTDIR unless `dirFd` is a directory or AT_FDCWD. */
export function startOf(task: Task, dirFd: number): PathRef {
  if (dirFd === AT_FDCWD) return task.process.fs.cwd;
  const file = task.process.fds.requireAny(dirFd);
  if (file.path === undefined || file.path.inode.type !== S_IFDIR) fail(ENOTDIR);
  return file.path;
}

/** One walk: the place reached so far and what the whole walk must remember. */
export class Walk {
  readonly task: Task;
  /** Where the walk stands: once `toLast` is done, the directory of the last component. */
  at: PathRef;
  last = '';
  hasTrailingSlash = false;
  /** Set when the walk ended in an open file without a place (a magic link to a pipe). */
  magicFile: OpenFile | undefined = undefined;
  private readonly mounts: MountTable;
  private readonly root: PathRef;
  private readonly resolve: number;
  private links = 0;

  constructor(task: Task, dirFd: number, path: string, resolve = 0) {
    this.task = task;
    this.mounts = task.kernel.mounts;
    this.resolve = resolve;
    const { fs } = task.process;
    const isAbsolute = path.charCodeAt(0) === 0x2f;
    if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0) {
      this.root = startOf(task, dirFd);
      if (isAbsolute && (resolve & RESOLVE_BENEATH) !== 0) fail(EXDEV);
      this.at = this.root;
    } else {
      this.root = fs.root;
      this.at = isAbsolute ? fs.root : startOf(task, dirFd);
    }
  }

  /** Walks to the directory of the last component and leaves that in `last`. */
  toLast(path: string): void {
    let i = 0;
    this.last = '';
    this.hasTrailingSlash = false;
    const end = path.length;
    while (i < end) {
      while (i < end && path.charCodeAt(i) === 0x2f) i++;
      if (i === end) break;
      let stop = path.indexOf('/', i);
      if (stop < 0) stop = end;
      const name = path.slice(i, stop);
      i = stop;
      while (i < end && path.charCodeAt(i) === 0x2f) i++;
      if (i === end) {
        this.last = name;
        this.hasTrailingSlash = stop < end;
        this.requireSearch();
        if (name.length > NAME_MAX) fail(ENAMETOOLONG);
        return;
      }
      this.enter(name);
    }
  }

  /** Walks to the end of the path. */
  toEnd(path: string, follow: boolean): void {
    this.toLast(path);
    const mustBeDirectory = this.hasTrailingSlash;
    this.finish(follow || mustBeDirectory);
    if (mustBeDirectory && this.at.inode.type !== S_IFDIR) fail(ENOTDIR);
  }

  /** Steps onto `last` itself; ENOENT when there is no such name. */
  finish(follow: boolean): void {
    const { last } = this;
    if (last === '') return;
    if (last === '.' || last === '..') this.enter(last);
    else {
      const child = this.child(last) ?? fail(ENOENT);
      if (follow && child.inode.type === S_IFLNK) this.followLink(child);
      else this.at = child;
    }
  }

  /** The child `name` of where the walk stands, with what is mounted on it; undefined when there is none. */
  child(name: string): PathRef | undefined {
    const inode = this.at.inode.lookup(name);
    if (inode === undefined) return undefined;
    const ref = childRef(this.at, name, inode);
    const top = this.mounts.topAt(ref);
    if (top !== ref) this.checkCrossing();
    return top;
  }

  private requireSearch(): void {
    if (this.at.inode.type !== S_IFDIR) fail(ENOTDIR);
    if (!canSearch(this.task, this.at.inode)) fail(EACCES);
  }

  /** Steps through a component that is not the last one of the path. */
  private enter(name: string): void {
    this.requireSearch();
    if (name === '.') return;
    if (name === '..') {
      this.up();
      return;
    }
    if (name.length > NAME_MAX) fail(ENAMETOOLONG);
    const child = this.child(name) ?? fail(ENOENT);
    if (child.inode.type === S_IFLNK) this.followLink(child);
    else this.at = child;
  }

  private up(): void {
    if (isSamePlace(this.at, this.root)) {
      if ((this.resolve & RESOLVE_BENEATH) !== 0) fail(EXDEV);
      return;
    }
    const here = belowMounts(this.at);
    // A chroot to the place that is mounted on: its `..` is itself.
    if (here !== this.at && isSamePlace(here, this.root)) return;
    if (here.parent === undefined) return;
    if (here !== this.at) this.checkCrossing();
    this.at = this.mounts.topAt(here.parent);
  }

  private checkCrossing(): void {
    if ((this.resolve & RESOLVE_NO_XDEV) !== 0) fail(EXDEV);
  }

  /** Counts and checks one link about to be followed; ELOOP. */
  private countLink(link: PathRef): void {
    if (++this.links > MAX_LINKS) fail(ELOOP);
    if ((this.resolve & RESOLVE_NO_SYMLINKS) !== 0 || (link.mount.flags & MS_NOSYMFOLLOW) !== 0) fail(ELOOP);
  }

  private followLink(link: PathRef): void {
    const target = this.enterLink(link);
    if (target !== undefined) {
      this.toLast(target);
      const mustBeDirectory = this.hasTrailingSlash;
      this.finish(true);
      if (mustBeDirectory && this.at.inode.type !== S_IFDIR) fail(ENOTDIR);
    }
  }

  /**
   * Begins to follow the link `link`, found where the walk stands: returns the path to walk next from `at`, or undefined
   * when a magic link has put the walk at its target already.
   */
  enterLink(link: PathRef): string | undefined {
    this.countLink(link);
    const magic = link.inode.followMagic?.(this.task);
    if (magic !== undefined) {
      this.jump(magic);
      return undefined;
    }
    const target = link.inode.readlink();
    if (target === '') fail(ENOENT);
    if (target.charCodeAt(0) === 0x2f) {
      if ((this.resolve & RESOLVE_BENEATH) !== 0) fail(EXDEV);
      if (this.root.mount !== this.at.mount) this.checkCrossing();
      this.at = this.root;
    }
    return target;
  }

  private jump(target: PathRef | OpenFile): void {
    if ((this.resolve & RESOLVE_NO_MAGICLINKS) !== 0) fail(ELOOP);
    if ((this.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0) fail(EXDEV);
    if (!(target instanceof OpenFile)) {
      if (target.mount !== this.at.mount) this.checkCrossing();
      this.at = target;
    } else if (target.path !== undefined) {
      this.at = target.path;
    } else {
      this.magicFile = target;
      const inode = target.inode ?? fail(ENOENT);
      this.at = { mount: this.root.mount, inode, name: target.describe, parent: undefined };
    }
    this.last = '';
  }
}

/** RESOLVE_* combinations that openat2(2) refuses; a cached-only look-up never succeeds here. */
export function checkResolve(resolve: number): void {
  if ((resolve & ~0x3f) !== 0) fail(EINVAL);
  if ((resolve & RESOLVE_BENEATH) !== 0 && (resolve & RESOLVE_IN_ROOT) !== 0) fail(EINVAL);
  if ((resolve & RESOLVE_CACHED) !== 0) fail(EAGAIN);
}

/** The place a path names. ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG. */
export function resolvePath(task: Task, dirFd: number, path: string, options: LookupOptions = FOLLOW): PathRef {
  if (path === '') {
    if (options.allowEmpty !== true) fail(ENOENT);
    return emptyPath(task, dirFd);
  }
  const walk = new Walk(task, dirFd, path, options.resolve);
  walk.toEnd(path, options.follow !== false);
  if (options.directory === true && walk.at.inode.type !== S_IFDIR) fail(ENOTDIR);
  return walk.at;
}

/** What AT_EMPTY_PATH with an empty path names: the descriptor's own object. */
function emptyPath(task: Task, dirFd: number): PathRef {
  if (dirFd === AT_FDCWD) return task.process.fs.cwd;
  const file = task.process.fds.requireAny(dirFd);
  if (file.path !== undefined) return file.path;
  const inode = file.inode ?? fail(ENOENT);
  return { mount: task.process.fs.root.mount, inode, name: file.describe, parent: undefined };
}

/** The directory of a path's last component, and that component, which need not exist. ENOENT for an empty path. */
export function resolveParent(task: Task, dirFd: number, path: string): ParentRef {
  if (path === '') fail(ENOENT);
  const walk = new Walk(task, dirFd, path);
  walk.toLast(path);
  return { parent: walk.at, name: walk.last, hasTrailingSlash: walk.hasTrailingSlash };
}

/** The child of a resolved parent, mounts included; undefined when there is none. */
export function lookupChild(task: Task, { parent, name }: ParentRef): PathRef | undefined {
  const inode = parent.inode.lookup(name);
  if (inode === undefined) return undefined;
  return task.kernel.mounts.topAt(childRef(parent, name, inode));
}

/** getcwd(2)'s text for a place: from the process's root on, `(unreachable)` before what lies outside it. */
export function pathInProcess(task: Task, ref: PathRef): string {
  const path = pathFrom(ref, task.process.fs.root);
  return path ?? `(unreachable)${pathFrom(ref, undefined)}`;
}
