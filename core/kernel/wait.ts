/**
 * Waiting. Guest threads are green threads: a system call that must wait returns a `Blocked` value that says what it
 * waits for; the scheduler parks the task and calls `resume` when a queue is woken, the deadline passes or a signal
 * arrives. `resume` looks again and returns the call's result, or another `Blocked`.
 */

/** Why a blocked call is resumed. */
export type WakeCause = 'wake' | 'timeout' | 'signal';

export class Blocked {
  readonly queues: readonly WaitQueue[];
  /** Monotonic time to give up at, or Infinity. */
  readonly deadlineNs: number;
  /**
   * Called on the task's behalf with the cause. For 'signal' the usual answer is -ERESTARTSYS (restart under
   * SA_RESTART) or -EINTR.
   */
  readonly resume: (cause: WakeCause) => number | Blocked;
  constructor(
    queues: readonly WaitQueue[],
    resume: (cause: WakeCause) => number | Blocked,
    deadlineNs = Number.POSITIVE_INFINITY,
  ) {
    this.queues = queues;
    this.resume = resume;
    this.deadlineNs = deadlineNs;
  }
}

export type SysResult = number | Blocked;

/**
 * Result of a call that has set the task's registers itself (rt_sigreturn, execve): RAX stays as it is. Test it with
 * Number.isNaN.
 */
export const REGISTERS_SET = Number.NaN;

/** Something that can be told that a queue it is on was woken; must not run guest code from within. */
export interface Waiter {
  /** `events`: the POLL* bits that may have begun to hold; a waiter that knows what it wants can ignore the rest. */
  wake(queue: WaitQueue, events: number): void;
  /**
   * Of waiters that have this, only one is woken for the same events (EPOLLEXCLUSIVE): the first that says it takes them.
   * Those are then not told to others that have it.
   */
  readonly takes?: ((events: number) => boolean) | undefined;
}

/** Every POLL* bit: a wake-up that doesn't say what changed. */
export const ANY_EVENT = -1;

/** Waiters in FIFO order. */
export class WaitQueue {
  private readonly waiters = new Set<Waiter>();

  add(waiter: Waiter): void {
    this.waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  get isEmpty(): boolean {
    return this.waiters.size === 0;
  }

  /** Wakes up to `count` waiters, oldest first. A waiter removes itself. Returns how many were woken. */
  wake(count = Number.POSITIVE_INFINITY, events = ANY_EVENT): number {
    // Those that join meanwhile are not meant.
    let left = this.waiters.size;
    let woken = 0;
    let isTaken = false;
    for (const waiter of this.waiters) {
      if (left-- === 0 || woken >= count) break;
      if (waiter.takes !== undefined) {
        if (isTaken) continue;
        isTaken = waiter.takes(events);
      }
      waiter.wake(this, events);
      woken++;
    }
    return woken;
  }

  /** Wakes all, telling which POLL* bits may have begun to hold. */
  wakeFor(events: number): void {
    this.wake(Number.POSITIVE_INFINITY, events);
  }
}
