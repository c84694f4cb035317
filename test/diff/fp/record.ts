/**
 * Records outcomes of the CPU at hand (x86-64 with gcc) as fixtures:
 *
 *   node test/diff/fp/record.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNative } from './native.ts';
import { CASE, compactX87, digest, HEADER, sseCases, x87Cases } from './recorded.ts';
import { normaliseSseOutcome, SSE_OUTCOME } from './sse-cases.ts';
import { normaliseX87Outcome, runX87Case, X87_OUTCOME, X87_RECORD } from './x87-cases.ts';

const SEED = 2024;
const SSE_COUNT = 1400;
const X87_COUNT = 1600;

function begin(count: number, records: DataView): DataView<ArrayBuffer> {
  const recording = new DataView(new ArrayBuffer(HEADER + count * CASE));
  recording.setUint32(0, SEED, true);
  recording.setUint32(4, count, true);
  recording.setUint32(8, digest(records, 0, records.byteLength), true);
  return recording;
}

function save(name: string, recording: DataView): void {
  writeFileSync(join(import.meta.dirname, name), new Uint8Array(recording.buffer));
}

function recordSse(): void {
  const { what, records } = sseCases(SEED, SSE_COUNT);
  const native = new DataView(runNative('sse', new Uint8Array(records.buffer)).buffer);
  const recording = begin(SSE_COUNT, records);
  what.forEach((code, i) => {
    normaliseSseOutcome(code, native, i * SSE_OUTCOME);
    for (let k = 0; k < CASE; k++) recording.setUint8(HEADER + i * CASE + k, native.getUint8(i * SSE_OUTCOME + k));
  });
  save('sse.recorded', recording);
}

function recordX87(): void {
  const { what, records } = x87Cases(SEED, X87_COUNT);
  const native = new DataView(runNative('x87', new Uint8Array(records.buffer)).buffer);
  const recording = begin(X87_COUNT, records);
  const ours = new DataView(new ArrayBuffer(X87_OUTCOME));
  what.forEach((selector, i) => {
    runX87Case(selector, records, i * X87_RECORD, ours);
    normaliseX87Outcome(native, i * X87_OUTCOME, ours);
    compactX87(selector, native, i * X87_OUTCOME, recording, HEADER + i * CASE);
  });
  save('x87.recorded', recording);
}

recordSse();
recordX87();
