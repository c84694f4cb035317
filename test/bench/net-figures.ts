/** Rows about networks: servers against the same server native and under qemu-user, and traffic between instances. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options, Row } from './measuring.ts';
import { findInstalled, workFolder } from './programs.ts';
import { median } from './rounds.ts';
import { cacheFolder, type RunnerName, runners } from './runners.ts';

export interface NetFigure {
  name: string;
  measure: (options: Options) => Row;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function ask<T>(words: readonly string[]): T | string {
  const env = { ...process.env, ELFDECK_CACHE_DIR: cacheFolder, ELFDECK_HOME: join(workFolder, 'home') };
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env });
  return status === 0 ? JSON.parse(stdout) : `failed: ${stderr.trim().split('\n').at(-1)}`;
}

const emptyRow = (name: string, unit: string, goal?: number): Row => ({
  name,
  kind: 'figure',
  unit,
  values: {},
  wall: {},
  goal,
  notes: [],
});

// Servers

interface ServerLoad {
  load: string;
  title: string;
  needs: readonly string[];
  unit: string;
  /** What one unit of the row is, in operations. */
  per: number;
  /** Rate as a part of qemu-user's that is wanted, or a rate. */
  ratioGoal?: number;
  rateGoal?: number;
}

const serverLoads: readonly ServerLoad[] = [
  {
    load: 'redis-1',
    title: 'redis GET, 50 clients',
    needs: ['redis-server', 'redis-benchmark'],
    unit: 'k/s',
    per: 1000,
    ratioGoal: 0.8,
  },
  {
    load: 'redis-16',
    title: 'redis GET, 50 clients, -P 16',
    needs: ['redis-server', 'redis-benchmark'],
    unit: 'k/s',
    per: 1000,
    ratioGoal: 1.2,
  },
  {
    load: 'nginx-small',
    title: 'nginx, 612 bytes, 16 clients',
    needs: ['wrk'],
    unit: 'k/s',
    per: 1000,
    ratioGoal: 0.8,
  },
  { load: 'nginx-large', title: 'nginx, 1 MB files, 4 clients', needs: ['wrk'], unit: 'MB/s', per: 1e6, rateGoal: 300 },
];

type Measured = Partial<Record<RunnerName, { rate: number; cpuUs: number }[]>>;
const measuredLoads = new Map<string, { runs: Measured; notes: string[] }>();
const SECONDS = 4;

/** Rounds of one load, all runners back to back; measured once for all its rows. */
function measureLoad(
  { load, needs }: ServerLoad,
  { rounds, scale, jit }: Options,
): { runs: Measured; notes: string[] } {
  const known = measuredLoads.get(load);
  if (known !== undefined) return known;
  const missing = needs.find((name) => findInstalled([name]) === undefined);
  const measured = { runs: {} as Measured, notes: missing === undefined ? [] : [`${missing} is not installed`] };
  measuredLoads.set(load, measured);
  if (missing !== undefined) return measured;
  for (let round = 0; round < rounds; round++) {
    for (const { name } of runners) {
      const options = jit === undefined ? [] : ['--jit', jit];
      const answer = ask<{ rate: number; cpuUs: number }>([
        ...[script('net-servers.ts'), load, name, `${Math.max(1, Math.round(SECONDS * scale))}`, ...options],
      ]);
      if (typeof answer === 'string') measured.notes.push(`${name}: ${answer}`);
      else measured.runs[name] = [...(measured.runs[name] ?? []), answer];
    }
  }
  return measured;
}

