/**
 * Open directories of any file system. The list of entries is taken when reading starts, and again after a rewind:
 * positions are indices into it, so that entries removed or added meanwhile (rm -r) neither repeat nor hide others.
 * Positions 0 and 1 are `.` and `..`.
 */
import { EINVAL, EISDIR } from '../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../abi/fcntl.ts';
import type { DirEntry, Inode } from './inode.ts';
import { OpenFile } from './open-file.ts';
import { belowMounts } from './path.ts';

const DT_DIR = 4;

export class DirectoryFile extends OpenFile {
  declare readonly inode: Inode;
  private snapshot: DirEntry[] | undefined = undefined;

  constructor(flags: number, inode: Inode) {
    super(flags, inode);
  }

  get describe(): string {
    return '(deleted)';
  }
  override directory(): Inode {
    return this.inode;
  }
  override read(): number {
    return -EISDIR;
  }

  /** The entries from the position on; the position moves by one for each that the caller consumes. */
  entries(): readonly DirEntry[] {
    if (this.snapshot === undefined || this.position === 0) {
      this.snapshot = [
        { name: '.', ino: this.inode.stat().ino, type: DT_DIR },
        { name: '..', ino: this.parentIno(), type: DT_DIR },
        ...this.inode.entries(),
      ];
    }
    return this.snapshot;
  }
  private parentIno(): number {
    const here = this.path && belowMounts(this.path);
    return (here?.parent?.inode ?? this.inode).stat().ino;
  }

  override seek(offset: number, whence: number): number {
    const target = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.position + offset : -1;
    if (target < 0) return -EINVAL;
    this.position = target;
    return target;
  }
  override sync(): number {
    return 0;
  }
}
