/**
 * Robust futexes, see set_robust_list(2) and get_robust_list(2): what a thread holds when it dies is marked
 * FUTEX_OWNER_DIED and a waiter is woken.
 *
 * The list is the guest's: `struct robust_list_head { next; futex_offset; list_op_pending }`, each entry a pointer to
 * the next one, bit 0 of a pointer telling that the entry is a PI lock. Nothing in it is trusted.
 */
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../../abi/futex.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { futexTable } from './futex-table.ts';
import { releaseLocksOf } from './pi-lock.ts';

const HEAD_SIZE = 24;
/** Longest list that is followed (Linux: ROBUST_LIST_LIMIT). */
const LIST_LIMIT = 2048;

export const setRobustList = defineSyscall({
  nr: 273,
  name: 'set_robust_list',
  support: 'full',
  args: [arg.pointer('head'), arg.size('len')],
  result: result.ok,
  run(task, head, len) {
    if (len !== HEAD_SIZE) return -EINVAL;
    task.robustListHead = head;
    return 0;
  },
});

export const getRobustList = defineSyscall({
  nr: 274,
  name: 'get_robust_list',
  support: 'full',
  args: [arg.pid('pid'), arg.pointer('head_ptr'), arg.pointer('len_ptr')],
  result: result.ok,
  run(task, pid, headGva, lenGva) {
    const target = pid === 0 ? task : task.kernel.scheduler.tasks.get(pid);
    if (target === undefined) return -ESRCH;
    const own = task.process.credentials;
    if (target.process.credentials.uid !== own.euid && !own.isPrivileged) return -EPERM;
    task.memory.setLong(lenGva, HEAD_SIZE);
    task.memory.setLong(headGva, target.robustListHead);
    return 0;
  },
});

/** The task exits: marks and releases all futexes that it holds, and wakes whoever waits for `clearChildTid`. */
export function releaseFutexesOf(task: Task): void {
  if (task.robustListHead !== 0) walkRobustList(task);
  releaseLocksOf(task);
  const { clearChildTid, memory } = task;
  if (clearChildTid !== 0 && clearChildTid % 4 === 0 && memory.accessible(clearChildTid, 4, 'w') === 4) {
    memory.setU32(clearChildTid, 0);
    const table = futexTable(task.kernel);
    table.wake(table.find(task, clearChildTid, false), 1);
  }
  task.robustListHead = 0;
  task.clearChildTid = 0;
}

function walkRobustList(task: Task): void {
  const head = task.robustListHead;
  const { memory } = task;
  if (memory.accessible(head, HEAD_SIZE, 'r') < HEAD_SIZE) return;
  const offset = memory.getLong(head + 8);
  const pending = memory.getLong(head + 16);
  let entry = memory.getLong(head);
  for (let i = 0; i < LIST_LIMIT && address(entry) !== head; i++) {
    // The next pointer is read first: the futex may lie in memory that its new owner frees at once.
    const at = address(entry);
    const next = memory.accessible(at, 8, 'r') === 8 ? memory.getLong(at) : undefined;
    if (at !== address(pending) && !markDead(task, at + offset, entry % 2 === 1, false)) return;
    if (next === undefined) break;
    entry = next;
  }
  if (pending !== 0) markDead(task, address(pending) + offset, pending % 2 === 1, true);
}

const address = (entry: number): number => entry - (entry % 2);

/** False when the word can't be reached: the walk ends. */
function markDead(task: Task, gva: number, isPi: boolean, isPending: boolean): boolean {
  const { memory } = task;
  if (gva % 4 !== 0 || memory.accessible(gva, 4, 'w') < 4) return false;
  const word = memory.getU32(gva);
  const table = futexTable(task.kernel);
  // The owner died between clearing the word and waking a waiter.
  if (isPending && !isPi && word === 0) {
    table.wake(table.find(task, gva, false), 1);
    return true;
  }
  if ((word & FUTEX_TID_MASK) !== task.tid) return true;
  memory.setU32(gva, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
  if (!isPi && word & FUTEX_WAITERS) table.wake(table.find(task, gva, false), 1);
  return true;
}
