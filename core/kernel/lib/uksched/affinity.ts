/** sched_yield(2), sched_setaffinity(2), sched_getaffinity(2): the machine has one CPU, number 0. */
import { EINVAL, ESRCH } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { checkOwner, requireTask } from './policy.ts';

/** Bytes of the kernel's CPU mask. */
const MASK_SIZE = 8;

/** Unlike the other calls of sched(7) these say of a negative number that there is no such task. */
const findTask = (task: Task, pid: number): Task => (pid < 0 ? fail(ESRCH) : requireTask(task, pid));

export const schedYield = defineSyscall({
  nr: 24,
  name: 'sched_yield',
  support: 'full',
  args: [],
  result: result.ok,
  run(task) {
    task.kernel.scheduler.yieldSlice();
    return 0;
  },
});

export const schedSetaffinity = defineSyscall({
  nr: 203,
  name: 'sched_setaffinity',
  support: 'full',
  args: [arg.pid('pid'), arg.size('cpusetsize'), arg.pointer('mask')],
  result: result.ok,
  run(task, pid, size, mask) {
    const hasCpu0 = size > 0 && (task.memory.getU8(mask) & 1) !== 0;
    const target = findTask(task, pid);
    checkOwner(task, target);
    return hasCpu0 ? 0 : -EINVAL;
  },
});

export const schedGetaffinity = defineSyscall({
  nr: 204,
  name: 'sched_getaffinity',
  support: 'full',
  args: [arg.pid('pid'), arg.size('cpusetsize'), arg.pointer('mask')],
  result: result.int,
  run(task, pid, size, mask) {
    if (size < MASK_SIZE || size % MASK_SIZE !== 0) return -EINVAL;
    findTask(task, pid);
    task.memory.setU64(mask, 1n);
    return MASK_SIZE;
  },
});
