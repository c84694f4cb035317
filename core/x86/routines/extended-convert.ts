/** Between 80-bit numbers and the other formats (SDM vol. 1, 4.2.2). Results wider than a status go to `scratch`. */
import { declareRoutine, type Helper } from '../../ir/helpers.ts';
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { BIAS, Code, type Extended, FAILED, SIGN } from './extended.ts';

/** Formats of memory operands. */
export const FORMAT_F32 = 0;
export const FORMAT_F64 = 1;
export const FORMAT_INTEGER = 2;

const INFINITE_HEAD = 0x7fff;

interface Layout {
  readonly fractionBits: bigint;
  readonly maxExponent: bigint;
}
const F32: Layout = { fractionBits: 23n, maxExponent: 0xffn };
const F64: Layout = { fractionBits: 52n, maxExponent: 0x7ffn };
const biasOf = ({ maxExponent }: Layout): bigint => maxExponent >> 1n;

const scratchPlace = { kind: 'fixed', offset: st.scratch.offset } as const;

/** The number that the bits of a float encode; its head is FAILED for NaNs and denormals. */
function fromFloat(code: Code, bits: Node, layout: Layout): Extended {
  const { b } = code;
  const { fractionBits, maxExponent } = layout;
  const width = fractionBits === 52n ? 64n : 32n;
  const sign = b.and(b.wrap(b.shrU(bits, b.i64(width - 16n))), b.i32(SIGN));
  const field = b.and(b.shrU(bits, b.i64(fractionBits)), b.i64(maxExponent));
  const fraction = b.shl(bits, b.i64(63n - fractionBits));
  const isNormal = b.ltU(b.sub(field, b.i64(1)), b.i64(maxExponent - 1n));
  const isZero = b.eqz(b.shl(bits, b.i64(65n - width)));
  const isInfinite = b.and(b.eq(field, b.i64(maxExponent)), b.eqz(b.shl(fraction, b.i64(1))));
  const normalHead = b.add(b.wrap(field), b.i32(BIAS - Number(biasOf(layout))));
  const special = b.select(isZero, b.i32(0), b.select(isInfinite, b.i32(INFINITE_HEAD), b.i32(FAILED)));
  return {
    significand: b.select(isZero, b.i64(0), b.or(fraction, b.i64(1n << 63n))),
    head: b.or(sign, b.select(isNormal, normalHead, special)),
  };
}

function fromInteger(code: Code, value: Node): Extended {
  const { b } = code;
  const isNegative = b.ltS(value, b.i64(0));
  const size = fromMagnitude(code, b.select(isNegative, b.neg(value), value));
  return { significand: size.significand, head: b.or(size.head, b.select(isNegative, b.i32(SIGN), b.i32(0))) };
}

/** The number that an unsigned integer is. */
function fromMagnitude(code: Code, size: Node): Extended {
  const { b } = code;
  const zeros = b.op('i64.clz', size);
  const exponent = b.sub(b.i32(BIAS + 63), b.wrap(zeros));
  return { significand: b.shl(size, zeros), head: b.select(b.eqz(size), b.i32(0), exponent) };
}

/** (bits, format) → significand; the head to scratch, FAILED for NaNs and denormals. */
export const expandRoutine = declareRoutine('x87Expand', ['i64', 'i32'], 'i64', (b, bits, format) => {
  const code = new Code(b);
  const give = ({ significand, head }: Extended): void => {
    b.put('i32.store', scratchPlace, head);
    b.return(significand);
  };
  b.if(b.eq(format!, b.i32(FORMAT_F64)), () => give(fromFloat(code, bits!, F64)));
  b.if(b.eq(format!, b.i32(FORMAT_F32)), () => give(fromFloat(code, bits!, F32)));
  give(fromInteger(code, bits!));
});

/** The number that operand bits of a format encode. */
export function expand(code: Code, bits: Node, format: Node): Extended {
  const { b } = code;
  const significand = b.call(expandRoutine, bits, format);
  return { significand, head: b.state('i32.load', scratchPlace) };
}

