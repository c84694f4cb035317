/**
 * Runs random programs on the real CPU and on our engines, and compares registers, flags, FP state and memory:
 *
 *     node test/diff/programs/run.ts [--count N] [--seed S] [--engine tier0|tier1|both] [--only FEATURE,...] [--cpu v2|max]
 *                                    [--show N] [--keep WHY]
 *
 * Programs S to S+N-1 are made from their number alone. The first few (--show) that differ are cut down to what still does,
 * and printed; with --keep they also go to kept.json, which the tests run.
 */
import { parseArgs } from 'node:util';
import { FEATURES, type Feature } from './context.ts';
import { generateProgram } from './generate.ts';
import { engineCpu, Judge, nativeReference, type Verdict } from './judge.ts';
import { keep } from './kept.ts';
import { describeDifference, listCode, listRegisters, listStops } from './listing.ts';
import { minimise } from './minimise.ts';
import { NativeCpu } from './native.ts';
import { engines } from './ours.ts';
import { hostLacks, Rows } from './rows.ts';
import type { Program } from './tree.ts';

const BATCH = 64;

function main(): void {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      engine: { type: 'string', default: 'tier0' },
      only: { type: 'string', default: FEATURES.join(',') },
      cpu: { type: 'string', default: 'max' },
      show: { type: 'string', default: '5' },
      keep: { type: 'string' },
    },
  });
  const features = values.only.split(',') as Feature[];
  const rows = new Rows(values.cpu, hostLacks());
  const chosen = engines.filter(({ name }) => values.engine === 'both' || values.engine === name);
  const native = new NativeCpu();
  const judge = new Judge(
    rows,
    nativeReference(native),
    chosen.map(({ name, make }) => engineCpu(name, make, values.cpu)),
  );
  const [first, count] = [Number(values.seed), Number(values.count)];
  const tally = new Map<string, number>();
  const add = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  let wrong = 0;
  for (let done = 0; done < count; done += BATCH) {
    const programs = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) =>
      generateProgram(first + done + i, rows, { features }),
    );
    for (const [i, verdict] of judge.judge(programs).entries()) {
      add(verdict.expected.how);
      if (verdict.expected.how === 'time') console.log(`seed ${programs[i]!.seed} does not end`);
      if (verdict.wrong && wrong++ < Number(values.show)) report(judge, programs[i]!, verdict, values.keep);
    }
  }
  native.dispose();
  console.log([...tally].map(([how, n]) => `${n} ${how}`).join(', '));
  console.log(`${count} programs, ${wrong} with differences`);
  process.exitCode = wrong > 0 ? 1 : 0;
}

/** Cuts the program down and prints what is left. */
function report(judge: Judge, program: Program, verdict: Verdict, why: string | undefined): void {
  console.log(`seed ${program.seed}`);
  const small = minimise(program, (candidates) =>
    judge.judge(candidates).map((v) => v.wrong !== undefined && v.expected.how !== 'time'),
  );
  const [cut] = judge.judge([small]);
  const shown = cut!.wrong ? cut! : verdict;
  for (const line of [
    ...listRegisters(shown.assembled),
    ...listCode(shown.assembled),
    ...listStops(shown.expected),
    ...describeDifference(shown.wrong!.cpu, shown.wrong!.difference),
  ])
    console.log(line);
  const { image, definedAt } = shown.assembled;
  if (why !== undefined) keep({ why, image, definedAt, expected: shown.expected });
}

if (import.meta.main) main();
