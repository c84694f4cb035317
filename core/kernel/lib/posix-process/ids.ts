/** Ids of processes, groups and sessions: getpid(2), gettid(2), setpgid(2), setsid(2), credentials(7). */
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';

export const getpid = defineSyscall({
  nr: 39,
  name: 'getpid',
  support: 'full',
  args: [],
  result: result.pid,
  run: (task) => task.process.pid,
});

export const gettid = defineSyscall({
  nr: 186,
  name: 'gettid',
  support: 'full',
  args: [],
  result: result.pid,
  run: (task) => task.tid,
});

export const getppid = defineSyscall({
  nr: 110,
  name: 'getppid',
  support: 'full',
  args: [],
  result: result.pid,
  run: (task) => task.process.parent?.pid ?? 0,
});

export const setTidAddress = defineSyscall({
  nr: 218,
  name: 'set_tid_address',
  support: 'full',
  args: [arg.pointer('tidptr')],
  result: result.pid,
  run(task, address) {
    task.clearChildTid = address;
    return task.tid;
  },
});

/** The process that `pid` names, the caller's own for 0; a thread id names its process too. */
function processOf(task: Task, pid: number): Process | undefined {
  if (pid === 0) return task.process;
  return task.kernel.processes.get(pid) ?? task.kernel.scheduler.tasks.get(pid)?.process;
}

export const getpgid = defineSyscall({
  nr: 121,
  name: 'getpgid',
  support: 'full',
  args: [arg.pid('pid')],
  result: result.pid,
  run: (task, pid) => processOf(task, pid)?.processGroup ?? -ESRCH,
});

export const getpgrp = defineSyscall({
  nr: 111,
  name: 'getpgrp',
  support: 'full',
  args: [],
  result: result.pid,
  run: (task) => task.process.processGroup,
});

export const getsid = defineSyscall({
  nr: 124,
  name: 'getsid',
  support: 'full',
  args: [arg.pid('pid')],
  result: result.pid,
  run: (task, pid) => processOf(task, pid)?.session ?? -ESRCH,
});

export const setpgid = defineSyscall({
  nr: 109,
  name: 'setpgid',
  support: 'full',
  args: [arg.pid('pid'), arg.pid('pgid')],
  result: result.ok,
  run(task, pid, pgid) {
    const { process, kernel } = task;
    if (pgid < 0) return -EINVAL;
    const target = pid === 0 ? process : kernel.processes.get(pid);
    if (target === undefined || (target !== process && target.parent !== process)) return -ESRCH;
    if (target.session !== process.session || target.session === target.pid) return -EPERM;
    const group = pgid === 0 ? target.pid : pgid;
    if (group !== target.pid && !hasGroup(target, group)) return -EPERM;
    target.processGroup = group;
    return 0;
  },
});

/** True when the group exists in the process's session. */
function hasGroup(process: Process, group: number): boolean {
  for (const other of process.kernel.processes.values()) {
    if (other.processGroup === group && other.session === process.session) return true;
  }
  return false;
}

export const setsid = defineSyscall({
  nr: 112,
  name: 'setsid',
  support: 'full',
  args: [],
  result: result.pid,
  run({ process, kernel }) {
    for (const other of kernel.processes.values()) if (other.processGroup === process.pid) return -EPERM;
    process.session = process.processGroup = process.pid;
    return process.pid;
  },
});
