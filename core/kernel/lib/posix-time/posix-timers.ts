/**
 * POSIX timers: timer_create(2), timer_settime(2), timer_getoverrun(2). A timer has at most one signal queued; periods
 * that end while it waits count as overruns, and the timer goes on when the signal is taken.
 */
import { EFAULT, EINVAL } from '../../abi/errno.ts';
import { SI_TIMER, SIGALRM } from '../../abi/signal.ts';
import { SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID, TIMER_ABSTIME } from '../../abi/time.ts';
import { fail } from '../../errors.ts';
import { service } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs, writeTimespecNs } from '../../timespec.ts';
import { isSignalNumber } from '../uksignal/actions.ts';
import { isDropped, type SignalInfo, sendToProcess, sendToTask } from '../uksignal/send.ts';
import { clocks, cpuTimeSource, isWaitable } from './clocks.ts';
import { IntervalTimer } from './interval-timer.ts';
import { clockArg } from './read.ts';

/** Most overruns that are reported (DELAYTIMER_MAX). */
const DELAYTIMER_MAX = 0x7fff_ffff;

/** What happens at an expiry. `target` undefined: the process. */
interface Notification {
  signal: number;
  value: bigint;
  target: Task | undefined;
}

class PosixTimer {
  readonly timer: IntervalTimer;
  readonly clock: number;
  /** Overruns of the last signal that was taken. */
  overrun = 0;
  private readonly process: Process;
  private readonly id: number;
  private readonly notification: Notification | undefined;
  private queued: SignalInfo | undefined = undefined;

  constructor(process: Process, id: number, clock: number, now: () => number, notification: Notification | undefined) {
    this.process = process;
    this.id = id;
    this.clock = clock;
    this.notification = notification;
    this.timer = new IntervalTimer(process.kernel, now, () => this.expire());
  }

  private expire(): void {
    const { process, notification } = this;
    if (process.exit !== undefined) return;
    if (notification === undefined || isDropped(process, notification.target, notification.signal)) {
      this.timer.forward();
      return;
    }
    const { signal, target, value } = notification;
    const info: SignalInfo = { code: SI_TIMER, timerId: this.id, value, onTaken: () => this.taken(info) };
    this.queued = info;
    // A timer that expires once is disarmed from now on; a periodic one waits until the signal is taken.
    if (this.timer.intervalNs === 0) this.timer.forward();
    if (target === undefined) sendToProcess(process, signal, info);
    else if (target.state !== 'exited') sendToTask(target, signal, info);
  }

  private taken(info: SignalInfo): SignalInfo {
    if (this.queued === info) {
      this.queued = undefined;
      this.overrun = Math.min(this.timer.forward(), DELAYTIMER_MAX);
    }
    return { code: info.code, timerId: this.id, value: info.value ?? 0n, overrun: this.overrun };
  }

  set(expiryNs: number | undefined, intervalNs: number): void {
    this.withdraw();
    this.overrun = 0;
    this.timer.set(expiryNs, intervalNs);
  }

  /** Stops the timer and takes back the signal that is queued for it. */
  withdraw(): void {
    this.timer.stop();
    const { queued } = this;
    this.queued = undefined;
    if (queued === undefined) return;
    this.process.signals.pending.withdraw(queued);
    for (const task of this.process.tasks) task.signals.pending.withdraw(queued);
  }
}

class PosixTimers {
  readonly byId = new Map<number, PosixTimer>();
  nextId = 0;
}

const table = service('posixTimers', () => new WeakMap<Process, PosixTimers>());

function timersOf(process: Process): PosixTimers {
  const byProcess = table(process.kernel);
  let own = byProcess.get(process);
  if (own === undefined) {
    own = new PosixTimers();
    byProcess.set(process, own);
  }
  return own;
}

/** Deletes the timers of a process: at its end and at execve. */
export function deletePosixTimers(process: Process): void {
  const own = table(process.kernel).get(process);
  if (own === undefined) return;
  for (const timer of own.byId.values()) timer.withdraw();
  own.byId.clear();
}

function timerById(task: Task, id: number): PosixTimer {
  return timersOf(task.process).byId.get(id) ?? fail(EINVAL);
}

