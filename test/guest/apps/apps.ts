/**
 * `npm run test:apps`: real programs of Debian, each run natively and under elfdeck, outcomes compared.
 *
 *   npm run test:apps -- [--only REGEXP] [--sets NAME,NAME] [--jobs N] [--jit MODE] [--elfdeck COMMAND]
 *
 * --only picks rows by command. A line for each row gives both times in seconds; then come the failures and a table of the
 * sets. A gap, which is a row that says why it cannot work, is run too: one that works after all fails, so that the list
 * stays true. Exit status: 0 when all rows are as they should be, 1 when one is not, 2 when a set could not be had.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type AppCase, rowCase } from './case.ts';
import { difference, environmentOf, type Outcome, runCase } from './compare.ts';
import { programRows } from './programs.ts';
import { inRoot, prepareSet, SetUnavailable } from './rootfs.ts';
import { type PackageSet, packageSets, type SetName } from './sets.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    sets: { type: 'string', default: Object.keys(packageSets).join(',') },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    jit: { type: 'string' },
    elfdeck: { type: 'string', default: fileURLToPath(new URL('../../../core/cli/bin/elfdeck', import.meta.url)) },
  },
});

const names = values.sets.split(',');
const unknown = names.filter((name) => !(name in packageSets));
if (unknown.length > 0) {
  console.error(`test:apps: no set "${unknown[0]}"; there are ${Object.keys(packageSets).join(', ')}`);
  process.exit(64);
}
const rowsOf = (name: string): AppCase[] =>
  programRows[name as SetName].map(rowCase).filter(({ command }) => new RegExp(values.only).test(command));
const tally = new Tally(names.reduce((sum, name) => sum + rowsOf(name).length, 0));

for (const name of names) await runSet(name, rowsOf(name));
console.log(tally.summary());
process.exit(tally.exitStatus);

async function runSet(name: string, rows: AppCase[]): Promise<void> {
  if (rows.length === 0) return;
  let root: string;
  try {
    root = prepareSet(name, packageSets[name as SetName] as PackageSet);
  } catch (error) {
    if (!(error instanceof SetUnavailable)) throw error;
    tally.unavailable(name, rows.length, error.message);
    return;
  }
  const waiting = [...rows];
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await runRow(name, root, row);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
}

async function runRow(name: string, root: string, row: AppCase): Promise<void> {
  const native = await runCase(row, (words) => inRoot(root, words));
  const guest = await runCase(row, (words) => guestWords(root, row, words));
  tally.add(name, row, native, guest, verdict(row, native, guest));
}

/** Why the row fails, or undefined. */
function verdict(row: AppCase, native: Outcome, guest: Outcome): string | undefined {
  const change = difference(row, native, guest);
  if (row.gap === undefined) return change;
  return change === undefined ? `works, and is listed as a gap: ${row.gap}` : undefined;
}

function guestWords(root: string, row: AppCase, words: readonly string[]): string[] {
  const env = Object.entries(environmentOf(row)).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const memory = row.memory === undefined ? [] : ['-m', `${row.memory}M`];
  const jit = values.jit === undefined ? [] : ['--jit', values.jit];
  return [values.elfdeck, 'run', '--quiet', '-r', `${root}:overlay`, ...jit, ...env, ...memory, '--', ...words];
}
