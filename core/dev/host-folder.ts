/**
 * A folder of the host, as the guest's `9pfs` and the archive writer see it: synchronous calls that name an object by
 * the directory that holds it and one name, so that no path with `..` or a symlink in the middle ever reaches the host.
 * The host implements it (core/host/host-folder.ts); a fake may serve tests.
 *
 * Contract of every implementation:
 * - nothing outside the folder is read, changed or revealed; a symlink is never followed, only read;
 * - only regular files are opened: a FIFO, socket or device of the host is shown by `lookup` and no more;
 * - names and link targets are byte strings; a name that is empty, `.`, `..`, or holds NUL or `/` is refused (EINVAL);
 * - a call that fails returns a `Failure`, a negative Linux errno, whatever the host's own numbers are;
 * - with `isReadOnly` every change is refused with EROFS.
 *
 * Where a call takes an `ino`, it fails with ESTALE when the name stands for another object by now.
 */

/** A negative Linux errno. */
export type Failure = number;

/** What stat(2) shows. Times are nanoseconds since the epoch, `mode` has type and permission bits. */
export interface HostAttributes {
  /** Identity: unique among the objects of the folder for as long as the object exists; below 2^53. */
  ino: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  blksize: number;
  blocks: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  btimeNs: bigint;
}

export interface HostEntry {
  name: string;
  ino: number;
  /** DT_* of dirent.h. */
  type: number;
}

/** An open directory; owned by whoever opened it. */
export interface HostDir {
  readonly isOpen: boolean;
}

/** An open regular file; owned by whoever opened it. */
export interface HostFile {
  readonly isOpen: boolean;
}

/** How a file is opened; `append`: every write goes to the end, whatever its offset. */
export interface HostAccess {
  read: boolean;
  write: boolean;
  append: boolean;
}

/** An object by place (name `''`: the directory itself), or an open file. */
export type HostTarget = HostFile | { dir: HostDir; name: string; ino: number };

export interface HostFsStatistics {
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
}

export interface HostFolder {
  readonly isReadOnly: boolean;
  /** Always open, closed by `dispose`. */
  readonly root: HostDir;
  /** The host's user, whose files the guest's root owns. */
  readonly owner: { uid: number; gid: number };
  /** True when the host lets us give files away (the host's root). */
  readonly canChown: boolean;
  /** What this host cannot do, for people. */
  readonly limits: readonly string[];

  /** Attributes of a child, or with the name `''` of the directory itself. */
  lookup(dir: HostDir, name: string): HostAttributes | Failure;
  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure;
  closeDir(dir: HostDir): void;
  /** Entries without `.` and `..`. */
  list(dir: HostDir): HostEntry[] | Failure;
  readlink(dir: HostDir, name: string): string | Failure;

  open(dir: HostDir, name: string, ino: number, access: HostAccess): HostFile | Failure;
  /** Creates a regular file that did not exist (else EEXIST) and opens it for reading and writing. */
  create(dir: HostDir, name: string, mode: number): HostFile | Failure;
  /** The same file in another way, even when it has lost its name; EOPNOTSUPP where the host can't. */
  reopen(file: HostFile, access: HostAccess): HostFile | Failure;
  closeFile(file: HostFile): void;
  statFile(file: HostFile): HostAttributes | Failure;
  /** Bytes read, 0 at the end. `into` may be a view of shared memory. */
  read(file: HostFile, into: Uint8Array, offset: number): number;
  /** Bytes written. */
  write(file: HostFile, from: Uint8Array, offset: number): number;
  truncate(file: HostFile, size: number): number;
  sync(file: HostFile): number;

  mkdir(dir: HostDir, name: string, mode: number): number;
  symlink(dir: HostDir, name: string, target: string): number;
  link(fromDir: HostDir, fromName: string, ino: number, dir: HostDir, name: string): number;
  /** Replaces what is at the new name, as rename(2). */
  rename(fromDir: HostDir, fromName: string, dir: HostDir, name: string): number;
  unlink(dir: HostDir, name: string): number;
  rmdir(dir: HostDir, name: string): number;

  chmod(target: HostTarget, mode: number): number;
  chown(target: HostTarget, uid: number, gid: number): number;
  /** The host may round the times; the truth is what a later `lookup` shows. */
  utimes(target: HostTarget, atimeNs: bigint, mtimeNs: bigint): number;

  statfs(): HostFsStatistics | Failure;
  /** Closes all that is open. */
  dispose(): void;
}
