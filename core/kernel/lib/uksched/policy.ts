/**
 * Scheduling policies and parameters: sched(7), sched_setscheduler(2), sched_setattr(2). They are kept, checked and
 * shown as on Linux; the run loop is round-robin for all tasks, whatever their policy.
 */
import { E2BIG, EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { RLIMIT_NICE, RLIMIT_RTPRIO } from '../../abi/resource.ts';
import * as s from '../../abi/sched.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { writeTimespecNs } from '../../timespec.ts';

export const kept = { partial: 'kept and shown; the run loop treats all tasks alike' } as const;

/** SCHED_RR's time slice, as Linux's default. */
const RR_INTERVAL_NS = 100_000_000;
/** What Linux says of SCHED_OTHER on one CPU, about. */
const FAIR_INTERVAL_NS = 4_000_000;

const isRealtime = (policy: number): boolean => policy === s.SCHED_FIFO || policy === s.SCHED_RR;
const isKnown = (policy: number): boolean => s.policyNames.some(([, value]) => value === policy);

/** The task that `pid` names, the caller for 0; ESRCH when there is none. */
export function requireTask(task: Task, pid: number): Task {
  if (pid < 0) fail(EINVAL);
  return pid === 0 ? task : (task.kernel.scheduler.tasks.get(pid) ?? fail(ESRCH));
}

/** EPERM unless the caller may change how `target` is scheduled. */
export function checkOwner(task: Task, target: Task): void {
  const { euid, isPrivileged } = task.process.credentials;
  const owner = target.process.credentials;
  if (!isPrivileged && euid !== owner.euid && euid !== owner.uid) fail(EPERM);
}

interface Change {
  policy: number;
  priority: number;
  nice: number;
  resetOnFork: boolean;
  runtimeNs: bigint;
  deadlineNs: bigint;
  periodNs: bigint;
}

function apply(task: Task, target: Task, change: Change): number {
  const { policy, priority, nice } = change;
  if (!isKnown(policy)) return -EINVAL;
  if (isRealtime(policy) ? priority < 1 || priority > 99 : priority !== 0) return -EINVAL;
  if (policy === s.SCHED_DEADLINE && !isValidDeadline(change)) return -EINVAL;
  checkOwner(task, target);
  if (!task.process.credentials.isPrivileged) checkPrivileges(target, change);
  const { scheduling } = target;
  scheduling.policy = policy;
  scheduling.priority = priority;
  scheduling.resetOnFork = change.resetOnFork;
  if (policy === s.SCHED_OTHER || policy === s.SCHED_BATCH) scheduling.nice = nice;
  scheduling.runtimeNs = change.runtimeNs;
  scheduling.deadlineNs = change.deadlineNs;
  scheduling.periodNs = change.periodNs;
  return 0;
}

function isValidDeadline({ runtimeNs, deadlineNs, periodNs }: Change): boolean {
  const period = periodNs === 0n ? deadlineNs : periodNs;
  return deadlineNs !== 0n && runtimeNs >= 1024n && runtimeNs <= deadlineNs && deadlineNs <= period;
}

function checkPrivileges(target: Task, { policy, priority, nice, resetOnFork }: Change): void {
  const { scheduling, process } = target;
  if (policy === s.SCHED_DEADLINE) fail(EPERM);
  const allowed = process.limits.soft(RLIMIT_RTPRIO);
  if (isRealtime(policy) && priority > Math.max(allowed, isRealtime(scheduling.policy) ? scheduling.priority : 0)) {
    fail(EPERM);
  }
  if (nice < scheduling.nice && !canNice(target, nice)) fail(EPERM);
  if (scheduling.resetOnFork && !resetOnFork) fail(EPERM);
}

/** RLIMIT_NICE allows nice values down to 20 minus its value. */
export function canNice(target: Task, nice: number): boolean {
  return 20 - nice <= target.process.limits.soft(RLIMIT_NICE);
}

const keep = (target: Task): Omit<Change, 'policy' | 'priority'> => {
  const { nice, resetOnFork } = target.scheduling;
  return { nice, resetOnFork, runtimeNs: 0n, deadlineNs: 0n, periodNs: 0n };
};

const policyArg = arg.oneOf('policy', s.policyNames);

export const schedSetparam = defineSyscall({
  nr: 142,
  name: 'sched_setparam',
  support: kept,
  args: [arg.pid('pid'), arg.pointer('param')],
  result: result.ok,
  run(task, pid, param) {
    if (param === 0) return -EINVAL;
    const priority = task.memory.getI32(param);
    const target = requireTask(task, pid);
    return apply(task, target, { ...keep(target), policy: target.scheduling.policy, priority });
  },
});

export const schedGetparam = defineSyscall({
  nr: 143,
  name: 'sched_getparam',
  support: 'full',
  args: [arg.pid('pid'), arg.pointer('param')],
  result: result.ok,
  run(task, pid, param) {
    if (param === 0) return -EINVAL;
    task.memory.setU32(param, requireTask(task, pid).scheduling.priority);
    return 0;
  },
});

export const schedSetscheduler = defineSyscall({
  nr: 144,
  name: 'sched_setscheduler',
  support: kept,
  args: [arg.pid('pid'), policyArg, arg.pointer('param')],
  result: result.ok,
  run(task, pid, policy, param) {
    if (policy < 0 || param === 0) return -EINVAL;
    const priority = task.memory.getI32(param);
    const target = requireTask(task, pid);
    const resetOnFork = (policy & s.SCHED_RESET_ON_FORK) !== 0;
    const plainPolicy = policy & ~s.SCHED_RESET_ON_FORK;
    // Deadlines come with sched_setattr only.
    if (plainPolicy === s.SCHED_DEADLINE) return -EINVAL;
    return apply(task, target, { ...keep(target), policy: plainPolicy, priority, resetOnFork });
  },
});

export const schedGetscheduler = defineSyscall({
  nr: 145,
  name: 'sched_getscheduler',
  support: 'full',
  args: [arg.pid('pid')],
  result: result.int,
  run(task, pid) {
    const { policy, resetOnFork } = requireTask(task, pid).scheduling;
    return policy | (resetOnFork ? s.SCHED_RESET_ON_FORK : 0);
  },
});

export const schedGetPriorityMax = defineSyscall({
  nr: 146,
  name: 'sched_get_priority_max',
  support: 'full',
  args: [policyArg],
  result: result.int,
  run: (_task, policy) => (isKnown(policy) ? (isRealtime(policy) ? 99 : 0) : -EINVAL),
});

export const schedGetPriorityMin = defineSyscall({
  nr: 147,
  name: 'sched_get_priority_min',
  support: 'full',
  args: [policyArg],
  result: result.int,
  run: (_task, policy) => (isKnown(policy) ? (isRealtime(policy) ? 1 : 0) : -EINVAL),
});

export const schedRrGetInterval = defineSyscall({
  nr: 148,
  name: 'sched_rr_get_interval',
  support: 'full',
  args: [arg.pid('pid'), arg.pointer('tp')],
  result: result.ok,
  run(task, pid, gva) {
    const { policy } = requireTask(task, pid).scheduling;
    const intervals: Readonly<Record<number, number>> = {
      [s.SCHED_RR]: RR_INTERVAL_NS,
      [s.SCHED_OTHER]: FAIR_INTERVAL_NS,
      [s.SCHED_BATCH]: FAIR_INTERVAL_NS,
    };
    writeTimespecNs(task.memory, gva, intervals[policy] ?? 0);
    return 0;
  },
});

export const schedSetattr = defineSyscall({
  nr: 314,
  name: 'sched_setattr',
  support: kept,
  args: [arg.pid('pid'), arg.pointer('attr'), arg.uint('flags')],
  result: result.ok,
  run(task, pid, gva, flags) {
    if (gva === 0 || pid < 0 || flags !== 0) return -EINVAL;
    const { memory } = task;
    const size = checkAttrSize(task, gva);
    const target = requireTask(task, pid);
    const schedFlags = memory.getU32(gva + 8);
    const known = s.SCHED_FLAG_RESET_ON_FORK | s.SCHED_FLAG_KEEP_POLICY | s.SCHED_FLAG_KEEP_PARAMS;
    if (schedFlags & ~known || memory.getU32(gva + 12) !== 0 || size < s.SCHED_ATTR_SIZE_VER0) return -EINVAL;
    const { scheduling } = target;
    const keepsParameters = (schedFlags & s.SCHED_FLAG_KEEP_PARAMS) !== 0;
    return apply(task, target, {
      policy: schedFlags & s.SCHED_FLAG_KEEP_POLICY ? scheduling.policy : memory.getU32(gva + 4),
      nice: keepsParameters ? scheduling.nice : Math.min(19, Math.max(-20, memory.getI32(gva + 16))),
      priority: keepsParameters ? scheduling.priority : memory.getU32(gva + 20),
      resetOnFork: (schedFlags & s.SCHED_FLAG_RESET_ON_FORK) !== 0,
      runtimeNs: memory.getU64(gva + 24),
      deadlineNs: memory.getU64(gva + 32),
      periodNs: memory.getU64(gva + 40),
    });
  },
});

/** Size of struct sched_attr as the caller knows it; E2BIG, with the size known here, when it says what isn't known. */
function checkAttrSize(task: Task, gva: number): number {
  const { memory } = task;
  const size = memory.getU32(gva) || s.SCHED_ATTR_SIZE_VER0;
  const rest = size > s.SCHED_ATTR_SIZE_VER1 && size <= 4096 ? memory.readBytes(gva, size).subarray(56) : [];
  if (size < s.SCHED_ATTR_SIZE_VER0 || size > 4096 || rest.some((byte) => byte !== 0)) {
    memory.setU32(gva, s.SCHED_ATTR_SIZE_VER1);
    fail(E2BIG);
  }
  return size;
}

export const schedGetattr = defineSyscall({
  nr: 315,
  name: 'sched_getattr',
  support: 'full',
  args: [arg.pid('pid'), arg.pointer('attr'), arg.uint('size'), arg.uint('flags')],
  result: result.ok,
  run(task, pid, gva, size, flags) {
    if (gva === 0 || flags !== 0 || size < s.SCHED_ATTR_SIZE_VER0 || size > 4096) return -EINVAL;
    const { scheduling } = requireTask(task, pid);
    const { memory } = task;
    const used = Math.min(size, s.SCHED_ATTR_SIZE_VER1);
    memory.fill(gva, size, 0);
    memory.setU32(gva, used);
    memory.setU32(gva + 4, scheduling.policy);
    memory.setLong(gva + 8, scheduling.resetOnFork ? s.SCHED_FLAG_RESET_ON_FORK : 0);
    memory.setU32(gva + 16, scheduling.nice >>> 0);
    memory.setU32(gva + 20, scheduling.priority);
    memory.setU64(gva + 24, scheduling.runtimeNs);
    memory.setU64(gva + 32, scheduling.deadlineNs);
    memory.setU64(gva + 40, scheduling.periodNs);
    // Utilisation hints: none, and the most there is.
    if (used >= s.SCHED_ATTR_SIZE_VER1) memory.setU32(gva + 52, 1024);
    return 0;
  },
});
