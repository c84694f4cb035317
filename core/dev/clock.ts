/** Time, injected: nothing in the core reads a clock of its own. */
export interface Clock {
  /** Nanoseconds since some fixed point, never going back. Exact to about 100 ns for a hundred days. */
  monotonicNs(): number;
  /** Nanoseconds from the Unix epoch to the zero of `monotonicNs`; realtime = this + monotonic. */
  readonly realtimeOffsetNs: bigint;
}

/** The guest's clocks that all its threads share, as the vDSO reads them: a reading is left in the object. */
export interface SharedClocks {
  readonly seconds: number;
  readonly nanos: number;
  /** Reads the clock of that id (clock_gettime(2)); false when it is not one that all threads share. */
  readShared(clock: number): boolean;
}

/** Randomness, injected: fills `into` (possibly a view of shared memory) with unpredictable bytes. */
export type RandomFill = (into: Uint8Array) => void;
