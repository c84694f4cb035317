/**
 * Random operands that look for trouble: every encoding class, exponents around the edges of formats and integers,
 * fractions that round in every way, and pairs that cancel, overflow or underflow together. Deterministic by seed.
 */

/** A small fast generator of 32-bit numbers (sfc32, Chris Doty-Humphrey's PractRand; public domain). */
export class Random {
  private a: number;
  private b = 0x9e3779b9 | 0;
  private c = 0x243f6a88 | 0;
  private counter = 1;
  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 15; i++) this.u32();
  }

  u32(): number {
    const t = (this.a + this.b + this.counter++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }
  /** A number in 0..n-1. */
  below(n: number): number {
    return this.u32() % n;
  }
  /** True once in n times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

/** What the generator must know of a format. Fractions are at the top of a 64-bit word, integer bit excluded. */
export interface Shape {
  readonly bias: number;
  readonly maxExponent: number;
  readonly fractionBits: number;
}

const shapes = {
  f32: { bias: 127, maxExponent: 255, fractionBits: 23 },
  f64: { bias: 1023, maxExponent: 2047, fractionBits: 52 },
  f80: { bias: 16383, maxExponent: 32767, fractionBits: 63 },
} as const satisfies Record<string, Shape>;

export type FloatName = keyof typeof shapes;
export type ElementName = FloatName | 'i16' | 'i32' | 'i64';

interface Parts {
  sign: number;
  exponent: number;
  /** Fraction in the low `fractionBits` bits. */
  fraction: bigint;
}

function randomFraction(rnd: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  const any = ((BigInt(rnd.u32()) << 32n) | BigInt(rnd.u32())) & all;
  switch (rnd.below(10)) {
    case 0:
      return 0n;
    case 1:
      return all;
    case 2:
      return 1n << BigInt(rnd.below(bits));
    case 3:
      return all ^ (1n << BigInt(rnd.below(bits)));
    case 4:
      return any & (all << BigInt(rnd.below(bits))) & all;
    case 5:
      return (any >> BigInt(rnd.below(bits))) & all;
    case 6:
      return all - (any >> BigInt(rnd.below(bits)));
    default:
      return any;
  }
}

function randomExponent(rnd: Random, shape: Shape): number {
  const { bias, maxExponent } = shape;
  switch (rnd.below(8)) {
    case 0:
      return rnd.pick([0, 0, 1, 2, maxExponent, maxExponent, maxExponent - 1, maxExponent - 2]);
    case 1:
      return bias + rnd.pick([-1, 0, 1, 14, 15, 30, 31, 32, 62, 63, 64]);
    case 2:
      return rnd.pick([24, 53, 64, 65, 127, 149, 1022, 1023, 1074]) % maxExponent;
    case 3:
    case 4:
      return bias + rnd.below(140) - 70;
    case 5:
      return Math.min(
        maxExponent - 1,
        Math.max(0, bias + rnd.pick([-1074, -1023, -1022, -149, -127, -126, 127, 128, 1023, 1024]) + rnd.below(5) - 2),
      );
    default:
      return rnd.below(maxExponent + 1);
  }
}

function randomParts(rnd: Random, shape: Shape): Parts {
  return {
    sign: rnd.below(2),
    exponent: randomExponent(rnd, shape),
    fraction: randomFraction(rnd, shape.fractionBits),
  };
}

/** A number related to another: near in size, or such that their product or quotient falls at the edge of the range. */
function relatedParts(rnd: Random, to: Parts, shape: Shape): Parts {
  const other = randomParts(rnd, shape);
  const { bias, maxExponent, fractionBits } = shape;
  const near = rnd.below(fractionBits + 6) - 4;
  let { exponent } = to;
  switch (rnd.below(6)) {
    case 0:
      return { ...to, sign: other.sign };
    case 1:
      return { ...to, sign: other.sign, fraction: to.fraction ^ BigInt(rnd.below(4)) };
    case 2:
      exponent += rnd.below(5) - 2;
      break;
    case 3:
      exponent += near * (rnd.below(2) * 2 - 1);
      break;
    case 4:
      exponent = bias - to.exponent - near;
      break;
    default:
      exponent = to.exponent + rnd.pick([bias, -bias]) + rnd.below(8) - 4;
  }
  return { ...other, exponent: Math.max(0, Math.min(maxExponent, exponent)) };
}

function storeParts(dv: DataView, off: number, name: FloatName, p: Parts, hasInvalidEncoding: boolean): void {
  if (name === 'f32') {
    dv.setUint32(off, ((p.sign << 31) | (p.exponent << 23) | Number(p.fraction)) >>> 0, true);
  } else if (name === 'f64') {
    const word = (BigInt(p.sign) << 63n) | (BigInt(p.exponent) << 52n) | p.fraction;
    dv.setBigUint64(off, word, true);
  } else {
    const integerBit = (p.exponent !== 0) !== hasInvalidEncoding ? 1n << 63n : 0n;
    dv.setBigUint64(off, p.fraction | integerBit, true);
    dv.setUint16(off + 8, (p.sign << 15) | p.exponent, true);
  }
}

/** Cuts an extended number to what a narrower format could hold, as real programs leave in the registers. */
function narrowed(rnd: Random, p: Parts): Parts {
  if (!rnd.oneIn(3)) return p;
  const keep = rnd.pick([23, 52]);
  return { ...p, fraction: (p.fraction >> BigInt(63 - keep)) << BigInt(63 - keep) };
}

/** Writes two related random numbers of one format. */
export function randomPair(rnd: Random, dv: DataView, offA: number, offB: number, name: FloatName): void {
  const shape = shapes[name];
  let a = randomParts(rnd, shape);
  let b = rnd.oneIn(2) ? relatedParts(rnd, a, shape) : randomParts(rnd, shape);
  if (name === 'f80') {
    a = narrowed(rnd, a);
    b = narrowed(rnd, b);
  }
  const invalid = (): boolean => name === 'f80' && rnd.oneIn(24);
  storeParts(dv, offA, name, a, invalid());
  storeParts(dv, offB, name, b, invalid());
}

const sizes = { f32: 4, f64: 8, f80: 16, i16: 2, i32: 4, i64: 8 } as const;

/** Writes two random operands of `bytes` bytes, element by element. */
export function randomOperands(
  rnd: Random,
  dv: DataView,
  offA: number,
  offB: number,
  bytes: number,
  name: ElementName,
): void {
  const size = sizes[name];
  for (let i = 0; i < bytes; i += size) {
    if (name === 'f32' || name === 'f64' || name === 'f80') randomPair(rnd, dv, offA + i, offB + i, name);
    else {
      randomInteger(rnd, dv, offA + i, name);
      randomInteger(rnd, dv, offB + i, name);
    }
  }
}

/** Writes a random integer: any bits, few bits, or next to a power of two. */
export function randomInteger(rnd: Random, dv: DataView, off: number, name: 'i16' | 'i32' | 'i64'): void {
  const any = (BigInt(rnd.u32()) << 32n) | BigInt(rnd.u32());
  const bits = BigInt(rnd.below(65));
  const value = [any, any >> bits, -(any >> bits), (1n << bits) + BigInt(rnd.below(5) - 2), BigInt(rnd.below(5) - 2)][
    rnd.below(5)
  ]!;
  if (name === 'i16') dv.setInt16(off, Number(BigInt.asIntN(16, value)), true);
  else if (name === 'i32') dv.setInt32(off, Number(BigInt.asIntN(32, value)), true);
  else dv.setBigUint64(off, BigInt.asUintN(64, value), true);
}
