/**
 * The mount tree at boot: the root, the entries of vfs.fstab in their order, volumes, then what every Linux program
 * expects (/dev, /proc, /sys, /tmp) unless something is mounted there already.
 *
 * The root is, first match: an fstab entry for `/`; what vfs.rootfs says; what the image says, as far as it was given (an
 * image made for a host folder takes an initrd when it gets only that, and the other way round); an empty ramfs.
 */
import { CpioError, type Gunzip } from '../../../image/cpio.ts';
import { ENOENT, errnoText } from '../../abi/errno.ts';
import { MS_RDONLY } from '../../abi/fs.ts';
import { SysError } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { FileSystem, Inode } from '../../vfs/inode.ts';
import { MountTable } from '../../vfs/mount-table.ts';
import type { PathRef } from '../../vfs/path.ts';
import { hostFolders } from '../9pfs/lib.ts';
import { mountDevices } from '../devfs/lib.ts';
import { unpackArchive } from '../initrd/unpack.ts';
import { createOverlay } from '../overlay/lib.ts';
import { createRamFs } from '../ramfs/fs.ts';
import { findPlace, provideDirectory } from './mount-points.ts';
import type { FstabEntry } from './parse.ts';

/** A mount that boot can't do without failed; the message says which and why. */
export class MountError extends Error {
  override name = 'MountError';
}

/** What the kernel parameters say. */
export interface BootMounts {
  fstab: FstabEntry[];
  rootfs: string | undefined;
  rootdev: string | undefined;
  rootflags: number;
  rootopts: string;
}

export const bootMounts: (kernel: Kernel) => BootMounts = service(
  'boot-mounts',
  (): BootMounts => ({ fstab: [], rootfs: undefined, rootdev: undefined, rootflags: 0, rootopts: '' }),
);

export interface BootFileSystems {
  /** What the image makes its root of. */
  root: '9pfs' | 'initrd' | 'ramfs' | 'none';
  /** Tag of the folder that is the root: `fs0`. Folders are registered with `hostFolders` before. */
  rootDevice: string;
  /** Changes of the root folder stay in RAM. */
  isRootOverlay: boolean;
  /** Folders to mount at places that are provided if missing. */
  volumes: readonly { tag: string; path: string; isReadOnly: boolean }[];
  /** cpio archives by name: `initrd0`, `embedded`. */
  archives: ReadonlyMap<string, Uint8Array>;
  gunzip?: Gunzip;
}

/** What is mounted at last, with the options of its file system. */
const standardMounts = [
  { path: '/dev', type: 'devfs', options: '' },
  { path: '/proc', type: 'proc', options: '' },
  { path: '/sys', type: 'sysfs', options: '' },
  { path: '/tmp', type: 'tmpfs', options: 'mode=1777' },
] as const;

/** Runs `action`; a failure of a system call kind becomes a MountError that begins with `what`. */
function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof SysError) throw new MountError(`${what}: ${errnoText(cause.errno)}`, { cause });
    if (cause instanceof MountError) throw new MountError(`${what}: ${cause.message}`, { cause });
    if (cause instanceof CpioError) throw new MountError(`${what}: ${cause.message}`, { cause });
    throw cause;
  }
}

class BootMounter {
  private readonly kernel: Kernel;
  private readonly boot: BootFileSystems;

  constructor(kernel: Kernel, boot: BootFileSystems) {
    this.kernel = kernel;
    this.boot = boot;
  }

  mountAll(): void {
    const { fstab } = bootMounts(this.kernel);
    const entries = fstab.filter(
      ({ ifInitrd }) => ifInitrd === undefined || ifInitrd === this.boot.archives.has('initrd0'),
    );
    const root = entries.find(({ path }) => path === '/');
    this.mountRoot(root);
    for (const entry of entries)
      if (entry !== root) attempt(`fstab entry "${entry.text}"`, () => this.mountEntry(entry));
    for (const volume of this.boot.volumes) {
      attempt(`volume at "${volume.path}"`, () => {
        const flags = volume.isReadOnly ? MS_RDONLY : 0;
        this.mountOn(provideDirectory(this.kernel, volume.path), '9pfs', volume.tag, '', flags);
      });
    }
    for (const standard of standardMounts) this.mountStandard(standard);
  }

  private mountRoot(entry: FstabEntry | undefined): void {
    const { rootfs, rootdev, rootflags, rootopts } = bootMounts(this.kernel);
    if (entry !== undefined) {
      const { type, device, options, flags, text } = entry;
      attempt(`fstab entry "${text}"`, () => this.setRoot(type, device, options, flags));
    } else if (rootfs !== undefined) {
      attempt(`vfs.rootfs=${rootfs}`, () => this.setRoot(rootfs, rootdev ?? '', rootopts, rootflags));
    } else {
      const [type, device] = this.givenRoot(rootdev ?? this.boot.rootDevice);
      attempt('the root file system', () => this.setRoot(type, device, rootopts, rootflags));
    }
  }

