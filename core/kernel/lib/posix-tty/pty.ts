/**
 * Pseudoterminals, pty(7): a terminal whose other end is an open file, the master. What the slave writes, the master
 * reads; what the master writes goes through the slave's line discipline.
 */
import { ByteRing } from '../../../base/byte-ring.ts';
import { EAGAIN, EINVAL, EIO } from '../../abi/errno.ts';
import { FIONREAD, O_CLOEXEC } from '../../abi/fcntl.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLPRI } from '../../abi/poll.ts';
import { makeDev } from '../../abi/stat.ts';
import * as t from '../../abi/termios.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import { ttyIoctl } from './ioctls.ts';
import { Tty, type TtyDriver } from './tty.ts';

export const PTS_MAJOR = 136;
const OUTPUT_CAPACITY = 16384;

/** What the pair needs of devpts, where its slave has a name. */
export interface PtyHome {
  /** The pair is gone: the slave's name goes too. */
  remove(pair: Pty): void;
  /** Opens the slave again (TIOCGPTPEER). */
  openSlave(pair: Pty, task: Task, flags: number): OpenFile;
}

export class Pty implements TtyDriver {
  readonly number: number;
  readonly tty: Tty;
  /** TIOCSPTLCK: the slave can't be opened yet. */
  isLocked = true;
  readonly home: PtyHome;
  private readonly output = new ByteRing(OUTPUT_CAPACITY);
  private master: PtyMaster | undefined = undefined;
  /** The slave was open and is closed now. */
  private isSlaveClosed = false;
  /** Packet mode: what the master has not been told yet, or -1 when the mode is off. */
  private packet = -1;

  constructor(kernel: Kernel, number: number, home: PtyHome) {
    this.number = number;
    this.home = home;
    this.tty = new Tty(kernel, this, makeDev(PTS_MAJOR, number));
  }

  openMaster(inode: Inode, flags: number): PtyMaster {
    this.master = new PtyMaster(this, inode, flags);
    return this.master;
  }

  // As the slave's driver.

  get room(): number {
    return this.master === undefined ? Number.POSITIVE_INFINITY : this.output.free;
  }
  write(bytes: Uint8Array): void {
    if (this.master === undefined) return;
    this.output.put(bytes);
    this.master.queue.wakeFor(POLLIN);
  }
  inputTaken(): void {
    this.master?.queue.wakeFor(POLLOUT);
  }
  /** What has reached the master's buffer can't be called back. */
  flushOutput(): void {
    this.report(t.TIOCPKT_FLUSHWRITE);
  }
  report(packetBits: number): void {
    if (this.packet < 0 || this.master === undefined) return;
    this.packet |= packetBits;
    this.master.queue.wakeFor(POLLPRI | POLLIN);
  }
  opened(): void {
    this.isSlaveClosed = false;
  }
  closed(): void {
    this.isSlaveClosed = true;
    this.master?.queue.wakeFor(POLLHUP | POLLIN);
  }

  // As the master's file.

  masterRead(into: Uint8Array): number {
    if (into.length === 0) return 0;
    if (this.packet > 0) {
      into[0] = this.packet;
      this.packet = 0;
      return 1;
    }
    if (this.output.used === 0) return this.isSlaveClosed ? -EIO : -EAGAIN;
    const header = this.packet === 0 ? 1 : 0;
    if (header === 1) into[0] = t.TIOCPKT_DATA;
    const count = this.output.take(into.subarray(header));
    this.tty.outputPossible();
    return count + header;
  }

  masterWrite(from: Uint8Array): number {
    if (from.length === 0) return 0;
    const taken = this.tty.receive(from);
    return taken === 0 ? -EAGAIN : taken;
  }

  get masterEvents(): number {
    const readable = this.output.used > 0 || this.packet > 0 ? POLLIN : 0;
    const urgent = this.packet > 0 ? POLLPRI : 0;
    const writable = this.tty.discipline.room > 0 ? POLLOUT : 0;
    return readable | urgent | writable | (this.isSlaveClosed ? POLLHUP : 0);
  }

  get readableBytes(): number {
    return this.output.used;
  }

  setPacketMode(isOn: boolean): void {
    this.packet = isOn ? Math.max(this.packet, 0) : -1;
  }
  get isPacketMode(): boolean {
    return this.packet >= 0;
  }

  masterClosed(): void {
    this.master = undefined;
    this.tty.hangUp();
    this.home.remove(this);
  }
}

/** TIOCSIG. */
const TIOCSIG = 0x40045436;

type MasterHandler = (pty: Pty, task: Task, argument: number) => number;

function put(value: (pty: Pty) => number): MasterHandler {
  return (pty, { memory }, argument) => {
    memory.setU32(argument, value(pty));
    return 0;
  };
}

const setLock: MasterHandler = (pty, { memory }, argument) => {
  pty.isLocked = memory.getU32(argument) !== 0;
  return 0;
};

const setPacketMode: MasterHandler = (pty, { memory }, argument) => {
  pty.setPacketMode(memory.getU32(argument) !== 0);
  return 0;
};

const openPeer: MasterHandler = (pty, task, flags) => {
  const file = pty.home.openSlave(pty, task, flags & ~O_CLOEXEC);
  return task.process.fds.installOrDrop(file, (flags & O_CLOEXEC) !== 0);
};

const sendSignal: MasterHandler = (pty, _task, signal) => {
  if (signal < 1 || signal > 64) return -EINVAL;
  pty.tty.signal(signal);
  return 0;
};

const masterHandlers = new Map<number, MasterHandler>([
  [t.TIOCGPTN, put((pty) => pty.number)],
  [t.TIOCSPTLCK, setLock],
  [t.TIOCGPTLCK, put((pty) => (pty.isLocked ? 1 : 0))],
  [t.TIOCPKT, setPacketMode],
  [t.TIOCGPKT, put((pty) => (pty.isPacketMode ? 1 : 0))],
  [t.TIOCGPTPEER, openPeer],
  [TIOCSIG, sendSignal],
  [FIONREAD, put((pty) => pty.readableBytes)],
]);

/** An open master. */
export class PtyMaster extends OpenFile {
  readonly describe = '/dev/ptmx';
  readonly pty: Pty;

  constructor(pty: Pty, inode: Inode, flags: number) {
    super(flags, inode);
    this.pty = pty;
  }

  override read(into: Uint8Array): number {
    return this.pty.masterRead(into);
  }
  override write(from: Uint8Array): number {
    return this.pty.masterWrite(from);
  }
  override poll(): number {
    return this.pty.masterEvents;
  }
  override ioctl(task: Task, request: number, argument: number): number {
    const handler = masterHandlers.get(request >>> 0);
    return handler?.(this.pty, task, argument) ?? ttyIoctl(this.pty.tty, task, request, argument, true);
  }
  override fdinfo(): string {
    return `tty-index:\t${this.pty.number}\n`;
  }
  protected override release(): void {
    this.pty.masterClosed();
  }
}
