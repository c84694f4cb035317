/**
 * 9pfs: a folder of the host as a guest file system (Unikraft's name for it; no 9P messages are exchanged, the host
 * interface is called directly). Runs on the machine's thread.
 *
 * What is remembered, and for how long, against changes made by the host meanwhile:
 * - the name of a directory or symlink, i.e. a step of a path, 5 ms: look-ups come in bursts over the same directories;
 * - attributes and the names of files, 100 µs, which is "within this system call and the one after it";
 * - that a name does not exist: never.
 * Changes that the guest makes itself are seen at once: they go through here and drop what they touch.
 *
 * Identity: one Inode object for each (host inode, type, birth time). Directories, special files and files that are open
 * or watched keep theirs; other files are forgotten, oldest first, beyond `maxInodes`.
 *
 * Owners: unless the host's user is root, files of the host's user show as owned by the guest's root (uid 0, gid 0, or
 * what `guestOwner` says), and other ids as they are. Files the guest creates get the host's user. A chown that changes
 * nothing that is shown succeeds; one that the host can't do is EPERM. On a host whose user is root ids are real.
 * The host's permissions hold in the end: the guest's root gets EACCES for what the host's user may not do.
 */
import type { HostAttributes, HostFile, HostFolder } from '../../../dev/host-folder.ts';
import { MS_RDONLY, V9FS_MAGIC } from '../../abi/fs.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import type { FileSystem, FsStatistics } from '../../vfs/inode.ts';
import { HostDirectory } from './directory.ts';
import { must } from './failure.ts';
import type { HostInode } from './host-inode.ts';
import { HostRegular } from './regular.ts';
import { HostSpecial, HostSymlink } from './special.ts';

export interface NinePOptions {
  /** st_dev of the inodes. */
  dev: number;
  monotonicNs(): number;
  realtimeNs(): bigint;
  /** Refuse changes even when the folder would take them. */
  isReadOnly?: boolean;
  /** Whom files of the host's user belong to in the guest; root by default. */
  guestOwner?: { uid: number; gid: number };
  /** Files remembered, beyond those in use. */
  maxInodes?: number;
  /** Directories held open on the host. */
  maxOpenDirs?: number;
}

const STEP_FRESH_NS = 5_000_000;
const ATTRIBUTES_FRESH_NS = 100_000;

export class NinePFs implements FileSystem {
  readonly name = '9pfs';
  readonly dev: number;
  readonly isReadOnly: boolean;
  readonly root: HostDirectory;
  readonly folder: HostFolder;
  readonly now: () => number;
  readonly realtimeNs: () => bigint;
  guestOwner: { uid: number; gid: number };
  private readonly inodes = new Map<number, HostInode>();
  private readonly maxInodes: number;
  /** Directories with an open host handle, least recently used first. */
  private readonly openDirs = new Set<HostDirectory>();
  private readonly maxOpenDirs: number;
  private evictable = 0;
  /** The handle of the file created last, until it is opened: its mode may forbid opening it again. */
  private spare: { inode: HostRegular; file: HostFile } | undefined = undefined;
  private virtualInos = Number.MAX_SAFE_INTEGER;

  constructor(folder: HostFolder, options: NinePOptions) {
    this.folder = folder;
    this.dev = options.dev;
    this.isReadOnly = folder.isReadOnly || options.isReadOnly === true;
    this.now = () => options.monotonicNs();
    this.realtimeNs = () => options.realtimeNs();
    this.guestOwner = options.guestOwner ?? { uid: 0, gid: 0 };
    this.maxInodes = options.maxInodes ?? 20_000;
    this.maxOpenDirs = Math.max(options.maxOpenDirs ?? 256, 8);
    const attributes = must(folder.lookup(folder.root, ''));
    this.root = new HostDirectory(this, attributes, undefined, '');
    this.inodes.set(attributes.ino, this.root);
  }

