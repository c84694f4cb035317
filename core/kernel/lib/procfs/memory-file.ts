/** /proc/PID/mem: the memory of a process as a file whose offsets are addresses. */
import { EACCES, EINVAL, EIO } from '../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import type { Process } from '../../process.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import type { Subject } from './subject.ts';

class MemoryFile extends OpenFile {
  readonly describe = '/proc/self/mem';
  override readonly isSeekable = true;
  private readonly process: Process;

  constructor(process: Process, inode: Inode, flags: number) {
    super(flags, inode);
    this.process = process;
  }

  private at(offset: number, count: number): number {
    const at = offset === -1 ? this.position : offset;
    if (offset === -1) this.position += count;
    return at;
  }

  override read(into: Uint8Array, offset: number): number {
    const { user } = this.process.mm;
    const at = this.at(offset, 0);
    const count = user.accessible(at, into.length, 'r');
    if (count === 0 && into.length > 0) return -EIO;
    into.set(user.view(at, count, 'r'));
    this.at(offset, count);
    return count;
  }

  override write(from: Uint8Array, offset: number): number {
    const { user } = this.process.mm;
    const at = this.at(offset, 0);
    const count = user.accessible(at, from.length, 'w');
    if (count === 0 && from.length > 0) return -EIO;
    user.writeBytes(at, from.subarray(0, count));
    this.at(offset, count);
    return count;
  }

  override seek(offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
    const target = offset + (whence === SEEK_CUR ? this.position : 0);
    if (target < 0) return -EINVAL;
    this.position = target;
    return target;
  }
}

/** Only for processes of the same user, or for the superuser. */
export function openMemory({ kernel, process }: Subject, inode: Inode, flags: number): OpenFile {
  const reader = kernel.scheduler.current?.process.credentials;
  const owner = process!.credentials;
  if (reader !== undefined && !reader.isPrivileged && reader.uid !== owner.uid) fail(EACCES);
  return new MemoryFile(process!, inode, flags);
}
