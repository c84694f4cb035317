/** Waiting for children: wait4(2) and waitid(2). */
import { ECHILD, EINVAL, ERESTARTSYS, ESRCH } from '../../abi/errno.ts';
import { CLD_CONTINUED, SIGCHLD } from '../../abi/signal.ts';
import type { Process } from '../../process.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { Blocked, type SysResult } from '../../wait.ts';
import { type ChildState, exitState, reap, waitStatus } from './child-state.ts';
import { requirePidFile } from './pidfd.ts';
import { writeRusage } from './usage.ts';

const WNOHANG = 1;
const WSTOPPED = 2;
const WEXITED = 4;
const WCONTINUED = 8;
const WNOWAIT = 0x100_0000;
const WNOTHREAD = 0x2000_0000;
const WALL = 0x4000_0000;
const WCLONE = 0x8000_0000 | 0;

const waitNames: NameTable = [
  ['WNOHANG', WNOHANG],
  ['WUNTRACED', WSTOPPED],
  ['WEXITED', WEXITED],
  ['WCONTINUED', WCONTINUED],
  ['WNOWAIT', WNOWAIT],
  ['__WNOTHREAD', WNOTHREAD],
  ['__WALL', WALL],
  ['__WCLONE', WCLONE],
];

const P_ALL = 0;
const P_PID = 1;
const P_PGID = 2;
const P_PIDFD = 3;

type Select = (child: Process) => boolean;

/** A child with news. */
interface Found {
  child: Process;
  state: ChildState;
}

/** Waits for news of a selected child; `report` turns them into the call's result, -1 stands for none (WNOHANG). */
function waitForChild(
  task: Task,
  select: Select,
  options: number,
  report: (found: Found | undefined) => number,
): SysResult {
  const { process } = task;
  const attempt = (): SysResult => {
    const children = [...process.children].filter((child) => select(child) && isKind(child, options));
    if (children.length === 0) return -ECHILD;
    for (const child of children) {
      const state = newsOf(child, options);
      if (state === undefined) continue;
      const answer = report({ child, state });
      if (answer >= 0 && !(options & WNOWAIT)) consume(child);
      return answer;
    }
    if (options & WNOHANG) return report(undefined);
    return new Blocked([process.childEvents], (cause) => (cause === 'signal' ? -ERESTARTSYS : attempt()));
  };
  return attempt();
}

/** __WCLONE asks for children whose end is not told by SIGCHLD, __WALL for all. */
function isKind(child: Process, options: number): boolean {
  return (options & WALL) !== 0 || (child.exitSignal !== SIGCHLD) === ((options & WCLONE) !== 0);
}

function newsOf(child: Process, options: number): ChildState | undefined {
  if (child.exit !== undefined) return options & WEXITED ? exitState(child) : undefined;
  const { jobState } = child;
  if (jobState === undefined) return undefined;
  const wanted = jobState.code === CLD_CONTINUED ? WCONTINUED : WSTOPPED;
  return options & wanted ? jobState : undefined;
}

function consume(child: Process): void {
  if (child.exit !== undefined) reap(child);
  else child.jobState = undefined;
}

export const wait4 = defineSyscall({
  nr: 61,
  name: 'wait4',
  support: 'full',
  args: [arg.pid('pid'), arg.pointer('wstatus'), arg.flags('options', waitNames), arg.pointer('rusage')],
  result: result.pid,
  run(task, pid, statusGva, options, rusageGva) {
    if (options & ~(WNOHANG | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) return -EINVAL;
    // Its negative is no process group.
    if (pid === -0x8000_0000) return -ESRCH;
    return waitForChild(task, selectByPid(task, pid), options | WEXITED, (found) => {
      if (found === undefined) return 0;
      if (statusGva !== 0) task.memory.setU32(statusGva, waitStatus(found.state));
      if (rusageGva !== 0) writeRusage(task, rusageGva, found.child);
      return found.child.pid;
    });
  },
});

function selectByPid(task: Task, pid: number): Select {
  if (pid > 0) return (child) => child.pid === pid;
  if (pid === -1) return () => true;
  const group = pid === 0 ? task.process.processGroup : -pid;
  return (child) => child.processGroup === group;
}

export const waitid = defineSyscall({
  nr: 247,
  name: 'waitid',
  support: 'full',
  args: [
    arg.oneOf('idtype', [
      ['P_ALL', P_ALL],
      ['P_PID', P_PID],
      ['P_PGID', P_PGID],
      ['P_PIDFD', P_PIDFD],
    ]),
    arg.int('id'),
    arg.pointer('infop'),
    arg.flags('options', waitNames),
    arg.pointer('rusage'),
  ],
  result: result.ok,
  run(task, type, id, infoGva, options, rusageGva) {
    const known = WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL | WCLONE;
    if (options & ~known || !(options & (WEXITED | WSTOPPED | WCONTINUED))) return -EINVAL;
    const select = selectById(task, type, id);
    if (select === undefined) return -EINVAL;
    return waitForChild(task, select, options, (found) => {
      if (infoGva !== 0) writeChildInfo(task, infoGva, found);
      if (rusageGva !== 0 && found !== undefined) writeRusage(task, rusageGva, found.child);
      return 0;
    });
  },
});

function selectById(task: Task, type: number, id: number): Select | undefined {
  if (type === P_ALL) return () => true;
  if (type === P_PID) return id > 0 ? (child) => child.pid === id : undefined;
  if (type === P_PGID) {
    if (id < 0) return undefined;
    const group = id === 0 ? task.process.processGroup : id;
    return (child) => child.processGroup === group;
  }
  if (type !== P_PIDFD) return undefined;
  const { process } = requirePidFile(task, id);
  return (child) => child === process;
}

/** The fields of siginfo_t that waitid fills in; all of them 0 when there are no news. */
function writeChildInfo(task: Task, gva: number, found: Found | undefined): void {
  const { memory } = task;
  memory.setU32(gva, found === undefined ? 0 : SIGCHLD);
  memory.setU32(gva + 4, 0);
  memory.setU32(gva + 8, found?.state.code ?? 0);
  memory.setU32(gva + 16, found?.child.pid ?? 0);
  memory.setU32(gva + 20, found?.child.credentials.uid ?? 0);
  memory.setU32(gva + 24, found?.state.status ?? 0);
}
