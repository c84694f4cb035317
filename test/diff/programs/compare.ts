/** Compares what a program did on two CPUs, leaving out flags that the manual leaves undefined there. */
import { type Image, type Outcome, PAGE, STOP } from './layout.ts';
import { ALL_FLAGS, ANY_ADDRESS } from './ops.ts';

const DIRECTION = 0x400;
const VECTOR_PF = 14;
const GPR_NAMES = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

export interface Difference {
  /** Number of the first stop that differs; -1 when only the memory at the end does. */
  readonly stop: number;
  readonly lines: readonly string[];
}

/** The first difference, or undefined. `names` are those of the two CPUs. */
export function compareOutcomes(
  image: Image,
  definedAt: ReadonlyMap<number, number>,
  expected: Outcome,
  actual: Outcome,
  names: readonly [string, string],
): Difference | undefined {
  const count = Math.min(expected.stops.length, actual.stops.length);
  for (let i = 0; i < count; i++) {
    const lines = compareStops(expected.stops[i]!, actual.stops[i]!, definedAt, names);
    if (lines.length > 0) return { stop: i, lines };
  }
  if (expected.how !== actual.how || expected.stops.length !== actual.stops.length) {
    const told = [expected, actual].map((o, i) => `${names[i]} "${o.how}" after ${o.stops.length} stops`);
    return { stop: count, lines: [told.join(', ')] };
  }
  const lines = compareMemory(image, expected.memory, actual.memory, names);
  return lines.length > 0 ? { stop: -1, lines } : undefined;
}

function compareStops(
  expected: Uint8Array,
  actual: Uint8Array,
  definedAt: ReadonlyMap<number, number>,
  [first, second]: readonly [string, string],
): string[] {
  const e = new DataView(expected.buffer, expected.byteOffset, expected.length);
  const a = new DataView(actual.buffer, actual.byteOffset, actual.length);
  const lines: string[] = [];
  const check = (name: string, x: bigint | number, y: bigint | number): void => {
    if (x !== y) lines.push(`${name}: ${first} ${x.toString(16)}, ${second} ${y.toString(16)}`);
  };
  const word = (name: string, at: number, mask = ~0n): void =>
    check(name, e.getBigUint64(at, true) & mask, a.getBigUint64(at, true) & mask);
  const rip = Number(e.getBigUint64(STOP.rip, true));
  word('rip', STOP.rip);
  word('vector', STOP.vector);
  if (Number(e.getBigUint64(STOP.vector, true)) === VECTOR_PF) {
    // Whether the page is present depends on what Linux has filled in yet.
    word('error code', STOP.error, ~1n);
    if (((definedAt.get(rip) ?? 0) & ANY_ADDRESS) === 0) word('address', STOP.address);
  }
  GPR_NAMES.forEach((name, i) => {
    word(name, STOP.gpr + 8 * i);
  });
  word('flags', STOP.flags, BigInt((definedAt.get(rip) ?? 0) & ALL_FLAGS) | BigInt(DIRECTION));
  const { fx, high } = STOP;
  check('fcw', e.getUint16(fx, true), a.getUint16(fx, true));
  check('fsw', e.getUint16(fx + 2, true), a.getUint16(fx + 2, true));
  check('ftw', e.getUint8(fx + 4), a.getUint8(fx + 4));
  check('mxcsr', e.getUint32(fx + 24, true), a.getUint32(fx + 24, true));
  for (let i = 0; i < 8; i++) check(`st${i}`, extended(e, fx + 32 + 16 * i), extended(a, fx + 32 + 16 * i));
  for (let i = 0; i < 16; i++) check(`xmm${i}`, vector(e, fx + 160 + 16 * i), vector(a, fx + 160 + 16 * i));
  for (let i = 0; i < 16; i++) check(`high ymm${i}`, vector(e, high + 16 * i), vector(a, high + 16 * i));
  return lines;
}

const vector = (dv: DataView, at: number): bigint => (dv.getBigUint64(at + 8, true) << 64n) | dv.getBigUint64(at, true);
const extended = (dv: DataView, at: number): bigint =>
  (BigInt(dv.getUint16(at + 8, true)) << 64n) | dv.getBigUint64(at, true);

function compareMemory(
  image: Image,
  expected: Uint8Array,
  actual: Uint8Array,
  [first, second]: readonly [string, string],
): string[] {
  if (Buffer.compare(expected, actual) === 0) return [];
  const lines: string[] = [];
  let at = 0;
  for (const region of image.regions.filter((r) => r.isOutput)) {
    for (let i = 0; i < region.pages * PAGE && lines.length < 8; i++) {
      const [x, y] = [expected[at + i], actual[at + i]];
      if (x !== y)
        lines.push(`[${(region.address + i).toString(16)}]: ${first} ${x?.toString(16)}, ${second} ${y?.toString(16)}`);
    }
    at += region.pages * PAGE;
  }
  return lines;
}
