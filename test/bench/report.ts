/** The tables of the bench: text that grows row by row, Markdown for the README, or JSON. */
import { cpus } from 'node:os';
import type { Options, Row } from './measuring.ts';
import { qemuVersion, type RunnerName } from './runners.ts';

export type Style = 'text' | 'markdown' | 'json';

/** Columns of a table: heading and the cell of a row. */
type Column = readonly [heading: string, cell: (row: Row) => string];

const seconds = (name: RunnerName) => (row: Row) => {
  const cpu = row.values[name];
  return cpu === undefined ? '–' : `${digits(cpu)} (${digits(row.wall[name])})`;
};
const figure = (name: RunnerName) => (row: Row) => digits(row.values[name]);

const TABLES: Readonly<Record<Row['kind'], { title: string; columns: readonly Column[] }>> = {
  program: {
    title: 'Programs: CPU seconds (wall-clock seconds); ratios of CPU seconds',
    columns: [
      ['program', ({ name }) => name],
      ['native', seconds('native')],
      ['qemu-user', seconds('qemu')],
      ['elfdeck', seconds('elfdeck')],
      ['MIPS', ({ mips }) => digits(mips)],
      ['× native', ({ toNative }) => digits(toNative)],
      ['× qemu', ({ toQemu }) => digits(toQemu)],
    ],
  },
  figure: {
    title: 'Figures',
    columns: [
      ['figure', ({ name }) => name],
      ['unit', ({ unit }) => unit],
      ['native', figure('native')],
      ['qemu-user', figure('qemu')],
      ['elfdeck', figure('elfdeck')],
      ['goal', ({ goal }) => (goal === undefined ? '' : `${goal}`)],
    ],
  },
};

/** Three significant digits, none behind the point from 100 on. */
function digits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? value.toFixed(0) : `${Number(value.toPrecision(3))}`;
}

function machineLine({ rounds, scale }: Options): string {
  const [cpu] = cpus();
  const work = scale === 1 ? '' : `; work × ${scale}`;
  return `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores; Node ${process.versions.node}, ${qemuVersion()}; median of ${rounds} rounds${work}`;
}

export class Report {
  private readonly style: Style;
  private readonly options: Options;
  private readonly rows: Row[] = [];
  private kind: Row['kind'] | undefined;

  constructor(style: Style, options: Options) {
    this.style = style;
    this.options = options;
    if (style !== 'json') console.log(machineLine(options));
  }

  get hasWrong(): boolean {
    return this.rows.some(({ notes }) => notes.some((note) => note.includes('WRONG')));
  }

  add(row: Row): void {
    this.rows.push(row);
    if (this.style === 'json') return;
    const { columns } = TABLES[row.kind];
    if (this.kind !== row.kind) this.head(row.kind);
    const isLeftOut = Object.keys(row.values).length === 0;
    if (!isLeftOut)
      this.line(
        row.kind,
        columns.map(([, cell]) => cell(row)),
      );
    // In Markdown a line between rows would end the table.
    if (this.style === 'text') for (const note of row.notes) console.log(`  ! ${row.name}: ${note}`);
  }

  private head(kind: Row['kind']): void {
    const { title, columns } = TABLES[kind];
    this.kind = kind;
    console.log(`\n${title}\n`);
    this.line(
      kind,
      columns.map(([heading]) => heading),
    );
    if (this.style === 'markdown')
      this.line(
        kind,
        columns.map((_, i) => (i === 0 ? '---' : '---:')),
      );
  }

  private line(kind: Row['kind'], cells: readonly string[]): void {
    if (this.style === 'markdown') console.log(`| ${cells.join(' | ')} |`);
    else {
      const widths = kind === 'program' ? [12, 16, 16, 16, 8, 9, 9] : [50, 5, 10, 10, 10, 6];
      console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' '));
    }
  }

  end(): void {
    if (this.style === 'json')
      console.log(JSON.stringify({ machine: machineLine(this.options), rows: this.rows }, null, 2));
    if (this.style !== 'markdown') return;
    const notes = this.rows.flatMap(({ name, notes: said }) => said.map((note) => `- ${name}: ${note}`));
    if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  }
}
