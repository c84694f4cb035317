/** Programs on the real CPU, through runner.c. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Image, type Outcome, STOP, serialize } from './layout.ts';

const HOW = ['end', 'stops', 'time', 'died'];

/** True where programs can run natively (with gcc, which the caller looks for). */
export const isNativeHost = (): boolean => platform() === 'linux' && arch() === 'x64';

export class NativeCpu {
  private readonly folder = mkdtempSync(join(tmpdir(), 'elfdeck-programs-'));
  private readonly runner = join(this.folder, 'runner');

  constructor() {
    execFileSync('gcc', ['-O1', '-o', this.runner, join(import.meta.dirname, 'runner.c')]);
  }

  /** Outcomes of programs, in order. */
  run(images: readonly Image[]): Outcome[] {
    const input = Buffer.concat(images.map(serialize));
    const { stdout, status } = spawnSync(this.runner, { input, maxBuffer: 1 << 30 });
    if (status !== 0) throw new Error(`the native runner failed with status ${status}`);
    return parse(stdout, images.length);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }
}

function parse(bytes: Uint8Array, count: number): Outcome[] {
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const outcomes: Outcome[] = [];
  let at = 0;
  while (outcomes.length < count) {
    const how = HOW[dv.getUint32(at, true)]!;
    const stopCount = dv.getUint32(at + 4, true);
    const memoryBytes = dv.getUint32(at + 8, true);
    at += 12;
    const stops = Array.from({ length: stopCount }, (_, i) =>
      bytes.subarray(at + i * STOP.size, at + (i + 1) * STOP.size),
    );
    at += stopCount * STOP.size;
    outcomes.push({ how, stops, memory: bytes.subarray(at, at + memoryBytes) });
    at += memoryBytes;
  }
  return outcomes;
}
