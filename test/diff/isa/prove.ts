/**
 * Proves the rows of the instruction table against the CPU this runs on (x86-64 Linux with gcc):
 *
 *     node test/diff/isa/prove.ts [--cases N] [--seed S] [--only MNEMONIC] [--prefixes] [--jit] [--write]
 *
 * Runs N cases (default 20000) spread over all rows, on the CPU through runner.c and on tier 0, and compares bit for bit.
 * Rows that this CPU lacks are left out, and listed. With --prefixes, random prefixes stand in front of the instructions.
 * With --write, the number of clean cases of each row goes to proven.json, which `npm run coverage:isa` shows.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeTable } from '../../../core/interp/create.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import { type Encoding, encodingName } from '../../../core/x86/notation.ts';
import { makeCase } from './cases.ts';
import { compareOutcomes, describeCase } from './compare.ts';
import { hostFeatures, missingFeature } from './host-cpu.ts';
import { CODE_SLOTS, type IsaCase, OUTCOME } from './layout.ts';
import { OurCpu } from './ours.ts';
import { withPrefixes } from './prefixes.ts';

const here = import.meta.dirname;

/** Rows that can be compared, i.e. do not depend on time, chance or the operating system. */
export function provableRows(): Encoding[] {
  return decodeTable(cpuModel('max')).encodings.filter((e) => !e.insn.test?.skip && !e.insn.test?.tolerance);
}

/** Builds the native runner in a fresh folder; the caller removes it. */
export function buildRunner(): { runner: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'elfdeck-isa-'));
  const runner = join(folder, 'runner');
  execFileSync('gcc', ['-O1', '-o', runner, join(here, 'runner.c')]);
  return { runner, folder };
}

/** Outcomes of a batch on the real CPU. */
export function runNatively(runner: string, cases: readonly IsaCase[]): Uint8Array[] {
  const result = spawnSync(runner, { input: Buffer.concat(cases.map((c) => c.record)), maxBuffer: 1 << 28 });
  if (result.stdout.length !== cases.length * OUTCOME.size) throw new Error(`the runner stopped: ${result.signal}`);
  return cases.map((_, i) => result.stdout.subarray(i * OUTCOME.size, (i + 1) * OUTCOME.size));
}

interface Tally {
  clean: number;
  failed: number;
}

interface ProveOptions {
  runner: string;
  rows: readonly Encoding[];
  cases: number;
  seed: number;
  prefixes: boolean;
  jit: boolean;
}

function prove(options: ProveOptions): Map<string, Tally> {
  const { runner, rows } = options;
  const ours = new OurCpu(options.jit ? 'always' : 'off');
  const tallies = new Map<string, Tally>(rows.map((row) => [encodingName(row), { clean: 0, failed: 0 }]));
  let shown = 0;
  for (let done = 0; done < options.cases; done += CODE_SLOTS) {
    const count = Math.min(CODE_SLOTS, options.cases - done);
    const seedOf = (i: number): number => (options.seed * 1000003 + done + i) | 0;
    const cases = Array.from({ length: count }, (_, i) => {
      const plain = makeCase(rows[(done + i) % rows.length]!, seedOf(i), i);
      return options.prefixes ? withPrefixes(plain, seedOf(i)) : plain;
    });
    const expected = runNatively(runner, cases);
    ours.loadCode(cases);
    cases.forEach((c, i) => {
      const differences = compareOutcomes(c, expected[i]!, ours.run(c));
      const tally = tallies.get(encodingName(c.encoding))!;
      if (differences.length === 0) tally.clean++;
      else if (tally.failed++ < 2 && shown++ < 60) {
        console.log(describeCase(c, seedOf(i)));
        for (const line of differences.slice(0, 6)) console.log(`    ${line}`);
      }
    });
  }
  return tallies;
}

/** The rows that this CPU has; those that it lacks are said. */
function comparableRows(runner: string, only: string | undefined): Encoding[] {
  const wanted = provableRows().filter((e) => !only || new RegExp(`^(${only})$`).test(e.insn.mnemonic));
  const host = hostFeatures(runner);
  const lacking = wanted.filter((e) => missingFeature(e, host) !== undefined);
  if (lacking.length > 0) {
    const features = [...new Set(lacking.map((e) => missingFeature(e, host)))].join(', ');
    console.log(`${lacking.length} rows left out, because this CPU lacks ${features}`);
  }
  return wanted.filter((e) => !lacking.includes(e));
}

/** Puts the counts of the rows that were run into proven.json; a row with differences loses its place. */
function writeProven(tallies: ReadonlyMap<string, Tally>): void {
  const file = join(here, 'proven.json');
  const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  const proven: Record<string, number> = {};
  for (const name of provableRows().map(encodingName)) {
    const tally = tallies.get(name);
    const count = tally === undefined ? before[name] : tally.failed === 0 ? tally.clean : undefined;
    if (count !== undefined) proven[name] = count;
  }
  writeFileSync(file, `${JSON.stringify(proven, null, 1)}\n`);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      prefixes: { type: 'boolean', default: false },
      jit: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const { only, prefixes, jit } = values;
  const { runner, folder } = buildRunner();
  const rows = comparableRows(runner, only);
  const tallies = prove({ runner, rows, cases: Number(values.cases), seed: Number(values.seed), prefixes, jit });
  rmSync(folder, { recursive: true });
  const failed = [...tallies].filter(([, t]) => t.failed > 0);
  for (const [name, t] of failed) console.log(`FAILED ${name}: ${t.failed} of ${t.failed + t.clean}`);
  const total = [...tallies.values()].reduce((sum, t) => sum + t.clean + t.failed, 0);
  console.log(`${total} cases over ${tallies.size} rows, ${failed.length} rows with differences`);
  if (values.write) writeProven(tallies);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

if (import.meta.main) main();
