/**
 * Objects of an overlay: each is an object of the lower file system, one of ours in memory, or both once it was changed.
 * One overlay object stands for one lower object whatever its names, so that hard links survive their copying. Its inode
 * number stays the same through all that.
 *
 * What the lower file system can hold besides content, mode, owner and times (extended attributes) is not copied: the
 * lower file systems there are, host folders and archives, have none.
 */
import { ELOOP, ENXIO } from '../../abi/errno.ts';
import { S_IFDIR } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Attributes, Inode, type SetAttributes } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { type RamInode, RamSpecial, RamSymlink } from '../ramfs/inode.ts';
import type { OverlayDirectory } from './directory.ts';
import type { OverlayFs } from './file-system.ts';

export abstract class OverlayInode extends Inode {
  readonly fs: OverlayFs;
  readonly ino: number;
  readonly type: number;
  /** Replaced when the lower file system hands out another object for the same file. */
  lower: Inode | undefined;
  upper: RamInode | undefined;
  /** Where it was found last. */
  parent: OverlayDirectory | undefined = undefined;
  name = '';
  /** Names given and taken in the overlay, over the lower link count. */
  private linkChange = 0;

  constructor(fs: OverlayFs, ino: number, type: number, lower: Inode | undefined, upper: RamInode | undefined) {
    super();
    this.fs = fs;
    this.ino = ino;
    this.type = type;
    this.lower = lower;
    this.upper = upper;
  }

  /** True when the lower object says it all and nobody holds this one. */
  get isEvictable(): boolean {
    return this.upper === undefined && this.linkChange === 0 && this.watchers === undefined;
  }
  get links(): number {
    return (this.lower?.stat().nlink ?? 0) + this.linkChange;
  }

  /** It got or lost a name in the overlay. */
  linked(change: 1 | -1): void {
    this.linkChange += change;
    const { upper } = this;
    if (upper === undefined) return;
    const isNamed = this.type === S_IFDIR ? change > 0 : this.links > 0;
    upper.nlink = isNamed ? 1 : 0;
    upper.relinked();
    if (upper.nlink === 0) upper.releaseIfUnused();
  }
  /** It is found under another name from now on, or under none. */
  placed(parent: OverlayDirectory | undefined, name: string): void {
    this.parent = parent;
    this.name = name;
  }

  override stat(): Attributes {
    const lower = this.lower?.stat();
    const shown = this.upper?.stat() ?? lower!;
    const nlink = Math.max(0, (lower?.nlink ?? 0) + this.linkChange);
    return { ...shown, dev: this.fs.dev, ino: this.ino, nlink, btimeNs: lower?.btimeNs ?? shown.btimeNs };
  }

  /** An object in memory with the lower one's content (of a file: the first `keepBytes`). */
  protected abstract makeUpper(lower: Inode, attributes: Attributes, keepBytes: number): RamInode;

  /** The object in memory, made of the lower one if there is none yet. */
  copyUp(keepBytes = Number.POSITIVE_INFINITY): RamInode {
    if (this.upper !== undefined) return this.upper;
    const lower = this.lower!;
    const attributes = lower.stat();
    const upper = this.makeUpper(lower, attributes, keepBytes);
    upper.setattr({ atimeNs: attributes.atimeNs, mtimeNs: attributes.mtimeNs });
    upper.nlink = this.links > 0 || this.type === S_IFDIR ? 1 : 0;
    this.upper = upper;
    this.fs.changed(this);
    return upper;
  }

  override setattr(change: SetAttributes): void {
    this.copyUp(change.size).setattr(change);
  }
  override getxattr(name: string): Uint8Array | undefined {
    return (this.upper ?? this.lower!).getxattr(name);
  }
  override setxattr(name: string, value: Uint8Array, flags: number): void {
    this.copyUp().setxattr(name, value, flags);
  }
  override removexattr(name: string): void {
    this.copyUp().removexattr(name);
  }
  override listxattr(): string[] {
    return (this.upper ?? this.lower!).listxattr();
  }
}

export class OverlaySymlink extends OverlayInode {
  protected makeUpper(lower: Inode, { uid, gid }: Attributes): RamInode {
    return new RamSymlink(this.fs.upper, lower.readlink(), uid, gid);
  }
  override readlink(): string {
    return (this.upper ?? this.lower!).readlink();
  }
  override open(): OpenFile {
    return fail(ELOOP);
  }
}

/** FIFOs, sockets, device nodes: opened through vfs/special.ts, which may attach something to this object. */
export class OverlaySpecial extends OverlayInode {
  override get isEvictable(): boolean {
    return false;
  }
  protected makeUpper(_lower: Inode, { mode, uid, gid, rdev }: Attributes): RamInode {
    return new RamSpecial(this.fs.upper, mode, uid, gid, rdev);
  }
  override open(): OpenFile {
    return fail(ENXIO);
  }
}
