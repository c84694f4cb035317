/** What processes and threads have used: getrusage(2), times(2). */
import { EINVAL } from '../../abi/errno.ts';
import { RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD } from '../../abi/resource.ts';
import { USER_HZ } from '../../abi/time.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND, writeTimevalNs } from '../../timespec.ts';

export interface CpuTimes {
  userNs: number;
  systemNs: number;
}

const TICK_NS = NS_PER_SECOND / USER_HZ;
const RUSAGE_SIZE = 144;

/** CPU time of one task up to now. System time is measured by samples, so user time is what is left. */
export function taskTimes(task: Task): CpuTimes {
  const total = task.kernel.scheduler.cpuTimeNs(task);
  const systemNs = Math.min(task.systemTimeNs, total);
  return { userNs: total - systemNs, systemNs };
}

/** CPU time of all tasks of a process, living and gone. */
export function processTimes(process: Process): CpuTimes {
  const { exitedCpuNs, exitedSystemNs } = process.usage;
  const times = { userNs: exitedCpuNs - exitedSystemNs, systemNs: exitedSystemNs };
  for (const task of process.tasks) {
    const { userNs, systemNs } = taskTimes(task);
    times.userNs += userNs;
    times.systemNs += systemNs;
  }
  return times;
}

/** Writes struct rusage; fields that Linux doesn't maintain, and those not counted here, are 0. */
export function writeRusage(task: Task, gva: number, of: Task | Process | 'children'): void {
  const { memory, process } = task;
  memory.fill(gva, RUSAGE_SIZE, 0);
  const { userNs, systemNs } = timesOf(process, of);
  writeTimevalNs(memory, gva, userNs);
  writeTimevalNs(memory, gva + 16, systemNs);
  if (of === 'children') return;
  const owner = 'process' in of ? of.process : of;
  memory.setLong(gva + 32, Math.floor(owner.mm.peakResidentBytes / 1024));
  const switches = switchesOf(of);
  memory.setLong(gva + 128, switches.voluntary);
  memory.setLong(gva + 136, switches.involuntary);
}

function timesOf(process: Process, of: Task | Process | 'children'): CpuTimes {
  if (of === 'children') return { userNs: process.usage.childrenUserNs, systemNs: process.usage.childrenSystemNs };
  return 'process' in of ? taskTimes(of) : processTimes(of);
}

function switchesOf(of: Task | Process): { voluntary: number; involuntary: number } {
  if ('process' in of) return { voluntary: of.voluntarySwitches, involuntary: of.involuntarySwitches };
  let { voluntarySwitches: voluntary, involuntarySwitches: involuntary } = of.usage;
  for (const task of of.tasks) {
    voluntary += task.voluntarySwitches;
    involuntary += task.involuntarySwitches;
  }
  return { voluntary, involuntary };
}

export const getrusage = defineSyscall({
  nr: 98,
  name: 'getrusage',
  support: { partial: 'page faults and block I/O are not counted' },
  args: [
    arg.oneOf('who', [
      ['RUSAGE_SELF', RUSAGE_SELF],
      ['RUSAGE_CHILDREN', RUSAGE_CHILDREN],
      ['RUSAGE_THREAD', RUSAGE_THREAD],
    ]),
    arg.pointer('usage'),
  ],
  result: result.ok,
  run(task, who, usage) {
    if (who === RUSAGE_SELF) writeRusage(task, usage, task.process);
    else if (who === RUSAGE_THREAD) writeRusage(task, usage, task);
    else if (who === RUSAGE_CHILDREN) writeRusage(task, usage, 'children');
    else return -EINVAL;
    return 0;
  },
});

export const times = defineSyscall({
  nr: 100,
  name: 'times',
  support: 'full',
  args: [arg.pointer('buf')],
  result: result.int,
  run(task, buf) {
    const { process, memory, kernel } = task;
    if (buf !== 0) {
      const own = processTimes(process);
      const { childrenUserNs, childrenSystemNs } = process.usage;
      const ticks = [own.userNs, own.systemNs, childrenUserNs, childrenSystemNs].map((ns) => Math.floor(ns / TICK_NS));
      memory.check(buf, 32, 'w');
      for (const [i, value] of ticks.entries()) memory.setLong(buf + 8 * i, value);
    }
    return Math.floor(kernel.clock.monotonicNs() / TICK_NS);
  },
});
