/** Time, injected: nothing in the core reads a clock of its own. */
export interface Clock {
  /** Nanoseconds since some fixed point, never going back. Exact to about 100 ns for a hundred days. */
  monotonicNs(): number;
  /** Nanoseconds from the Unix epoch to the zero of `monotonicNs`; realtime = this + monotonic. */
  readonly realtimeOffsetNs: bigint;
}

/** Randomness, injected: fills `into` (possibly a view of shared memory) with unpredictable bytes. */
export type RandomFill = (into: Uint8Array) => void;
