/** futex(2) by operation, futex_waitv(2) and the calls that split futex(2) up: futex_wait, futex_wake, futex_requeue. */
import { EINVAL, ENOSYS } from '../../abi/errno.ts';
import * as f from '../../abi/futex.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../abi/time.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs } from '../../timespec.ts';
import type { SysResult } from '../../wait.ts';
import { lockPi, unlockPi } from './pi-lock.ts';
import { type FutexRef, requeue, requeuePi, waitRequeuePi } from './requeue.ts';
import { type FutexWait, futex2IsPrivate, waitAny, waitFutex, wakeFutex, wakeOp } from './wait.ts';

const NEVER = Number.POSITIVE_INFINITY;
const ANY = f.FUTEX_BITSET_MATCH_ANY;

const opNames = [
  ...f.futexOpNames.map(([name, value]) => [`${name}_PRIVATE`, value | f.FUTEX_PRIVATE_FLAG] as const),
  ...f.futexOpNames.map(
    ([name, value]) =>
      [`${name}_PRIVATE|FUTEX_CLOCK_REALTIME`, value | f.FUTEX_PRIVATE_FLAG | f.FUTEX_CLOCK_REALTIME] as const,
  ),
  ...f.futexOpNames.map(([name, value]) => [`${name}|FUTEX_CLOCK_REALTIME`, value | f.FUTEX_CLOCK_REALTIME] as const),
  ...f.futexOpNames,
];

/** The operations whose time limit may be on CLOCK_REALTIME by flag. */
const clockOps = new Set([f.FUTEX_WAIT_BITSET, f.FUTEX_WAIT_REQUEUE_PI, f.FUTEX_LOCK_PI2]);

export const futex = defineSyscall({
  nr: 202,
  name: 'futex',
  support: 'full',
  args: [
    arg.pointer('uaddr'),
    arg.oneOf('op', opNames),
    arg.uint('val'),
    arg.pointer('timeout'),
    arg.pointer('uaddr2'),
    arg.uint('val3'),
  ],
  result: result.int,
  run(task, gva, op, value, timeout, gva2, value3) {
    const command = op & ~(f.FUTEX_PRIVATE_FLAG | f.FUTEX_CLOCK_REALTIME);
    const isPrivate = (op & f.FUTEX_PRIVATE_FLAG) !== 0;
    const isRealtime = (op & f.FUTEX_CLOCK_REALTIME) !== 0;
    if (isRealtime && !clockOps.has(command)) return -ENOSYS;
    // The common ones come first and allocate nothing.
    switch (command) {
      case f.FUTEX_WAIT:
        return waitFutex(task, gva, isPrivate, value, relativeDeadline(task, timeout), ANY);
      case f.FUTEX_WAIT_BITSET:
        return waitFutex(task, gva, isPrivate, value, absoluteDeadline(task, timeout, isRealtime), value3);
      case f.FUTEX_WAKE:
        return wakeFutex(task, gva, isPrivate, value | 0);
      case f.FUTEX_WAKE_BITSET:
        return wakeFutex(task, gva, isPrivate, value | 0, value3);
    }
    const second = { gva: gva2, isPrivate };
    return operations[command]?.({ task, gva, isPrivate, isRealtime, value, timeout, second, value3 }) ?? -ENOSYS;
  },
});

interface FutexCall extends FutexRef {
  task: Task;
  isRealtime: boolean;
  value: number;
  /** Address of the time limit, or the second count of operations that have none. */
  timeout: number;
  second: FutexRef;
  value3: number;
}

const operations: Readonly<Record<number, (call: FutexCall) => SysResult>> = {
  [f.FUTEX_REQUEUE]: (c) => requeue(c.task, c, c.second, c.value | 0, c.timeout | 0),
  [f.FUTEX_CMP_REQUEUE]: (c) => requeue(c.task, c, c.second, c.value | 0, c.timeout | 0, c.value3),
  [f.FUTEX_WAKE_OP]: (c) => wakeOp(c.task, c.isPrivate, c.gva, c.value | 0, c.second.gva, c.timeout | 0, c.value3),
  [f.FUTEX_LOCK_PI]: (c) => lockPi(c.task, c.gva, c.isPrivate, absoluteDeadline(c.task, c.timeout, true)),
  [f.FUTEX_LOCK_PI2]: (c) => lockPi(c.task, c.gva, c.isPrivate, absoluteDeadline(c.task, c.timeout, c.isRealtime)),
  [f.FUTEX_TRYLOCK_PI]: (c) => lockPi(c.task, c.gva, c.isPrivate, 0),
  [f.FUTEX_UNLOCK_PI]: (c) => unlockPi(c.task, c.gva, c.isPrivate),
  [f.FUTEX_WAIT_REQUEUE_PI]: (c) => {
    const deadlineNs = absoluteDeadline(c.task, c.timeout, c.isRealtime);
    return waitRequeuePi(c.task, c.gva, c.isPrivate, c.value, deadlineNs, c.second.gva);
  },
  [f.FUTEX_CMP_REQUEUE_PI]: (c) => requeuePi(c.task, c, c.second, c.value | 0, c.timeout | 0, c.value3),
};

