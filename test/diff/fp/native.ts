/** Builds and runs native-fp.c. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = join(import.meta.dirname, 'native-fp.c');

/** Runs all records natively and returns their outcomes. */
export function runNative(mode: 'sse' | 'x87', records: Uint8Array): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'native-fp-'));
  try {
    const program = join(folder, 'native-fp');
    execFileSync('gcc', ['-O1', '-mno-red-zone', '-Wall', '-o', program, source]);
    const result = spawnSync(program, [mode], { input: records, maxBuffer: 1 << 30 });
    if (result.status !== 0) throw new Error(`native-fp failed: ${result.status ?? result.signal}`);
    return new Uint8Array(result.stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
