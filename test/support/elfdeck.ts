/** Runs the `elfdeck` command from the sources. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url));

export interface CommandResult {
  status: number;
  stdout: string;
  stderr: string;
}

/** `input` is stdin. Texts are byte strings, so that binary output compares exactly. */
export function elfdeck(words: readonly string[], input: string | Uint8Array = ''): CommandResult {
  const options = { input, encoding: 'latin1', maxBuffer: 1 << 28 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [main, ...words], options);
  return { status: status ?? (signal === null ? -1 : -2), stdout, stderr };
}
