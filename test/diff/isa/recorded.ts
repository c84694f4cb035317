/**
 * Outcomes of a sample of cases as a real CPU gave them, kept as fingerprints, so that the rows can be checked where there
 * is no x86-64 CPU or no compiler. `node test/diff/isa/recorded.ts` records them anew (x86-64 Linux with gcc) and says which
 * differ from before: none, unless the cases have changed, whoever made the CPU. Rows that it lacks are kept.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Encoding, encodingName } from '../../../core/x86/notation.ts';
import { makeCase } from './cases.ts';
import { canonicalGroups } from './compare.ts';
import { hostFeatures, missingFeature } from './host-cpu.ts';
import { CODE_SLOTS, type IsaCase } from './layout.ts';
import { buildRunner, provableRows, runNatively } from './prove.ts';

const CASES_PER_ROW = 4;
const file = new URL('./recorded.json', import.meta.url);

/** Row name → one fingerprint for each seed: five groups of eight hex digits. */
export type Recording = Record<string, string[]>;

export const groupNames = ['exit and exception', 'general registers', 'flags', 'FP registers', 'memory'] as const;

function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

export function fingerprint(c: IsaCase, outcome: Uint8Array): string {
  return canonicalGroups(c, outcome)
    .map((group) => hash(group).toString(16).padStart(8, '0'))
    .join('');
}

/** The sample's cases of a row, for code slots from `slot` on. */
export function sampleCases(row: Encoding, slot: number): IsaCase[] {
  return Array.from({ length: CASES_PER_ROW }, (_, seed) => makeCase(row, seed + 1, (slot + seed) % CODE_SLOTS));
}

export function readRecording(): Recording {
  return JSON.parse(readFileSync(file, 'utf8')) as Recording;
}

function record(): void {
  const { runner, folder } = buildRunner();
  const before = readRecording();
  const host = hostFeatures(runner);
  const recording: Recording = {};
  for (const row of provableRows()) {
    const name = encodingName(row);
    const cases = sampleCases(row, 0);
    const isLacking = missingFeature(row, host) !== undefined;
    if (isLacking && before[name] === undefined)
      throw new Error(`${name} can't be recorded: this CPU lacks ${row.cpuid}`);
    const outcomes = isLacking ? [] : runNatively(runner, cases);
    recording[name] = isLacking ? before[name]! : cases.map((c, i) => fingerprint(c, outcomes[i]!));
    if (String(recording[name]) !== String(before[name])) console.log(`changed: ${name}`);
  }
  rmSync(folder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(recording, null, 0).replaceAll('],"', '],\n"')}\n`);
}

if (import.meta.main) record();
