/** Waiting at one futex or at several, and waking: the core of futex(2) and futex_waitv(2). */
import { EAGAIN, EINVAL, ENOSYS, ERESTART_RESTARTBLOCK, ERESTARTSYS, ETIMEDOUT } from '../../abi/errno.ts';
import {
  FUTEX_OP_ADD,
  FUTEX_OP_ANDN,
  FUTEX_OP_CMP_EQ,
  FUTEX_OP_CMP_GE,
  FUTEX_OP_CMP_GT,
  FUTEX_OP_CMP_LE,
  FUTEX_OP_CMP_LT,
  FUTEX_OP_CMP_NE,
  FUTEX_OP_OPARG_SHIFT,
  FUTEX_OP_OR,
  FUTEX_OP_SET,
  FUTEX_OP_XOR,
  FUTEX2_NUMA,
  FUTEX2_PRIVATE,
  FUTEX2_SIZE_MASK,
  FUTEX2_SIZE_U32,
} from '../../abi/futex.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';
import { Blocked, type SysResult, WaitQueue } from '../../wait.ts';
import { FutexWaiter, futexTable } from './futex-table.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Waits while the word at `gva` is `expected`: 0 when woken, -EAGAIN when it isn't, -ETIMEDOUT at the deadline. */
export function waitFutex(
  task: Task,
  gva: number,
  isPrivate: boolean,
  expected: number,
  deadlineNs: number,
  bitset: number,
): SysResult {
  if (bitset === 0) return -EINVAL;
  const table = futexTable(task.kernel);
  table.check(task, gva);
  if (task.memory.getU32(gva) !== expected) return -EAGAIN;
  const waiter = new FutexWaiter(task, gva, { bitset });
  table.add(table.bucket(task, gva, isPrivate), waiter);
  const wait = (): Blocked =>
    new Blocked(
      [waiter.queue],
      (cause) => {
        if (waiter.isWoken) return 0;
        if (cause === 'wake') return wait();
        table.remove(waiter);
        return cause === 'timeout' ? -ETIMEDOUT : interrupted(task, deadlineNs);
      },
      deadlineNs,
    );
  return wait();
}

/** Result of an interrupted wait: with a time limit it goes on with what is left of it. */
function interrupted(task: Task, deadlineNs: number): number {
  if (deadlineNs === NEVER) return -ERESTARTSYS;
  task.signals.restartDeadlineNs = deadlineNs;
  return -ERESTART_RESTARTBLOCK;
}

export interface FutexWait {
  gva: number;
  expected: number;
  isPrivate: boolean;
}

/** Waits at several futexes: the index of one that was woken, -EAGAIN when a word differs. */
export function waitAny(task: Task, waits: readonly FutexWait[], deadlineNs: number): SysResult {
  const table = futexTable(task.kernel);
  for (const { gva, expected } of waits) {
    table.check(task, gva);
    if (task.memory.getU32(gva) !== expected) return -EAGAIN;
  }
  const queue = new WaitQueue();
  const waiters = waits.map(({ gva, isPrivate }) => {
    const waiter = new FutexWaiter(task, gva, { queue });
    table.add(table.bucket(task, gva, isPrivate), waiter);
    return waiter;
  });
  const wait = (): Blocked =>
    new Blocked(
      [queue],
      (cause) => {
        const woken = waiters.findIndex((waiter) => waiter.isWoken);
        if (woken < 0 && cause === 'wake') return wait();
        for (const waiter of waiters) table.remove(waiter);
        if (woken >= 0) return woken;
        return cause === 'timeout' ? -ETIMEDOUT : -ERESTARTSYS;
      },
      deadlineNs,
    );
  return wait();
}

/** Wakes up to `count` waiters; returns how many, or -EINVAL. */
export function wakeFutex(task: Task, gva: number, isPrivate: boolean, count: number, bitset?: number): number {
  if (bitset === 0) return -EINVAL;
  const table = futexTable(task.kernel);
  return table.wake(table.find(task, gva, isPrivate), count, bitset);
}

/** True for a private futex; EINVAL for flags of futex2 calls that Linux refuses, or sizes that it doesn't have yet. */
export function futex2IsPrivate(flags: number): boolean {
  if (flags & ~(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE | FUTEX2_NUMA)) fail(EINVAL);
  if ((flags & FUTEX2_SIZE_MASK) !== FUTEX2_SIZE_U32 || flags & FUTEX2_NUMA) fail(EINVAL);
  return (flags & FUTEX2_PRIVATE) !== 0;
}

/**
 * FUTEX_WAKE_OP: changes the word at `gva2`, wakes waiters of `gva`, and those of `gva2` when the old value of its word
 * compares as asked.
 */
export function wakeOp(
  task: Task,
  isPrivate: boolean,
  gva: number,
  count: number,
  gva2: number,
  count2: number,
  operation: number,
): number {
  const table = futexTable(task.kernel);
  const first = table.find(task, gva, isPrivate);
  const second = table.find(task, gva2, isPrivate);
  const op = (operation >>> 28) & 15;
  let operand = (operation << 8) >> 20;
  if (op & FUTEX_OP_OPARG_SHIFT) operand = 1 << (operand & 31);
  const old = task.memory.getI32(gva2);
  task.memory.setU32(gva2, operate(op & 7, old, operand) >>> 0);
  const woken = table.wake(first, count);
  if (woken < 0 || !compares((operation >>> 24) & 15, old, (operation << 20) >> 20)) return woken;
  const more = table.wake(second, count2);
  return more < 0 ? more : woken + more;
}

function operate(op: number, old: number, operand: number): number {
  switch (op) {
    case FUTEX_OP_SET:
      return operand;
    case FUTEX_OP_ADD:
      return (old + operand) | 0;
    case FUTEX_OP_OR:
      return old | operand;
    case FUTEX_OP_ANDN:
      return old & ~operand;
    case FUTEX_OP_XOR:
      return old ^ operand;
    default:
      return fail(ENOSYS);
  }
}

function compares(comparison: number, old: number, operand: number): boolean {
  switch (comparison) {
    case FUTEX_OP_CMP_EQ:
      return old === operand;
    case FUTEX_OP_CMP_NE:
      return old !== operand;
    case FUTEX_OP_CMP_LT:
      return old < operand;
    case FUTEX_OP_CMP_LE:
      return old <= operand;
    case FUTEX_OP_CMP_GT:
      return old > operand;
    case FUTEX_OP_CMP_GE:
      return old >= operand;
    default:
      return fail(ENOSYS);
  }
}
