/** Hostile guests by fixed seeds, few enough for every run of the tests; `node test/guest/hostile/fuzz.ts` runs more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compileC } from '../../support/c-program.ts';
import { testSeed } from '../../support/seed.ts';
import { runBytes, runCalls, runElf, tableFlags } from './hostile-runs.ts';
import { RandomCode } from './random-code.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'elfdeck-hostile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a hostile guest', { timeout: 300_000 }, () => {
  it('runs random instructions and leaves what is not its own alone', () => {
    const code = new RandomCode(testSeed());
    const failures: string[] = [];
    for (let i = 0; i < 3000; i++) {
      const failure = code.step();
      if (failure !== undefined) failures.push(failure);
    }
    expect(failures).toEqual([]);
    // Not all of it was cut short by the first byte.
    expect(code.handlerCount).toBeGreaterThan(500);
  });

  it('runs random bytes under signals', (context) => {
    const program = compileC(context, 'hostile-bytes');
    expect(runBytes(program, testSeed(), 2000)).toBeUndefined();
  });

  it('makes random system calls', (context) => {
    const program = compileC(context, 'hostile-calls', tableFlags(temporaryFolder()));
    const base = temporaryFolder();
    const seeds = [0, 1].map((i) => testSeed() + i);
    expect(seeds.map((seed) => runCalls(program, base, seed, 1500))).toEqual(seeds.map(() => undefined));
  });

  it('is a damaged program', async () => {
    const folder = temporaryFolder();
    for (let i = 0; i < 15; i++) expect([i, await runElf(folder, testSeed() * 1000 + i)]).toEqual([i, undefined]);
  });
});