/** Number → float: bits to scratch, answers status bits or FAILED. */
function narrowRoutine(name: string, layout: Layout): Helper {
  const { fractionBits, maxExponent } = layout;
  return declareRoutine(name, ['i64', 'i32'], 'i32', (b, significand, head) => {
    const code = new Code(b);
    const x = { significand: significand!, head: head! };
    const isZero = code.isZero(x);
    const isInfinite = b.and(b.eq(code.exponent(x.head), b.i32(INFINITE_HEAD)), b.eq(x.significand, b.i64(1n << 63n)));
    const sign = b.shl(b.extendU(code.sign(x.head)), b.i64(fractionBits === 52n ? 48 : 16));
    b.if(b.or(isZero, isInfinite), () => {
      const value = b.select(isZero, b.i64(0), b.i64(maxExponent << fractionBits));
      b.put('i64.store', scratchPlace, b.or(sign, value));
      b.return(b.i32(0));
    });
    code.failUnless(code.isNormal(x));
    const exponent = b.sub(code.exponent(x.head), b.i32(BIAS - Number(biasOf(layout))));
    const lost = b.shl(x.significand, b.i64(fractionBits + 1n));
    const kept = b.shrU(x.significand, b.i64(63n - fractionBits));
    const isUp = code.roundsUp(kept, lost);
    // The leading bit of the significand adds one to the exponent, and so does a carry.
    const below = b.shl(b.extendS(b.sub(exponent, b.i32(1))), b.i64(fractionBits));
    const value = b.add(below, b.add(kept, b.extendU(isUp)));
    code.failUnless(b.ltU(b.sub(exponent, b.i32(1)), b.i32(Number(maxExponent) - 1)));
    code.failUnless(b.ltS(value, b.i64(maxExponent << fractionBits)));
    b.put('i64.store', scratchPlace, b.or(sign, value));
    b.return(code.status(b.ne(lost, b.i64(0)), isUp));
  });
}
export const toF32Routine = narrowRoutine('x87ToF32', F32);
export const toF64Routine = narrowRoutine('x87ToF64', F64);

/** Rounding control, as in FCW. */
const [, DOWN, UP, ZERO] = [0, 1, 2, 3];

/** Whether to round a magnitude up by mode (i32), sign (i32), its lowest bit and the left-aligned rest. */
function roundsUpBy(code: Code, mode: Node, sign: Node, kept: Node, rest: Node): Node {
  const { b } = code;
  const isInexact = b.ne(rest, b.i64(0));
  const directed = b.eq(mode, b.select(sign, b.i32(DOWN!), b.i32(UP!)));
  return b.select(mode, b.and(isInexact, directed), code.roundsUp(kept, rest));
}

/**
 * A number's integer part and the rest behind the point, for exponents below 63: the parts of what FIST and FRNDINT round.
 * Numbers below one half leave only a rest.
 */
function splitAtPoint(code: Code, x: Extended): { whole: Node; rest: Node } {
  const { b } = code;
  const exponent = b.sub(code.exponent(x.head), b.i32(BIAS));
  const places = b.extendU(b.sub(b.i32(63), exponent));
  const isBelowOne = b.ltS(exponent, b.i32(0));
  const small = b.select(b.eq(exponent, b.i32(-1)), x.significand, b.i64(1));
  return {
    whole: b.select(isBelowOne, b.i64(0), b.shrU(x.significand, places)),
    rest: b.select(isBelowOne, small, b.shl(x.significand, b.sub(b.i64(64), places))),
  };
}

/** (significand, head, bits of the integer, rounding) → integer to scratch; answers status bits or FAILED. */
export const toIntegerRoutine = declareRoutine(
  'x87ToInteger',
  ['i64', 'i32', 'i32', 'i32'],
  'i32',
  (b, significand, head, bits, mode) => {
    const code = new Code(b);
    const x = { significand: significand!, head: head! };
    b.if(code.isZero(x), () => {
      b.put('i64.store', scratchPlace, b.i64(0));
      b.return(b.i32(0));
    });
    const exponent = b.sub(code.exponent(x.head), b.i32(BIAS));
    code.failUnless(b.and(code.isNormal(x), b.ltS(exponent, b.i32(63))));
    const { whole, rest } = splitAtPoint(code, x);
    const sign = code.sign(x.head);
    const isUp = roundsUpBy(code, mode!, sign, whole, rest);
    const size = b.add(whole, b.extendU(isUp));
    // The most negative integer is left to others.
    code.failUnless(b.eqz(b.shrU(size, b.extendU(b.sub(bits!, b.i32(1))))));
    b.put('i64.store', scratchPlace, b.select(sign, b.neg(size), size));
    b.return(code.status(b.ne(rest, b.i64(0)), isUp));
  },
);

/** FRNDINT: (register, significand, head, rounding); answers status bits or FAILED. */
export const roundRoutine = declareRoutine(
  'x87RoundToInteger',
  ['i32', 'i64', 'i32', 'i32'],
  'i32',
  (b, to, significand, head, mode) => {
    const code = new Code(b);
    const x = { significand: significand!, head: head! };
    const exponent = b.sub(code.exponent(x.head), b.i32(BIAS));
    b.if(b.or(code.isZero(x), b.and(code.isNormal(x), b.eqz(b.ltS(exponent, b.i32(63))))), () => {
      code.write(to!, x);
      b.return(b.i32(0));
    });
    code.failUnless(code.isNormal(x));
    const { whole, rest } = splitAtPoint(code, x);
    const sign = code.sign(x.head);
    const isUp = roundsUpBy(code, mode!, sign, whole, rest);
    const rounded = fromMagnitude(code, b.add(whole, b.extendU(isUp)));
    code.write(to!, { significand: rounded.significand, head: b.or(rounded.head, sign) });
    b.return(code.status(b.ne(rest, b.i64(0)), isUp));
  },
);

/** Which integers FISTTP gives. */
export const TRUNCATE = ZERO!;
