/** What a parent learns of its children: SIGCHLD with its siginfo, and the status that wait(2) reports. */
import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
} from '../../abi/signal.ts';
import { USER_HZ } from '../../abi/time.ts';
import type { Process } from '../../process.ts';
import { NS_PER_SECOND } from '../../timespec.ts';
import { sendToProcess } from '../uksignal/send.ts';
import { processTimes } from './usage.ts';

/** News of a child: `code` is CLD_*, `status` an exit code or a signal. */
export interface ChildState {
  code: number;
  status: number;
}

/** State of an ended process. */
export function exitState(process: Process): ChildState {
  const exit = process.exit!;
  if ('code' in exit) return { code: CLD_EXITED, status: exit.code };
  return { code: exit.coreDumped ? CLD_DUMPED : CLD_KILLED, status: exit.signal };
}

/** The status word of wait4(2). */
export function waitStatus({ code, status }: ChildState): number {
  switch (code) {
    case CLD_EXITED:
      return status << 8;
    case CLD_STOPPED:
      return (status << 8) | 0x7f;
    case CLD_CONTINUED:
      return 0xffff;
    default:
      return code === CLD_DUMPED ? status | 0x80 : status;
  }
}

/** Tells the parent that `process` has ended. A parent that ignores SIGCHLD wants no zombie. */
export function notifyParent(process: Process): void {
  const { parent } = process;
  if (parent === undefined) return;
  const action = parent.signals.actions[SIGCHLD]!;
  const isIgnored = action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0;
  tell(parent, process, exitState(process), process.exitSignal);
  if (isIgnored && process.exitSignal === SIGCHLD) reap(process);
  parent.childEvents.wake();
}

/** Tells the parent that `process` was stopped by `signal`, or continues. */
export function notifyStopOrContinue(process: Process, state: ChildState): void {
  const { parent } = process;
  process.jobState = state;
  if (parent === undefined) return;
  if (!(parent.signals.actions[SIGCHLD]!.flags & SA_NOCLDSTOP)) tell(parent, process, state, SIGCHLD);
  parent.childEvents.wake();
}

export const stoppedState = (signal: number): ChildState => ({ code: CLD_STOPPED, status: signal });
export const continuedState: ChildState = { code: CLD_CONTINUED, status: SIGCONT };

function tell(parent: Process, child: Process, state: ChildState, signal: number): void {
  if (signal === 0) return;
  const { userNs, systemNs } = processTimes(child);
  sendToProcess(parent, signal, {
    code: state.code,
    pid: child.pid,
    uid: child.credentials.uid,
    status: state.status,
    utime: toTicks(userNs),
    stime: toTicks(systemNs),
  });
}

/** Nanoseconds in clock ticks of times(2). */
export const toTicks = (ns: number): number => Math.floor(ns / (NS_PER_SECOND / USER_HZ));

/** Forgets an ended process; its times go to its parent's account of children. */
export function reap(process: Process): void {
  const { parent, kernel } = process;
  kernel.processes.delete(process.pid);
  if (parent === undefined) return;
  parent.children.delete(process);
  const { userNs, systemNs } = processTimes(process);
  parent.usage.childrenUserNs += userNs + process.usage.childrenUserNs;
  parent.usage.childrenSystemNs += systemNs + process.usage.childrenSystemNs;
}
