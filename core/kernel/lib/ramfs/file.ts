/** Regular files of the in-memory file system, which memfd_create(2) uses too: content, seals, open files. */
import { EBUSY, EINVAL, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_NOATIME,
} from '../../abi/fcntl.ts';
import { S_IFREG } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import type { SetAttributes } from '../../vfs/inode.ts';
import { RegularFile } from '../../vfs/regular-file.ts';
import { FileContent } from './content.ts';
import type { RamFs } from './fs.ts';
import { RamInode } from './inode.ts';

export class RamRegular extends RamInode {
  readonly content: FileContent;
  /** F_SEAL_*: without F_SEAL_SEAL only what memfd_create made may get some. */
  seals = F_SEAL_SEAL;
  /** O_TMPFILE without O_EXCL: may get a first name. */
  isLinkable = false;
  /** Text of /proc/self/fd for a memfd. */
  label = '(deleted)';
  /** Shared mappings that may write: F_SEAL_WRITE is refused meanwhile. */
  writableMappings = 0;

  /** `base` is content that is borrowed until it is changed (a file of an archive). */
  constructor(fs: RamFs, mode: number, uid: number, gid: number, base?: Uint8Array) {
    super(fs, S_IFREG | (mode & 0o7777), uid, gid);
    this.content = new FileContent(fs.pool, base);
  }

  override get size(): number {
    return this.content.size;
  }
  override get allocated(): number {
    return this.content.allocated;
  }
  override setattr(change: SetAttributes): void {
    const isExecChanged = change.mode !== undefined && ((change.mode ^ this.mode) & 0o111) !== 0;
    if (isExecChanged && (this.seals & F_SEAL_EXEC) !== 0) fail(EPERM);
    super.setattr(change);
  }
  protected override resize(size: number): void {
    const answer = this.tryResize(size);
    if (answer < 0) fail(-answer);
  }

  /** 0 or -errno. */
  tryResize(size: number): number {
    const { content, seals } = this;
    if (size < content.size && (seals & F_SEAL_SHRINK) !== 0) return -EPERM;
    if (size > content.size && (seals & F_SEAL_GROW) !== 0) return -EPERM;
    const answer = content.resize(size);
    if (answer === 0) this.changed();
    return answer;
  }

  override open(flags: number): RamFile {
    return new RamFile(flags, this);
  }
  protected override dispose(): void {
    this.content.dispose();
  }
}

export class RamFile extends RegularFile {
  declare readonly inode: RamRegular;

  override get describe(): string {
    return this.inode.label;
  }

  protected readAt(into: Uint8Array, offset: number): number {
    const count = this.inode.content.read(into, offset);
    if ((this.flags & O_NOATIME) === 0) this.inode.accessed();
    return count;
  }
  protected writeAt(from: Uint8Array, offset: number): number {
    const { inode } = this;
    if ((inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -EPERM;
    if ((inode.seals & F_SEAL_GROW) !== 0 && offset + from.length > inode.content.size) return -EPERM;
    const count = inode.content.write(from, offset);
    if (count > 0) inode.changed();
    return count;
  }
  size(): number {
    return this.inode.content.size;
  }
  protected resize(size: number): number {
    return this.inode.tryResize(size);
  }
  protected override nextData(offset: number): number {
    return this.inode.content.nextData(offset);
  }
  protected override nextHole(offset: number): number {
    return this.inode.content.nextHole(offset);
  }

  override allocate(mode: number, offset: number, len: number): number {
    const { inode } = this;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) {
      if (mode !== (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) return -EOPNOTSUPP;
      return this.zero(offset, len);
    }
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE)) !== 0) return -EOPNOTSUPP;
    const grows = (mode & FALLOC_FL_KEEP_SIZE) === 0 && offset + len > inode.content.size;
    if (grows && (inode.seals & F_SEAL_GROW) !== 0) return -EPERM;
    if ((mode & FALLOC_FL_ZERO_RANGE) !== 0) {
      const answer = this.zero(offset, len);
      if (answer < 0) return answer;
    }
    const answer = inode.content.allocate(offset, len);
    return answer === 0 && grows ? inode.tryResize(offset + len) : answer;
  }
  private zero(offset: number, len: number): number {
    if ((this.inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -EPERM;
    this.inode.changed();
    return this.inode.content.zero(offset, len);
  }

  override seals(): number {
    return this.inode.seals;
  }
  override addSeals(seals: number): number {
    const { inode } = this;
    if (!this.isWritable) return -EPERM;
    if ((seals & ~0x3f) !== 0) return -EINVAL;
    if ((inode.seals & F_SEAL_SEAL) !== 0) return -EPERM;
    if ((seals & F_SEAL_WRITE) !== 0 && inode.writableMappings > 0) return -EBUSY;
    inode.seals |= seals;
    return 0;
  }

  protected override release(): void {
    this.inode.releaseIfUnused();
  }
}
