/** Scheduling parameters of a task, see sched(7): set and read back by the guest; the run loop treats all tasks alike. */
import { SCHED_OTHER } from '../abi/sched.ts';

/** Linux's default timer slack. */
export const DEFAULT_TIMER_SLACK_NS = 50_000;

export class SchedulingParameters {
  policy = SCHED_OTHER;
  resetOnFork = false;
  /** 1..99 for SCHED_FIFO and SCHED_RR, else 0. */
  priority = 0;
  /** -20..19. */
  nice = 0;
  /** SCHED_DEADLINE. */
  runtimeNs = 0n;
  deadlineNs = 0n;
  periodNs = 0n;
  /** ioprio_set(2). */
  ioPriority = 0;
  timerSlackNs = DEFAULT_TIMER_SLACK_NS;

  /** As a new task. */
  inherit(from: SchedulingParameters): void {
    Object.assign(this, from);
    if (!from.resetOnFork) return;
    this.resetOnFork = false;
    if (this.policy !== SCHED_OTHER) this.policy = SCHED_OTHER;
    this.priority = 0;
    this.nice = Math.max(0, this.nice);
  }
}
