/** Runs a case both ways and says how the outcomes differ. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type AppCase, stagesOf } from './case.ts';

export interface Outcome {
  status: number;
  /** Byte strings. */
  stdout: string;
  stderr: string;
  timeMs: number;
}

/** How to start a stage: its words to the command line that runs them. */
export type Starter = (words: readonly string[]) => string[];

const TIMED_OUT = -1;
const DEFAULT_TIMEOUT_SECONDS = 120;
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games',
  HOME: '/',
  LC_ALL: 'C.UTF-8',
};

/** What the programs see as their environment, the same both ways. */
export const environmentOf = (row: AppCase): Record<string, string> => ({ ...environment, ...row.env });

/** Runs all stages of a case; the outcome is the last one's, with the messages of all. */
export async function runCase(row: AppCase, start: Starter): Promise<Outcome> {
  const began = performance.now();
  let input = row.input ?? '';
  let stderr = '';
  let status = 0;
  for (const words of stagesOf(row.command)) {
    const stage = await runStage(start(words), row, input);
    input = stage.stdout;
    stderr += stage.stderr;
    status = stage.status;
    if (status === TIMED_OUT) break;
  }
  return { status, stdout: input, stderr, timeMs: performance.now() - began };
}

function runStage(words: string[], row: AppCase, input: string): Promise<Omit<Outcome, 'timeMs'>> {
  const timeout = (row.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  const child = spawn(words[0]!, words.slice(1), { env: environmentOf(row) });
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    child.kill('SIGKILL');
  }, timeout);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('latin1').on('data', (text: string) => {
      output[name] += text;
    });
  }
  // A program may end without reading all of its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input, 'latin1');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const status = isTimedOut ? TIMED_OUT : (code ?? 128 + constants.signals[signal!]);
      resolve({ status, ...output });
    });
  });
}

/** How the guest's outcome differs from this machine's, or undefined. */
export function difference(row: AppCase, native: Outcome, guest: Outcome): string | undefined {
  const expected = row.status ?? 0;
  if (native.status !== expected) {
    return `natively it ended with ${native.status} instead of ${expected}: ${clip(native.stderr, 300)}`;
  }
  if (guest.status === TIMED_OUT) return `not finished after ${Math.round(guest.timeMs / 1000)} s`;
  const differing: string[] = [];
  if (guest.status !== native.status) differing.push(`exit status ${guest.status}, natively ${native.status}`);
  const streams = row.statusOnly ? [] : row.stdoutOnly ? (['stdout'] as const) : (['stdout', 'stderr'] as const);
  for (const name of streams) {
    const change = firstChange(comparable(row, guest[name]), comparable(row, native[name]));
    if (change !== undefined) differing.push(`${name}: ${change}`);
  }
  if (differing.length === 0) return undefined;
  // What the guest complained of is the best hint at the cause.
  const complaint =
    guest.stderr === native.stderr ? '' : `\n    ${clip(guest.stderr, 1500).replaceAll('\n', '\n    ')}`;
  return differing.join('; ') + complaint;
}

const comparable = (row: AppCase, text: string): string => (row.ignore ? text.replaceAll(row.ignore, '') : text);

const clip = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)} ...` : text);

/** The first line in which two texts differ. */
function firstChange(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  const ours = actual.split('\n');
  const theirs = expected.split('\n');
  const line = theirs.findIndex((text, at) => text !== ours[at]);
  const at = line < 0 ? theirs.length : line;
  const show = (text: string | undefined): string => (text === undefined ? 'its end' : JSON.stringify(clip(text, 200)));
  return `line ${at + 1} is ${show(ours[at])}, natively ${show(theirs[at])}`;
}
