/**
 * Random programs on our engines and on the real CPU: the programs that once went wrong (kept.json), and fresh ones.
 * `run.ts` runs many more.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { testSeed } from '../../support/seed.ts';
import { requireTool } from '../../support/tools.ts';
import { compareOutcomes } from './compare.ts';
import { FEATURES } from './context.ts';
import { generateProgram } from './generate.ts';
import { engineCpu, Judge, nativeReference } from './judge.ts';
import { readKept } from './kept.ts';
import { describeDifference } from './listing.ts';
import { isNativeHost, NativeCpu } from './native.ts';
import { engines } from './ours.ts';
import { hostLacks, Rows } from './rows.ts';

const FRESH = 300;

describe('random programs', () => {
  it.each(engines)(
    'do on $name what a real CPU did where they once did not',
    { timeout: 300_000 },
    ({ name, make }) => {
      const cpu = engineCpu(name, make, 'max');
      const wrong = readKept().flatMap(({ why, image, definedAt, expected }) => {
        const difference = compareOutcomes(image, definedAt, expected, cpu.run(image, 1), ['CPU', name]);
        return difference ? [[why, ...describeDifference(name, difference)].join('\n')] : [];
      });
      expect(wrong).toEqual([]);
    },
  );

  it(`do what this CPU does, ${FRESH} of them`, { timeout: 300_000 }, (context) => {
    if (!isNativeHost()) context.skip('this is no x86-64 Linux machine');
    requireTool(context, 'gcc');
    const rows = new Rows('max', hostLacks());
    const native = new NativeCpu();
    onTestFinished(() => native.dispose());
    const cpus = engines.map(({ name, make }) => engineCpu(name, make, 'max'));
    const judge = new Judge(rows, nativeReference(native), cpus);
    const first = testSeed() * 1_000_000;
    const programs = Array.from({ length: FRESH }, (_, i) => generateProgram(first + i, rows, { features: FEATURES }));
    const wrong = judge.judge(programs).flatMap((verdict, i) => {
      const named = `run.ts --count 1 --seed ${first + i}`;
      if (verdict.expected.how === 'time') return [`${named}: does not end`];
      if (!verdict.wrong) return [];
      return [[named, ...describeDifference(verdict.wrong.cpu, verdict.wrong.difference)].join('\n')];
    });
    expect(wrong).toEqual([]);
  });
});
