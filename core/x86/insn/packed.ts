/**
 * Building blocks of packed-integer instructions, shared by MMX and SSE forms: an MMX operand is taken as a vector with
 * its 64 bits in both halves, and the low half of the result is what counts.
 */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingOptions, type EncodingSpec, enc, type InsnDef } from '../notation.ts';

export type Combine = (c: LiftContext, a: Node, x: Node) => Node;

const SSE_ALIGNED: EncodingOptions = { aligned: true };

/** Encodings `NP 0F op` on MMX and `66 0F op` on XMM registers. */
export function mmxAndSse(opcode: string, access = 'rw'): EncodingSpec[] {
  return [
    enc(`NP 0F ${opcode} /r`, `${access}:Pq`, 'r:Qq'),
    enc(`66 0F ${opcode} /r`, `${access}:Vx`, 'r:Wx', SSE_ALIGNED),
  ];
}

/** Operand `i` as a vector. */
export function readVector(c: LiftContext, i: number): Node {
  const value = c.read(i);
  return value.type === 'i64' ? c.b.op('i64x2.splat', value) : value;
}

/** Writes a vector to operand `i`, or its low half to an MMX register. */
export function writeVector(c: LiftContext, i: number, value: Node): void {
  c.write(i, c.width(i) === 64 ? c.b.lane('i64x2.extract_lane', 0, value) : value);
}

/** destination = combine(destination, source) */
export function packed(mnemonic: string, encodings: EncodingSpec[], combine: Combine): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      writeVector(c, 0, combine(c, readVector(c, 0), readVector(c, 1)));
    },
  };
}

/** A packed instruction that is one wasm operation. */
export function direct(mnemonic: string, encodings: EncodingSpec[], op: string): InsnDef {
  return packed(mnemonic, encodings, (c, a, x) => c.b.op(op, a, x));
}

/** A vector whose 32-bit lanes are computed. */
export function lanes32(c: LiftContext, lanes: readonly Node[]): Node {
  const { b } = c;
  let vector = b.op('i32x4.splat', lanes[0]!);
  for (let i = 1; i < 4; i++) vector = b.lane('i32x4.replace_lane', i, vector, lanes[i]!);
  return vector;
}

/** Byte indices that select 32-bit lane `lane` (i32) of a vector, for swizzle. */
export function lane32Indices(c: LiftContext, lane: Node): Node {
  const { b } = c;
  return b.add(b.mul(lane, b.i32(0x04040404)), b.i32(0x03020100));
}

/** Bits `[at, at + count)` of an i32. */
export function field(c: LiftContext, value: Node, at: number, count: number): Node {
  const { b } = c;
  return b.and(at === 0 ? value : b.shrU(value, b.i32(at)), b.i32((1 << count) - 1));
}

/** The 128-bit constant with byte i = i. */
export const IOTA8 = 0x0f0e0d0c0b0a09080706050403020100n;
