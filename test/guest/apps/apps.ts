/**
 * `npm run test:apps`: real programs of Debian, each run natively and under elfdeck, outcomes compared.
 *
 *   npm run test:apps -- [--only REGEXP] [--sets NAME,NAME] [--jobs N] [--elfdeck COMMAND]
 *
 * --only picks rows by command. A set whose packages cannot be had is skipped with the reason. Each line gives both
 * times in seconds; the last line counts.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type AppCase, rowCase } from './case.ts';
import { difference, environmentOf, runCase } from './compare.ts';
import { programRows } from './programs.ts';
import { inRoot, prepareSet, SetUnavailable } from './rootfs.ts';
import { type PackageSet, packageSets, type SetName } from './sets.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    sets: { type: 'string', default: Object.keys(packageSets).join(',') },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    elfdeck: { type: 'string', default: fileURLToPath(new URL('../../../core/cli/bin/elfdeck', import.meta.url)) },
  },
});

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];

for (const name of values.sets.split(',') as SetName[]) {
  const rows = programRows[name].map(rowCase).filter(({ command }) => new RegExp(values.only).test(command));
  if (rows.length > 0) await runSet(name, rows);
}
for (const failure of failures) console.log(failure);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);

async function runSet(name: SetName, rows: AppCase[]): Promise<void> {
  let root: string;
  try {
    root = prepareSet(name, packageSets[name] as PackageSet);
  } catch (error) {
    if (!(error instanceof SetUnavailable)) throw error;
    console.log(`${name}: skipped ${rows.length}: ${error.message}`);
    counts.skipped += rows.length;
    return;
  }
  const waiting = [...rows];
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await runRow(name, root, row);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
}

async function runRow(name: string, root: string, row: AppCase): Promise<void> {
  if (row.limit !== undefined) {
    counts.skipped++;
    console.log(`skip ${' '.repeat(14)} ${name}: ${row.command}: ${row.limit}`);
    return;
  }
  const native = await runCase(row, (words) => inRoot(root, words));
  const guest = await runCase(row, (words) => guestWords(root, row, words));
  const failure = difference(row, native, guest);
  const times = [native, guest].map(({ timeMs }) => (timeMs / 1000).toFixed(2).padStart(7)).join('');
  const line = `${failure === undefined ? 'pass' : 'FAIL'} ${times} ${name}: ${row.command}`;
  console.log(line);
  if (failure === undefined) counts.passed++;
  else {
    counts.failed++;
    failures.push(`${line}\n  ${failure}`);
  }
}

function guestWords(root: string, row: AppCase, words: readonly string[]): string[] {
  const env = Object.entries(environmentOf(row)).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const memory = row.memory === undefined ? [] : ['-m', `${row.memory}M`];
  return [values.elfdeck, 'run', '--quiet', '-r', `${root}:overlay`, ...env, ...memory, '--', ...words];
}
