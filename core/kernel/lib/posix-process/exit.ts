/**
 * The end of tasks and processes: exit(2), exit_group(2), death by a signal.
 *
 * Order for a task: robust futexes and clear_child_tid first, while its memory is still there, then the scheduler lets
 * go of it. For a process: all tasks, timers and the like (`kernel.exitHooks`), descriptors, memory; then the parent is
 * told. The end of the first process ends the machine; its memory stays for the report, only shared file mappings are
 * written back.
 */
import { SIGKILL } from '../../abi/signal.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { releaseFutexesOf } from '../posix-futex/lib.ts';
import { sendToTask } from '../uksignal/send.ts';
import { notifyParent } from './child-state.ts';

export type ProcessExit = NonNullable<Process['exit']>;

/** Ends one task; with the last one its process ends, with the exit code of the first task. */
export function exitTask(task: Task, code: number): void {
  const { process } = task;
  if (task.tid === process.pid) process.leaderExitCode = code;
  if (process.tasks.every((other) => other === task)) endProcess(process, { code: process.leaderExitCode ?? code });
  else retire(task);
}

/** Takes a task out of its process. */
function retire(task: Task): void {
  const { process, kernel } = task;
  releaseFutexesOf(task);
  kernel.scheduler.remove(task);
  const { usage } = process;
  usage.exitedCpuNs += kernel.scheduler.cpuTimeNs(task);
  usage.exitedSystemNs += task.systemTimeNs;
  usage.exitedInstructions += task.instructions;
  usage.voluntarySwitches += task.voluntarySwitches;
  usage.involuntarySwitches += task.involuntarySwitches;
  process.tasks.splice(process.tasks.indexOf(task), 1);
}

/** Leaves `task` alone in its process, as the first task, holding no futex of the old program: execve(2). */
export function endOtherTasks(task: Task): void {
  const { process, kernel } = task;
  for (const other of [...process.tasks]) if (other !== task) retire(other);
  releaseFutexesOf(task);
  if (task.tid !== process.pid) kernel.scheduler.rename(task, process.pid);
  process.leaderExitCode = undefined;
}

/** Ends a process with all its tasks. Does nothing when it has ended. */
export function endProcess(process: Process, exit: ProcessExit): void {
  if (process.exit !== undefined) return;
  const { kernel } = process;
  // Set first: nothing that happens below may send it signals or end it again.
  process.exit = exit;
  for (const task of [...process.tasks]) retire(task);
  for (const hook of kernel.exitHooks) hook(process);
  process.fds.closeAll();
  releaseChildren(process);
  if (process.parent === undefined) endMachine(process, exit);
  else {
    releaseMemory(process);
    notifyParent(process);
  }
  process.ended.wake();
}

/** The first process has ended: the others go with it, and the run loop returns. */
function endMachine(first: Process, exit: ProcessExit): void {
  const { kernel } = first;
  for (const process of [...kernel.processes.values()]) endProcess(process, { signal: SIGKILL, coreDumped: false });
  for (const vma of first.mm.vmas) vma.backing?.shared?.flushRange(first.mm, vma.start, vma.end);
  kernel.scheduler.end = exit;
}

/** Empties the address space, unless another process still runs in it (vfork). */
function releaseMemory(process: Process): void {
  for (const other of process.kernel.processes.values()) {
    if (other !== process && other.exit === undefined && other.mm === process.mm) return;
  }
  process.mm.clear();
}

/** Children of an ended process go to the first process; those that asked are told by their signal. */
function releaseChildren(process: Process): void {
  const first = process.kernel.processes.get(1);
  for (const child of process.children) {
    process.children.delete(child);
    child.parent = first === process ? undefined : first;
    if (child.parent === undefined) continue;
    child.parent.children.add(child);
    for (const task of child.tasks) {
      const signal = task.parentDeathSignal;
      if (signal !== 0) sendToTask(task, signal, { code: 0, pid: process.pid, uid: process.credentials.uid });
    }
    if (child.exit !== undefined) notifyParent(child);
  }
}

export const exit = defineSyscall({
  nr: 60,
  name: 'exit',
  support: 'full',
  args: [arg.int('status')],
  result: result.never,
  run(task, status) {
    exitTask(task, status & 0xff);
    return 0;
  },
});

export const exitGroup = defineSyscall({
  nr: 231,
  name: 'exit_group',
  support: 'full',
  args: [arg.int('status')],
  result: result.never,
  run(task, status) {
    endProcess(task.process, { code: status & 0xff });
    return 0;
  },
});
