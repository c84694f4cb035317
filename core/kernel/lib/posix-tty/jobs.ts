/** Job control, credentials(7) and termios(3): controlling terminals, and what processes in the background may do. */
import { EIO, ERESTARTSYS } from '../../abi/errno.ts';
import { SIG_IGN, SIGCONT, SIGHUP, SIGTTIN, SIGTTOU } from '../../abi/signal.ts';
import { TOSTOP } from '../../abi/termios.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { fromKernel, sendToGroup } from '../uksignal/send.ts';
import type { Tty } from './tty.ts';

/** Terminals by the session they control. */
const controlling: (kernel: Kernel) => Map<number, Tty> = service('controlling-ttys', () => new Map());
/** Processes that gave their session's terminal up (TIOCNOTTY). */
const withoutTty: (kernel: Kernel) => WeakSet<Process> = service('processes-without-tty', () => new WeakSet());

/** The controlling terminal of a process. */
export function controllingTty(process: Process): Tty | undefined {
  const tty = controlling(process.kernel).get(process.session);
  return tty === undefined || tty.session !== process.session || withoutTty(process.kernel).has(process)
    ? undefined
    : tty;
}

export function isSessionLeader(process: Process): boolean {
  return process.session === process.pid;
}

/** Makes the terminal that of the process's session, with the process's group in the foreground. */
export function acquire(tty: Tty, process: Process): void {
  tty.session = process.session;
  tty.foreground = process.processGroup;
  controlling(process.kernel).set(process.session, tty);
  withoutTty(process.kernel).delete(process);
}

/** Opening a terminal makes it the controlling one of a session leader without one, unless O_NOCTTY. */
export function acquireOnOpen(tty: Tty, process: Process): void {
  if (isSessionLeader(process) && tty.session === 0 && controllingTty(process) === undefined) acquire(tty, process);
}

/**
 * TIOCNOTTY, and the exit of a session leader: the process (a leader's whole session) has no controlling terminal any
 * more; a leader's foreground group is hung up.
 */
export function giveUpTty(process: Process): void {
  const tty = controllingTty(process);
  if (tty === undefined) return;
  if (!isSessionLeader(process)) {
    withoutTty(process.kernel).add(process);
    return;
  }
  const { foreground } = tty;
  tty.session = tty.foreground = 0;
  controlling(process.kernel).delete(process.session);
  if (foreground === 0) return;
  sendToGroup(process.kernel, foreground, SIGHUP, fromKernel);
  sendToGroup(process.kernel, foreground, SIGCONT, fromKernel);
}

export function processesOfGroup(kernel: Kernel, group: number): Process[] {
  return [...kernel.processes.values()].filter((p) => p.processGroup === group && p.exit === undefined);
}

/** No member has a parent outside the group but in the session: nobody could continue the group. */
function isOrphaned(process: Process): boolean {
  return processesOfGroup(process.kernel, process.processGroup).every(
    ({ parent }) =>
      parent === undefined || parent.processGroup === process.processGroup || parent.session !== process.session,
  );
}

function isInBackground(tty: Tty, process: Process): boolean {
  return controllingTty(process) === tty && tty.foreground !== 0 && process.processGroup !== tty.foreground;
}

function blocksOrIgnores(task: Task, signal: number): boolean {
  return task.signals.mask.has(signal) || task.process.signals.actions[signal]!.handler === SIG_IGN;
}

function stopGroup(process: Process, signal: number): number {
  sendToGroup(process.kernel, process.processGroup, signal, fromKernel);
  return -ERESTARTSYS;
}

/** 0, or why the task may not read from the terminal now. */
export function mayRead(tty: Tty, task: Task): number {
  if (!isInBackground(tty, task.process)) return 0;
  if (blocksOrIgnores(task, SIGTTIN) || isOrphaned(task.process)) return -EIO;
  return stopGroup(task.process, SIGTTIN);
}

/** 0, or why the task may not write to the terminal now. */
export function mayWrite(tty: Tty, task: Task): number {
  return tty.termios.isOn(TOSTOP) ? mayChange(tty, task) : 0;
}

/** 0, or why the task may not change the terminal's settings now. */
export function mayChange(tty: Tty, task: Task): number {
  if (!isInBackground(tty, task.process) || blocksOrIgnores(task, SIGTTOU)) return 0;
  return isOrphaned(task.process) ? -EIO : stopGroup(task.process, SIGTTOU);
}
