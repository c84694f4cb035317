/**
 * A folder of the host behind the `HostFolder` interface (core/dev/host-folder.ts), over the synchronous calls of
 * node:fs; runs on the machine's worker thread. How names are reached safely is host-anchors.ts.
 *
 * Regular files are opened with O_NOFOLLOW and O_NONBLOCK (so that a FIFO that takes the place of a file cannot hang the
 * machine) and the descriptor is compared with what was looked up before a byte is read. Bytes move straight between the
 * host and views of the guest's shared memory.
 */
import fs from 'node:fs';
import type {
  Failure,
  HostAccess,
  HostAttributes,
  HostDir,
  HostEntry,
  HostFile,
  HostFolder,
  HostFsStatistics,
  HostTarget,
} from '../dev/host-folder.ts';
import {
  EBADF,
  EEXIST,
  EFBIG,
  EINVAL,
  ENOENT,
  ENOTEMPTY,
  EOPNOTSUPP,
  EPERM,
  EROFS,
  ESTALE,
} from '../kernel/abi/errno.ts';
import { type Anchors, LinuxAnchors, PortableAnchors } from './host-anchors.ts';
import { Identities, toAttributes } from './host-attributes.ts';
import { hostFailure } from './host-errno.ts';
import { checkHostName } from './host-names.ts';

const {
  O_RDONLY,
  O_WRONLY,
  O_RDWR,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW = 0,
  O_NONBLOCK = 0,
  O_NOCTTY = 0,
} = fs.constants;
const O_PATH = 0o10000000;
const STAT_OPTIONS = { bigint: true, throwIfNoEntry: false } as const;

class FileHandle implements HostFile {
  fd: number;
  constructor(fd: number) {
    this.fd = fd;
  }
  get isOpen(): boolean {
    return this.fd >= 0;
  }
}

const platformLimits: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['file names are not case-sensitive on most volumes', 'file names must be valid UTF-8'],
  win32: [
    'file names are not case-sensitive, and some (CON, a:b, a*) cannot exist',
    'file names must be valid UTF-8',
    'permission bits other than "writable" are not kept; all files show as executable',
    'making symlinks needs developer mode',
    'open files cannot be removed or renamed over',
  ],
};

/** Times go through a double of seconds: a negative number would mean "now" to node:fs, its text does not. */
function toSeconds(ns: bigint): number | string {
  const seconds = Number(ns) / 1e9;
  return seconds < 0 ? String(seconds) : seconds;
}

function openFlags({ read, write, append }: HostAccess): number {
  return (write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY) | (append ? O_APPEND : 0);
}

export interface HostFolderOptions {
  readOnly?: boolean;
  /** Reach names as on hosts without /proc/self/fd; for tests. */
  portable?: boolean;
}

/** Opens the folder at `path`; throws the error of node:fs when it is not a directory that can be searched. */
export function openHostFolder(path: string, options: HostFolderOptions = {}): HostFolder {
  return new NodeHostFolder(path, options);
}

class NodeHostFolder implements HostFolder {
  readonly isReadOnly: boolean;
  readonly root: HostDir;
  readonly owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  readonly canChown = process.getuid?.() === 0;
  readonly limits = platformLimits[process.platform] ?? [];
  private readonly identities: Identities;
  private readonly anchors: Anchors;
  private readonly files = new Set<FileHandle>();
  private readonly umask = process.umask();
  private readonly isLinux: boolean;

  constructor(path: string, options: HostFolderOptions) {
    this.isReadOnly = options.readOnly ?? false;
    this.identities = new Identities(fs.statSync(path, { bigint: true }).dev);
    this.isLinux = process.platform === 'linux' && !options.portable && fs.existsSync('/proc/self/fd');
    this.anchors = this.isLinux ? new LinuxAnchors(path, this.identities) : new PortableAnchors(path, this.identities);
    this.root = this.anchors.root;
  }

  /** Path of a child for node:fs, its name checked; a failure otherwise. */
  private childPlace(dir: HostDir, name: string): string | Buffer | Failure {
    const bad = checkHostName(name);
    return bad !== 0 ? bad : this.anchors.place(dir, name);
  }

  lookup(dir: HostDir, name: string): HostAttributes | Failure {
    const place = name === '' ? this.anchors.place(dir, '') : this.childPlace(dir, name);
    if (typeof place === 'number') return place;
    try {
      const stats = fs.lstatSync(place, STAT_OPTIONS);
      return stats === undefined ? -ENOENT : toAttributes(stats, this.identities);
    } catch (error) {
      return hostFailure(error);
    }
  }

  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure {
    const bad = checkHostName(name);
    return bad !== 0 ? bad : this.anchors.openDir(dir, name, ino);
  }

  closeDir(dir: HostDir): void {
    this.anchors.closeDir(dir);
  }

