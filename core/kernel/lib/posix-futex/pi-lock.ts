/**
 * Priority-inheriting futexes: FUTEX_LOCK_PI and its relatives, see futex(2). The futex word is the owner's tid with
 * FUTEX_WAITERS and FUTEX_OWNER_DIED; the kernel keeps a `PiLock` while there are waiters and hands the lock over in the
 * order they came. All tasks run with one priority, so inheriting it changes nothing.
 */
import { EAGAIN, EDEADLK, EPERM, ERESTARTNOINTR, ESRCH, ETIMEDOUT } from '../../abi/errno.ts';
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../../abi/futex.ts';
import type { Task } from '../../task.ts';
import { Blocked, type SysResult, type WakeCause } from '../../wait.ts';
import { type FutexBucket, type FutexTable, FutexWaiter, futexTable } from './futex-table.ts';

export class PiLock {
  readonly bucket: FutexBucket;
  owner: Task;
  /** In the order they came; each has this lock in `lock`. */
  readonly waiters = new Set<FutexWaiter>();

  constructor(bucket: FutexBucket, owner: Task) {
    this.bucket = bucket;
    this.owner = owner;
  }
}

/** FUTEX_LOCK_PI: takes the lock or waits for it. `deadlineNs` 0 only tries. */
export function lockPi(task: Task, gva: number, isPrivate: boolean, deadlineNs: number): SysResult {
  const table = futexTable(task.kernel);
  const taken = tryTake(table, task, gva, isPrivate, task);
  if (typeof taken === 'number') return taken;
  if (deadlineNs === 0) return -EAGAIN;
  if (wouldDeadlock(table, taken, task)) return -EDEADLK;
  const waiter = new FutexWaiter(task, gva);
  enqueue(table, task, gva, isPrivate, taken, waiter);
  const wait = (): Blocked =>
    new Blocked([waiter.queue], (cause) => (waiter.isWoken ? 0 : (giveUp(table, waiter, cause) ?? wait())), deadlineNs);
  return wait();
}

function giveUp(table: FutexTable, waiter: FutexWaiter, cause: WakeCause): number | undefined {
  if (cause === 'wake') return undefined;
  leaveLock(table, waiter);
  return cause === 'timeout' ? -ETIMEDOUT : -ERESTARTNOINTR;
}

/** Takes a free lock for `forTask` (0), or says who has it; -EDEADLK for its owner, -ESRCH when there is no such task. */
export function tryTake(
  table: FutexTable,
  task: Task,
  gva: number,
  isPrivate: boolean,
  forTask: Task,
): number | PiLock | Task {
  const lock = table.find(task, gva, isPrivate)?.lock;
  const word = task.memory.getU32(gva);
  task.memory.check(gva, 4, 'w');
  const tid = word & FUTEX_TID_MASK;
  if (tid === forTask.tid) return -EDEADLK;
  if (lock !== undefined) return lock;
  if (tid === 0) {
    task.memory.setU32(gva, forTask.tid | (word & FUTEX_OWNER_DIED));
    return 0;
  }
  return task.kernel.scheduler.tasks.get(tid) ?? -ESRCH;
}

/** Makes `waiter` wait for the lock at `gva` in `task`'s memory, held by `holder`. */
export function enqueue(
  table: FutexTable,
  task: Task,
  gva: number,
  isPrivate: boolean,
  holder: PiLock | Task,
  waiter: FutexWaiter,
): void {
  let lock: PiLock;
  if (holder instanceof PiLock) lock = holder;
  else {
    const bucket = table.bucket(task, gva, isPrivate);
    lock = bucket.lock ??= new PiLock(bucket, holder);
    table.locks.add(lock);
  }
  lock.waiters.add(waiter);
  waiter.lock = lock;
  waiter.gva = gva;
  task.memory.setU32(gva, task.memory.getU32(gva) | FUTEX_WAITERS);
}

/** Follows owners that wait for other locks; true when that leads to `task`. */
export function wouldDeadlock(table: FutexTable, holder: PiLock | Task, task: Task): boolean {
  const seen = new Set<Task>();
  let owner: Task | undefined = holder instanceof PiLock ? holder.owner : holder;
  while (owner !== undefined && !seen.has(owner)) {
    if (owner === task) return true;
    seen.add(owner);
    owner = lockAwaitedBy(table, owner)?.owner;
  }
  return false;
}

function lockAwaitedBy(table: FutexTable, task: Task): PiLock | undefined {
  for (const lock of table.locks) {
    for (const waiter of lock.waiters) if (waiter.task === task) return lock;
  }
  return undefined;
}

/** FUTEX_UNLOCK_PI. EPERM when the task does not own the lock. */
export function unlockPi(task: Task, gva: number, isPrivate: boolean): number {
  const table = futexTable(task.kernel);
  const lock = table.find(task, gva, isPrivate)?.lock;
  const word = task.memory.getU32(gva);
  if ((word & FUTEX_TID_MASK) !== task.tid) return -EPERM;
  if (lock === undefined) task.memory.setU32(gva, 0);
  else handOver(table, lock, 0);
  return 0;
}

/** Gives the lock to the first waiter; `bits` are added to the futex word. */
function handOver(table: FutexTable, lock: PiLock, bits: number): void {
  const [next] = lock.waiters;
  if (next === undefined) return;
  leaveLock(table, next);
  const { memory, tid } = next.task;
  if (memory.accessible(next.gva, 4, 'w') === 4) {
    memory.setU32(next.gva, tid | bits | (lock.waiters.size > 0 ? FUTEX_WAITERS : 0));
  }
  lock.owner = next.task;
  next.isWoken = true;
  next.queue.wake();
}

/** Takes a waiter out of its lock's queue; a lock without waiters needs no record any more. */
export function leaveLock(table: FutexTable, waiter: FutexWaiter): void {
  const { lock } = waiter;
  if (lock === undefined) return;
  waiter.lock = undefined;
  lock.waiters.delete(waiter);
  if (lock.waiters.size > 0) return;
  table.locks.delete(lock);
  lock.bucket.lock = undefined;
  table.tidy(lock.bucket);
}

/** The task exits: locks that it holds go to the next in line, marked FUTEX_OWNER_DIED. */
export function releaseLocksOf(task: Task): void {
  const table = futexTable(task.kernel);
  for (const lock of [...table.locks]) if (lock.owner === task) handOver(table, lock, FUTEX_OWNER_DIED);
}
