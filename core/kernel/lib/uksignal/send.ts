/**
 * Generating signals: where one goes, whether it is dropped, whom it wakes. Permission is the caller's business
 * (kill.ts). See signal(7), "Signal dispositions" and "Queueing".
 */
import { EAGAIN } from '../../abi/errno.ts';
import { RLIMIT_SIGPENDING } from '../../abi/resource.ts';
import {
  defaultAction,
  SI_KERNEL,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
} from '../../abi/signal.ts';
import type { Kernel } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { signalHooks } from './hooks.ts';
import { type PendingSignals, type SignalInfo, SignalSet } from './state.ts';

export type { SignalInfo } from './state.ts';

const STOP_SIGNALS = SignalSet.of(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
const CONTINUE_SIGNAL = SignalSet.of(SIGCONT);

/** Info of a signal that the kernel itself sends (terminal keys, SIGPIPE...). */
export const fromKernel: SignalInfo = { code: SI_KERNEL, pid: 0, uid: 0 };

/** Info of kill(2) from a process. */
export function fromProcess(sender: Process, code = SI_USER): SignalInfo {
  return { code, pid: sender.pid, uid: sender.credentials.uid };
}

/** Sends to one task. Returns 0, or -EAGAIN when the queue of a real-time signal is full. */
export function sendToTask(task: Task, signal: number, info: SignalInfo): number {
  return generate(task.process, task.signals.pending, signal, info, task);
}

/** Sends to a process: any of its tasks that does not block the signal takes it. Returns as `sendToTask`. */
export function sendToProcess(process: Process, signal: number, info: SignalInfo): number {
  return generate(process, process.signals.pending, signal, info, undefined);
}

/** Sends to every process of a group; returns how many there were. */
export function sendToGroup(kernel: Kernel, pgid: number, signal: number, info: SignalInfo): number {
  let reached = 0;
  for (const process of kernel.processes.values()) {
    if (process.processGroup !== pgid || process.exit !== undefined) continue;
    sendToProcess(process, signal, info);
    reached++;
  }
  return reached;
}

/**
 * Sends a signal that the task caused itself and must not escape (a fault, a bad frame): if it is blocked or ignored,
 * its action becomes SIG_DFL and it is unblocked, so that it kills.
 */
export function forceSignal(task: Task, signal: number, info: SignalInfo): void {
  const action = task.process.signals.actions[signal]!;
  if (task.signals.mask.has(signal) || action.handler === SIG_IGN) {
    action.handler = SIG_DFL;
    task.signals.mask.delete(signal);
  }
  // A fault is never merged into a pending signal of the same number: the fault would repeat for ever.
  task.signals.pending.discard(SignalSet.of(signal));
  sendToTask(task, signal, info);
}

function generate(
  process: Process,
  pending: PendingSignals,
  signal: number,
  info: SignalInfo,
  target: Task | undefined,
): number {
  if (signal === 0 || process.exit !== undefined) return 0;
  applyStopAndContinue(process, signal);
  if (isDropped(process, target, signal)) return 0;
  if (
    signal >= 32 &&
    pending.size >= process.limits.soft(RLIMIT_SIGPENDING) &&
    info.code !== SI_USER &&
    info.code !== SI_KERNEL
  )
    return -EAGAIN;
  pending.push(signal, info);
  process.signals.arrived.wake();
  const task = target ?? chooseTask(process, signal);
  if (signal === SIGKILL) for (const each of process.tasks) interrupt(each);
  else if (task !== undefined && wants(task, signal)) interrupt(task);
  return 0;
}

/** Stop signals and SIGCONT cancel each other; SIGCONT restarts a stopped process even when blocked or ignored. */
function applyStopAndContinue(process: Process, signal: number): void {
  const cancelled = signal === SIGCONT ? STOP_SIGNALS : STOP_SIGNALS.has(signal) ? CONTINUE_SIGNAL : undefined;
  if (cancelled !== undefined) {
    process.signals.pending.discard(cancelled);
    for (const task of process.tasks) task.signals.pending.discard(cancelled);
  }
  if (signal === SIGCONT || signal === SIGKILL) continueProcess(process);
}

/** Lets the tasks of a stopped process run again. */
function continueProcess(process: Process): void {
  if (process.signals.stopSignal === 0) return;
  process.signals.stopSignal = 0;
  signalHooks(process.kernel).continued(process);
  for (const task of process.tasks) {
    if (task.state === 'stopped') process.kernel.scheduler.makeRunnable(task);
  }
}

/** True when the signal would vanish: it is ignored, and not blocked (the action could change before it is unblocked). */
export function isDropped(process: Process, target: Task | undefined, signal: number): boolean {
  const task = target ?? process.tasks[0];
  if (task?.signals.mask.has(signal)) return false;
  const { handler } = process.signals.actions[signal]!;
  return handler === SIG_IGN || (handler === SIG_DFL && defaultAction(signal) === 'ignore');
}

function chooseTask(process: Process, signal: number): Task | undefined {
  return process.tasks.find((task) => wants(task, signal));
}

function wants(task: Task, signal: number): boolean {
  const { mask, waitingFor } = task.signals;
  return task.state !== 'exited' && (!mask.has(signal) || waitingFor?.has(signal) === true);
}

/** Makes a waiting task look at its signals: its call ends with EINTR or is restarted. */
export function interrupt(task: Task): void {
  if (task.state === 'blocked') task.kernel.scheduler.interrupt(task);
}
