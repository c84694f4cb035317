/** /proc/PID/status and /proc/PID/stat, see proc_pid_status(5) and proc_pid_stat(5). */

import { RLIMIT_RSS, RLIMIT_SIGPENDING } from '../../abi/resource.ts';
import { SIG_DFL, SIG_IGN } from '../../abi/signal.ts';
import { USER_HZ } from '../../abi/time.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { capabilitiesOf } from '../posix-process/capabilities.ts';
import { processTimes, taskTimes } from '../posix-process/usage.ts';
import { controllingTty } from '../posix-tty/jobs.ts';
import { SignalSet } from '../uksignal/state.ts';
import { codeBytes, residentByKind, stackBytes } from './memory-maps.ts';
import { kilobytes } from './subject.ts';

/** State letter and word. */
export function stateOf(process: Process, task: Task | undefined): [letter: string, word: string] {
  if (process.exit !== undefined || task === undefined) return ['Z', 'zombie'];
  switch (task.state) {
    case 'runnable':
      return ['R', 'running'];
    case 'blocked':
      return ['S', 'sleeping'];
    case 'stopped':
      return ['T', 'stopped'];
    case 'exited':
      return ['X', 'dead'];
  }
}

const NONE = new SignalSet();
const setText = ({ hi, lo }: SignalSet): string =>
  (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');

/** Signals whose action is `SIG_IGN`, and those with a handler. */
function dispositions(process: Process): { ignored: SignalSet; caught: SignalSet } {
  const ignored = new SignalSet();
  const caught = new SignalSet();
  for (let signal = 1; signal <= 64; signal++) {
    const { handler } = process.signals.actions[signal]!;
    if (handler === SIG_IGN) ignored.add(signal);
    else if (handler !== SIG_DFL) caught.add(signal);
  }
  return { ignored, caught };
}

/** Name as the kernel shows it: control characters and backslashes escaped. */
const escapeName = (name: string): string => name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function memoryLines({ mm }: Process): string[] {
  const { anonymous, file, shared } = residentByKind(mm);
  const { program, libraries } = codeBytes(mm);
  return [
    `VmSize:\t${kilobytes(mm.mappedBytes)}`,
    `VmLck:\t${kilobytes(mm.lockedBytes)}`,
    `VmPin:\t${kilobytes(0)}`,
    `VmHWM:\t${kilobytes(mm.peakResidentBytes)}`,
    `VmRSS:\t${kilobytes(mm.residentBytes)}`,
    `RssAnon:\t${kilobytes(anonymous)}`,
    `RssFile:\t${kilobytes(file)}`,
    `RssShmem:\t${kilobytes(shared)}`,
    `VmData:\t${kilobytes(mm.dataBytes)}`,
    `VmStk:\t${kilobytes(stackBytes(mm))}`,
    `VmExe:\t${kilobytes(program)}`,
    `VmLib:\t${kilobytes(libraries)}`,
    `VmPTE:\t${kilobytes(0)}`,
    `VmSwap:\t${kilobytes(0)}`,
  ];
}

function signalLines(process: Process, task: Task | undefined): string[] {
  const { ignored, caught } = dispositions(process);
  let queued = process.signals.pending.size;
  for (const each of process.tasks) queued += each.signals.pending.size;
  return [
    `SigQ:\t${queued}/${process.limits.soft(RLIMIT_SIGPENDING)}`,
    `SigPnd:\t${setText(task?.signals.pending.set ?? NONE)}`,
    `ShdPnd:\t${setText(process.signals.pending.set)}`,
    `SigBlk:\t${setText(task?.signals.mask ?? NONE)}`,
    `SigIgn:\t${setText(ignored)}`,
    `SigCgt:\t${setText(caught)}`,
  ];
}

function capabilityLines(process: Process): string[] {
  const { inheritable, permitted, effective } = capabilitiesOf(process);
  const { boundingSet, ambientSet } = process.attributes;
  const rows: [name: string, set: bigint][] = [
    ['CapInh', inheritable],
    ['CapPrm', permitted],
    ['CapEff', effective],
    ['CapBnd', boundingSet],
    ['CapAmb', ambientSet],
  ];
  return rows.map(([name, set]) => `${name}:\t${set.toString(16).padStart(16, '0')}`);
}

export function status(process: Process, task: Task | undefined): string {
  const { credentials: c } = process;
  const id = task?.tid ?? process.pid;
  const lines = [
    `Name:\t${escapeName(task?.comm ?? '')}`,
    `Umask:\t${process.fs.umask.toString(8).padStart(4, '0')}`,
    `State:\t${stateOf(process, task)[0]} (${stateOf(process, task)[1]})`,
    `Tgid:\t${process.pid}`,
    'Ngid:\t0',
    `Pid:\t${id}`,
    `PPid:\t${process.parent?.pid ?? 0}`,
    'TracerPid:\t0',
    `Uid:\t${c.uid}\t${c.euid}\t${c.suid}\t${c.fsuid}`,
    `Gid:\t${c.gid}\t${c.egid}\t${c.sgid}\t${c.fsgid}`,
    `FDSize:\t${Math.max(64, 2 ** Math.ceil(Math.log2(process.fds.size || 1)))}`,
    `Groups:\t${c.groups.map((group) => `${group} `).join('')}`,
    `NStgid:\t${process.pid}`,
    `NSpid:\t${id}`,
    `NSpgid:\t${process.processGroup}`,
    `NSsid:\t${process.session}`,
    ...(process.exit === undefined ? memoryLines(process) : []),
    `THP_enabled:\t0`,
    `Threads:\t${process.tasks.length}`,
    ...signalLines(process, task),
    ...capabilityLines(process),
    `NoNewPrivs:\t${process.attributes.noNewPrivileges ? 1 : 0}`,
    'Seccomp:\t0',
    'Seccomp_filters:\t0',
    'Cpus_allowed:\t1',
    'Cpus_allowed_list:\t0',
    'Mems_allowed:\t1',
    'Mems_allowed_list:\t0',
    `voluntary_ctxt_switches:\t${task?.voluntarySwitches ?? 0}`,
    `nonvoluntary_ctxt_switches:\t${task?.involuntarySwitches ?? 0}`,
  ];
  return `${lines.join('\n')}\n`;
}

const ticks = (ns: number): number => Math.floor((ns * USER_HZ) / NS_PER_SECOND);

/** What stat's columns say of time: user, system, and those of waited-for children. */
function timeColumns(process: Process, thread: Task | undefined): number[] {
  const { userNs, systemNs } = thread === undefined ? processTimes(process) : taskTimes(thread);
  const { childrenUserNs, childrenSystemNs } = process.usage;
  return [userNs, systemNs, childrenUserNs, childrenSystemNs].map(ticks);
}

function exitCode({ exit }: Process): number {
  if (exit === undefined) return 0;
  return 'code' in exit ? exit.code << 8 : exit.signal | (exit.coreDumped ? 0x80 : 0);
}

/** `thread` is given for the file of one thread: its times are shown, not the process's. */
export function stat(process: Process, task: Task | undefined, thread?: Task): string {
  const { mm } = process;
  const { image } = mm;
  const tty = controllingTty(process);
  const { ignored, caught } = dispositions(process);
  const nice = task?.scheduling.nice ?? 0;
  const realtime = task?.scheduling.priority ?? 0;
  const rss = process.limits.soft(RLIMIT_RSS);
  const low = (set: SignalSet | undefined): number => (set === undefined ? 0 : set.lo & 0x7fffffff);
  const columns: (string | number)[] = [
    task?.tid ?? process.pid,
    `(${task?.comm ?? ''})`,
    stateOf(process, task)[0],
    process.parent?.pid ?? 0,
    process.processGroup,
    process.session,
    tty?.rdev ?? 0,
    tty === undefined ? -1 : tty.foreground,
    // Flags and page faults: not counted.
    ...[0, 0, 0, 0, 0],
    ...timeColumns(process, thread),
    realtime > 0 ? -1 - realtime : 20 + nice,
    nice,
    process.tasks.length,
    0,
    ticks(process.startNs),
    mm.mappedBytes,
    mm.residentBytes / 4096,
    rss === Number.POSITIVE_INFINITY ? '18446744073709551615' : rss,
    ...[image.startCode, image.endCode, image.startStack],
    // Stack and instruction pointers are shown to debuggers only.
    ...[0, 0],
    ...[low(task?.signals.pending.set), low(task?.signals.mask), low(ignored), low(caught)],
    ...[0, 0, 0],
    // SIGCHLD at exit, the processor, real-time priority and policy.
    ...[17, 0, realtime, task?.scheduling.policy ?? 0],
    ...[0, 0, 0],
    ...[image.startData, image.endData, mm.brkStart],
    ...[image.argStart, image.argEnd, image.envStart, image.envEnd],
    exitCode(process),
  ];
  return `${columns.join(' ')}\n`;
}
