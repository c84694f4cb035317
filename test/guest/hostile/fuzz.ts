/**
 * Hostile guests without end, by hand: node test/guest/hostile/fuzz.ts [--kind code|bytes|calls|elf] [--seed N] [--runs N] [--count N]
 *
 * Each run has the seed that its line shows; a failure is said and the next run goes on. `--kind code` runs in this
 * process, the others as the tests do.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runBytes, runCalls, runElf, tableFlags } from './hostile-runs.ts';
import { RandomCode } from './random-code.ts';

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'calls' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '100' },
    count: { type: 'string', default: '5000' },
  },
});
const count = Number(values.count);
const scratch = mkdtempSync(join(tmpdir(), 'elfdeck-fuzz-'));
const base = mkdtempSync(join(tmpdir(), 'elfdeck-fuzz-root-'));

function compile(name: string, flags: readonly string[]): string {
  const program = join(scratch, name);
  const source = fileURLToPath(new URL(`../c/${name}.c`, import.meta.url));
  execFileSync('gcc', ['-O1', '-pthread', '-static', ...flags, '-o', program, source]);
  return program;
}

function runCode(seed: number): string | undefined {
  const code = new RandomCode(seed);
  for (let i = 0; i < count; i++) {
    const failure = code.step();
    if (failure !== undefined) return failure;
  }
  return undefined;
}

type Run = (seed: number) => string | undefined | Promise<string | undefined>;

function runner(kind: string): Run {
  switch (kind) {
    case 'code':
      return runCode;
    case 'bytes': {
      const program = compile('hostile-bytes', []);
      return (seed) => runBytes(program, seed, count);
    }
    case 'calls': {
      const program = compile('hostile-calls', tableFlags(scratch));
      return (seed) => runCalls(program, base, seed, count);
    }
    case 'elf':
      return (seed) => runElf(scratch, seed);
    default:
      throw new Error(`--kind is code, bytes, calls or elf, not "${kind}"`);
  }
}

const run = runner(values.kind);
let failed = 0;
for (let seed = Number(values.seed), end = seed + Number(values.runs); seed < end; seed++) {
  const failure = await run(seed);
  if (failure === undefined) continue;
  failed++;
  console.log(`${values.kind} seed ${seed}: ${failure}`);
}
rmSync(scratch, { recursive: true });
rmSync(base, { recursive: true });
console.log(`${values.runs} runs, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