/** Monotonic deadline of a relative limit at `gva`; an interrupted wait keeps the one it had. */
function relativeDeadline(task: Task, gva: number): number {
  const kept = task.signals.takeRestartDeadline();
  if (gva === 0) return NEVER;
  return kept >= 0 ? kept : task.kernel.clock.monotonicNs() + readLimit(task, gva);
}

/** Monotonic deadline, never 0, of an absolute limit. */
function absoluteDeadline(task: Task, gva: number, isRealtime: boolean): number {
  task.signals.takeRestartDeadline();
  if (gva === 0) return NEVER;
  const ns = readLimit(task, gva);
  const { kernel } = task;
  if (!isRealtime) return Math.max(1, ns);
  return Math.max(1, kernel.clock.monotonicNs() + Number(BigInt(Math.round(ns)) - kernel.realtimeNs()));
}

function readLimit(task: Task, gva: number): number {
  const ns = readTimespecNs(task.memory, gva);
  return Number.isNaN(ns) ? fail(EINVAL) : ns;
}

/** Deadline of the futex2 calls, whose clock is an argument. */
function clockDeadline(task: Task, gva: number, clock: number): number {
  if (gva !== 0 && clock !== CLOCK_MONOTONIC && clock !== CLOCK_REALTIME) fail(EINVAL);
  return absoluteDeadline(task, gva, clock === CLOCK_REALTIME);
}

/** Size of struct futex_waitv: val, uaddr (64 bits each), flags, reserved. */
const WAITV_SIZE = 24;

function readWaitv(task: Task, gva: number): FutexWait {
  const { memory } = task;
  if (memory.getU32(gva + 20) !== 0) fail(EINVAL);
  const isPrivate = futex2IsPrivate(memory.getU32(gva + 16));
  return { gva: memory.getLong(gva + 8), expected: memory.getU32(gva), isPrivate };
}

export const futexWaitv = defineSyscall({
  nr: 449,
  name: 'futex_waitv',
  support: 'full',
  args: [arg.pointer('waiters'), arg.uint('nr_futexes'), arg.uint('flags'), arg.pointer('timeout'), arg.int('clockid')],
  result: result.int,
  run(task, waiters, count, flags, timeout, clock) {
    if (flags !== 0 || count === 0 || count > f.FUTEX_WAITV_MAX || waiters === 0) return -EINVAL;
    const deadlineNs = clockDeadline(task, timeout, clock);
    const waits: FutexWait[] = [];
    for (let i = 0; i < count; i++) waits.push(readWaitv(task, waiters + i * WAITV_SIZE));
    return waitAny(task, waits, deadlineNs);
  },
});

export const futexWake = defineSyscall({
  nr: 454,
  name: 'futex_wake',
  support: 'full',
  args: [arg.pointer('uaddr'), arg.size('mask'), arg.int('nr'), arg.uint('flags')],
  result: result.int,
  run(task, gva, mask, count, flags) {
    const isPrivate = futex2IsPrivate(flags);
    if (mask > ANY) return -EINVAL;
    return count === 0 ? 0 : wakeFutex(task, gva, isPrivate, count, mask);
  },
});

export const futexWait = defineSyscall({
  nr: 455,
  name: 'futex_wait',
  support: 'full',
  args: [
    arg.pointer('uaddr'),
    arg.size('val'),
    arg.size('mask'),
    arg.uint('flags'),
    arg.pointer('timeout'),
    arg.int('clockid'),
  ],
  result: result.int,
  run(task, gva, expected, mask, flags, timeout, clock) {
    const isPrivate = futex2IsPrivate(flags);
    if (expected > ANY || mask > ANY) return -EINVAL;
    return waitFutex(task, gva, isPrivate, expected, clockDeadline(task, timeout, clock), mask);
  },
});

export const futexRequeue = defineSyscall({
  nr: 456,
  name: 'futex_requeue',
  support: 'full',
  args: [arg.pointer('waiters'), arg.uint('flags'), arg.int('nr_wake'), arg.int('nr_requeue')],
  result: result.int,
  run(task, waiters, flags, wakeCount, moveCount) {
    if (flags !== 0 || waiters === 0) return -EINVAL;
    const from = readWaitv(task, waiters);
    const to = readWaitv(task, waiters + WAITV_SIZE);
    return requeue(task, from, to, wakeCount, moveCount, from.expected);
  },
});
