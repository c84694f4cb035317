/**
 * Pipes and FIFOs, pipe(7): one byte ring between the files opened for reading and those opened for writing.
 *
 * - A write of at most PIPE_BUF bytes goes in whole or not at all; POLLOUT therefore means that PIPE_BUF bytes fit.
 * - A file opened with O_DIRECT writes packets: a read takes from one packet only and drops what it leaves of it.
 * - Every write is an event for edge-triggered epoll; a read is one only when it makes the pipe writable.
 */
import { ByteRing } from '../../../base/byte-ring.ts';
import { EAGAIN, EBADF, EBUSY, EINVAL, ENOTTY, EPERM, EPIPE } from '../../abi/errno.ts';
import { FIONREAD, O_DIRECT } from '../../abi/fcntl.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile, POLLERR, POLLHUP, POLLIN, POLLOUT } from '../../vfs/open-file.ts';
import { WaitQueue } from '../../wait.ts';

export const PIPE_BUF = 4096;
const DEFAULT_CAPACITY = 65536;
/** /proc/sys/fs/pipe-max-size. */
export const PIPE_MAX_SIZE = 1 << 20;

/** A packet in the ring, by stream positions. */
interface Packet {
  start: number;
  end: number;
}

export class Pipe {
  readonly ring = new ByteRing(DEFAULT_CAPACITY);
  readonly files = new Set<PipeFile>();
  readers = 0;
  writers = 0;
  /** How often the pipe was opened for reading and for writing: FIFO opens wait for a change. */
  readerOpens = 0;
  writerOpens = 0;
  /** Woken when an end is opened. */
  readonly opened = new WaitQueue();
  private packets: Packet[] = [];
  /** Called when the last file of the pipe has gone. */
  private readonly onUnused: () => void;

  constructor(onUnused: () => void = () => {}) {
    this.onUnused = onUnused;
  }

  attach(file: PipeFile): void {
    this.files.add(file);
    if (file.isReadable) {
      this.readers++;
      this.readerOpens++;
    }
    if (file.isWritable) {
      this.writers++;
      this.writerOpens++;
    }
    this.opened.wake();
  }

  detach(file: PipeFile): void {
    this.files.delete(file);
    if (file.isReadable && --this.readers === 0) this.wake(POLLERR | POLLOUT);
    if (file.isWritable && --this.writers === 0) this.wake(POLLHUP | POLLIN);
    this.forgetIfUnused();
  }

  /** What is left in a pipe that nobody has open is lost. */
  forgetIfUnused(): void {
    if (this.files.size === 0) this.onUnused();
  }

  wake(events: number): void {
    for (const file of this.files) file.queue.wakeFor(events);
  }

  /** PIPE_BUF bytes fit. */
  get isWritable(): boolean {
    return this.ring.free >= PIPE_BUF;
  }

  /** Bytes taken, 0 at the end of the stream (no writer left), or -EAGAIN. */
  read(into: Uint8Array): number {
    if (into.length === 0) return 0;
    const { ring } = this;
    if (ring.used === 0) return this.writers === 0 ? 0 : -EAGAIN;
    const wasWritable = this.isWritable;
    const packet = this.packets[0];
    const count = packet === undefined ? ring.take(into) : this.readUpTo(packet, into);
    if (!wasWritable) this.wake(POLLOUT);
    return count;
  }

  private readUpTo(packet: Packet, into: Uint8Array): number {
    const { ring } = this;
    if (ring.taken < packet.start) return ring.take(into.subarray(0, packet.start - ring.taken));
    const count = ring.take(into.subarray(0, packet.end - ring.taken));
    ring.drop(packet.end - ring.taken);
    this.packets.shift();
    return count;
  }

  /** Bytes put in (at least one, and all when at most PIPE_BUF), -EAGAIN or -EPIPE. */
  write(from: Uint8Array, asPackets = false): number {
    if (from.length === 0) return 0;
    if (this.readers === 0) return -EPIPE;
    const { ring } = this;
    if (from.length <= PIPE_BUF && ring.free < from.length) return -EAGAIN;
    const count = asPackets ? this.writePackets(from) : ring.put(from);
    if (count === 0) return -EAGAIN;
    this.wake(POLLIN);
    return count;
  }

  private writePackets(from: Uint8Array): number {
    const { ring } = this;
    let done = 0;
    while (done < from.length) {
      const packet = from.subarray(done, done + PIPE_BUF);
      if (ring.free < packet.length) break;
      this.packets.push({ start: ring.written, end: ring.written + packet.length });
      ring.put(packet);
      done += packet.length;
    }
    return done;
  }

  /** F_SETPIPE_SZ: the new capacity or -errno. */
  resize(bytes: number, isPrivileged: boolean): number {
    if (bytes <= 0 || bytes > 0x8000_0000) return -EINVAL;
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(bytes, PIPE_BUF)));
    if (capacity > PIPE_MAX_SIZE && capacity > this.ring.capacity && !isPrivileged) return -EPERM;
    if (this.ring.used > capacity) return -EBUSY;
    this.ring.capacity = capacity;
    this.wake(POLLOUT);
    return capacity;
  }
}

/** One open end (or, for a FIFO opened O_RDWR, both). */
export class PipeFile extends OpenFile {
  readonly pipe: Pipe;
  override readonly inode: Inode;
  /** Writer opens at the time of this one: a FIFO reader sees no POLLHUP before a first writer came. */
  private readonly writerOpensBefore: number;

  constructor(pipe: Pipe, inode: Inode, flags: number) {
    super(flags, inode);
    this.inode = inode;
    this.pipe = pipe;
    this.writerOpensBefore = pipe.writers > 0 ? -1 : pipe.writerOpens;
    pipe.attach(this);
  }

  get describe(): string {
    return `pipe:[${this.inode.stat().ino}]`;
  }

  override read(into: Uint8Array): number {
    return this.isReadable ? this.pipe.read(into) : -EBADF;
  }

  override readonly isPipe = true;

  override peek(into: Uint8Array, skip: number): number {
    if (!this.isReadable) return -EBADF;
    const count = this.pipe.ring.peek(into, skip);
    return count > 0 || into.length === 0 || this.pipe.writers === 0 ? count : -EAGAIN;
  }

  override write(from: Uint8Array): number {
    return this.isWritable ? this.pipe.write(from, (this.flags & O_DIRECT) !== 0) : -EBADF;
  }

  override poll(): number {
    const { pipe } = this;
    let events = 0;
    if (this.isReadable) {
      if (pipe.ring.used > 0) events |= POLLIN;
      if (pipe.writers === 0 && pipe.writerOpens !== this.writerOpensBefore) events |= POLLHUP;
    }
    if (this.isWritable) {
      if (pipe.isWritable) events |= POLLOUT;
      if (pipe.readers === 0) events |= POLLERR;
    }
    return events;
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== FIONREAD) return -ENOTTY;
    task.memory.setU32(argument, this.pipe.ring.used);
    return 0;
  }

  override pipeSize(): number {
    return this.pipe.ring.capacity;
  }

  override setPipeSize(task: Task, bytes: number): number {
    return this.pipe.resize(bytes, task.process.credentials.isPrivileged);
  }

  protected override release(): void {
    this.pipe.detach(this);
  }
}
