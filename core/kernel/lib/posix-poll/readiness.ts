/**
 * Waiting for several files at once: what poll(2) and select(2) share. Files report IN, PRI, OUT, ERR, HUP and RDHUP;
 * the NORM bits, which Linux reports beside IN and OUT, are added here.
 */
import { ERESTARTNOHAND } from '../../abi/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/poll.ts';
import type { Task } from '../../task.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { Blocked, type SysResult, type WaitQueue } from '../../wait.ts';
import { isSignalPending } from '../uksignal/state.ts';

/** Reported whether asked for or not. */
export const ALWAYS = POLLERR | POLLHUP;

/** Adds POLLRDNORM and POLLWRNORM to what a file says. */
export function withNormBits(events: number): number {
  return events | (events & POLLIN ? POLLRDNORM : 0) | (events & POLLOUT ? POLLWRNORM : 0);
}

/** What the file reports now, in poll(2)'s terms. */
export function pollFile(file: OpenFile): number {
  return withNormBits(file.poll());
}

/** Files and the events asked for; `reported` after a scan. */
export class PollSet {
  private readonly files: (OpenFile | undefined)[] = [];
  private readonly wanted: number[] = [];
  readonly reported: number[] = [];

  /** Undefined stands for a descriptor that is not open: POLLNVAL. Null is one to be left alone. */
  add(file: OpenFile | undefined | null, events: number): void {
    this.files.push(file ?? undefined);
    this.wanted.push(file === null ? 0 : file === undefined ? POLLNVAL : events | ALWAYS);
    this.reported.push(0);
  }

  /** Asks every file; returns how many report something. */
  scan(): number {
    let count = 0;
    for (let i = 0; i < this.files.length; i++) {
      const file = this.files[i];
      const wanted = this.wanted[i]!;
      const events = file === undefined ? wanted : pollFile(file) & wanted;
      this.reported[i] = events;
      if (events !== 0) count++;
    }
    return count;
  }

  queues(): WaitQueue[] {
    const queues: WaitQueue[] = [];
    for (const file of this.files) if (file !== undefined) queues.push(file.queue);
    return queues;
  }
}

/**
 * Waits until a file of the set reports something, the deadline passes (at once when it is not in the future) or a
 * signal comes. `finish` makes the call's result from the number of files that report, or from -ERESTARTNOHAND.
 */
export function waitForAny(
  task: Task,
  set: PollSet,
  deadlineNs: number,
  finish: (result: number) => number,
): SysResult {
  for (const poll of task.kernel.inputs) poll();
  const count = set.scan();
  if (count > 0) return finish(count);
  if (isSignalPending(task)) return finish(-ERESTARTNOHAND);
  if (deadlineNs <= task.kernel.clock.monotonicNs()) return finish(0);
  const blocked: Blocked = new Blocked(
    set.queues(),
    (cause) => {
      const now = set.scan();
      if (now > 0 || cause === 'timeout') return finish(now);
      return cause === 'signal' ? finish(-ERESTARTNOHAND) : blocked;
    },
    deadlineNs,
  );
  return blocked;
}
