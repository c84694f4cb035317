/**
 * How node:fs, which knows only path strings, reaches "this name in that open directory" without ever walking through
 * something that was swapped for a symlink.
 *
 * - Linux: a directory is an O_PATH descriptor and its child is `/proc/self/fd/N/name`: the kernel starts at the very
 *   directory we opened, so renames and swaps above it change nothing. No race.
 * - Elsewhere: a directory is its chain of names from the folder's root; each use checks by lstat, from the top, that
 *   every link of the chain is still the directory it was. A program on the host that swaps a directory for a symlink
 *   between the check and the call wins that race; the guest has no such program, unless two machines share a folder.
 */
import fs from 'node:fs';
import type { Failure, HostDir } from '../dev/host-folder.ts';
import { EACCES, EBADF, ENOTDIR, ESTALE } from '../kernel/abi/errno.ts';
import type { Identities } from './host-attributes.ts';
import { hostFailure } from './host-errno.ts';

type HostPath = string | Buffer;

export interface Anchors {
  readonly root: HostDir;
  /** What to call node:fs with; the name `''` means the directory itself. The last component is not checked. */
  place(dir: HostDir, name: string): HostPath | Failure;
  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure;
  closeDir(dir: HostDir): void;
  /** A directory may have moved: to be called after each successful rename. */
  moved(fromDir: HostDir, fromName: string, dir: HostDir, name: string): void;
  dispose(): void;
}

const O_PATH = 0o10000000;
/** Absent on Windows, where symlinks are found by the checks of the chain. */
const { O_DIRECTORY = 0, O_NOFOLLOW = 0 } = fs.constants;

const ASCII = /^[\0-\x7f]*$/;

/** `prefix` (ASCII) and a byte string as a path: a string where that is exact, since node:fs is faster with it. */
function joinBytes(prefix: string, name: string): HostPath {
  return ASCII.test(name) ? prefix + name : Buffer.from(prefix + name, 'latin1');
}

/** statfs(2) type of procfs, whose files are the memory and secrets of the host's processes, ours among them. */
const PROC_SUPER_MAGIC = 0x9fa0;

class LinuxDir implements HostDir {
  fd: number;
  readonly prefix: string;
  constructor(fd: number) {
    this.fd = fd;
    this.prefix = `/proc/self/fd/${fd}/`;
  }
  get isOpen(): boolean {
    return this.fd >= 0;
  }
}

export class LinuxAnchors implements Anchors {
  readonly root: LinuxDir;
  private readonly open = new Set<LinuxDir>();
  /** Devices seen: whether their directories may be entered. */
  private readonly devices = new Map<bigint, boolean>();
  private readonly identities: Identities;

  /** `path` is the user's choice: symlinks in it are followed. */
  constructor(path: string, identities: Identities) {
    this.identities = identities;
    this.root = this.track(fs.openSync(path, O_PATH | O_DIRECTORY));
    this.devices.set(fs.fstatSync(this.root.fd, { bigint: true }).dev, true);
  }

  private track(fd: number): LinuxDir {
    const dir = new LinuxDir(fd);
    this.open.add(dir);
    return dir;
  }

  place(dir: HostDir, name: string): HostPath | Failure {
    const { fd, prefix } = dir as LinuxDir;
    if (fd < 0) return -EBADF;
    return name === '' ? `${prefix}.` : joinBytes(prefix, name);
  }

  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure {
    const place = this.place(dir, name);
    if (typeof place === 'number') return place;
    try {
      const fd = fs.openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      const stats = fs.fstatSync(fd, { bigint: true });
      const isMeant = this.identities.of(stats.dev, stats.ino) === ino;
      if (isMeant && this.mayEnter(stats.dev, fd)) return this.track(fd);
      fs.closeSync(fd);
      return isMeant ? -EACCES : -ESTALE;
    } catch (error) {
      return hostFailure(error);
    }
  }

