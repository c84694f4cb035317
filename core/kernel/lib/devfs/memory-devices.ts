/** The memory devices (major 1), mem(4), null(4), full(4), random(4): what each does is its row in the table. */

import { bytesToStr, displayBytes } from '../../../base/bytes.ts';
import { ENOSPC, EPERM } from '../../abi/errno.ts';
import { O_ACCMODE, O_WRONLY } from '../../abi/fcntl.ts';
import { POLLIN, POLLOUT } from '../../abi/poll.ts';
import { fail } from '../../errors.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile } from '../../vfs/open-file.ts';

export const MEMORY_MAJOR = 1;

interface MemoryDevice {
  name: string;
  minor: number;
  mode: number;
  read(kernel: Kernel, into: Uint8Array): number;
  write(kernel: Kernel, from: Uint8Array): number;
  /** Mappings are zero-filled memory (posix-mmap knows it by its number). */
  isMappable?: boolean;
  /** poll and epoll can watch it. */
  isPollable?: boolean;
  /** Opens for reading are refused. */
  isWriteOnly?: boolean;
}

const takesAll = (_kernel: Kernel, from: Uint8Array): number => from.length;
const givesZeros = (_kernel: Kernel, into: Uint8Array): number => into.fill(0).length;
function givesRandom(kernel: Kernel, into: Uint8Array): number {
  kernel.host.random(into);
  return into.length;
}

export const memoryDevices: readonly MemoryDevice[] = [
  { name: 'null', minor: 3, mode: 0o666, read: () => 0, write: takesAll },
  { name: 'zero', minor: 5, mode: 0o666, read: givesZeros, write: takesAll, isMappable: true },
  { name: 'full', minor: 7, mode: 0o666, read: givesZeros, write: () => -ENOSPC },
  { name: 'random', minor: 8, mode: 0o666, read: givesRandom, write: takesAll, isPollable: true },
  { name: 'urandom', minor: 9, mode: 0o666, read: givesRandom, write: takesAll },
  { name: 'kmsg', minor: 11, mode: 0o644, read: () => -EPERM, write: logMessage, isWriteOnly: true },
];

/** A line of the guest for the kernel's log; a `<N>` prefix (priority) is left out. */
function logMessage(kernel: Kernel, from: Uint8Array): number {
  const text = displayBytes(bytesToStr(from))
    .replace(/^<\d+>/, '')
    .trimEnd();
  kernel.host.logger.log('info', 'kmsg', text);
  return from.length;
}

class MemoryFile extends OpenFile {
  override readonly isSeekable = true;
  private readonly kernel: Kernel;
  private readonly device: MemoryDevice;

  constructor(kernel: Kernel, device: MemoryDevice, inode: Inode, flags: number) {
    super(flags, inode);
    this.kernel = kernel;
    this.device = device;
  }
  get describe(): string {
    return `/dev/${this.device.name}`;
  }
  override read(into: Uint8Array): number {
    return this.device.read(this.kernel, into);
  }
  override write(from: Uint8Array): number {
    return this.device.write(this.kernel, from);
  }
  /** Linux's null_lseek: every seek ends at 0. */
  override seek(): number {
    return 0;
  }
  override mappable(): Inode {
    return this.device.isMappable ? this.inode! : super.mappable();
  }
}

/** One that poll and epoll can watch: always ready. */
class PollableMemoryFile extends MemoryFile {
  override poll(): number {
    return POLLIN | POLLOUT;
  }
}

/** The opener of a row. */
export function openMemoryDevice(device: MemoryDevice): (task: Task, inode: Inode, flags: number) => OpenFile {
  return (task, inode, flags) => {
    if (device.isWriteOnly && (flags & O_ACCMODE) !== O_WRONLY) fail(EPERM);
    const File = device.isPollable ? PollableMemoryFile : MemoryFile;
    return new File(task.kernel, device, inode, flags);
  };
}
