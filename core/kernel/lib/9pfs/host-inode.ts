/**
 * What all objects of a 9pfs have in common: where they were found last, how long that and their attributes are good
 * for, attributes shown and changed. Rules of freshness and ownership: file-system.ts.
 */
import type { Failure, HostAttributes, HostTarget } from '../../../dev/host-folder.ts';
import { EPERM, EROFS, ESTALE } from '../../abi/errno.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { type Attributes, Inode, type SetAttributes } from '../../vfs/inode.ts';
import type { HostDirectory } from './directory.ts';
import { must } from './failure.ts';
import type { NinePFs } from './file-system.ts';

/** The host may keep a time less exactly than it was given: what it then shows, and what was meant. */
interface ExactTime {
  host: bigint;
  exact: bigint;
}

export abstract class HostInode extends Inode {
  readonly fs: NinePFs;
  readonly ino: number;
  readonly type: number;
  /** Where it was found last; undefined for the root and for what has lost its name. */
  parent: HostDirectory | undefined;
  name: string;
  /** A file with several links: another of its names, should this one go. Whether it holds is checked when it is used. */
  private otherName: { parent: HostDirectory; name: string } | undefined = undefined;
  /** When the name was last seen to stand for this object. */
  namedAt = Number.NEGATIVE_INFINITY;
  protected attributes: HostAttributes;
  attributesAt = Number.NEGATIVE_INFINITY;
  private readonly btimeNs: bigint;
  private exactAtime: ExactTime | undefined = undefined;
  private exactMtime: ExactTime | undefined = undefined;

  constructor(fs: NinePFs, attributes: HostAttributes, parent: HostDirectory | undefined, name: string) {
    super();
    this.fs = fs;
    this.ino = attributes.ino;
    this.type = attributes.mode & S_IFMT;
    this.btimeNs = attributes.btimeNs;
    this.attributes = attributes;
    this.parent = parent;
    this.name = name;
  }

  /** True when nothing depends on this very object. */
  abstract readonly isEvictable: boolean;
  /** How to tell the host which object is meant. ESTALE when it has no name and is not open. */
  protected abstract target(): HostTarget;
  /** Fresh attributes from the host. */
  protected abstract fetch(): HostAttributes | Failure;

  /** True when the attributes are those of this object and not of a later one with its inode number. */
  isSame(attributes: HostAttributes): boolean {
    return (attributes.mode & S_IFMT) === this.type && attributes.btimeNs === this.btimeNs;
  }

  found(parent: HostDirectory, name: string, attributes: HostAttributes): void {
    if (this.parent !== parent || this.name !== name) {
      if (this.parent !== undefined && attributes.nlink > 1) this.otherName = { parent: this.parent, name: this.name };
      this.detach();
      this.parent = parent;
      this.name = name;
    }
    parent.remember(name, this);
    this.attributes = attributes;
    this.namedAt = this.attributesAt = this.fs.now();
  }

  /** Takes its name away: it was removed, replaced, or is found elsewhere now. */
  detach(): void {
    this.parent?.forget(this.name, this);
    this.parent = undefined;
    this.namedAt = Number.NEGATIVE_INFINITY;
  }

  /** Another object may stand for the file from now on; whoever has this one can go on using it by its name. */
  forgotten(): void {
    this.parent?.forget(this.name, this);
    this.namedAt = Number.NEGATIVE_INFINITY;
  }

  /** The guest gave it another place. */
  moved(parent: HostDirectory, name: string): void {
    this.found(parent, name, this.attributes);
    this.changed();
  }

  /** The guest took the name away by which it was found. */
  unnamed(): void {
    const nlink = this.type === S_IFDIR ? 0 : Math.max(0, this.attributes.nlink - 1);
    this.attributes = { ...this.attributes, nlink };
    this.detach();
    if (nlink === 0) this.fs.forget(this);
    else if (this.otherName !== undefined) {
      this.parent = this.otherName.parent;
      this.name = this.otherName.name;
    }
    this.otherName = undefined;
  }

  /** The guest changed something: attributes are asked for anew. */
  changed(): void {
    this.attributesAt = Number.NEGATIVE_INFINITY;
  }

  /** Host's attributes, at most 100 µs old. */
  protected current(): HostAttributes {
    const now = this.fs.now();
    if (this.fs.areAttributesFresh(this, now)) return this.attributes;
    this.attributes = must(this.fetch());
    this.attributesAt = now;
    return this.attributes;
  }

  /** Attributes by name, for what is not open; the last known ones for what has no name any more. */
  protected fetchByName(): HostAttributes | Failure {
    const { parent } = this;
    if (parent === undefined) return this.attributes;
    const found = this.fs.folder.lookup(parent.handle(), this.name);
    if (typeof found === 'number' || (found.ino === this.ino && this.isSame(found))) return found;
    return -ESTALE;
  }

  protected targetByName(): HostTarget {
    const parent = this.parent ?? fail(ESTALE);
    return { dir: parent.handle(), name: this.name, ino: this.ino };
  }

  override stat(): Attributes {
    const { fs } = this;
    const { ino, mode, nlink, uid, gid, rdev, size, blksize, blocks, atimeNs, mtimeNs, ctimeNs, btimeNs } =
      this.current();
    return {
      dev: fs.dev,
      ino,
      mode,
      nlink,
      uid: fs.shownUid(uid),
      gid: fs.shownGid(gid),
      rdev,
      size,
      blksize,
      blocks,
      atimeNs: this.exactAtime?.host === atimeNs ? this.exactAtime.exact : atimeNs,
      mtimeNs: this.exactMtime?.host === mtimeNs ? this.exactMtime.exact : mtimeNs,
      ctimeNs,
      btimeNs,
    };
  }

  override setattr(change: SetAttributes): void {
    if (this.fs.isReadOnly) fail(EROFS);
    if (change.size !== undefined) this.resize(change.size);
    if (change.uid !== undefined || change.gid !== undefined) this.setOwner(change.uid, change.gid);
    if (change.mode !== undefined) must(this.fs.folder.chmod(this.target(), change.mode & 0o7777));
    if (change.atimeNs !== undefined || change.mtimeNs !== undefined) this.setTimes(change.atimeNs, change.mtimeNs);
    this.changed();
  }

  /** truncate(2) by name. */
  protected abstract resize(size: number): void;

  private setOwner(uid: number | undefined, gid: number | undefined): void {
    const { fs } = this;
    const host = this.current();
    const isUidKept = uid === undefined || uid === fs.shownUid(host.uid);
    const isGidKept = gid === undefined || gid === fs.shownGid(host.gid);
    if (isUidKept && isGidKept) return;
    if (!isUidKept && !fs.folder.canChown) fail(EPERM);
    const hostUid = isUidKept ? host.uid : uid;
    must(fs.folder.chown(this.target(), hostUid, isGidKept ? host.gid : fs.hostGid(gid)));
    this.changed();
  }

  private setTimes(atimeNs: bigint | undefined, mtimeNs: bigint | undefined): void {
    const before = this.current();
    must(this.fs.folder.utimes(this.target(), atimeNs ?? before.atimeNs, mtimeNs ?? before.mtimeNs));
    this.changed();
    const after = this.current();
    if (atimeNs !== undefined) this.exactAtime = { host: after.atimeNs, exact: atimeNs };
    else if (this.exactAtime?.host === before.atimeNs) this.exactAtime.host = after.atimeNs;
    if (mtimeNs !== undefined) this.exactMtime = { host: after.mtimeNs, exact: mtimeNs };
    else if (this.exactMtime?.host === before.mtimeNs) this.exactMtime.host = after.mtimeNs;
  }
}
