/**
 * A timer over any clock: expires once or periodically when the clock reaches a time. For the wall the clock is the
 * monotonic one; for CPU time, which never runs faster than it, the timer looks again when the time left has passed.
 */
import type { Kernel } from '../../kernel.ts';
import { type TimerHandle, timers } from './timers.ts';

/** Least time between two looks at a CPU clock. */
const CPU_POLL_NS = 500_000;

export class IntervalTimer {
  /** Reading of the clock, nanoseconds. */
  readonly now: () => number;
  intervalNs = 0;
  /** Clock time of the next expiry; undefined while disarmed. */
  expiryNs: number | undefined = undefined;
  private readonly kernel: Kernel;
  private readonly onExpire: () => void;
  private handle: TimerHandle | undefined = undefined;

  /** `onExpire` is called at each expiry; the timer is disarmed then, and goes on when `forward` is called. */
  constructor(kernel: Kernel, now: () => number, onExpire: () => void) {
    this.kernel = kernel;
    this.now = now;
    this.onExpire = onExpire;
  }

  /** Arms the timer for clock time `expiryNs` (undefined disarms), and then every `intervalNs` (0: once). */
  set(expiryNs: number | undefined, intervalNs: number): void {
    this.stop();
    this.intervalNs = intervalNs;
    this.expiryNs = expiryNs;
    if (expiryNs !== undefined) this.arm(0);
  }

  /** No expiry happens any more until `set` or `forward`. */
  stop(): void {
    if (this.handle !== undefined) timers(this.kernel).cancel(this.handle);
    this.handle = undefined;
  }

  /**
   * Goes on after an expiry: arms the timer for the first period that is not over yet and returns how many periods
   * passed unseen in between. A timer that expires once is disarmed.
   */
  forward(): number {
    if (this.expiryNs === undefined) return 0;
    if (this.intervalNs === 0) {
      this.expiryNs = undefined;
      return 0;
    }
    const missed = Math.max(0, Math.floor((this.now() - this.expiryNs) / this.intervalNs));
    this.expiryNs += (missed + 1) * this.intervalNs;
    this.arm(0);
    return missed;
  }

  /** Time to the next expiry, at least 1; 0 while disarmed. */
  leftNs(): number {
    if (this.expiryNs === undefined) return 0;
    const left = this.expiryNs - this.now();
    if (left > 0) return left;
    return this.intervalNs > 0 ? this.intervalNs - (-left % this.intervalNs) : 1;
  }

  private arm(leastNs: number): void {
    const leftNs = Math.max(this.expiryNs! - this.now(), leastNs);
    this.handle = timers(this.kernel).add(this.kernel.clock.monotonicNs() + leftNs, () => this.check());
  }

  private check(): void {
    this.handle = undefined;
    if (this.now() < this.expiryNs!) this.arm(CPU_POLL_NS);
    else this.onExpire();
  }
}