  /** A folder with a host's /proc in it (`/`) does not give that away, whatever the guest mounts or unmounts. */
  private mayEnter(device: bigint, fd: number): boolean {
    let may = this.devices.get(device);
    if (may === undefined) {
      may = fs.statfsSync(`/proc/self/fd/${fd}`).type !== PROC_SUPER_MAGIC;
      this.devices.set(device, may);
    }
    return may;
  }

  closeDir(dir: HostDir): void {
    const own = dir as LinuxDir;
    if (own === this.root || own.fd < 0) return;
    this.close(own);
  }

  private close(dir: LinuxDir): void {
    fs.closeSync(dir.fd);
    dir.fd = -1;
    this.open.delete(dir);
  }

  moved(): void {}

  dispose(): void {
    for (const dir of [...this.open]) this.close(dir);
  }
}

class ChainDir implements HostDir {
  isOpen = true;
  parent: ChainDir | undefined;
  name: string;
  readonly ino: number;
  constructor(parent: ChainDir | undefined, name: string, ino: number) {
    this.parent = parent;
    this.name = name;
    this.ino = ino;
  }
}

export class PortableAnchors implements Anchors {
  readonly root: ChainDir;
  private readonly open = new Set<ChainDir>();
  private readonly identities: Identities;
  private readonly base: string;

  /** `path` is the user's choice: symlinks in it are followed, once. */
  constructor(path: string, identities: Identities) {
    this.identities = identities;
    const real = fs.realpathSync(path);
    // Our chains are byte strings; the base takes part in that as its UTF-8 bytes.
    this.base = Buffer.from(real).toString('latin1').replace(/\/$/, '');
    const stats = fs.lstatSync(real, { bigint: true });
    this.root = new ChainDir(undefined, '', identities.of(stats.dev, stats.ino));
    this.open.add(this.root);
  }

  /** Checks the chain from the top; its path, or a failure. */
  private verified(dir: ChainDir): string | Failure {
    let path = this.base;
    if (dir.parent !== undefined) {
      const above = this.verified(dir.parent);
      if (typeof above === 'number') return above;
      path = `${above}/${dir.name}`;
    }
    const found = this.identify(path);
    if (found < 0) return found;
    return found === dir.ino ? path : -ESTALE;
  }

  /** Identity of the directory at `path`, not following a symlink there. */
  private identify(path: string): number {
    try {
      const stats = fs.lstatSync(joinBytes('', path === '' ? '/' : path), { bigint: true });
      if (!stats.isDirectory()) return -ENOTDIR;
      return this.identities.of(stats.dev, stats.ino);
    } catch (error) {
      return hostFailure(error);
    }
  }

  place(dir: HostDir, name: string): HostPath | Failure {
    const own = dir as ChainDir;
    if (!own.isOpen) return -EBADF;
    const path = this.verified(own);
    if (typeof path === 'number') return path;
    return joinBytes('', name === '' ? path || '/' : `${path}/${name}`);
  }

  openDir(dir: HostDir, name: string, ino: number): HostDir | Failure {
    const own = dir as ChainDir;
    const above = this.verified(own);
    if (typeof above === 'number') return above;
    const found = this.identify(`${above}/${name}`);
    if (found < 0) return found;
    if (found !== ino) return -ESTALE;
    const opened = new ChainDir(own, name, ino);
    this.open.add(opened);
    return opened;
  }

  closeDir(dir: HostDir): void {
    const own = dir as ChainDir;
    if (own === this.root) return;
    own.isOpen = false;
    this.open.delete(own);
  }

  moved(fromDir: HostDir, fromName: string, dir: HostDir, name: string): void {
    const from = fromDir as ChainDir;
    for (const opened of this.open) {
      for (let at: ChainDir | undefined = opened; at !== undefined; at = at.parent) {
        if (at.parent?.ino !== from.ino || at.name !== fromName) continue;
        at.parent = dir as ChainDir;
        at.name = name;
      }
    }
  }

  dispose(): void {
    for (const dir of this.open) dir.isOpen = false;
    this.open.clear();
  }
}