  /** Type and device of the root by image and by what was given. */
  private givenRoot(device: string): [type: string, device: string] {
    const { root, archives } = this.boot;
    if (root === 'ramfs') return ['ramfs', ''];
    const hasFolder = hostFolders(this.kernel).has(device);
    if (archives.has('initrd0') && (root === 'initrd' || !hasFolder)) return ['initrd', 'initrd0'];
    return hasFolder ? ['9pfs', device] : ['ramfs', ''];
  }

  private setRoot(type: string, device: string, options: string, flags: number): void {
    let fs = this.make(type, device || (type === '9pfs' ? this.boot.rootDevice : ''), options);
    if (type === '9pfs' && this.boot.isRootOverlay) fs = createOverlay(this.kernel, fs);
    this.kernel.mounts = new MountTable(fs, { source: device || type, flags });
  }

  /** A file system of that type; `extract` and `initrd` are a ramfs with the archive in it. */
  private make(type: string, device: string, options: string): FileSystem {
    const { kernel } = this;
    if (type === '9pfs') {
      const fs = hostFolders(kernel).fileSystem(device);
      if (fs !== undefined) return fs;
      const known =
        hostFolders(kernel)
          .tags.map((tag) => `"${tag}"`)
          .join(', ') || 'none';
      throw new MountError(`there is no host folder "${device}" (known: ${known})`);
    }
    if (type === 'initrd' || type === 'extract') {
      const fs = createRamFs(kernel, { name: 'ramfs', limitBytes: kernel.host.memoryBytes });
      this.unpack(fs.root, device);
      return fs;
    }
    const found = fsTypes(kernel).get(type);
    if (found !== undefined) return found.create(kernel, device, options);
    const known = [
      ...fsTypes(kernel)
        .list()
        .map(({ name }) => name),
      'initrd',
      'extract',
    ].join(', ');
    throw new MountError(`the image has no file system "${type}" (it has: ${known})`);
  }

  private unpack(top: Inode, device: string): void {
    const name = device === '' ? 'initrd0' : device;
    const archive = this.boot.archives.get(name);
    if (archive === undefined) throw new MountError(`there is no archive "${name}"; an initrd gives "initrd0"`);
    unpackArchive(top, archive, this.boot.gunzip);
  }

  private mountEntry({ type, device, path, options, flags, makesMountPoint }: FstabEntry): void {
    const at = makesMountPoint ? provideDirectory(this.kernel, path) : this.mountPoint(path);
    if (type === 'extract') this.unpack(at.inode, device);
    else this.mountOn(at, type, device, options, flags);
  }

  private mountPoint(path: string): PathRef {
    try {
      return findPlace(this.kernel, path);
    } catch (cause) {
      if (!(cause instanceof SysError) || cause.errno !== ENOENT) throw cause;
      throw new MountError('its mount point does not exist; the ukopt "mkmp" makes it', { cause });
    }
  }

  private mountOn(at: PathRef, type: string, device: string, options: string, flags: number): void {
    if (type === 'devfs') mountDevices(this.kernel, at);
    else this.kernel.mounts.mount(this.make(type, device, options), at, { source: device || type, flags });
  }

  /** A /tmp with files in it keeps them in view; only where it can't be written, changes go to RAM. */
  private keepTemporaryFiles(at: PathRef): void {
    const { fs, flags } = at.mount;
    if (!fs.isReadOnly && !(flags & MS_RDONLY)) return;
    this.kernel.mounts.mount(createOverlay(this.kernel, partOf(fs, at.inode)), at, { source: 'overlay' });
  }

  /** Leaves alone what the image lacks, and what is a mount point already. */
  private mountStandard({ path, type, options }: (typeof standardMounts)[number]): void {
    const { kernel } = this;
    if (fsTypes(kernel).get(type) === undefined) return;
    try {
      const at = provideDirectory(kernel, path);
      if (kernel.mounts.mountAt(at) !== undefined) return;
      if (type === 'tmpfs' && at.inode.entries().length > 0) this.keepTemporaryFiles(at);
      else this.mountOn(at, type, '', options, 0);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      kernel.host.logger.log('warn', 'vfscore', `${path} is not mounted: ${errnoText(error.errno)}`);
    }
  }
}

/** The file system as it is from `root` on. */
function partOf(fs: FileSystem, root: Inode): FileSystem {
  const { name, dev, isReadOnly } = fs;
  return { name, dev, isReadOnly, root, statfs: () => fs.statfs(), sync: () => fs.sync() };
}

/** Builds `kernel.mounts`. Throws MountError when the root, an fstab entry or a volume can't be mounted. */
export function mountFileSystems(kernel: Kernel, boot: BootFileSystems): void {
  new BootMounter(kernel, boot).mountAll();
}
