/**
 * Open regular files of any file system: position, append mode, seeking, POSIX short counts. A file system gives
 * positioned reads and writes, the size, and how to change it. Regular files are always ready.
 */
import { EINVAL, ENXIO } from '../abi/errno.ts';
import { FIONREAD, O_APPEND, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../abi/fcntl.ts';
import type { Task } from '../task.ts';
import type { Inode } from './inode.ts';
import { OpenFile } from './open-file.ts';

export abstract class RegularFile extends OpenFile {
  declare readonly inode: Inode;
  override readonly isSeekable = true;

  constructor(flags: number, inode: Inode) {
    super(flags, inode);
  }

  /** Bytes read at `offset`, 0 at or after the end, or -errno. */
  protected abstract readAt(into: Uint8Array, offset: number): number;
  /** Bytes written at `offset` (which may lie beyond the end), or -errno. */
  protected abstract writeAt(from: Uint8Array, offset: number): number;
  /** Bytes of the file now. */
  abstract size(): number;
  /** 0 or -errno. */
  protected abstract resize(size: number): number;
  /** First offset ≥ `offset` that holds data, or the size; a file system without holes keeps this. */
  protected nextData(offset: number): number {
    return offset;
  }
  /** First offset ≥ `offset` in a hole; the end of the file counts as one. */
  protected nextHole(_offset: number): number {
    return this.size();
  }

  get describe(): string {
    return '(deleted)';
  }

  override read(into: Uint8Array, offset: number): number {
    if (offset !== -1) return this.readAt(into, offset);
    const count = this.readAt(into, this.position);
    if (count > 0) this.position += count;
    return count;
  }

  override write(from: Uint8Array, offset: number): number {
    // pwrite(2) appends too when the file is O_APPEND, as on Linux.
    const at = (this.flags & O_APPEND) !== 0 ? this.size() : offset === -1 ? this.position : offset;
    const count = this.writeAt(from, at);
    if (offset === -1 && count > 0) this.position = at + count;
    return count;
  }

  override seek(offset: number, whence: number): number {
    const target = this.seekTarget(offset, whence);
    if (target >= 0) this.position = target;
    return target;
  }

  private seekTarget(offset: number, whence: number): number {
    let target: number;
    if (whence === SEEK_SET) target = offset;
    else if (whence === SEEK_CUR) target = this.position + offset;
    else if (whence === SEEK_END) target = this.size() + offset;
    else if (whence === SEEK_DATA || whence === SEEK_HOLE) {
      if (offset < 0 || offset >= this.size()) return -ENXIO;
      target = whence === SEEK_DATA ? this.nextData(offset) : this.nextHole(offset);
      if (whence === SEEK_DATA && target >= this.size()) return -ENXIO;
    } else return -EINVAL;
    return target < 0 || target > Number.MAX_SAFE_INTEGER ? -EINVAL : target;
  }

  override truncate(size: number): number {
    return this.isWritable ? this.resize(size) : -EINVAL;
  }
  override sync(): number {
    return 0;
  }
  override mappable(): Inode {
    return this.inode;
  }
  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    task.memory.setU32(argument, Math.max(0, Math.min(this.size() - this.position, 0x7fffffff)));
    return 0;
  }
}