/** struct sigevent: value, signal, notify, thread. Undefined for SIGEV_NONE. */
function readNotification(task: Task, gva: number, id: number): Notification | undefined {
  if (gva === 0) return { signal: SIGALRM, value: BigInt(id), target: undefined };
  const { memory, process } = task;
  const value = memory.getU64(gva);
  const signal = memory.getI32(gva + 8);
  const notify = memory.getI32(gva + 12);
  if (notify === SIGEV_NONE) return undefined;
  // The threads of SIGEV_THREAD are a library's: to the kernel it is a signal.
  const isSignal = notify === SIGEV_SIGNAL || notify === SIGEV_THREAD;
  if (!isSignal && notify !== SIGEV_THREAD_ID) fail(EINVAL);
  if (!isSignalNumber(signal)) fail(EINVAL);
  if (isSignal) return { signal, value, target: undefined };
  const tid = memory.getI32(gva + 16);
  return { signal, value, target: process.tasks.find((each) => each.tid === tid) ?? fail(EINVAL) };
}

export const timerCreate = defineSyscall({
  nr: 222,
  name: 'timer_create',
  support: 'full',
  args: [clockArg, arg.pointer('sevp'), arg.pointer('timerid')],
  result: result.ok,
  run(task, clock, sevp, timerid) {
    const { kernel, process, memory } = task;
    const now = isWaitable(clock) ? () => kernel.clock.monotonicNs() : cpuTimeSource(task, clock);
    if (now === undefined) return -EINVAL;
    const own = timersOf(process);
    const id = own.nextId;
    const notification = readNotification(task, sevp, id);
    if (memory.accessible(timerid, 4, 'w') < 4) return -EFAULT;
    own.nextId++;
    own.byId.set(id, new PosixTimer(process, id, clock, now, notification));
    memory.setU32(timerid, id);
    return 0;
  },
});

/** struct itimerspec: interval, then time left. */
function writeState(task: Task, gva: number, leftNs: number, intervalNs: number): void {
  writeTimespecNs(task.memory, gva, intervalNs);
  writeTimespecNs(task.memory, gva + 16, leftNs);
}

export const timerSettime = defineSyscall({
  nr: 223,
  name: 'timer_settime',
  support: 'full',
  args: [
    arg.int('timerid'),
    arg.flags('flags', [['TIMER_ABSTIME', TIMER_ABSTIME]]),
    arg.pointer('new_value'),
    arg.pointer('old_value'),
  ],
  result: result.ok,
  run(task, id, flags, newValue, oldValue) {
    if (newValue === 0) return -EINVAL;
    const { memory, kernel } = task;
    const intervalNs = readTimespecNs(memory, newValue);
    const valueNs = readTimespecNs(memory, newValue + 16);
    if (Number.isNaN(intervalNs + valueNs)) return -EINVAL;
    const posixTimer = timerById(task, id);
    const { timer, clock } = posixTimer;
    const leftNs = timer.leftNs();
    const oldIntervalNs = timer.intervalNs;
    let expiryNs: number | undefined;
    if (valueNs !== 0) {
      if (!(flags & TIMER_ABSTIME)) expiryNs = timer.now() + valueNs;
      else if (!isWaitable(clock)) expiryNs = valueNs;
      else expiryNs = clocks(kernel).deadlineNs(clock, memory.getLong(newValue + 16), memory.getLong(newValue + 24));
    }
    posixTimer.set(expiryNs, intervalNs);
    if (oldValue !== 0) writeState(task, oldValue, leftNs, oldIntervalNs);
    return 0;
  },
});

export const timerGettime = defineSyscall({
  nr: 224,
  name: 'timer_gettime',
  support: 'full',
  args: [arg.int('timerid'), arg.pointer('curr_value')],
  result: result.ok,
  run(task, id, value) {
    const { timer } = timerById(task, id);
    writeState(task, value, timer.leftNs(), timer.intervalNs);
    return 0;
  },
});

export const timerGetoverrun = defineSyscall({
  nr: 225,
  name: 'timer_getoverrun',
  support: 'full',
  args: [arg.int('timerid')],
  result: result.int,
  run: (task, id) => timerById(task, id).overrun,
});

export const timerDelete = defineSyscall({
  nr: 226,
  name: 'timer_delete',
  support: 'full',
  args: [arg.int('timerid')],
  result: result.ok,
  run(task, id) {
    timerById(task, id).withdraw();
    timersOf(task.process).byId.delete(id);
    return 0;
  },
});
