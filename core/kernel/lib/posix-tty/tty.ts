/**
 * A terminal: settings, line discipline, window size, session and foreground process group, over a driver that moves
 * bytes to and from the other end (the console, or the master of a pty).
 */

import { EAGAIN } from '../../abi/errno.ts';
import { POLLHUP, POLLIN, POLLOUT } from '../../abi/poll.ts';
import { SIGCONT, SIGHUP, SIGWINCH } from '../../abi/signal.ts';
import { OPOST, TABDLY, TIOCPKT_START, TIOCPKT_STOP, VMIN, VTIME, XTABS } from '../../abi/termios.ts';
import type { Kernel } from '../../kernel.ts';
import { type TimerHandle, timers } from '../posix-time/timers.ts';
import { fromKernel, sendToGroup } from '../uksignal/send.ts';
import { type DisciplineHost, LineDiscipline } from './discipline.ts';
import { MAX_EXPANSION } from './output.ts';
import { Termios } from './termios.ts';
import type { TtyFile } from './tty-file.ts';

/** The other end. */
export interface TtyDriver {
  /** Bytes that `write` takes now. */
  readonly room: number;
  write(bytes: Uint8Array): void;
  /** Readers made room: input that was held back may come. */
  inputTaken(): void;
  /** Throws away output that has not been taken yet. */
  flushOutput(): void;
  /** Something a packet-mode master is told of: TIOCPKT_* bits. */
  report(packetBits: number): void;
  /** The first file of the terminal was opened, or the last one closed. */
  opened(): void;
  closed(): void;
}

export interface WindowSize {
  rows: number;
  columns: number;
  xPixels: number;
  yPixels: number;
}

const TENTH_NS = 1e8;
/** Echo that waits for XON at most; what is beyond is lost. */
const MAX_HELD_ECHO = 4096;

export class Tty implements DisciplineHost {
  readonly kernel: Kernel;
  readonly driver: TtyDriver;
  readonly rdev: number;
  readonly termios = new Termios();
  readonly discipline: LineDiscipline;
  readonly files = new Set<TtyFile>();
  windowSize: WindowSize = { rows: 0, columns: 0, xPixels: 0, yPixels: 0 };
  /** Session it controls, and that session's foreground group; 0 for none. */
  session = 0;
  foreground = 0;
  /** TIOCEXCL: further opens are refused. */
  isExclusive = false;
  /** The other end is gone: reads end, writes fail. */
  isHungUp = false;
  isStopped = false;
  private heldEcho: Uint8Array[] = [];
  private readTimer: TimerHandle | undefined = undefined;
  private hasReadTimedOut = false;

  constructor(kernel: Kernel, driver: TtyDriver, rdev: number) {
    this.kernel = kernel;
    this.driver = driver;
    this.rdev = rdev;
    this.discipline = new LineDiscipline(this.termios, this);
  }

  attach(file: TtyFile): void {
    this.files.add(file);
    if (this.files.size === 1) this.driver.opened();
  }
  detach(file: TtyFile): void {
    this.files.delete(file);
    if (this.files.size === 0) this.driver.closed();
  }

  wake(events: number): void {
    for (const file of this.files) file.queue.wakeFor(events);
  }

  // What the discipline asks for.

  readonly send = (bytes: Uint8Array): void => {
    if (!this.isStopped && this.driver.room >= bytes.length) this.driver.write(bytes);
    else if (this.heldEcho.length < MAX_HELD_ECHO) this.heldEcho.push(bytes);
  };

  signal(signal: number): void {
    if (this.foreground !== 0) sendToGroup(this.kernel, this.foreground, signal, fromKernel);
  }

  setStopped(isStopped: boolean): void {
    if (this.isStopped === isStopped) return;
    this.isStopped = isStopped;
    this.driver.report(isStopped ? TIOCPKT_STOP : TIOCPKT_START);
    if (!isStopped) this.outputPossible();
  }

  flushOutput(): void {
    this.heldEcho = [];
    this.driver.flushOutput();
  }

  // The other end.

  /** Bytes from the other end: how many were taken. */
  receive(bytes: Uint8Array): number {
    if (this.isHungUp) return bytes.length;
    const taken = this.discipline.receive(bytes);
    if (taken > 0) {
      if (this.readTimer !== undefined && this.termios.cc[VMIN]! > 0) this.startReadTimer();
      this.wake(POLLIN);
    }
    return taken;
  }

  /** Output may go on: XON came, or the other end has room again. */
  outputPossible(): void {
    if (this.isStopped) return;
    while (this.heldEcho.length > 0 && this.driver.room >= this.heldEcho[0]!.length) {
      this.driver.write(this.heldEcho.shift()!);
    }
    this.wake(POLLOUT);
  }

