/**
 * Outcomes of a real CPU, recorded so that the comparison also runs where there is none. A recording keeps no inputs:
 * they come from the generators again, and a digest of them tells when these have changed and it must be made anew
 * (record.ts).
 *
 * File: seed 4, count 4, digest of the inputs 4, then 32 bytes for each case:
 *
 * | SSE                                      | x87                                                        |
 * |------------------------------------------|------------------------------------------------------------|
 * | 0..15 xmm0, 16..23 rax, 24..27 mxcsr     | 0..9 ST(0), 10..19 ST(1), 20..21 FSW, 22..23 FTW, 24..25 FCW |
 * | 28..29 rflags, 30..31 vector             | 26..27 rflags, 28..31 digest of the whole outcome          |
 */
import { sseOps } from '../../../core/x86/fp/sse-ops.ts';
import { Random } from './random.ts';
import { isApproximate, isNearSse, randomSseCase, runSseCase, SSE_OUTCOME, SSE_RECORD } from './sse-cases.ts';
import { allSelectors, isTranscendental, randomX87Case, runX87Case, X87_OUTCOME, X87_RECORD } from './x87-cases.ts';

export const HEADER = 12;
export const CASE = 32;

const view = (bytes: number): DataView<ArrayBuffer> => new DataView(new ArrayBuffer(bytes));

/** FNV-1a */
export function digest(dv: DataView, off: number, len: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < len; i++) hash = Math.imul(hash ^ dv.getUint8(off + i), 0x0100_0193);
  return hash >>> 0;
}

export interface Cases {
  /** Operation code or selector of each. */
  readonly what: readonly number[];
  readonly records: DataView<ArrayBuffer>;
}

export function sseCases(seed: number, count: number): Cases {
  const rnd = new Random(seed);
  const records = view(count * SSE_RECORD);
  const what = Array.from({ length: count }, (_, i) => i % sseOps.length);
  for (const [i, code] of what.entries()) randomSseCase(rnd, code, records, i * SSE_RECORD);
  return { what, records };
}

export function x87Cases(seed: number, count: number): Cases {
  const rnd = new Random(seed);
  const records = view(count * X87_RECORD);
  const selectors = allSelectors();
  const what = Array.from({ length: count }, () => rnd.pick(selectors));
  for (const [i, selector] of what.entries()) randomX87Case(rnd, selector, records, i * X87_RECORD);
  return { what, records };
}

/** What is kept of an x87 outcome. What a processor may round in its own way is left out of the digest. */
export function compactX87(selector: number, outcome: DataView, off: number, to: DataView, toOff: number): void {
  const st0 = off + 28;
  for (let k = 0; k < 20; k++) to.setUint8(toOff + k, outcome.getUint8(st0 + k));
  for (let k = 0; k < 3; k++) to.setUint16(toOff + [24, 20, 22][k]!, outcome.getUint16(off + k * 4, true), true);
  to.setUint16(toOff + 26, outcome.getUint16(off + 108, true), true);
  const whole = view(X87_OUTCOME);
  for (let k = 0; k < X87_OUTCOME; k += 4) whole.setInt32(k, outcome.getInt32(off + k));
  if (isTranscendental(selector)) {
    const c1 = 0x200;
    for (const at of [to, whole]) {
      const fsw = at === to ? toOff + 20 : 4;
      at.setUint16(fsw, at.getUint16(fsw, true) & ~c1, true);
    }
    for (let k = 28; k < 48; k += 4) whole.setInt32(k, 0);
    whole.setUint32(8, 0);
  }
  to.setUint32(toOff + 28, digest(whole, 0, X87_OUTCOME), true);
}

export interface Difference {
  readonly index: number;
  readonly what: number;
  readonly expected: string;
  readonly found: string;
}

const hex = (dv: DataView, off: number, len: number): string =>
  Array.from({ length: len }, (_, i) =>
    dv
      .getUint8(off + i)
      .toString(16)
      .padStart(2, '0'),
  ).join('');

interface Kind {
  readonly cases: (seed: number, count: number) => Cases;
  /** Runs our implementation on case `i` and leaves the kept part of its outcome in `to`. */
  readonly run: (cases: Cases, i: number, to: DataView) => void;
  /** Whether an unequal outcome is near enough. */
  readonly isNear: (what: number, ours: DataView, recording: DataView, off: number) => boolean;
}

const x87Outcome = view(X87_OUTCOME);

export const sse: Kind = {
  cases: sseCases,
  run: ({ what, records }, i, to) => runSseCase(what[i]!, records, i * SSE_RECORD, to, 0),
  isNear: (what, ours, recording, off) => isApproximate(sseOps[what]!) && isNearSse(ours, recording, off),
};

export const x87: Kind = {
  cases: x87Cases,
  run: ({ what, records }, i, to) => {
    runX87Case(what[i]!, records, i * X87_RECORD, x87Outcome);
    compactX87(what[i]!, x87Outcome, 0, to, 0);
  },
  isNear: (what, ours, recording, off) => {
    if (!isTranscendental(what)) return false;
    if (hex(ours, 20, 12) !== hex(recording, off + 20, 12)) return false;
    return [0, 10].every((at) => distance(ours, at, recording, off + at) <= 1n);
  },
};

/** How many extended numbers lie between two, which must have the same sign. */
function distance(a: DataView, at: number, b: DataView, bAt: number): bigint {
  const place = (dv: DataView, off: number): bigint =>
    (BigInt(dv.getUint16(off + 8, true)) << 63n) + BigInt.asUintN(63, dv.getBigUint64(off, true));
  const difference = place(a, at) - place(b, bAt);
  return difference < 0n ? -difference : difference;
}

/** Compares our outcomes with a recording. */
export function compareRecording(kind: Kind, recording: DataView): Difference[] {
  const count = recording.getUint32(4, true);
  const cases = kind.cases(recording.getUint32(0, true), count);
  if (digest(cases.records, 0, cases.records.byteLength) !== recording.getUint32(8, true)) {
    throw new Error('the generators of test cases have changed: record again (test/diff/fp/record.ts)');
  }
  const ours = view(Math.max(SSE_OUTCOME, CASE));
  const differences: Difference[] = [];
  for (let index = 0; index < count; index++) {
    const off = HEADER + index * CASE;
    const what = cases.what[index]!;
    kind.run(cases, index, ours);
    const [found, expected] = [hex(ours, 0, CASE), hex(recording, off, CASE)];
    if (found !== expected && !kind.isNear(what, ours, recording, off)) {
      differences.push({ index, what, expected, found });
    }
  }
  return differences;
}
