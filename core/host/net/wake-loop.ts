/**
 * Lets the event loop of a thread be woken through shared memory (core/base/wake.ts), as a sleeping worker is: whoever
 * shares the words need not know which kind of thread is behind them. While there is news the loop looks again after each
 * turn of the event loop; else it waits by Atomics.waitAsync and costs nothing.
 */
import { setImmediate } from 'node:timers/promises';
import { ASLEEP, WAKE } from '../../base/wake.ts';

export class WakeLoop {
  readonly buffer = new SharedArrayBuffer(64);
  private readonly words = new Int32Array(this.buffer);
  private readonly listeners = new Set<() => void>();
  private isRunning = false;

  /** Has `look` called on this thread after every wake-up. */
  add(look: () => void): void {
    this.listeners.add(look);
    if (!this.isRunning) {
      this.isRunning = true;
      void this.run();
    }
  }
  remove(look: () => void): void {
    this.listeners.delete(look);
  }

  private async run(): Promise<void> {
    const { words } = this;
    while (this.listeners.size > 0) {
      const seen = Atomics.load(words, WAKE);
      for (const look of [...this.listeners]) look();
      Atomics.store(words, ASLEEP, 1);
      const waiting = Atomics.waitAsync(words, WAKE, seen);
      if (waiting.async) await waiting.value;
      Atomics.store(words, ASLEEP, 0);
      if (!waiting.async) await setImmediate();
    }
    this.isRunning = false;
  }
}
