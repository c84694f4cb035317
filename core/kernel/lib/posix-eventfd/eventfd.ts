/** eventfd(2): a 64-bit counter as a file. The counter is two 32-bit words, so that all 64 bits are exact. */
import { EAGAIN, EINVAL } from '../../abi/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { OpenFile, POLLIN, POLLOUT } from '../../vfs/open-file.ts';

const EFD_SEMAPHORE = 1;
const EFD_CLOEXEC = 0x80000;
const EFD_NONBLOCK = O_NONBLOCK;
const eventfdNames: NameTable = [
  ['EFD_CLOEXEC', EFD_CLOEXEC],
  ['EFD_NONBLOCK', EFD_NONBLOCK],
  ['EFD_SEMAPHORE', EFD_SEMAPHORE],
];

const WORD = 0x1_0000_0000;
const LAST_WORD = WORD - 1;

export class EventFile extends OpenFile {
  readonly describe = 'anon_inode:[eventfd]';
  private readonly isSemaphore: boolean;
  private lo: number;
  private hi = 0;

  constructor(flags: number, initial: number, isSemaphore: boolean) {
    super(flags);
    this.lo = initial;
    this.isSemaphore = isSemaphore;
  }

  override read(into: Uint8Array): number {
    if (into.length < 8) return -EINVAL;
    if (this.lo === 0 && this.hi === 0) return -EAGAIN;
    const out = new DataView(into.buffer, into.byteOffset, 8);
    if (this.isSemaphore) {
      out.setUint32(0, 1, true);
      out.setUint32(4, 0, true);
      if (this.lo-- === 0) {
        this.lo = LAST_WORD;
        this.hi--;
      }
    } else {
      out.setUint32(0, this.lo, true);
      out.setUint32(4, this.hi, true);
      this.lo = this.hi = 0;
    }
    this.queue.wakeFor(POLLOUT);
    return 8;
  }

  override write(from: Uint8Array): number {
    if (from.length < 8) return -EINVAL;
    const value = new DataView(from.buffer, from.byteOffset, 8);
    const addLo = value.getUint32(0, true);
    const addHi = value.getUint32(4, true);
    if (addLo === LAST_WORD && addHi === LAST_WORD) return -EINVAL;
    const lo = this.lo + addLo;
    const hi = this.hi + addHi + (lo > LAST_WORD ? 1 : 0);
    // The largest value it may hold is 2^64 - 2.
    if (hi > LAST_WORD || (hi === LAST_WORD && lo % WORD === LAST_WORD)) return -EAGAIN;
    this.lo = lo % WORD;
    this.hi = hi;
    this.queue.wakeFor(POLLIN);
    return 8;
  }

  override poll(): number {
    const isFull = this.hi === LAST_WORD && this.lo >= LAST_WORD - 1;
    return (this.lo !== 0 || this.hi !== 0 ? POLLIN : 0) | (isFull ? 0 : POLLOUT);
  }

  override fdinfo(): string {
    const count = (BigInt(this.hi) << 32n) | BigInt(this.lo);
    return `eventfd-count: ${count.toString(16).padStart(16)}\neventfd-semaphore: ${this.isSemaphore ? 1 : 0}\n`;
  }
}

function create(task: Task, initial: number, flags: number): number {
  if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) return -EINVAL;
  const file = new EventFile(O_RDWR | (flags & EFD_NONBLOCK), initial, (flags & EFD_SEMAPHORE) !== 0);
  return task.process.fds.installOrDrop(file, (flags & EFD_CLOEXEC) !== 0);
}

export const eventfd = defineSyscall({
  nr: 284,
  name: 'eventfd',
  support: 'full',
  args: [arg.uint('initval')],
  result: result.fd,
  run: (task, initval) => create(task, initval, 0),
});

export const eventfd2 = defineSyscall({
  nr: 290,
  name: 'eventfd2',
  support: 'full',
  args: [arg.uint('initval'), arg.flags('flags', eventfdNames)],
  result: result.fd,
  run: (task, initval, flags) => create(task, initval, flags),
});
