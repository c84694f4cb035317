/** Counts rows as they come in: a line of progress for each, at the end the failures and a table of the sets. */
import type { AppCase } from './case.ts';
import type { Outcome } from './compare.ts';

interface SetCounts {
  passed: number;
  failed: number;
  gaps: number;
  /** Rows of a set that could not be had. */
  missing: number;
  nativeMs: number;
  guestMs: number;
}

const columns = ['passed', 'failed', 'gaps', 'missing'] as const;

export class Tally {
  private readonly total: number;
  private readonly sets = new Map<string, SetCounts>();
  private readonly failures: string[] = [];
  private done = 0;

  /** `total` rows are to come. */
  constructor(total: number) {
    this.total = total;
  }

  /** A row that was run; `failure` is why it fails. */
  add(set: string, row: AppCase, native: Outcome, guest: Outcome, failure: string | undefined): void {
    const counts = this.set(set);
    const kind = failure !== undefined ? 'failed' : row.gap === undefined ? 'passed' : 'gaps';
    counts[kind]++;
    counts.nativeMs += native.timeMs;
    counts.guestMs += guest.timeMs;
    const word = { passed: 'pass', failed: 'FAIL', gaps: 'gap ' }[kind];
    const times = [native, guest].map(({ timeMs }) => seconds(timeMs).padStart(7)).join('');
    const line = `${word} ${times} ${set}: ${row.command}`;
    this.progress(kind === 'gaps' ? `${line}: ${row.gap}` : line, 1);
    if (failure !== undefined) this.failures.push(`${line}\n  ${failure}`);
  }

  /** None of a set's rows can be run. */
  unavailable(set: string, rows: number, reason: string): void {
    this.set(set).missing += rows;
    this.progress(`skip ${set}: ${reason}`, rows);
  }

  get exitStatus(): number {
    return this.sum('failed') > 0 ? 1 : this.sum('missing') > 0 ? 2 : 0;
  }

  /** Failures, table, and the line that counts. */
  summary(): string {
    const width = Math.max(...[...this.sets.keys()].map((name) => name.length), 3);
    const head = ['set'.padEnd(width), ...columns.map((name) => name.padStart(8)), 'native s', 'elfdeck s'].join('  ');
    const rows = [...this.sets].map(([name, counts]) =>
      [
        name.padEnd(width),
        ...columns.map((column) => String(counts[column]).padStart(8)),
        seconds(counts.nativeMs).padStart(8),
        seconds(counts.guestMs).padStart(9),
      ].join('  '),
    );
    const last = columns.map((column) => `${this.sum(column)} ${column}`).join(', ');
    return [...this.failures, '', head, ...rows, '', last].join('\n');
  }

  private sum(column: (typeof columns)[number]): number {
    return [...this.sets.values()].reduce((sum, counts) => sum + counts[column], 0);
  }

  private set(name: string): SetCounts {
    const counts = this.sets.get(name) ?? { passed: 0, failed: 0, gaps: 0, missing: 0, nativeMs: 0, guestMs: 0 };
    this.sets.set(name, counts);
    return counts;
  }

  private progress(line: string, rows: number): void {
    this.done += rows;
    console.log(`${`[${this.done}/${this.total}]`.padEnd(10)} ${line}`);
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
