/**
 * overlay: a file system that is not changed, seen with changes that are kept in RAM (Linux: overlayfs). The changes are
 * gone with the machine; `overlayChanges` (changes.ts) lists them.
 */
import { MS_RDONLY, OVERLAYFS_SUPER_MAGIC } from '../../abi/fs.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import type { FileSystem, FsStatistics, Inode } from '../../vfs/inode.ts';
import type { RamFs } from '../ramfs/fs.ts';
import type { RamInode } from '../ramfs/inode.ts';
import { OverlayDirectory } from './directory.ts';
import { type OverlayInode, OverlaySpecial, OverlaySymlink } from './inode.ts';
import { OverlayRegular } from './regular.ts';

/** Inode numbers of objects that have no lower one; those of lower file systems stay below. */
const UPPER_INO = 2 ** 52 + 2 ** 51;
const MAX_INODES = 20_000;

export class OverlayFs implements FileSystem {
  readonly name = 'overlay';
  readonly dev: number;
  readonly isReadOnly = false;
  readonly lower: FileSystem;
  /** Holds memory and inodes of what was changed; its own tree is not used. */
  readonly upper: RamFs;
  readonly root: OverlayDirectory;
  /** Overlay objects of lower ones, by inode number. */
  private readonly inodes = new Map<number, OverlayInode>();
  private readonly touched = new Set<OverlayInode>();
  private readonly providedInodes = new Map<Inode, bigint>();

  constructor(lower: FileSystem, upper: RamFs, dev: number) {
    this.lower = lower;
    this.upper = upper;
    this.dev = dev;
    this.root = this.over(lower.root) as OverlayDirectory;
  }

  /** The overlay object of a lower one. */
  over(lower: Inode): OverlayInode {
    const { ino, mode } = lower.stat();
    const type = mode & S_IFMT;
    const known = this.inodes.get(ino);
    if (known?.type === type) {
      known.lower = lower;
      return known;
    }
    const made = this.make(ino, type, lower, undefined);
    this.inodes.set(ino, made);
    if (this.inodes.size > 2 * MAX_INODES) this.evict();
    return made;
  }

  /** The overlay object of one that is in memory only. */
  inMemory(upper: RamInode): OverlayInode {
    return this.make(UPPER_INO + upper.ino, upper.type, undefined, upper);
  }

  private make(ino: number, type: number, lower: Inode | undefined, upper: RamInode | undefined): OverlayInode {
    switch (type) {
      case S_IFDIR:
        return new OverlayDirectory(this, ino, type, lower, upper);
      case S_IFREG:
        return new OverlayRegular(this, ino, type, lower, upper);
      case S_IFLNK:
        return new OverlaySymlink(this, ino, type, lower, upper);
      default:
        return new OverlaySpecial(this, ino, type, lower, upper);
    }
  }

  private evict(): void {
    let toDrop = MAX_INODES;
    for (const [ino, inode] of this.inodes) {
      if (!inode.isEvictable) continue;
      if (toDrop-- === 0) break;
      this.inodes.delete(ino);
    }
  }

  /** Notes that an object differs from its lower one. */
  changed(inode: OverlayInode): void {
    this.touched.add(inode);
  }
  /** It lost its last known name. */
  gone(inode: OverlayInode): void {
    this.touched.delete(inode);
  }
  /** Notes that an object is there for the guest to find, not a change of the guest's. */
  provided(inode: Inode): Inode {
    this.providedInodes.set(inode, inode.stat().ctimeNs);
    return inode;
  }
  /** True while it is as it was provided. */
  isProvided(inode: Inode): boolean {
    return this.providedInodes.get(inode) === inode.stat().ctimeNs;
  }
  get changedInodes(): ReadonlySet<OverlayInode> {
    return this.touched;
  }

  statfs(): FsStatistics {
    return { ...this.upper.statfs(), type: OVERLAYFS_SUPER_MAGIC, flags: this.upper.statfs().flags & ~MS_RDONLY };
  }
  sync(): void {}
}
