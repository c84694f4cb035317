/** Figures of instances in a long-lived process: start to exit, idle memory, growth, two at once. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './programs.ts';
import { median } from './rounds.ts';
import { cacheFolder } from './runners.ts';

export interface InstanceFigure {
  name: string;
  unit: 'ms' | 'MB' | 'MIPS' | '×';
  goal?: number;
  measure: (options: { rounds: number; runs: number; scale: number }) => number | undefined;
}

const script = fileURLToPath(new URL('instances.ts', import.meta.url));

function ask<T>(figure: string, count: number, program: string, ...words: (string | number)[]): T {
  const line = [script, figure, `${count}`, build(program), ...words.map(String)];
  const { status, stdout, stderr } = spawnSync(process.execPath, line, {
    encoding: 'utf8',
    env: { ...process.env, ELFDECK_CACHE_DIR: cacheFolder },
  });
  if (status !== 0) throw new Error(`${figure} failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** Starts in one process for each round. */
const STARTS = 4;
const INT_MIX_SIZE = 2000;

/** Slope of the line through the sizes, times their number: malloc gives back now more, now less, by several MB. */
function growthMb(runs: number): number {
  const sizes = ask<number[]>('growth', runs, 'hello');
  const middle = (sizes.length - 1) / 2;
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  let products = 0;
  let squares = 0;
  for (const [i, size] of sizes.entries()) {
    products += (i - middle) * (size - mean);
    squares += (i - middle) ** 2;
  }
  return squares === 0 ? 0 : (products / squares) * (sizes.length - 1);
}

export const instanceFigures: readonly InstanceFigure[] = [
  {
    name: 'hello, worker start to exit',
    unit: 'ms',
    goal: 30,
    // The first start of a process loads code that the later ones find in memory.
    measure: ({ rounds }) => median(ask<number[]>('start', STARTS * rounds + 1, 'hello').slice(1)),
  },
  {
    name: 'hello, start to exit with a spare thread',
    unit: 'ms',
    measure: ({ rounds }) => median(ask<number[]>('spare', STARTS * rounds + 1, 'hello').slice(1)),
  },
  {
    name: 'idle instance, memory above the process',
    unit: 'MB',
    goal: 40,
    measure: () => {
      const { before, after } = ask<{ before: number; after: number }>('idle', 1, 'idle');
      return after - before;
    },
  },
  {
    name: 'growth of memory from run 100 to 1,000 of hello',
    unit: 'MB',
    goal: 0,
    measure: ({ runs }) => growthMb(runs),
  },
  {
    name: 'int-mix, one instance',
    unit: 'MIPS',
    goal: 100,
    measure: ({ rounds, scale }) => aggregate(1, rounds, scale),
  },
  {
    name: 'int-mix, two instances at once, together',
    unit: 'MIPS',
    measure: ({ rounds, scale }) => aggregate(2, rounds, scale),
  },
];

function aggregate(count: number, rounds: number, scale: number): number | undefined {
  const size = Math.max(1, Math.round(INT_MIX_SIZE * scale));
  return median(Array.from({ length: rounds }, () => ask<number>('together', count, 'intmix', size)));
}
