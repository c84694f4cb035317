/** getpriority(2), setpriority(2), ioprio_get(2), ioprio_set(2): kept and shown. */
import { EACCES, EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { PRIO_PGRP, PRIO_PROCESS, PRIO_USER } from '../../abi/resource.ts';
import * as s from '../../abi/sched.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { canNice, kept } from './policy.ts';

type Scope = 'task' | 'group' | 'user';

/** The tasks that (scope, id) names; id 0 is the caller's. */
function select(task: Task, scope: Scope, id: number): Task[] {
  const { process, kernel } = task;
  const all = [...kernel.scheduler.tasks.values()];
  if (scope === 'task') return id === 0 ? [task] : all.filter((other) => other.tid === id);
  if (scope === 'group') {
    const group = id === 0 ? process.processGroup : id;
    return all.filter((other) => other.process.processGroup === group);
  }
  const uid = id === 0 ? process.credentials.uid : id;
  return all.filter((other) => other.process.credentials.uid === uid);
}

const scopes: Readonly<Record<number, Scope>> = { [PRIO_PROCESS]: 'task', [PRIO_PGRP]: 'group', [PRIO_USER]: 'user' };
const scopeNames: NameTable = [
  ['PRIO_PROCESS', PRIO_PROCESS],
  ['PRIO_PGRP', PRIO_PGRP],
  ['PRIO_USER', PRIO_USER],
];

export const getpriority = defineSyscall({
  nr: 140,
  name: 'getpriority',
  support: 'full',
  args: [arg.oneOf('which', scopeNames), arg.int('who')],
  result: result.int,
  run(task, which, who) {
    const scope = scopes[which];
    if (scope === undefined) return -EINVAL;
    const nices = select(task, scope, who).map((target) => target.scheduling.nice);
    // The raw call answers 20 - nice, so that it is never negative.
    return nices.length === 0 ? -ESRCH : 20 - Math.min(...nices);
  },
});

export const setpriority = defineSyscall({
  nr: 141,
  name: 'setpriority',
  support: kept,
  args: [arg.oneOf('which', scopeNames), arg.int('who'), arg.int('prio')],
  result: result.ok,
  run(task, which, who, priority) {
    const scope = scopes[which];
    if (scope === undefined) return -EINVAL;
    const nice = Math.min(19, Math.max(-20, priority));
    let answer = -ESRCH;
    for (const target of select(task, scope, who)) {
      const refusal = mayNice(task, target, nice);
      if (refusal === 0) target.scheduling.nice = nice;
      if (answer === -ESRCH || refusal !== 0) answer = refusal;
    }
    return answer;
  },
});

function mayNice(task: Task, target: Task, nice: number): number {
  const { euid, isPrivileged } = task.process.credentials;
  const owner = target.process.credentials;
  if (isPrivileged) return 0;
  if (owner.uid !== euid && owner.euid !== euid) return -EPERM;
  return nice < target.scheduling.nice && !canNice(target, nice) ? -EACCES : 0;
}

const ioScopes: Readonly<Record<number, Scope>> = {
  [s.IOPRIO_WHO_PROCESS]: 'task',
  [s.IOPRIO_WHO_PGRP]: 'group',
  [s.IOPRIO_WHO_USER]: 'user',
};
const ioScopeNames: NameTable = [
  ['IOPRIO_WHO_PROCESS', s.IOPRIO_WHO_PROCESS],
  ['IOPRIO_WHO_PGRP', s.IOPRIO_WHO_PGRP],
  ['IOPRIO_WHO_USER', s.IOPRIO_WHO_USER],
];

export const ioprioSet = defineSyscall({
  nr: 251,
  name: 'ioprio_set',
  support: kept,
  args: [arg.oneOf('which', ioScopeNames), arg.int('who'), arg.hex('ioprio')],
  result: result.ok,
  run(task, which, who, priority) {
    const kind = priority >> s.IOPRIO_CLASS_SHIFT;
    const level = priority & 7;
    const { isPrivileged } = task.process.credentials;
    if (kind > s.IOPRIO_CLASS_IDLE || (kind === s.IOPRIO_CLASS_NONE && level !== 0)) return -EINVAL;
    if (kind === s.IOPRIO_CLASS_RT && !isPrivileged) return -EPERM;
    const scope = ioScopes[which];
    if (scope === undefined) return -EINVAL;
    const targets = select(task, scope, who);
    if (targets.length === 0) return -ESRCH;
    const own = task.process.credentials.uid;
    if (!isPrivileged && targets.some((target) => target.process.credentials.uid !== own)) return -EPERM;
    for (const target of targets) target.scheduling.ioPriority = priority;
    return 0;
  },
});

export const ioprioGet = defineSyscall({
  nr: 252,
  name: 'ioprio_get',
  support: 'full',
  args: [arg.oneOf('which', ioScopeNames), arg.int('who')],
  result: result.int,
  run(task, which, who) {
    const scope = ioScopes[which];
    if (scope === undefined) return -EINVAL;
    // Of one task what was set, 0 for nothing; of several what holds for them.
    const shown = scope === 'task' ? (target: Task) => target.scheduling.ioPriority : effectiveIoPriority;
    const priorities = select(task, scope, who).map(shown);
    // The highest priority of all: the lowest number.
    return priorities.length === 0 ? -ESRCH : Math.min(...priorities);
  },
});

/** What was set; without that, best effort at a level that follows from nice. */
function effectiveIoPriority({ scheduling }: Task): number {
  if (scheduling.ioPriority !== 0) return scheduling.ioPriority;
  return (s.IOPRIO_CLASS_BE << s.IOPRIO_CLASS_SHIFT) | Math.floor((scheduling.nice + 20) / 5);
}
