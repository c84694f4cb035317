/**
 * A profile of the guest as text, and as files that flame-graph tools open: folded stacks (one line a function) and, for a
 * name that ends in .cpuprofile, the JSON of V8's CPU profiles (Chrome DevTools protocol, Profiler.Profile).
 */
import type { ProfileRow } from '../contract/worker-protocol.ts';

/** Rows of the table. */
const SHOWN = 40;
/** Instructions that one sample of a file stands for. */
const INSTRUCTIONS_PER_SAMPLE = 1000;

const nameOf = ({ symbol, file }: ProfileRow): string => symbol || (file ? '(no symbol)' : '(no file)');
const totalOf = (rows: readonly ProfileRow[]): number => rows.reduce((sum, row) => sum + row.instructions, 0);

export function profileTable(rows: readonly ProfileRow[]): string {
  const total = totalOf(rows);
  if (total === 0) return 'profile: the program was too short for a sample\n';
  const line = (share: string, instructions: string, name: string, file: string): string =>
    `${share.padStart(6)}  ${instructions.padStart(14)}  ${name}  ${file}`.trimEnd();
  const lines = rows
    .slice(0, SHOWN)
    .map((row) =>
      line(`${((100 * row.instructions) / total).toFixed(1)}%`, String(row.instructions), nameOf(row), row.file),
    );
  const rest = rows.slice(SHOWN);
  if (rest.length > 0) {
    const sum = totalOf(rest);
    lines.push(line(`${((100 * sum) / total).toFixed(1)}%`, String(sum), `(${rest.length} more)`, ''));
  }
  return `${[line('share', 'instructions', 'function', 'file'), ...lines].join('\n')}\n`;
}

/** Text of a file of that name. */
export function profileFile(path: string, rows: readonly ProfileRow[]): string {
  return path.endsWith('.cpuprofile') ? cpuProfile(rows) : folded(rows);
}

/** `file;function samples`: frames have no semicolons and no line ends. */
function folded(rows: readonly ProfileRow[]): string {
  const frame = (text: string): string => text.replaceAll(/[;\s]/g, '_');
  return rows.map((row) => `${frame(row.file || '(none)')};${frame(nameOf(row))} ${samplesOf(row)}\n`).join('');
}
const samplesOf = ({ instructions }: ProfileRow): number =>
  Math.max(1, Math.round(instructions / INSTRUCTIONS_PER_SAMPLE));

/** A sample's time is its instructions, at one a nanosecond. */
function cpuProfile(rows: readonly ProfileRow[]): string {
  const node = (id: number, functionName: string, url: string, hitCount: number, children: number[]): object => ({
    id,
    callFrame: { functionName, scriptId: '0', url, lineNumber: -1, columnNumber: -1 },
    hitCount,
    children,
  });
  const ids = rows.map((_, i) => i + 2);
  const timeDeltas = rows.map(({ instructions }) => Math.round(instructions / 1000));
  return JSON.stringify({
    nodes: [
      node(1, '(root)', '', 0, ids),
      ...rows.map((row, i) => node(ids[i]!, nameOf(row), row.file, samplesOf(row), [])),
    ],
    startTime: 0,
    endTime: timeDeltas.reduce((sum, delta) => sum + delta, 0),
    samples: ids,
    timeDeltas,
  });
}
