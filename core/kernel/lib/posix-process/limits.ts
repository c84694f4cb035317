/** Resource limits: getrlimit(2), setrlimit(2), prlimit(2). */
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { RLIM_NLIMITS, RLIMIT_NOFILE, resourceNames } from '../../abi/resource.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { ResourceLimit } from './rlimits.ts';

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
/** Highest RLIMIT_NOFILE (fs.nr_open). */
const NR_OPEN = 1048576;

const partly = {
  partial: 'RLIMIT_RSS, NICE, RTPRIO, RTTIME, LOCKS and MSGQUEUE are kept but limit nothing',
} as const;

function readLimit(task: Task, gva: number): ResourceLimit {
  const toNumber = (value: bigint): number => (value === RLIM_INFINITY ? Number.POSITIVE_INFINITY : Number(value));
  return { soft: toNumber(task.memory.getU64(gva)), hard: toNumber(task.memory.getU64(gva + 8)) };
}

function writeLimit(task: Task, gva: number, { soft, hard }: ResourceLimit): void {
  const toWord = (value: number): bigint => (value === Number.POSITIVE_INFINITY ? RLIM_INFINITY : BigInt(value));
  task.memory.check(gva, 16, 'w');
  task.memory.setU64(gva, toWord(soft));
  task.memory.setU64(gva + 8, toWord(hard));
}

/** 0, or why the limit may not be set. */
function change(task: Task, target: Process, resource: number, limit: ResourceLimit): number {
  if (limit.soft > limit.hard) return -EINVAL;
  if (resource === RLIMIT_NOFILE && limit.hard > NR_OPEN) return -EPERM;
  if (limit.hard > target.limits.hard(resource) && !task.process.credentials.isPrivileged) return -EPERM;
  target.limits.set(resource, limit.soft, limit.hard);
  return 0;
}

const isResource = (resource: number): boolean => resource >= 0 && resource < RLIM_NLIMITS;

export const getrlimit = defineSyscall({
  nr: 97,
  name: 'getrlimit',
  support: 'full',
  args: [arg.oneOf('resource', resourceNames), arg.pointer('rlim')],
  result: result.ok,
  run(task, resource, gva) {
    if (!isResource(resource)) return -EINVAL;
    writeLimit(task, gva, task.process.limits.get(resource));
    return 0;
  },
});

export const setrlimit = defineSyscall({
  nr: 160,
  name: 'setrlimit',
  support: partly,
  args: [arg.oneOf('resource', resourceNames), arg.pointer('rlim')],
  result: result.ok,
  run(task, resource, gva) {
    const limit = readLimit(task, gva);
    return isResource(resource) ? change(task, task.process, resource, limit) : -EINVAL;
  },
});

export const prlimit64 = defineSyscall({
  nr: 302,
  name: 'prlimit64',
  support: partly,
  args: [arg.pid('pid'), arg.oneOf('resource', resourceNames), arg.pointer('new_limit'), arg.pointer('old_limit')],
  result: result.ok,
  run(task, pid, resource, newGva, oldGva) {
    if (!isResource(resource)) return -EINVAL;
    const limit = newGva === 0 ? undefined : readLimit(task, newGva);
    const target = pid === 0 ? task.process : task.kernel.scheduler.tasks.get(pid)?.process;
    if (target === undefined) return -ESRCH;
    if (!mayLimit(task.process, target)) return -EPERM;
    const old = { ...target.limits.get(resource) };
    if (limit !== undefined) {
      const answer = change(task, target, resource, limit);
      if (answer < 0) return answer;
    }
    if (oldGva !== 0) writeLimit(task, oldGva, old);
    return 0;
  },
});

/** All ids of the target must be the caller's real ones, or CAP_SYS_RESOURCE. */
function mayLimit(process: Process, target: Process): boolean {
  if (process === target || process.credentials.isPrivileged) return true;
  const { uid, gid } = process.credentials;
  const to = target.credentials;
  return [to.uid, to.euid, to.suid].every((id) => id === uid) && [to.gid, to.egid, to.sgid].every((id) => id === gid);
}
