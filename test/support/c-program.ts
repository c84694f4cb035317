/** C programs of test/guest/c: compiled, run on this machine and under elfdeck. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, type TestContext } from 'vitest';
import { type CommandResult, elfdeck } from './elfdeck.ts';
import { requireTool } from './tools.ts';

/** Compiles test/guest/c/NAME.c for the length of the test; returns the program's path. Later flags win. */
export function compileC(context: TestContext, name: string, flags: readonly string[] = ['-static']): string {
  const gcc = requireTool(context, 'gcc');
  const source = fileURLToPath(new URL(`../guest/c/${name}.c`, import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), 'elfdeck-c-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const program = join(directory, name);
  const words = ['-O1', '-pthread', '-Wall', '-Werror', ...flags, '-o', program, source, '-lm'];
  const { status, stderr } = spawnSync(gcc, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}.c does not compile:\n${stderr}`);
  return program;
}

/** Runs a program on this machine; a signal counts as status 128+n, as in a shell. */
export function runNative(program: string): CommandResult {
  const { status, signal, stdout, stderr } = spawnSync(program, { encoding: 'latin1', input: '' });
  return { status: status ?? 128 + constants.signals[signal!], stdout, stderr };
}

/** Runs a program of this machine in an instance of its own. */
export function runGuest(program: string): CommandResult {
  return elfdeck(['run', '-q', program]);
}
