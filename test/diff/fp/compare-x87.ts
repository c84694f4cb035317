/** The x87 side of compare.ts. */
import { x87Instruction } from '../../../core/x86/fp/x87.ts';
import { runNative } from './native.ts';
import { Random } from './random.ts';
import {
  allSelectors,
  isTranscendental,
  normaliseX87Outcome,
  randomX87Case,
  runX87Case,
  tolerateX87,
  X87_OUTCOME,
  X87_RECORD,
} from './x87-cases.ts';

const CHUNK = 200_000;

const hex = (dv: DataView, off: number, len: number): string =>
  Array.from({ length: len }, (_, i) =>
    dv
      .getUint8(off + len - 1 - i)
      .toString(16)
      .padStart(2, '0'),
  ).join('');

/** Name of a selector for people. */
function nameOf(selector: number): string {
  const reg = (selector & 0xc0) === 0xc0 ? ` c0+${selector & 0x3f}` : `/${(selector >> 3) & 7}`;
  return `${x87Instruction(selector)!.name} ${(0xd8 + ((selector >> 8) & 7)).toString(16)}${reg}`;
}

function describeImage(dv: DataView, off: number): string[] {
  const lines = [`fcw=${hex(dv, off, 4)} fsw=${hex(dv, off + 4, 4)} ftw=${hex(dv, off + 8, 4)}`];
  lines.push(
    `ip=${hex(dv, off + 12, 4)} cs,op=${hex(dv, off + 16, 4)} dp=${hex(dv, off + 20, 4)} ds=${hex(dv, off + 24, 4)}`,
  );
  for (let i = 0; i < 8; i++) lines.push(`st${i}=${hex(dv, off + 36 + i * 10, 2)}:${hex(dv, off + 28 + i * 10, 8)}`);
  return lines;
}

function describeOutcome(dv: DataView, off: number): string[] {
  const at = (o: number, n: number): string => hex(dv, off + o, n);
  const memory = Array.from({ length: 16 }, (_, i) => `mem${i}=${at(112 + i * 8, 8)}`);
  return [...describeImage(dv, off), `flags=${at(108, 4)}`, ...memory, `rax=${at(240, 8)}`, `vector=${at(248, 2)}`];
}

function equals(ours: DataView, native: DataView, off: number): boolean {
  for (let i = 0; i < X87_OUTCOME; i += 4) if (ours.getInt32(i) !== native.getInt32(off + i)) return false;
  return true;
}

/** Runs `count` random cases over all instructions (or those whose name contains `name`); true when all agree. */
export function compareX87(count: number, seed: number, name: string): boolean {
  const selectors = allSelectors().filter((selector) => nameOf(selector).includes(name));
  const failures = new Map<string, number>();
  for (let done = 0; done < count; done += CHUNK) {
    compareChunk(Math.min(CHUNK, count - done), seed + done, selectors, failures);
  }
  for (const [op, n] of failures) console.log(`${op}: ${n} differ`);
  console.log(`${count} cases, ${[...failures.values()].reduce((sum, n) => sum + n, 0)} differ (seed ${seed})`);
  return failures.size === 0;
}

function compareChunk(count: number, seed: number, selectors: number[], failures: Map<string, number>): void {
  const rnd = new Random(seed);
  const records = new DataView(new ArrayBuffer(count * X87_RECORD));
  const chosen = Array.from({ length: count }, () => rnd.pick(selectors));
  for (let i = 0; i < count; i++) randomX87Case(rnd, chosen[i]!, records, i * X87_RECORD);
  const native = new DataView(runNative('x87', new Uint8Array(records.buffer)).buffer);
  const ours = new DataView(new ArrayBuffer(X87_OUTCOME));
  for (let i = 0; i < count; i++) {
    runX87Case(chosen[i]!, records, i * X87_RECORD, ours);
    normaliseX87Outcome(native, i * X87_OUTCOME, ours);
    if (equals(ours, native, i * X87_OUTCOME)) continue;
    if (isTranscendental(chosen[i]!)) {
      tolerateX87(native, i * X87_OUTCOME, ours);
      if (equals(ours, native, i * X87_OUTCOME)) continue;
    }
    report(nameOf(chosen[i]!), records, i * X87_RECORD, ours, native, i * X87_OUTCOME, failures);
  }
}

function report(
  op: string,
  records: DataView,
  off: number,
  ours: DataView,
  native: DataView,
  nativeOff: number,
  failures: Map<string, number>,
): void {
  const expected = describeOutcome(native, nativeOff);
  const found = describeOutcome(ours, 0);
  const different = found.flatMap((line, i) => (line === expected[i] ? [] : [i]));
  // Failures that look alike are counted together, and the first is shown.
  const kind = `${op.split(' ')[0]} in ${different.map((i) => found[i]!.replace(/=.*/, '')).join(' ')}`;
  const seen = failures.get(kind) ?? 0;
  failures.set(kind, seen + 1);
  if (seen >= 1 || failures.size > 24) return;
  console.log(
    `${op}: given ${describeImage(records, off + 16).join(' ')} mem=${hex(records, off + 136, 8)}:${hex(records, off + 128, 8)}`,
  );
  for (const i of different) console.log(`  ours ${found[i]}   native ${expected[i]}`);
}
