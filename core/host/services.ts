/** Synchronous services of the host for the worker thread: time, randomness, sleeping, files. */
import { openSync, readFileSync, readSync, statSync } from 'node:fs';
import { VmError } from '../contract/errors.ts';
import { CONTROL_ASLEEP, CONTROL_CLOSED, CONTROL_REQUEST, CONTROL_WAKE } from '../contract/worker-channel.ts';
import type { Clock, RandomFill } from '../dev/clock.ts';

/** Wall clock steps (NTP, a suspended laptop) beyond this are followed. */
const MAX_DRIFT_MS = 100;

/** Many a program takes a monotonic time of 0 s for "never": no program on Linux runs that early. */
const START_MS = 1000;

/** The host's clocks: monotonic time counts from one second before the start of the thread. */
export class HostClock implements Clock {
  private offsetMs = performance.timeOrigin - START_MS;

  monotonicNs(): number {
    return Math.round((performance.now() + START_MS) * 1e6);
  }
  get realtimeOffsetNs(): bigint {
    const drift = Date.now() - (this.offsetMs + START_MS + performance.now());
    if (Math.abs(drift) > MAX_DRIFT_MS) this.offsetMs += drift;
    return BigInt(Math.round(this.offsetMs * 1e3)) * 1000n;
  }
}

const POOL_BYTES = 4096;

/**
 * Random bytes from the host: of /dev/urandom where that is, since node:crypto takes 10 ms to load. They come in pools,
 * and each byte is given out once.
 */
export class HostRandom {
  private readonly pool = new Uint8Array(POOL_BYTES);
  private used = POOL_BYTES;
  private device: number | undefined;

  readonly fill: RandomFill = (into) => {
    for (let at = 0; at < into.length; ) {
      if (this.used === POOL_BYTES) this.refill();
      const count = Math.min(into.length - at, POOL_BYTES - this.used);
      into.set(this.pool.subarray(this.used, this.used + count), at);
      this.pool.fill(0, this.used, this.used + count);
      this.used += count;
      at += count;
    }
  };

  private refill(): void {
    this.used = 0;
    if (process.platform !== 'win32') {
      this.device ??= openSync('/dev/urandom', 'r');
      if (readSync(this.device, this.pool) === POOL_BYTES) return;
    }
    process.getBuiltinModule('node:crypto').randomFillSync(this.pool);
  }
}

/** The worker's side of the control words (core/contract/worker-protocol.ts). */
export class ControlWords {
  private readonly words: Int32Array<SharedArrayBuffer>;
  private readonly clock: Clock;
  private seenWake: number;

  constructor(buffer: SharedArrayBuffer, clock: Clock) {
    this.words = new Int32Array(buffer);
    this.clock = clock;
    this.seenWake = Atomics.load(this.words, CONTROL_WAKE);
  }

  readonly hasRequest = (): boolean => this.words[CONTROL_REQUEST] !== 0;

  clearRequest(): void {
    Atomics.store(this.words, CONTROL_REQUEST, 0);
  }

  readonly isClosed = (stream: number): boolean => (this.words[CONTROL_CLOSED]! & (1 << stream)) !== 0;

  /**
   * Sleeps until `deadlineNs` or a wake-up. A wake-up since the last sleep ends this one at once, so what the caller
   * looked at before it sleeps can't be stale; the price is now and then a look too many.
   */
  readonly idle = (deadlineNs: number): void => {
    const timeoutMs = (deadlineNs - this.clock.monotonicNs()) / 1e6;
    if (timeoutMs > 0) {
      Atomics.store(this.words, CONTROL_ASLEEP, 1);
      Atomics.wait(this.words, CONTROL_WAKE, this.seenWake, timeoutMs);
      Atomics.store(this.words, CONTROL_ASLEEP, 0);
    }
    this.seenWake = Atomics.load(this.words, CONTROL_WAKE);
  };
}

export function kindOf(path: string): 'file' | 'folder' | 'other' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
}

export function readHostFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    // A buffer of its own: small reads of node:fs come from a shared pool.
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new VmError('host.file', `cannot read ${path}: ${hostReason(error)}`, { path }, error);
  }
}

/** What a failed call of node:fs says, without its path and call. */
export function hostReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}
