/**
 * Delivering signals to the current task before it returns to user code: default actions, handlers, and what becomes of
 * the interrupted system call. See signal(7) "Interruption of system calls", sigaction(2).
 *
 * The run loop calls `deliverSignals` whenever `hasSignalWork` (state.ts) holds, with the task's registers on the vCPU.
 * A call that ended with -ERESTART* has left RAX and RIP alone and its number in `restartNumber`.
 */
import * as st from '../../../vcpu/state.ts';
import { EINTR, ERESTART_RESTARTBLOCK, ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import {
  defaultAction,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SI_KERNEL,
  SIG_DFL,
  SIG_IGN,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
} from '../../abi/signal.ts';
import { reportCrash } from '../../crash-report.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { enterHandler } from './frame.ts';
import { signalHooks } from './hooks.ts';
import { forceSignal } from './send.ts';
import type { PendingSignal, SignalAction } from './state.ts';
import { takeDeliverable } from './take.ts';

/** Length of the `syscall` instruction. */
const SYSCALL_LENGTH = 2;

/**
 * Handles every deliverable signal. Afterwards the task is ready to run user code (perhaps at a handler), or its `state`
 * says that it is stopped or has exited.
 */
export function deliverSignals(task: Task): void {
  const { process, signals } = task;
  for (;;) {
    if (process.exit !== undefined || task.state === 'exited') return;
    if (process.signals.stopSignal !== 0 && !isKillPending(task)) {
      task.state = 'stopped';
      return;
    }
    const pending = takeDeliverable(task);
    if (pending === undefined) break;
    deliver(task, pending);
  }
  finishSyscall(task, undefined);
  signals.endTemporaryMask(false);
}

function isKillPending(task: Task): boolean {
  return task.signals.pending.set.has(SIGKILL) || task.process.signals.pending.set.has(SIGKILL);
}

function deliver(task: Task, pending: PendingSignal): void {
  const action = task.process.signals.actions[pending.signal]!;
  if (pending.signal === SIGKILL || pending.signal === SIGSTOP || action.handler === SIG_DFL) {
    runDefaultAction(task, pending);
  } else if (action.handler !== SIG_IGN) {
    runHandler(task, pending, action);
  }
}

function runDefaultAction(task: Task, pending: PendingSignal): void {
  const { process, kernel } = task;
  const { signal } = pending;
  const action = defaultAction(signal);
  if (action === 'ignore' || action === 'continue') return;
  if (action === 'stop') {
    // A group that no shell looks after would stay stopped for ever: signals of the terminal don't stop it.
    if (signal !== SIGSTOP && isOrphaned(process)) return;
    process.signals.stopSignal = signal;
    signalHooks(kernel).stopped(process, signal);
    return;
  }
  if (action === 'core') reportCrash(task, pending);
  // Core files are not written: as on a Linux system whose core size limit is 0.
  signalHooks(kernel).kill(process, signal, false);
}

function runHandler(task: Task, pending: PendingSignal, action: SignalAction): void {
  const { signals } = task;
  finishSyscall(task, action);
  const { handler } = action;
  if (action.flags & SA_RESETHAND) action.handler = SIG_DFL;
  const goBackTo = signals.savedMask ?? signals.mask.copy();
  if (!enterHandler(task, pending, { ...action, handler }, goBackTo)) {
    failFrame(task, pending.signal);
    return;
  }
  signals.savedMask = undefined;
  signals.setMask(signals.mask.lo | action.mask.lo, signals.mask.hi | action.mask.hi);
  if (!(action.flags & SA_NODEFER)) signals.mask.add(pending.signal);
}

/** The frame could not be written: SIGSEGV, which kills when it was SIGSEGV itself that could not be handled. */
export function failFrame(task: Task, signal: number): void {
  if (signal === SIGSEGV) task.process.signals.actions[SIGSEGV]!.handler = SIG_DFL;
  forceSignal(task, SIGSEGV, { code: SI_KERNEL });
}

/**
 * Ends an interrupted system call: with EINTR, or by going back to its `syscall` instruction, as its result and the
 * action (undefined: no handler ran) demand.
 *
 * | result                 | no handler | SA_RESTART | other handler |
 * |------------------------|------------|------------|---------------|
 * | -ERESTARTSYS           | again      | again      | EINTR         |
 * | -ERESTARTNOINTR        | again      | again      | again         |
 * | -ERESTARTNOHAND        | again      | EINTR      | EINTR         |
 * | -ERESTART_RESTARTBLOCK | again, up to the old deadline | EINTR | EINTR |
 */
function finishSyscall(task: Task, action: SignalAction | undefined): void {
  const { signals, vcpu } = task;
  if (signals.restartNumber < 0) return;
  const code = -signals.restartResult;
  const runsAgain =
    action === undefined || code === ERESTARTNOINTR || (code === ERESTARTSYS && (action.flags & SA_RESTART) !== 0);
  if (!(action === undefined && code === ERESTART_RESTARTBLOCK)) signals.restartDeadlineNs = -1;
  if (runsAgain) {
    vcpu.setGprNumber(st.RAX, signals.restartNumber);
    vcpu.rip -= SYSCALL_LENGTH;
  } else {
    vcpu.setGprNumber(st.RAX, -EINTR);
  }
  signals.restartNumber = -1;
}

/** True when no member of the process's group has a parent in another group of the same session: setpgid(2). */
function isOrphaned(process: Process): boolean {
  for (const member of process.kernel.processes.values()) {
    if (member.processGroup !== process.processGroup || member.exit !== undefined) continue;
    const { parent } = member;
    if (parent !== undefined && parent.session === member.session && parent.processGroup !== member.processGroup) {
      return false;
    }
  }
  return true;
}