  /** The inode of what was just looked up as `name` in `parent`. */
  inodeOf(attributes: HostAttributes, parent: HostDirectory, name: string): HostInode {
    const known = this.inodes.get(attributes.ino);
    if (known?.isSame(attributes)) {
      known.found(parent, name, attributes);
      return known;
    }
    known?.detach();
    const inode = this.makeInode(attributes, parent, name);
    this.inodes.set(attributes.ino, inode);
    if (inode.isEvictable && ++this.evictable > this.maxInodes) this.evict();
    inode.found(parent, name, attributes);
    return inode;
  }

  private makeInode(attributes: HostAttributes, parent: HostDirectory, name: string): HostInode {
    switch (attributes.mode & S_IFMT) {
      case S_IFDIR:
        return new HostDirectory(this, attributes, parent, name);
      case S_IFREG:
        return new HostRegular(this, attributes, parent, name);
      case S_IFLNK:
        return new HostSymlink(this, attributes, parent, name);
      default:
        return new HostSpecial(this, attributes, parent, name);
    }
  }

  /** Forgets the older half of what is not in use; recounts. */
  private evict(): void {
    let toDrop = this.maxInodes / 2;
    this.evictable = 0;
    for (const [ino, inode] of this.inodes) {
      if (!inode.isEvictable) continue;
      if (toDrop-- > 0) {
        this.inodes.delete(ino);
        inode.forgotten();
      } else this.evictable++;
    }
  }

  /** The object has no name left; its inode number may come back for another one. */
  forget(inode: HostInode): void {
    if (this.inodes.get(inode.ino) === inode) this.inodes.delete(inode.ino);
  }

  /** True while a remembered step of a path, or a file name, may be used without asking the host. */
  isNameFresh(inode: HostInode, now: number): boolean {
    const limit = inode.type === S_IFDIR || inode.type === S_IFLNK ? STEP_FRESH_NS : ATTRIBUTES_FRESH_NS;
    return now - inode.namedAt < limit;
  }
  areAttributesFresh(inode: HostInode, now: number): boolean {
    return now - inode.attributesAt < ATTRIBUTES_FRESH_NS;
  }

  /** Notes that `directory` was used by its handle; closes the handle that was not for longest. */
  touch(directory: HostDirectory): void {
    this.openDirs.delete(directory);
    this.openDirs.add(directory);
    if (this.openDirs.size <= this.maxOpenDirs) return;
    for (const oldest of this.openDirs) {
      this.openDirs.delete(oldest);
      oldest.closeHandle();
      break;
    }
  }
  keepSpare(inode: HostRegular, file: HostFile): void {
    this.dropSpare();
    this.spare = { inode, file };
  }
  /** The spare handle of a file just created; the caller owns it then. */
  takeSpare(inode: HostRegular): HostFile | undefined {
    if (this.spare?.inode !== inode) return undefined;
    const { file } = this.spare;
    this.spare = undefined;
    return file;
  }
  private dropSpare(): void {
    if (this.spare !== undefined) this.folder.closeFile(this.spare.file);
    this.spare = undefined;
  }

  /** Inode number for an object that the host doesn't have. */
  allocateVirtualIno(): number {
    return this.virtualInos--;
  }

  /** Owner as the guest sees it. */
  shownUid(uid: number): number {
    return !this.folder.canChown && uid === this.folder.owner.uid ? this.guestOwner.uid : uid;
  }
  shownGid(gid: number): number {
    return !this.folder.canChown && gid === this.folder.owner.gid ? this.guestOwner.gid : gid;
  }
  /** The host's group for one that the guest names. */
  hostGid(gid: number): number {
    return !this.folder.canChown && gid === this.guestOwner.gid ? this.folder.owner.gid : gid;
  }

  statfs(): FsStatistics {
    const { bsize, blocks, bfree, bavail, files, ffree } = must(this.folder.statfs());
    const flags = this.isReadOnly ? MS_RDONLY : 0;
    return { type: V9FS_MAGIC, bsize, blocks, bfree, bavail, files, ffree, namelen: 255, flags };
  }

  /** Writes go to the host at once; what its own page cache holds is the host's to write. */
  sync(): void {
    this.dropSpare();
  }
}
