/**
 * Inodes: what a file system implements. A file system overrides what it has; the defaults answer what Linux answers for
 * an object that lacks the operation. Names are byte strings (core/base/bytes.ts) of one path component.
 */
import { EINVAL, ENOTDIR, EOPNOTSUPP, EPERM, EXDEV } from '../abi/errno.ts';
import { S_IFREG } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import type { InodeWatcher } from './notify.ts';
import type { OpenFile } from './open-file.ts';
import type { PathRef } from './path.ts';

/** What stat(2) shows. Times are nanoseconds since the epoch. `mode` has type and permission bits. */
export interface Attributes {
  dev: number;
  ino: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  blksize: number;
  /** 512-byte units. */
  blocks: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  btimeNs: bigint;
}

/** A change of attributes: only the given ones change. */
export interface SetAttributes {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atimeNs?: bigint;
  mtimeNs?: bigint;
}

export interface DirEntry {
  name: string;
  ino: number;
  /** DT_* of dirent.h. */
  type: number;
}

/** A file system hands out the same Inode object for the same directory as long as anything refers to it. */
export abstract class Inode {
  /** Where this directory was found last; path.ts keeps it. */
  place: PathRef | undefined = undefined;
  /** The file system this inode belongs to; two inodes with the same (fs, ino) are the same object. */
  abstract readonly fs: FileSystem;
  abstract stat(): Attributes;
  /** inotify watches; the library that implements them keeps the set. */
  watchers: Set<InodeWatcher> | undefined = undefined;
  /** Open files of this object, which keep it alive without a name. */
  openReferences = 0;
  /** Type bits only (S_IFMT): cheap, asked at every step of a path. */
  abstract readonly type: number;

  setattr(_change: SetAttributes): void {
    fail(EPERM);
  }
  /** Child of that name, or undefined. Never called with `.` or `..`. */
  lookup(_name: string): Inode | undefined {
    fail(ENOTDIR);
  }
  /** Creates a regular file, FIFO, socket or device node (`mode` has the type). */
  create(_name: string, _mode: number, _rdev: number, _uid: number, _gid: number): Inode {
    fail(ENOTDIR);
  }
  mkdir(_name: string, _mode: number, _uid: number, _gid: number): Inode {
    fail(ENOTDIR);
  }
  symlink(_name: string, _target: string, _uid: number, _gid: number): Inode {
    fail(ENOTDIR);
  }
  /**
   * For boot: an empty directory (or a file) that the guest is to find here. A file system that shows something of the
   * host's keeps it in memory instead of making it there.
   */
  provideDirectory(name: string): Inode {
    return this.mkdir(name, 0o755, 0, 0);
  }
  provideFile(name: string, content: Uint8Array): Inode {
    const inode = this.create(name, S_IFREG | 0o644, 0, 0, 0);
    const file = inode.open(1);
    file.write(content, 0);
    file.drop();
    return inode;
  }
  link(_name: string, _target: Inode): void {
    fail(EPERM);
  }
  unlink(_name: string): void {
    fail(ENOTDIR);
  }
  rmdir(_name: string): void {
    fail(ENOTDIR);
  }
  /** `flags`: RENAME_NOREPLACE 1, RENAME_EXCHANGE 2. */
  rename(_name: string, _newParent: Inode, _newName: string, _flags: number): void {
    fail(EXDEV);
  }
  readlink(): string {
    fail(EINVAL);
  }
  /**
   * Magic links (/proc/self/fd/N, cwd, exe): what following the link yields instead of walking `readlink()`'s text.
   * Undefined for ordinary links.
   */
  followMagic?(task: Task): PathRef | OpenFile | undefined;
  /** O_TMPFILE: a regular file without a name, in the file system of this directory; `link` may give it one or not. */
  createUnnamed(_mode: number, _uid: number, _gid: number, _isLinkable: boolean): Inode {
    fail(EOPNOTSUPP);
  }
  /** Entries without `.` and `..`. */
  entries(): DirEntry[] {
    fail(ENOTDIR);
  }
  /** Opens the object itself (permission is checked by the caller; O_CREAT, O_EXCL, O_TRUNC are handled before). */
  abstract open(flags: number): OpenFile;

  getxattr(_name: string): Uint8Array | undefined {
    fail(EOPNOTSUPP);
  }
  setxattr(_name: string, _value: Uint8Array, _flags: number): void {
    fail(EOPNOTSUPP);
  }
  removexattr(_name: string): void {
    fail(EOPNOTSUPP);
  }
  listxattr(): string[] {
    fail(EOPNOTSUPP);
  }
}

/** What statfs(2) shows. */
export interface FsStatistics {
  type: number;
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  namelen: number;
  flags: number;
}

/** One mounted (or mountable) file system instance. */
export interface FileSystem {
  /** Name in /proc/mounts: `9pfs`, `ramfs`, `tmpfs`, `devfs`, `proc`, `sysfs`, `overlay`. */
  readonly name: string;
  /** st_dev of its inodes. */
  readonly dev: number;
  readonly isReadOnly: boolean;
  readonly root: Inode;
  statfs(): FsStatistics;
  sync(): void;
}
