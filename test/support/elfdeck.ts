/** Runs the `elfdeck` command from the sources. */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url));

export interface CommandResult {
  status: number;
  stdout: string;
  stderr: string;
}

/** `input` is stdin; stdout is a pipe or that open file. Texts are byte strings, so that binary output compares exactly. */
export function elfdeck(
  words: readonly string[],
  input: string | Uint8Array = '',
  { stdout: out = 'pipe' }: { stdout?: 'pipe' | number } = {},
): CommandResult {
  const stdio: StdioOptions = ['pipe', out, 'pipe'];
  const options = { input, encoding: 'latin1', maxBuffer: 1 << 28, stdio } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [main, ...words], options);
  return { status: status ?? (signal === null ? -1 : -2), stdout: stdout ?? '', stderr };
}

/** The same, still running; all its streams are pipes. */
export const startElfdeck = (words: readonly string[]): ChildProcess => spawn(process.execPath, [main, ...words]);
