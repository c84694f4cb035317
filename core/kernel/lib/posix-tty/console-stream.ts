/**
 * Descriptors 0, 1 and 2 when no terminal is at the other end of the console: they look like pipes, and bytes pass
 * through as they are.
 */
import { ByteRing } from '../../../base/byte-ring.ts';
import { EAGAIN, EBADF, ENOTTY, EPIPE } from '../../abi/errno.ts';
import { FIONREAD, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../../abi/poll.ts';
import { S_IFIFO } from '../../abi/stat.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import { AnonymousInode, pipeFs } from '../../vfs/anonymous-fs.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile } from '../../vfs/open-file.ts';

const READ_AHEAD = 65536;

/** Input of the console, read ahead so that its amount is known. */
class ConsoleInput {
  readonly ring = new ByteRing(READ_AHEAD);
  hasEnded = false;
  readonly readers = new Set<ConsoleStream>();
  private readonly kernel: Kernel;
  private readonly buffer = new Uint8Array(READ_AHEAD);

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Takes what has come; wakes readers if that is anything. */
  fill(): void {
    const { console } = this.kernel.host;
    let isNew = false;
    while (!this.hasEnded && this.ring.free > 0 && console.hasInput()) {
      const count = console.read(this.buffer.subarray(0, this.ring.free));
      if (count === 0) break;
      isNew = true;
      if (count < 0) this.hasEnded = true;
      else this.ring.put(this.buffer.subarray(0, count));
    }
    if (isNew) for (const reader of this.readers) reader.queue.wakeFor(POLLIN | POLLHUP);
  }

  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (this.ring.used === 0) this.fill();
    if (this.ring.used > 0) return this.ring.take(into);
    return this.hasEnded ? 0 : -EAGAIN;
  }
}

export const consoleInputStream: (kernel: Kernel) => ConsoleInput = service(
  'console-input',
  (k) => new ConsoleInput(k),
);

/** `stream` is the descriptor it stands for. */
export class ConsoleStream extends OpenFile {
  private readonly kernel: Kernel;
  private readonly stream: 0 | 1 | 2;

  constructor(kernel: Kernel, stream: 0 | 1 | 2, inode: Inode, flags: number) {
    super(flags, inode);
    this.kernel = kernel;
    this.stream = stream;
    if (this.isReadable) consoleInputStream(kernel).readers.add(this);
  }

  get describe(): string {
    return `pipe:[${this.inode!.stat().ino}]`;
  }

  override read(into: Uint8Array): number {
    return this.isReadable ? consoleInputStream(this.kernel).read(into) : -EBADF;
  }

  override write(from: Uint8Array): number {
    if (!this.isWritable) return -EBADF;
    const { console } = this.kernel.host;
    if (console.isClosed?.(this.outputStream)) return -EPIPE;
    console.write(this.outputStream, from);
    return from.length;
  }

  override poll(): number {
    const output = this.isWritable ? this.outputEvents : 0;
    if (!this.isReadable) return output;
    const { ring, hasEnded } = consoleInputStream(this.kernel);
    const isReady = ring.used > 0 || this.kernel.host.console.hasInput();
    return (isReady ? POLLIN : 0) | (hasEnded ? POLLHUP : 0) | output;
  }

  private get outputEvents(): number {
    return POLLOUT | (this.kernel.host.console.isClosed?.(this.outputStream) ? POLLERR : 0);
  }
  private get outputStream(): 1 | 2 {
    return this.stream === 2 ? 2 : 1;
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== FIONREAD || !this.isReadable) return -ENOTTY;
    const input = consoleInputStream(this.kernel);
    input.fill();
    task.memory.setU32(argument, input.ring.used);
    return 0;
  }

  protected override release(): void {
    if (this.isReadable) consoleInputStream(this.kernel).readers.delete(this);
  }
}

/** A fresh standard stream; it can be opened again through /dev/stdin and the like. */
export function openConsoleStream(kernel: Kernel, stream: 0 | 1 | 2): ConsoleStream {
  const inode = new AnonymousInode(pipeFs(kernel), S_IFIFO | 0o600, 0, 0);
  inode.reopen = (flags) => new ConsoleStream(kernel, stream, inode, flags);
  return new ConsoleStream(kernel, stream, inode, stream === 0 ? O_RDONLY : O_WRONLY);
}
