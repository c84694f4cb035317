/**
 * `npm run bench`: times programs natively, under qemu-user and under elfdeck, back to back, and prints medians and ratios.
 * A measuring tool, not a test: it judges nothing but wrong output.
 */
import { parseArgs } from 'node:util';
import { instanceFigures } from './instance-figures.ts';
import { measureFigure, measureInstanceFigure, measureWorkload, type Options, type Row } from './measuring.ts';
import { netFigures } from './net-figures.ts';
import { findInstalled } from './programs.ts';
import { Report, type Style } from './report.ts';
import { figures, workloads } from './workloads.ts';

const usage = `Usage: npm run bench -- [options]

  -w, --workloads NAMES  only these rows, with commas between (a row is taken when a name is part of its own)
      --rounds N         rounds of each row; medians are shown (default 5)
      --runs N           runs of hello in one process that memory is watched over (default 1000)
      --scale F          multiplies the work of the programs (default 1; 0.1 for a quick look)
      --jit MODE         translator of the servers in the rows about networks
      --list             list the rows and end
      --markdown         print Markdown tables
      --json             print everything as JSON`;

const { values } = parseArgs({
  options: {
    workloads: { type: 'string', short: 'w' },
    rounds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '1000' },
    scale: { type: 'string', default: '1' },
    jit: { type: 'string' },
    list: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const options: Options = {
  rounds: Number(values.rounds),
  runs: Number(values.runs),
  scale: Number(values.scale),
  jit: values.jit,
};
const wanted = values.workloads?.split(',').filter((name) => name !== '');
const isWanted = ({ name }: { name: string }): boolean => wanted?.some((part) => name.includes(part)) ?? true;

/** Rows in the order of the tables, each measured when it is called. */
const rows: { name: string; measure: () => Row }[] = [
  ...workloads.map((workload) => ({ name: workload.name, measure: () => measureWorkload(workload, options) })),
  ...figures.map((figure) => ({ name: figure.name, measure: () => measureFigure(figure, options) })),
  ...instanceFigures.map((figure) => ({ name: figure.name, measure: () => measureInstanceFigure(figure, options) })),
  ...netFigures.map(({ name, measure }) => ({ name, measure: () => measure(options) })),
].filter(isWanted);

function main(): number {
  if (values.help || ![options.rounds, options.runs, options.scale].every((number) => number > 0)) {
    console.log(usage);
    return values.help ? 0 : 64;
  }
  if (values.list) {
    for (const { name } of rows) console.log(name);
    return 0;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error('The bench compares with programs that run natively: it needs Linux on x86-64.');
    return 1;
  }
  if (findInstalled(['gcc']) === undefined) {
    console.error('The bench builds its programs with gcc, which is not installed.');
    return 1;
  }
  if (rows.length === 0) {
    console.error(`no row is named ${values.workloads}; --list shows them`);
    return 64;
  }
  const style: Style = values.json ? 'json' : values.markdown ? 'markdown' : 'text';
  const report = new Report(style, options);
  for (const { measure } of rows) report.add(measure());
  report.end();
  return report.hasWrong ? 1 : 0;
}

process.exitCode = main();
