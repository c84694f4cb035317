/** FUTEX_REQUEUE, FUTEX_CMP_REQUEUE and the pair FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI: condition variables. */
import { EAGAIN, EINVAL, ERESTARTNOINTR, ETIMEDOUT } from '../../abi/errno.ts';
import type { Task } from '../../task.ts';
import { Blocked, type SysResult, type WakeCause } from '../../wait.ts';
import { type FutexTable, FutexWaiter, futexTable } from './futex-table.ts';
import { enqueue, leaveLock, tryTake } from './pi-lock.ts';

export interface FutexRef {
  gva: number;
  isPrivate: boolean;
}

/**
 * Wakes up to `wakeCount` waiters of `from` and moves up to `moveCount` others to `to`; returns how many of both. With
 * `expected`, -EAGAIN unless the word at `from` still has that value.
 */
export function requeue(
  task: Task,
  from: FutexRef,
  to: FutexRef,
  wakeCount: number,
  moveCount: number,
  expected?: number,
): number {
  if (wakeCount < 0 || moveCount < 0) return -EINVAL;
  const table = futexTable(task.kernel);
  const source = table.find(task, from.gva, from.isPrivate);
  table.check(task, to.gva);
  if (expected !== undefined && task.memory.getU32(from.gva) !== expected) return -EAGAIN;
  if (source === undefined) return 0;
  if (source.lock !== undefined) return -EINVAL;
  let count = 0;
  for (const waiter of [...source.waiters]) {
    if (waiter.isForPi) return -EINVAL;
    if (count < wakeCount) table.wakeOne(waiter);
    else if (count - wakeCount < moveCount) moveTo(table, task, waiter, to);
    else break;
    count++;
  }
  return count;
}

function moveTo(table: FutexTable, task: Task, waiter: FutexWaiter, to: FutexRef): void {
  const target = table.bucket(task, to.gva, to.isPrivate);
  if (target !== waiter.bucket) table.remove(waiter);
  else target.waiters.delete(waiter);
  table.add(target, waiter);
  waiter.gva = to.gva;
}

/** FUTEX_WAIT_REQUEUE_PI: waits at `gva` to be requeued to a PI lock, and returns with that lock held. */
export function waitRequeuePi(
  task: Task,
  gva: number,
  isPrivate: boolean,
  expected: number,
  deadlineNs: number,
  lockGva: number,
): SysResult {
  if (gva === lockGva) return -EINVAL;
  const table = futexTable(task.kernel);
  table.check(task, lockGva);
  table.check(task, gva);
  if (task.memory.getU32(gva) !== expected) return -EAGAIN;
  const waiter = new FutexWaiter(task, gva, { isForPi: true });
  table.add(table.bucket(task, gva, isPrivate), waiter);
  const wait = (): Blocked =>
    new Blocked([waiter.queue], (cause) => (waiter.isWoken ? 0 : (giveUp(table, waiter, cause) ?? wait())), deadlineNs);
  return wait();
}

function giveUp(table: FutexTable, waiter: FutexWaiter, cause: WakeCause): number | undefined {
  if (cause === 'wake') return undefined;
  // Once requeued it can't start over: the caller sees a spurious wake-up.
  const interrupted = waiter.lock !== undefined ? -EAGAIN : -ERESTARTNOINTR;
  table.remove(waiter);
  leaveLock(table, waiter);
  return cause === 'timeout' ? -ETIMEDOUT : interrupted;
}

/** FUTEX_CMP_REQUEUE_PI: gives the first waiter the PI lock at `to` if it is free; it and others queue for it if not. */
export function requeuePi(
  task: Task,
  from: FutexRef,
  to: FutexRef,
  wakeCount: number,
  moveCount: number,
  expected: number,
): number {
  if (wakeCount !== 1 || moveCount < 0 || from.gva === to.gva) return -EINVAL;
  const table = futexTable(task.kernel);
  const source = table.find(task, from.gva, from.isPrivate);
  table.check(task, to.gva);
  if (task.memory.getU32(from.gva) !== expected) return -EAGAIN;
  let count = 0;
  for (const waiter of source === undefined ? [] : [...source.waiters]) {
    if (!waiter.isForPi) return -EINVAL;
    if (count > moveCount) break;
    const holder = tryTake(table, task, to.gva, to.isPrivate, waiter.task);
    if (typeof holder === 'number' && holder < 0) return count > 0 ? count : holder;
    if (typeof holder === 'number') table.wakeOne(waiter);
    else {
      table.remove(waiter);
      enqueue(table, task, to.gva, to.isPrivate, holder, waiter);
    }
    count++;
  }
  return count;
}
