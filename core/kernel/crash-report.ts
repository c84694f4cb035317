/**
 * The report on a fatal signal: what a person needs to see where a guest program died. It goes to the logger, level
 * `crit`; it reads guest memory only through checked accesses and never fails itself.
 */
import { signalCodeName, signalName, signalText } from './abi/signal.ts';
import type { PendingSignal } from './lib/uksignal/state.ts';
import type { Task } from './task.ts';

/** Writes the report on `task`, which `pending` is about to kill, to the kernel's logger. */
export function reportCrash(task: Task, pending: PendingSignal): void {
  task.kernel.host.logger.log('crit', 'crash', describeCrash(task, pending));
}

/** The text of the report. The task's registers are on the vCPU. */
export function describeCrash(task: Task, { signal, info }: PendingSignal): string {
  const { process } = task;
  return `${process.executable || task.comm}: ${signalName(signal)} (${signalText(signal)}), ${signalCodeName(signal, info.code)}, at 0x${task.vcpu.rip.toString(16)}`;
}
