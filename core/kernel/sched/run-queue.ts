/** Runnable tasks in the order they will run: a list through the tasks themselves, every operation O(1). */
import type { Task } from '../task.ts';

export class RunQueue {
  private head: Task | undefined = undefined;
  private tail: Task | undefined = undefined;

  get isEmpty(): boolean {
    return this.head === undefined;
  }

  /** Does nothing when the task is in the queue already. */
  push(task: Task): void {
    if (task.isQueued) return;
    task.isQueued = true;
    if (this.tail === undefined) this.head = task;
    else this.tail.nextQueued = task;
    this.tail = task;
  }

  /** Takes the task at the head. */
  shift(): Task | undefined {
    const task = this.head;
    if (task === undefined) return undefined;
    this.head = task.nextQueued;
    if (this.head === undefined) this.tail = undefined;
    task.nextQueued = undefined;
    task.isQueued = false;
    return task;
  }
}
