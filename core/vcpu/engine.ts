/** What runs guest code: tier 0 now, tier 1 beside it later. The run loop (kernel/sched) only sees this. */
export interface Engine {
  /**
   * Runs from RIP until an exit and leaves its reason in the `exitReason` field (exits.ts). EXIT_LOOKUP never escapes:
   * an address that can't be fetched becomes a #PF. `budget` is in instructions; EXIT_BUDGET comes at the first taken
   * branch after it. Returns how many instructions ran.
   */
  run(budget: number): number;
  /** Figures for `--stats`. */
  readonly statistics: EngineStatistics;
}

export interface EngineStatistics {
  instructions: number;
  decodedInstructions: number;
  decodedBlocks: number;
  handlers: number;
  flushes: number;
}
