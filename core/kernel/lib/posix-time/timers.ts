/**
 * Kernel timers: callbacks at monotonic deadlines, in a binary heap. The run loop asks for the next deadline before it
 * idles and calls `runDue` when time has passed. Callbacks run on the vCPU's thread between instructions of the guest;
 * they wake tasks and send signals, and must not run guest code.
 */
import { service } from '../../kernel.ts';

export interface TimerHandle {
  readonly deadlineNs: number;
  readonly run: () => void;
  /** Position in the heap, -1 when not in it any more. */
  index: number;
  /** Order of adding: equal deadlines run in it. */
  readonly order: number;
}

export class TimerQueue {
  private readonly heap: TimerHandle[] = [];
  private added = 0;

  get size(): number {
    return this.heap.length;
  }

  /** Calls `run` once when the monotonic clock has reached `deadlineNs`. */
  add(deadlineNs: number, run: () => void): TimerHandle {
    const handle: TimerHandle = { deadlineNs, run, index: this.heap.length, order: this.added++ };
    this.heap.push(handle);
    this.siftUp(handle);
    return handle;
  }

  /** Does nothing when it has run or was cancelled. */
  cancel(handle: TimerHandle): void {
    const { index } = handle;
    if (index < 0) return;
    const last = this.heap.pop()!;
    handle.index = -1;
    if (last === handle) return;
    this.place(last, index);
    this.siftUp(last);
    this.siftDown(last);
  }

  /** Earliest deadline, or Infinity. */
  nextDeadlineNs(): number {
    return this.heap.length > 0 ? this.heap[0]!.deadlineNs : Number.POSITIVE_INFINITY;
  }

  /** Runs what is due at `nowNs`, earliest first. A callback may add timers; those due run too. */
  runDue(nowNs: number): void {
    while (this.heap.length > 0 && this.heap[0]!.deadlineNs <= nowNs) {
      const due = this.heap[0]!;
      this.cancel(due);
      due.run();
    }
  }

  private place(handle: TimerHandle, index: number): void {
    this.heap[index] = handle;
    handle.index = index;
  }

  private siftUp(handle: TimerHandle): void {
    while (handle.index > 0) {
      const parent = this.heap[(handle.index - 1) >> 1]!;
      if (isBefore(parent, handle)) return;
      const { index } = handle;
      this.place(handle, parent.index);
      this.place(parent, index);
    }
  }

  private siftDown(handle: TimerHandle): void {
    for (;;) {
      let child = this.heap[2 * handle.index + 1];
      const right = this.heap[2 * handle.index + 2];
      if (child === undefined) return;
      if (right !== undefined && isBefore(right, child)) child = right;
      if (isBefore(handle, child)) return;
      const { index } = handle;
      this.place(handle, child.index);
      this.place(child, index);
    }
  }
}

function isBefore(a: TimerHandle, b: TimerHandle): boolean {
  return a.deadlineNs < b.deadlineNs || (a.deadlineNs === b.deadlineNs && a.order < b.order);
}

/** The kernel's timers. */
export const timers = service('timers', () => new TimerQueue());