function serverRows(load: ServerLoad): NetFigure[] {
  const { title, unit, per, rateGoal, ratioGoal } = load;
  const row = (name: string, given: Row, values: (runs: Measured) => Row['values']): NetFigure => ({
    name,
    measure: (options) => {
      const { runs, notes } = measureLoad(load, options);
      return { ...given, values: values(runs), notes };
    },
  });
  const medians = (runs: Measured, figure: (run: { rate: number; cpuUs: number }) => number): Row['values'] =>
    Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, median(list.map(figure))]));
  const toQemu = ({ elfdeck = [], qemu = [] }: Measured): Row['values'] => {
    const ratio = median(elfdeck.flatMap(({ rate }, i) => (qemu[i] === undefined ? [] : rate / qemu[i].rate)));
    return ratio === undefined ? {} : { elfdeck: ratio };
  };
  const bytes = unit === 'MB/s' ? 1e6 : 1;
  return [
    row(title, emptyRow(title, unit, rateGoal), (runs) => medians(runs, ({ rate }) => rate / per)),
    row(
      `${title}, CPU of the process for each`,
      emptyRow(`${title}, CPU for each`, bytes === 1 ? 'µs' : 'µs/MB'),
      (runs) => medians(runs, ({ cpuUs }) => cpuUs * bytes),
    ),
    ...(ratioGoal === undefined
      ? []
      : [row(`${title}, rate by qemu-user's`, emptyRow(`${title}, rate by qemu-user's`, '×', ratioGoal), toQemu)]),
  ];
}

// Instances

interface InstanceRow {
  name: string;
  unit: string;
  figure: string;
  value: string;
  goal?: number;
}

const instanceRows: readonly InstanceRow[] = [
  { name: 'instance to instance, stream', unit: 'MB/s', figure: 'stream', value: 'total', goal: 1000 },
  { name: 'instance to instance, round trip of a byte', unit: 'µs', figure: 'rtt', value: 'median', goal: 60 },
  { name: 'the same, 99th percentile', unit: 'µs', figure: 'rtt', value: 'p99' },
  { name: 'round trip while two others stream', unit: 'µs', figure: 'rtt-load', value: 'median' },
  { name: 'the same, 99th percentile, under load', unit: 'µs', figure: 'rtt-load', value: 'p99' },
  { name: '10 pairs of instances, streams together', unit: 'MB/s', figure: 'stream-20', value: 'total' },
  { name: '10 pairs of instances, the slowest by its share', unit: '×', figure: 'stream-20', value: 'slowest' },
  { name: '10,000 idle connections through a forward', unit: 'MB', figure: 'idle', value: 'mb', goal: 100 },
  { name: 'connections through a forward', unit: '/s', figure: 'connects', value: 'rate', goal: 1000 },
  { name: 'growth of memory over 10,000 connections', unit: 'MB', figure: 'connects', value: 'growthMb', goal: 0 },
];

const measuredFigures = new Map<string, Record<string, number>[] | string>();

function measureFigure(figure: string, rounds: number): Record<string, number>[] | string {
  const known = measuredFigures.get(figure);
  if (known !== undefined) return known;
  const answers: Record<string, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    const answer = ask<Record<string, number>>([script('net-instances.ts'), figure]);
    if (typeof answer === 'string') {
      measuredFigures.set(figure, answer);
      return answer;
    }
    answers.push(answer);
  }
  measuredFigures.set(figure, answers);
  return answers;
}

/** The slowest of ten pairs is shown as a part of what each would have if all were alike. */
const shownValue = (answer: Record<string, number>, value: string): number =>
  value === 'slowest' ? (answer.slowest! * 10) / answer.total! : answer[value]!;

export const netFigures: readonly NetFigure[] = [
  ...serverLoads.flatMap(serverRows),
  ...instanceRows.map(
    ({ name, unit, figure, value, goal }): NetFigure => ({
      name,
      measure: ({ rounds }) => {
        const answers = measureFigure(figure, rounds);
        const row = emptyRow(name, unit, goal);
        if (typeof answers === 'string') return { ...row, notes: [answers] };
        const middle = median(answers.map((answer) => shownValue(answer, value)));
        return { ...row, values: middle === undefined ? {} : { elfdeck: middle } };
      },
    }),
  ),
];
