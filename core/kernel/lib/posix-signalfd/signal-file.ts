/**
 * Signals as a file, signalfd(2): a read takes pending signals of the set. They are those of whoever reads: the task's
 * own and its process's. The file is woken by the arrival of signals at every process that has looked at it.
 */
import { EAGAIN, EINVAL } from '../../abi/errno.ts';
import { SIGKILL, SIGSTOP } from '../../abi/signal.ts';
import type { Kernel } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { OpenFile, POLLIN } from '../../vfs/open-file.ts';
import type { Waiter } from '../../wait.ts';
import { siginfoLayout } from '../uksignal/siginfo.ts';
import { type PendingSignal, SignalSet } from '../uksignal/state.ts';
import { isAnyPending, takePending } from '../uksignal/take.ts';

/** struct signalfd_siginfo. */
const RECORD_SIZE = 128;

export class SignalFile extends OpenFile {
  readonly describe = 'anon_inode:[signalfd]';
  readonly set = new SignalSet();
  private readonly kernel: Kernel;
  private readonly watched = new Set<Process>();
  private readonly waiter: Waiter = { wake: () => this.queue.wakeFor(POLLIN) };

  constructor(kernel: Kernel, process: Process, flags: number) {
    super(flags);
    this.kernel = kernel;
    this.watch(process);
  }

  private watch(process: Process): void {
    if (this.watched.has(process)) return;
    this.watched.add(process);
    process.signals.arrived.add(this.waiter);
  }

  /** The set of signals to take; SIGKILL and SIGSTOP can't be. */
  accept(lo: number, hi: number): void {
    this.set.assign(lo, hi);
    this.set.delete(SIGKILL);
    this.set.delete(SIGSTOP);
    this.queue.wakeFor(POLLIN);
  }

  private get reader(): Task | undefined {
    const task = this.kernel.scheduler.current;
    if (task !== undefined) this.watch(task.process);
    return task;
  }

  override read(into: Uint8Array): number {
    if (into.length < RECORD_SIZE) return -EINVAL;
    const task = this.reader;
    let count = 0;
    while (task !== undefined && count + RECORD_SIZE <= into.length) {
      const pending = takePending(task, this.set.lo, this.set.hi);
      if (pending === undefined) break;
      into.set(encode(pending), count);
      count += RECORD_SIZE;
    }
    return count > 0 ? count : -EAGAIN;
  }

  override poll(): number {
    const task = this.reader;
    return task !== undefined && isAnyPending(task, this.set.lo, this.set.hi) ? POLLIN : 0;
  }

  override fdinfo(): string {
    const word = (bits: number): string => (bits >>> 0).toString(16).padStart(8, '0');
    return `sigmask:\t${word(this.set.hi)}${word(this.set.lo)}\n`;
  }

  protected override release(): void {
    for (const process of this.watched) process.signals.arrived.remove(this.waiter);
  }
}

/** The record of one signal; which fields hold follows from where it came from. */
function encode({ signal, info }: PendingSignal): Uint8Array {
  const bytes = new Uint8Array(RECORD_SIZE);
  const out = new DataView(bytes.buffer);
  out.setUint32(0, signal, true);
  out.setInt32(4, info.errno ?? 0, true);
  out.setInt32(8, info.code, true);
  const layout = siginfoLayout(signal, info.code);
  const address = BigInt.asUintN(64, BigInt(info.addr ?? 0));
  if (layout === 'kill' || layout === 'queue' || layout === 'child') {
    out.setUint32(12, info.pid ?? 0, true);
    out.setUint32(16, info.uid ?? 0, true);
  }
  if (layout === 'queue' || layout === 'timer') {
    const value = BigInt.asUintN(64, info.value ?? 0n);
    out.setInt32(44, Number(BigInt.asIntN(32, value)), true);
    out.setBigUint64(48, value, true);
  }
  if (layout === 'timer') {
    out.setUint32(24, info.timerId ?? 0, true);
    out.setUint32(32, info.overrun ?? 0, true);
  } else if (layout === 'child') {
    out.setInt32(40, info.status ?? 0, true);
    out.setBigUint64(56, BigInt(Math.round(info.utime ?? 0)), true);
    out.setBigUint64(64, BigInt(Math.round(info.stime ?? 0)), true);
  } else if (layout === 'fault') {
    out.setBigUint64(72, address, true);
  } else if (layout === 'poll') {
    out.setUint32(28, info.band ?? 0, true);
    out.setInt32(20, info.fd ?? 0, true);
  } else if (layout === 'sys') {
    out.setInt32(84, info.syscall ?? 0, true);
    out.setBigUint64(88, address, true);
  }
  return bytes;
}
