/** What a blocked task puts on the wait queues: remembers why it was woken and hands the task to the scheduler. */
import type { TimerHandle } from '../lib/posix-time/timers.ts';
import type { Task } from '../task.ts';
import type { Waiter, WaitQueue, WakeCause } from '../wait.ts';

export class TaskWaiter implements Waiter {
  cause: WakeCause = 'wake';
  /** Runs at the deadline, while there is one. */
  timer: TimerHandle | undefined = undefined;
  private readonly task: Task;

  constructor(task: Task) {
    this.task = task;
  }

  wake(_queue: WaitQueue, _events: number): void {
    this.task.kernel.scheduler.wakeUp(this.task, 'wake');
  }
}