  /** The other end has gone for good. */
  hangUp(): void {
    if (this.isHungUp) return;
    this.isHungUp = true;
    for (const signal of [SIGHUP, SIGCONT]) {
      const groups = new Set([this.session, this.foreground]);
      for (const group of groups) if (group !== 0) sendToGroup(this.kernel, group, signal, fromKernel);
    }
    this.session = this.foreground = 0;
    this.wake(POLLHUP | POLLIN | POLLOUT);
  }

  resize(size: WindowSize): void {
    const { rows, columns, xPixels, yPixels } = this.windowSize;
    if (rows === size.rows && columns === size.columns && xPixels === size.xPixels && yPixels === size.yPixels) return;
    this.windowSize = size;
    this.signal(SIGWINCH);
  }

  // Readers and writers.

  /** True when a read would give something now; as poll(2) sees it. */
  get isReadable(): boolean {
    const { input, isCanonical } = this.discipline;
    if (isCanonical) return input.hasLine;
    const { cc } = this.termios;
    return input.size >= (cc[VTIME] === 0 && cc[VMIN]! > 0 ? cc[VMIN]! : 1);
  }

  get isWritable(): boolean {
    return !this.isStopped && this.driver.room >= MAX_EXPANSION;
  }

  /** Bytes read, 0 at end of file, or -EAGAIN. `isNonBlocking` takes what is there, whatever VMIN says. */
  read(into: Uint8Array, isNonBlocking: boolean): number {
    const count = this.discipline.isCanonical ? this.readLine(into) : this.readRaw(into, isNonBlocking);
    if (count > 0) this.driver.inputTaken();
    return count;
  }

  private readLine(into: Uint8Array): number {
    const count = this.discipline.input.readLine(into);
    return count < 0 ? -EAGAIN : count;
  }

  private readRaw(into: Uint8Array, isNonBlocking: boolean): number {
    const { input } = this.discipline;
    const min = this.termios.cc[VMIN]!;
    const time = this.termios.cc[VTIME]!;
    const wanted = isNonBlocking ? 1 : Math.min(Math.max(min, 1), into.length);
    if (input.size >= wanted || (input.size > 0 && this.hasReadTimedOut)) return this.finishRead(input.read(into));
    if (this.hasReadTimedOut || (min === 0 && time === 0)) return this.finishRead(0);
    if (!isNonBlocking && time > 0 && this.readTimer === undefined && (min === 0 || input.size > 0)) {
      this.startReadTimer();
    }
    return -EAGAIN;
  }

  private finishRead(count: number): number {
    this.stopReadTimer();
    this.hasReadTimedOut = false;
    return count;
  }

  private startReadTimer(): void {
    this.stopReadTimer();
    const queue = timers(this.kernel);
    const deadline = this.kernel.clock.monotonicNs() + this.termios.cc[VTIME]! * TENTH_NS;
    this.readTimer = queue.add(deadline, () => {
      this.readTimer = undefined;
      // A reader that was interrupted meanwhile must not leave its time-out to the next one.
      this.hasReadTimedOut = [...this.files].some((file) => !file.queue.isEmpty);
      this.wake(POLLIN);
    });
  }

  private stopReadTimer(): void {
    if (this.readTimer !== undefined) timers(this.kernel).cancel(this.readTimer);
    this.readTimer = undefined;
  }

  /** Bytes taken (of those given, before processing), or -EAGAIN. */
  write(from: Uint8Array): number {
    if (from.length === 0) return 0;
    if (this.isStopped) return -EAGAIN;
    let done = 0;
    while (done < from.length) {
      const chunk = Math.floor(this.driver.room / this.expansion);
      if (chunk === 0) break;
      const part = from.subarray(done, done + chunk);
      this.driver.write(this.discipline.output.process(part));
      done += part.length;
    }
    return done > 0 ? done : -EAGAIN;
  }

  private get expansion(): number {
    const { oflag } = this.termios;
    if (!(oflag & OPOST)) return 1;
    return (oflag & TABDLY) === XTABS ? MAX_EXPANSION : 2;
  }

  /** New settings (tcsetattr). */
  configure(next: Termios): void {
    const wasCanonical = this.discipline.isCanonical;
    this.termios.assign(next);
    this.discipline.settingsChanged(wasCanonical);
    this.hasReadTimedOut = false;
    this.driver.inputTaken();
    // What is readable depends on the mode.
    this.wake(POLLIN);
  }
}
