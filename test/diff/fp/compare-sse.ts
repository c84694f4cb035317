/** The SSE side of compare.ts. */
import { sseOps } from '../../../core/x86/fp/sse-ops.ts';
import { runNative } from './native.ts';
import { Random } from './random.ts';
import {
  isApproximate,
  isNearSse,
  normaliseSseOutcome,
  randomSseCase,
  runSseCase,
  SSE_OUTCOME,
  SSE_RECORD,
} from './sse-cases.ts';

const CHUNK = 500_000;

const hex = (dv: DataView, off: number, len: number): string =>
  Array.from({ length: len }, (_, i) =>
    dv
      .getUint8(off + len - 1 - i)
      .toString(16)
      .padStart(2, '0'),
  ).join('');

function describe(dv: DataView, off: number): string {
  const at = (o: number, n: number): string => hex(dv, off + o, n);
  return `xmm0=${at(8, 8)}:${at(0, 8)} rax=${at(16, 8)} mxcsr=${at(24, 4)} flags=${at(28, 2)} vector=${at(30, 2)}`;
}

/** Runs `count` random cases over all operations (or those whose name contains `name`); true when all agree. */
export function compareSse(count: number, seed: number, name: string): boolean {
  const codes = sseOps.flatMap((op, code) => (op.name.includes(name) ? [code] : []));
  const failures = new Map<string, number>();
  for (let done = 0; done < count; done += CHUNK) {
    compareChunk(Math.min(CHUNK, count - done), seed + done, codes, failures);
  }
  for (const [op, n] of failures) console.log(`${op}: ${n} differ`);
  console.log(`${count} cases, ${[...failures.values()].reduce((sum, n) => sum + n, 0)} differ (seed ${seed})`);
  return failures.size === 0;
}

function compareChunk(count: number, seed: number, codes: number[], failures: Map<string, number>): void {
  const rnd = new Random(seed);
  const records = new DataView(new ArrayBuffer(count * SSE_RECORD));
  for (let i = 0; i < count; i++) randomSseCase(rnd, codes[i % codes.length]!, records, i * SSE_RECORD);
  const native = new DataView(runNative('sse', new Uint8Array(records.buffer)).buffer);
  const ours = new DataView(new ArrayBuffer(SSE_OUTCOME));
  for (let i = 0; i < count; i++) {
    const code = codes[i % codes.length]!;
    const off = i * SSE_RECORD;
    runSseCase(code, records, off, ours, 0);
    normaliseSseOutcome(code, native, i * SSE_OUTCOME);
    if (describe(ours, 0) === describe(native, i * SSE_OUTCOME)) continue;
    if (isApproximate(sseOps[code]!) && isNearSse(ours, native, i * SSE_OUTCOME)) continue;
    const op = sseOps[code]!.name;
    const seen = failures.get(op) ?? 0;
    failures.set(op, seen + 1);
    if (seen >= 2) continue;
    const at = (o: number, n: number): string => hex(records, off + o, n);
    console.log(
      `${op} mxcsr=${at(16, 4)} imm=${at(20, 1)} rax=${at(24, 8)} xmm0=${at(40, 8)}:${at(32, 8)} xmm1=${at(56, 8)}:${at(48, 8)}`,
    );
    console.log(`  ours   ${describe(ours, 0)}\n  native ${describe(native, i * SSE_OUTCOME)}`);
  }
}
