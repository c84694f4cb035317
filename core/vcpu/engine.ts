/** What runs guest code: tier 0 now, tier 1 beside it later. The run loop (kernel/sched) only sees this. */
export interface Engine {
  /**
   * Runs from RIP until an exit and leaves its reason in the `exitReason` field (exits.ts). EXIT_LOOKUP never escapes:
   * an address that can't be fetched becomes a #PF. `budget` is in instructions; EXIT_BUDGET comes at the first taken
   * branch after it. Returns how many instructions ran.
   */
  run(budget: number): number;
  /** A program of this name is about to start: what earlier runs of it have left may be used. */
  begin(program: string): void;
  /** The program is over: leaves what its next run can use. */
  end(): void;
  /** Told now and then where control is, and how many instructions have run since the last time. */
  onSample: ((ip: number, instructions: number) => void) | undefined;
  /** Figures for `--stats`. */
  readonly statistics: EngineStatistics;
}

export interface EngineStatistics {
  instructions: number;
  decodedInstructions: number;
  /** Of those, instructions that an earlier run had decoded. */
  keptInstructions: number;
  decodedBlocks: number;
  handlers: number;
  flushes: number;
  /** Of the translator, when there is one. */
  translator?: TranslatorStatistics;
}

export type TranslatorStatistics = {
  /** Regions translated, and how many of them are in use. */
  regions: number;
  live: number;
  /** Regions of an earlier run that are used again. */
  kept: number;
  /** Guest instructions and bytes of wasm in them. */
  insns: number;
  wasmBytes: number;
  /** Regions given up: their code changed or went away. */
  dropped: number;
  /** Times that translated code left one instruction to tier 0. */
  giveUps: number;
  /** Samples of where tier 0 was, and of what is translated already. */
  coldSamples: number;
  hotSamples: number;
  /** Time spent translating, and in V8 for it. */
  translateMs: number;
  compileMs: number;
};
