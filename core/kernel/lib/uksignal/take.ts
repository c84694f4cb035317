/** Taking pending signals: for delivery, sigtimedwait and signalfd. Order as signal(7): synchronous faults, then by number. */
import { SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP } from '../../abi/signal.ts';
import type { Task } from '../../task.ts';
import { type PendingSignal, type PendingSignals, SignalSet } from './state.ts';

const SYNCHRONOUS = SignalSet.of(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);

/** True when a signal of the set `lo`, `hi` is pending for the task (blocked or not): readiness of a signalfd. */
export function isAnyPending(task: Task, lo: number, hi: number): boolean {
  const own = task.signals.pending.set;
  const shared = task.process.signals.pending.set;
  return (((own.lo | shared.lo) & lo) | ((own.hi | shared.hi) & hi)) !== 0;
}

/** Takes the next pending signal of the set `lo`, `hi`, blocked or not: the task's own before the process's. */
export function takePending(task: Task, lo: number, hi: number): PendingSignal | undefined {
  return takeFrom(task.signals.pending, lo, hi) ?? takeFrom(task.process.signals.pending, lo, hi);
}

/** Takes the signal to deliver next: faults of the task itself come first. */
export function takeDeliverable(task: Task): PendingSignal | undefined {
  const lo = ~task.signals.mask.lo;
  const hi = ~task.signals.mask.hi;
  return takeFrom(task.signals.pending, lo & SYNCHRONOUS.lo, 0) ?? takePending(task, lo, hi);
}

function takeFrom(pending: PendingSignals, lo: number, hi: number): PendingSignal | undefined {
  const signal = lowest(pending.set.lo & lo, pending.set.hi & hi);
  if (signal === 0) return undefined;
  const entry = pending.take(signal);
  return entry?.info.onTaken === undefined ? entry : { signal, info: entry.info.onTaken() };
}

/** Number of the lowest signal in a set, 0 when it is empty. */
function lowest(lo: number, hi: number): number {
  if (lo !== 0) return 32 - Math.clz32(lo & -lo);
  if (hi !== 0) return 64 - Math.clz32(hi & -hi);
  return 0;
}
