/** nanosleep(2) and clock_nanosleep(2). */
import { EINVAL, EOPNOTSUPP, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from '../../abi/errno.ts';
import {
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME_COARSE,
  CLOCK_THREAD_CPUTIME_ID,
  TIMER_ABSTIME,
} from '../../abi/time.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs, writeTimespecNs } from '../../timespec.ts';
import { Blocked, type SysResult, WaitQueue } from '../../wait.ts';
import { clocks, cpuTimeSource, isWaitable } from './clocks.ts';
import { IntervalTimer } from './interval-timer.ts';
import { clockArg } from './read.ts';

/** Sleeps until a monotonic deadline; `remGva` gets the time left when a signal interrupts (0: nowhere). */
function sleepUntil(task: Task, deadlineNs: number, remGva: number): Blocked {
  return new Blocked(
    [],
    (cause) => {
      if (cause === 'timeout') return 0;
      if (cause === 'wake') return sleepUntil(task, deadlineNs, remGva);
      const leftNs = deadlineNs - task.kernel.clock.monotonicNs();
      if (leftNs <= 0) return 0;
      if (remGva !== 0) writeTimespecNs(task.memory, remGva, leftNs);
      task.signals.restartDeadlineNs = deadlineNs;
      return -ERESTART_RESTARTBLOCK;
    },
    deadlineNs,
  );
}

function sleepFor(task: Task, ns: number, remGva: number): SysResult {
  const interrupted = task.signals.takeRestartDeadline();
  const deadlineNs = interrupted >= 0 ? interrupted : task.kernel.clock.monotonicNs() + ns;
  return sleepUntil(task, deadlineNs, remGva);
}

/** Sleeps until an absolute time: simply called again after a signal. */
function sleepAbsolute(deadlineNs: number): Blocked {
  return new Blocked(
    [],
    (cause) => {
      if (cause === 'timeout') return 0;
      return cause === 'wake' ? sleepAbsolute(deadlineNs) : -ERESTARTNOHAND;
    },
    deadlineNs,
  );
}

/** Sleeps until a CPU clock, which other tasks drive, shows `expiryNs`. */
function sleepOnCpuClock(task: Task, now: () => number, expiryNs: number, remGva: number): SysResult {
  const queue = new WaitQueue();
  const timer = new IntervalTimer(task.kernel, now, () => queue.wake());
  timer.set(expiryNs, 0);
  const wait = (): Blocked =>
    new Blocked([queue], (cause) => {
      const leftNs = expiryNs - now();
      if (cause !== 'signal') return leftNs <= 0 ? 0 : wait();
      timer.stop();
      if (leftNs > 0 && remGva !== 0) writeTimespecNs(task.memory, remGva, leftNs);
      return -ERESTARTNOHAND;
    });
  return wait();
}

export const nanosleep = defineSyscall({
  nr: 35,
  name: 'nanosleep',
  support: 'full',
  args: [arg.timespec('req'), arg.pointer('rem')],
  result: result.ok,
  run(task, req, rem) {
    const ns = readTimespecNs(task.memory, req);
    return Number.isNaN(ns) ? -EINVAL : sleepFor(task, ns, rem);
  },
});

const withoutSleep = [CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_THREAD_CPUTIME_ID];

export const clockNanosleep = defineSyscall({
  nr: 230,
  name: 'clock_nanosleep',
  support: 'full',
  args: [
    clockArg,
    arg.flags('flags', [['TIMER_ABSTIME', TIMER_ABSTIME]]),
    arg.timespec('request'),
    arg.pointer('remain'),
  ],
  result: result.ok,
  run(task, clock, flags, request, remain) {
    const source = isWaitable(clock) ? undefined : cpuTimeSource(task, clock);
    if (withoutSleep.includes(clock)) return -EOPNOTSUPP;
    if (!isWaitable(clock) && source === undefined) return -EINVAL;
    const ns = readTimespecNs(task.memory, request);
    if (Number.isNaN(ns)) return -EINVAL;
    const isAbsolute = (flags & TIMER_ABSTIME) !== 0;
    if (source !== undefined) {
      return sleepOnCpuClock(task, source, isAbsolute ? ns : source() + ns, isAbsolute ? 0 : remain);
    }
    if (!isAbsolute) return sleepFor(task, ns, remain);
    const { memory, kernel } = task;
    return sleepAbsolute(clocks(kernel).deadlineNs(clock, memory.getLong(request), memory.getLong(request + 8)));
  },
});
