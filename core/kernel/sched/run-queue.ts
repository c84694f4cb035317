/** Runnable tasks in the order they will run: a circular array, every operation O(1). A task is in it once at most. */
import type { Task } from '../task.ts';

export class RunQueue {
  private slots: (Task | undefined)[] = new Array(16).fill(undefined);
  private head = 0;
  private count = 0;
  private readonly members = new Set<Task>();

  get size(): number {
    return this.count;
  }

  /** Does nothing when the task is in the queue already. */
  push(task: Task): void {
    if (this.members.has(task)) return;
    this.members.add(task);
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count++) % this.slots.length] = task;
  }

  /** Takes the task at the head. */
  shift(): Task | undefined {
    if (this.count === 0) return undefined;
    const task = this.slots[this.head]!;
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) % this.slots.length;
    this.count--;
    this.members.delete(task);
    return task;
  }

  private grow(): void {
    const inOrder = [...this.slots.slice(this.head), ...this.slots.slice(0, this.head)];
    this.slots = inOrder.concat(new Array(inOrder.length).fill(undefined));
    this.head = 0;
  }
}
