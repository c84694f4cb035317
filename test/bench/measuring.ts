/** From the description of a row to its measured figures. */
import type { InstanceFigure } from './instance-figures.ts';
import { inputs, locate } from './programs.ts';
import { median, medianRatio, type Rounds, runRounds } from './rounds.ts';
import type { Run, RunnerName } from './runners.ts';
import type { Figure, Workload } from './workloads.ts';

export interface Options {
  rounds: number;
  runs: number;
  scale: number;
  /** `--jit` of servers' rows. */
  jit?: string | undefined;
}

/** What a row holds: seconds of a program, or one figure. Missing values were not or could not be measured. */
export interface Row {
  name: string;
  kind: 'program' | 'figure';
  /** `s` is CPU seconds of a program. */
  unit: string;
  values: Partial<Record<RunnerName, number>>;
  /** Wall-clock seconds beside the CPU seconds. */
  wall: Partial<Record<RunnerName, number>>;
  /** Million guest instructions per second under elfdeck. */
  mips?: number | undefined;
  /** How many times slower elfdeck is, median over the rounds. */
  toNative?: number | undefined;
  toQemu?: number | undefined;
  goal?: number | undefined;
  /** What is not installed, failed or came out wrong. */
  notes: string[];
}

export function measureWorkload(workload: Workload, { rounds, scale }: Options): Row {
  const { name } = workload;
  const row: Row = { name, kind: 'program', unit: 's', values: {}, wall: {}, notes: [] };
  const located = locate(workload.program);
  if ('missing' in located) return { ...row, notes: [located.missing] };
  const scaled = workload.size * scale;
  const size = Number.isInteger(workload.size) ? Math.max(1, Math.round(scaled)) : scaled;
  const words = workload.words(size, inputs).map(String);
  const stdin = workload.stdin?.(size, inputs);
  const { runs, failures } = runRounds({ path: located.path, words, stdin, isOutputCompared: true }, rounds);
  const cpu = (run: Run): number => run.cpuMs / 1e3;
  return {
    ...row,
    values: medians(runs, cpu),
    wall: medians(runs, (run) => run.wallMs / 1e3),
    mips: median(runs.elfdeck?.map((run) => run.statistics!.mips) ?? []),
    toNative: medianRatio(runs.elfdeck, runs.native, cpu),
    toQemu: medianRatio(runs.elfdeck, runs.qemu, cpu),
    notes: failures,
  };
}

export function measureFigure(figure: Figure, { rounds }: Options): Row {
  const { name, unit, goal } = figure;
  const row: Row = { name, kind: 'figure', unit, values: {}, wall: {}, goal, notes: [] };
  const located = locate(figure.program);
  if ('missing' in located) return { ...row, notes: [located.missing] };
  const isOutputCompared = figure.of === 'wall';
  const command = {
    path: located.path,
    words: figure.words.map(String),
    isOutputCompared,
    usesCache: figure.usesCache,
  };
  const { runs, failures } = runRounds(command, rounds);
  const value = (run: Run): number => (figure.of === 'wall' ? run.wallMs : Number.parseFloat(run.output));
  return {
    ...row,
    values: medians(runs, value),
    toNative: medianRatio(runs.elfdeck, runs.native, value),
    toQemu: medianRatio(runs.elfdeck, runs.qemu, value),
    notes: failures,
  };
}

export function measureInstanceFigure({ name, unit, goal, measure }: InstanceFigure, options: Options): Row {
  const elfdeck = measure(options);
  return { name, kind: 'figure', unit, values: elfdeck === undefined ? {} : { elfdeck }, wall: {}, goal, notes: [] };
}

function medians(runs: Rounds['runs'], figure: (run: Run) => number): Row['values'] {
  const entries = Object.entries(runs).map(([name, list]) => [name, median(list.map(figure))]);
  return Object.fromEntries(entries);
}
