/**
 * Regular files of an overlay. A file is copied at its first change, not when it is opened for writing; all its open
 * files then go on with the copy, those opened before included.
 */
import { O_RDONLY, O_RDWR } from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import type { Attributes, Inode } from '../../vfs/inode.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import { RamRegular } from '../ramfs/file.ts';
import type { RamInode } from '../ramfs/inode.ts';
import { OverlayInode } from './inode.ts';

const COPY_BYTES = 1 << 18;

export class OverlayRegular extends OverlayInode {
  declare upper: RamRegular | undefined;
  private openCount = 0;

  override get isEvictable(): boolean {
    return this.openCount === 0 && super.isEvictable;
  }

  protected makeUpper(lower: Inode, { mode, uid, gid }: Attributes, keepBytes: number): RamInode {
    const upper = new RamRegular(this.fs.upper, mode, uid, gid);
    const file = lower.open(O_RDONLY);
    const failure = copyContent(file, upper, keepBytes);
    file.drop();
    if (failure === 0) return upper;
    upper.nlink = 0;
    upper.releaseIfUnused();
    return fail(-failure);
  }

  override open(flags: number): OverlayFile {
    const file = new OverlayFile(flags, this);
    this.openCount++;
    return file;
  }
  closed(): void {
    this.openCount--;
  }
}

/** 0 or -errno. */
function copyContent(from: OpenFile, to: RamRegular, limit: number): number {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, limit));
  for (let at = 0; at < limit; ) {
    const count = from.read(buffer.subarray(0, Math.min(buffer.length, limit - at)), at);
    if (count <= 0) return count;
    const written = to.content.write(buffer.subarray(0, count), at);
    if (written < 0) return written;
    at += written;
  }
  return 0;
}

export class OverlayFile extends RegularFile {
  declare readonly inode: OverlayRegular;
  private lowerFile: OpenFile | undefined;
  private upperFile: OpenFile | undefined = undefined;

  constructor(flags: number, inode: OverlayRegular) {
    super(flags, inode);
    // Opened at once, for what the lower file system may have against it.
    this.lowerFile = inode.upper === undefined ? inode.lower!.open(O_RDONLY) : undefined;
    if (inode.upper !== undefined) this.changing();
  }

  /** The copy, opened; made if need be. May fail with a SysError. */
  private changing(): OpenFile {
    if (this.upperFile === undefined) {
      this.upperFile = this.inode.copyUp().open(O_RDWR);
      this.lowerFile?.drop();
      this.lowerFile = undefined;
    }
    return this.upperFile;
  }
  private current(): OpenFile {
    return this.inode.upper === undefined ? this.lowerFile! : this.changing();
  }

  protected readAt(into: Uint8Array, offset: number): number {
    return this.current().read(into, offset);
  }
  protected writeAt(from: Uint8Array, offset: number): number {
    return this.changing().write(from, offset);
  }
  size(): number {
    return this.inode.upper?.size ?? this.inode.lower!.stat().size;
  }
  protected resize(size: number): number {
    this.inode.copyUp(size);
    return this.changing().truncate(size);
  }
  override allocate(mode: number, offset: number, len: number): number {
    return this.changing().allocate(mode, offset, len);
  }

  protected override release(): void {
    this.lowerFile?.drop();
    this.upperFile?.drop();
    this.inode.closed();
  }
}
