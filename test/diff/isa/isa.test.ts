/** The instruction table against real CPUs: recorded outcomes everywhere, fresh cases where gcc and an x86-64 CPU are. */
import { spawnSync } from 'node:child_process';
import { arch, platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { encodingName } from '../../../core/x86/notation.ts';
import { testSeed } from '../../support/seed.ts';
import { requireTool } from '../../support/tools.ts';
import { describeCase } from './compare.ts';
import { OurCpu } from './ours.ts';
import { provableRows } from './prove.ts';
import { fingerprint, groupNames, readRecording, sampleCases } from './recorded.ts';

/** The last line counts; one before it says which rows this CPU lacks, and so only the recorded sample covers. */
function expectNoDifferences(stdout: string): void {
  const leftOut = /^\d+ rows left out.*$/m.exec(stdout)?.[0];
  if (leftOut) console.info(leftOut);
  expect(stdout).toContain(' 0 rows with differences');
}

describe('instruction table', () => {
  it('gives what a real CPU gave for the recorded cases of every row', () => {
    const recording = readRecording();
    const ours = new OurCpu();
    const wrong: string[] = [];
    for (const row of provableRows()) {
      const cases = sampleCases(row, 0);
      ours.loadCode(cases);
      cases.forEach((c, i) => {
        const expected = recording[encodingName(row)]?.[i];
        const actual = fingerprint(c, ours.run(c));
        const groups = groupNames.filter(
          (_, g) => expected?.slice(8 * g, 8 * g + 8) !== actual.slice(8 * g, 8 * g + 8),
        );
        if (groups.length > 0) wrong.push(`${describeCase(c, i + 1)}: ${groups.join(', ')}`);
      });
    }
    expect(wrong).toEqual([]);
  });

  it('gives what this CPU gives for 20,000 fresh cases', { timeout: 120_000 }, (context) => {
    if (platform() !== 'linux' || arch() !== 'x64') context.skip('this is no x86-64 Linux machine');
    requireTool(context, 'gcc');
    const seed = String(testSeed());
    const script = new URL('./prove.ts', import.meta.url).pathname;
    const result = spawnSync(process.execPath, [script, '--cases', '20000', '--seed', seed], { encoding: 'utf8' });
    expectNoDifferences(result.stdout);
  });

  it('reads prefixes as this CPU does', { timeout: 120_000 }, (context) => {
    if (platform() !== 'linux' || arch() !== 'x64') context.skip('this is no x86-64 Linux machine');
    requireTool(context, 'gcc');
    const script = new URL('./prove.ts', import.meta.url).pathname;
    const result = spawnSync(process.execPath, [script, '--cases', '20000', '--prefixes'], { encoding: 'utf8' });
    expectNoDifferences(result.stdout);
  });
});