  list(dir: HostDir): HostEntry[] | Failure {
    const place = this.anchors.place(dir, '');
    if (typeof place === 'number') return place;
    let names: string[];
    try {
      names = fs.readdirSync(place, { encoding: 'latin1' });
    } catch (error) {
      return hostFailure(error);
    }
    const entries: HostEntry[] = [];
    for (const name of names) {
      // readdir of node:fs has no inode numbers. What went away since is left out.
      const found = this.lookup(dir, name);
      if (typeof found !== 'number') entries.push({ name, ino: found.ino, type: (found.mode & 0o170000) >> 12 });
    }
    return entries;
  }

  readlink(dir: HostDir, name: string): string | Failure {
    const place = this.childPlace(dir, name);
    if (typeof place === 'number') return place;
    try {
      return fs.readlinkSync(place, { encoding: 'latin1' });
    } catch (error) {
      return hostFailure(error);
    }
  }

  open(dir: HostDir, name: string, ino: number, access: HostAccess): HostFile | Failure {
    if (access.write && this.isReadOnly) return -EROFS;
    const place = this.childPlace(dir, name);
    if (typeof place === 'number') return place;
    let fd: number;
    try {
      fd = fs.openSync(place, openFlags(access) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    } catch (error) {
      return hostFailure(error);
    }
    const stats = fs.fstatSync(fd, { bigint: true });
    if (stats.isFile() && this.identities.of(stats.dev, stats.ino) === ino) return this.track(fd);
    fs.closeSync(fd);
    return -ESTALE;
  }

  private track(fd: number): FileHandle {
    const file = new FileHandle(fd);
    this.files.add(file);
    return file;
  }

  create(dir: HostDir, name: string, mode: number): HostFile | Failure {
    if (this.isReadOnly) return -EROFS;
    const place = this.childPlace(dir, name);
    if (typeof place === 'number') return place;
    try {
      const fd = fs.openSync(place, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK, mode & 0o7777);
      const file = this.track(fd);
      // The guest's umask has been applied already; the host's must not be.
      if ((mode & this.umask) !== 0) fs.fchmodSync(fd, mode & 0o7777);
      return file;
    } catch (error) {
      return hostFailure(error);
    }
  }

  reopen(file: HostFile, access: HostAccess): HostFile | Failure {
    if (access.write && this.isReadOnly) return -EROFS;
    if (!this.isLinux) return -EOPNOTSUPP;
    try {
      return this.track(fs.openSync(`/proc/self/fd/${(file as FileHandle).fd}`, openFlags(access)));
    } catch (error) {
      return hostFailure(error);
    }
  }

  closeFile(file: HostFile): void {
    const own = file as FileHandle;
    if (own.fd < 0) return;
    fs.closeSync(own.fd);
    own.fd = -1;
    this.files.delete(own);
  }

  statFile(file: HostFile): HostAttributes | Failure {
    try {
      return toAttributes(fs.fstatSync((file as FileHandle).fd, { bigint: true }), this.identities);
    } catch (error) {
      return hostFailure(error);
    }
  }

  read(file: HostFile, into: Uint8Array, offset: number): number {
    const { fd } = file as FileHandle;
    if (fd < 0) return -EBADF;
    // Offsets beyond what node:fs takes lie beyond the end of every file.
    if (offset > Number.MAX_SAFE_INTEGER) return 0;
    try {
      return fs.readSync(fd, into, 0, into.length, offset);
    } catch (error) {
      return hostFailure(error);
    }
  }

  write(file: HostFile, from: Uint8Array, offset: number): number {
    const { fd } = file as FileHandle;
    if (fd < 0) return -EBADF;
    if (this.isReadOnly) return -EROFS;
    if (offset > Number.MAX_SAFE_INTEGER) return -EFBIG;
    try {
      return fs.writeSync(fd, from, 0, from.length, offset);
    } catch (error) {
      return hostFailure(error);
    }
  }

  /** Runs a change: EROFS in a read-only folder, 0 when it went well, -errno otherwise. */
  private change(run: () => void): number {
    if (this.isReadOnly) return -EROFS;
    try {
      run();
      return 0;
    } catch (error) {
      return hostFailure(error);
    }
  }

  /** A change of one name in a directory. */
  private changeAt(dir: HostDir, name: string, run: (place: string | Buffer) => void): number {
    const place = this.childPlace(dir, name);
    return typeof place === 'number' ? place : this.change(() => run(place));
  }

  truncate(file: HostFile, size: number): number {
    if (size > Number.MAX_SAFE_INTEGER) return -EFBIG;
    return this.change(() => fs.ftruncateSync((file as FileHandle).fd, size));
  }

  sync(file: HostFile): number {
    try {
      fs.fsyncSync((file as FileHandle).fd);
      return 0;
    } catch (error) {
      return hostFailure(error);
    }
  }

  mkdir(dir: HostDir, name: string, mode: number): number {
    const made = this.changeAt(dir, name, (place) => fs.mkdirSync(place, { mode: mode & 0o1777 }));
    if (made !== 0 || (mode & this.umask) === 0) return made;
    const found = this.lookup(dir, name);
    return typeof found === 'number' ? found : this.chmod({ dir, name, ino: found.ino }, mode);
  }

  symlink(dir: HostDir, name: string, target: string): number {
    if (target === '' || target.includes('\0')) return -EINVAL;
    const bytes = Buffer.from(target, 'latin1');
    return this.changeAt(dir, name, (place) => fs.symlinkSync(bytes, place));
  }

  link(fromDir: HostDir, fromName: string, ino: number, dir: HostDir, name: string): number {
    const from = this.childPlace(fromDir, fromName);
    if (typeof from === 'number') return from;
    const found = this.lookup(fromDir, fromName);
    if (typeof found === 'number') return found;
    if (found.ino !== ino) return -ESTALE;
    // Other systems' link(2) may follow a symlink.
    if (!this.isLinux && (found.mode & 0o170000) === 0o120000) return -EPERM;
    return this.changeAt(dir, name, (place) => fs.linkSync(from, place));
  }

  rename(fromDir: HostDir, fromName: string, dir: HostDir, name: string): number {
    const from = this.childPlace(fromDir, fromName);
    if (typeof from === 'number') return from;
    const result = this.changeAt(dir, name, (place) => fs.renameSync(from, place));
    if (result === 0) this.anchors.moved(fromDir, fromName, dir, name);
    return result;
  }

  unlink(dir: HostDir, name: string): number {
    return this.changeAt(dir, name, (place) => fs.unlinkSync(place));
  }

  rmdir(dir: HostDir, name: string): number {
    // POSIX lets rmdir(2) say EEXIST for a directory that is not empty; Linux does not.
    const result = this.changeAt(dir, name, (place) => fs.rmdirSync(place));
    return result === -EEXIST ? -ENOTEMPTY : result;
  }

  /** Changes attributes: by descriptor for an open file, by place (checked to be the same object) otherwise. */
  private changeTarget(
    target: HostTarget,
    byFd: (fd: number) => void,
    byPlace: (place: string | Buffer) => void,
  ): number {
    if (target instanceof FileHandle) return this.change(() => byFd(target.fd));
    const { dir, name, ino } = target as Exclude<HostTarget, HostFile>;
    const found = this.lookup(dir, name);
    if (typeof found === 'number') return found;
    if (found.ino !== ino) return -ESTALE;
    const place = this.anchors.place(dir, name);
    return typeof place === 'number' ? place : this.change(() => byPlace(place));
  }

  chmod(target: HostTarget, mode: number): number {
    const bits = mode & 0o7777;
    if (!(target instanceof FileHandle)) {
      const { dir, name } = target as Exclude<HostTarget, HostFile>;
      const found = this.lookup(dir, name);
      if (typeof found !== 'number' && (found.mode & 0o170000) === 0o120000) return -EOPNOTSUPP;
    }
    return this.changeTarget(
      target,
      (fd) => fs.fchmodSync(fd, bits),
      (place) => this.chmodPlace(place, bits),
    );
  }

  /** chmod(2) follows symlinks, so on Linux it is aimed at a descriptor of the object itself. */
  private chmodPlace(place: string | Buffer, bits: number): void {
    if (!this.isLinux) {
      fs.chmodSync(place, bits);
      return;
    }
    const fd = fs.openSync(place, O_PATH | O_NOFOLLOW);
    try {
      fs.chmodSync(`/proc/self/fd/${fd}`, bits);
    } finally {
      fs.closeSync(fd);
    }
  }

  chown(target: HostTarget, uid: number, gid: number): number {
    return this.changeTarget(
      target,
      (fd) => fs.fchownSync(fd, uid, gid),
      (place) => fs.lchownSync(place, uid, gid),
    );
  }

  utimes(target: HostTarget, atimeNs: bigint, mtimeNs: bigint): number {
    const [atime, mtime] = [toSeconds(atimeNs), toSeconds(mtimeNs)];
    return this.changeTarget(
      target,
      (fd) => fs.futimesSync(fd, atime, mtime),
      (place) => fs.lutimesSync(place, atime, mtime),
    );
  }

  statfs(): HostFsStatistics | Failure {
    const place = this.anchors.place(this.root, '');
    if (typeof place === 'number') return place;
    try {
      const { bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(place);
      return { bsize, blocks, bfree, bavail, files, ffree };
    } catch (error) {
      return hostFailure(error);
    }
  }

  dispose(): void {
    for (const file of [...this.files]) this.closeFile(file);
    this.anchors.dispose();
  }
}
