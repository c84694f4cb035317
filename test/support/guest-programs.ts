/** Guest programs in C: built with gcc when a test runs, as static programs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'vitest';
import { requireTool } from './tools.ts';

/**
 * Builds a C file into a folder of its own, which is removed after the test. The test is skipped without gcc or where gcc
 * makes no x86-64 programs.
 */
export function buildGuest(context: TestContext, source: string, flags: readonly string[] = []): string {
  const gcc = requireTool(context, 'gcc');
  if (process.platform !== 'linux' || process.arch !== 'x64') context.skip('gcc makes no x86-64 Linux programs here');
  const directory = mkdtempSync(join(tmpdir(), 'elfdeck-guest-'));
  context.onTestFinished(() => rmSync(directory, { recursive: true }));
  const program = join(directory, basename(source, '.c'));
  const built = spawnSync(gcc, ['-O1', '-static', ...flags, '-o', program, source], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return directory;
}
