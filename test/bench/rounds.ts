/** Rounds of one row: each runs all runners back to back, so that what else the machine does falls on all of them. */
import { type Command, type Run, type Runner, type RunnerName, run, runners } from './runners.ts';

export interface Rounds {
  /** Runs of a runner, one for each round; none of one that failed. */
  runs: Partial<Record<RunnerName, Run[]>>;
  /** What went wrong, for people. */
  failures: string[];
}

export function runRounds(command: Command, rounds: number): Rounds {
  const runs: Rounds['runs'] = {};
  const failures: string[] = [];
  let isFirst = true;
  const failed = new Set<Runner>();
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) {
      if (failed.has(runner)) continue;
      const result = run(runner, command);
      const failure = typeof result === 'string' ? result : difference(command, result, runs.native?.[0]);
      if (typeof result !== 'string' && failure === undefined) {
        runs[runner.name] ??= [];
        runs[runner.name]!.push(result);
        continue;
      }
      failures.push(`${runner.name}: ${failure}`);
      failed.add(runner);
      delete runs[runner.name];
    }
    // Without a reference there is nothing to compare with.
    if (isFirst && runs.native === undefined) break;
    isFirst = false;
  }
  return { runs, failures };
}

function difference(
  { isOutputCompared }: Command,
  { digest, output }: Run,
  native: Run | undefined,
): string | undefined {
  if (!isOutputCompared || native === undefined || digest === native.digest) return undefined;
  return `WRONG OUTPUT, it begins ${JSON.stringify(output)}`;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the rounds of how many times the second's figure the first's is. */
export function medianRatio(
  first: readonly Run[] | undefined,
  second: readonly Run[] | undefined,
  figure: (run: Run) => number,
): number | undefined {
  const pairs = (first ?? []).flatMap((run, round) => {
    const other = second?.[round];
    return other === undefined || figure(other) === 0 ? [] : [figure(run) / figure(other)];
  });
  return median(pairs);
}
