/** Multiplication, division and square root of 80-bit numbers. */
import { declareRoutine } from '../../ir/helpers.ts';
import type { Node } from '../../ir/ir.ts';
import { BIAS, Code, type Extended, SIGN } from './extended.ts';

const LOW = 0xffff_ffffn;

/** Both are normal, or: the result is zero with their signs' product when `isZero`, else not for us. */
function normalOrZero(code: Code, to: Node, a: Extended, x: Extended, isZero: Node): void {
  const { b } = code;
  b.if(b.eqz(b.and(code.isNormal(a), code.isNormal(x))), () => {
    code.failUnless(isZero);
    code.write(to, { significand: b.i64(0), head: code.sign(b.xor(a.head, x.head)) });
    b.return(b.i32(0));
  });
}

/** The product of two 64-bit numbers: upper and lower half. */
function product(code: Code, a: Node, x: Node): { high: Node; low: Node } {
  const { b } = code;
  const [al, ah] = [b.and(a, b.i64(LOW)), b.shrU(a, b.i64(32))];
  const [xl, xh] = [b.and(x, b.i64(LOW)), b.shrU(x, b.i64(32))];
  const middle = b.add(b.mul(ah, xl), b.shrU(b.mul(al, xl), b.i64(32)));
  const other = b.add(b.mul(al, xh), b.and(middle, b.i64(LOW)));
  const high = b.add(b.mul(ah, xh), b.add(b.shrU(middle, b.i64(32)), b.shrU(other, b.i64(32))));
  return { high, low: b.mul(a, x) };
}

/** Number to physical register `to` = a · x; answers status bits, or FAILED. */
export const multiplyRoutine = declareRoutine(
  'x87Multiply',
  ['i32', 'i64', 'i32', 'i64', 'i32'],
  'i32',
  (b, to, aSignificand, aHead, xSignificand, xHead) => {
    const code = new Code(b);
    const a = { significand: aSignificand!, head: aHead! };
    const x = { significand: xSignificand!, head: xHead! };
    const aIsZero = code.isZero(a);
    const xIsZero = code.isZero(x);
    const isZero = b.or(b.and(aIsZero, b.or(xIsZero, code.isNormal(x))), b.and(xIsZero, code.isNormal(a)));
    normalOrZero(code, to!, a, x, isZero);
    const { high, low } = product(code, a.significand, x.significand);
    const sign = code.sign(b.xor(a.head, x.head));
    const exponent = b.sub(b.add(code.exponent(a.head), code.exponent(x.head)), b.i32(BIAS - 1));
    b.if(
      b.ltS(high, b.i64(0)),
      () => code.finish(to!, sign, exponent, high, low),
      () => {
        const doubled = b.or(b.shl(high, b.i64(1)), b.shrU(low, b.i64(63)));
        code.finish(to!, sign, b.sub(exponent, b.i32(1)), doubled, b.shl(low, b.i64(1)));
      },
    );
  },
);

/**
 * One digit of 32 bits of a quotient: rest = (rest · 2^32 + next) mod divisor. The estimate by the divisor's upper half is at
 * most two too large (Knuth, 4.3.1, theorem B).
 */
function digit(code: Code, rest: Node, next: Node, divisor: Node): { digit: Node; rest: Node } {
  const { b } = code;
  const upper = b.shrU(divisor, b.i64(32));
  const lower = b.and(divisor, b.i64(LOW));
  const estimate = b.variable(b.op('i64.div_u', rest, upper));
  const left = b.variable(b.sub(rest, b.mul(b.get(estimate), upper)));
  for (let i = 0; i < 2; i++) {
    const q = b.get(estimate);
    const r = b.get(left);
    const isSmall = b.eqz(b.shrU(r, b.i64(32)));
    const isLarge = b.or(b.gtU(q, b.i64(LOW)), b.gtU(b.mul(q, lower), b.or(b.shl(r, b.i64(32)), next)));
    b.if(b.and(isSmall, isLarge), () => {
      b.assign(estimate, b.sub(q, b.i64(1)));
      b.assign(left, b.add(r, upper));
    });
  }
  const q = b.get(estimate);
  return { digit: q, rest: b.sub(b.or(b.shl(rest, b.i64(32)), next), b.mul(q, divisor)) };
}

/** (high · 2^64 + low) / divisor, where high < divisor and the divisor's top bit is set. */
function quotient(code: Code, high: Node, low: Node, divisor: Node): { quotient: Node; rest: Node } {
  const { b } = code;
  const first = digit(code, high, b.shrU(low, b.i64(32)), divisor);
  const second = digit(code, first.rest, b.and(low, b.i64(LOW)), divisor);
  return { quotient: b.or(b.shl(first.digit, b.i64(32)), second.digit), rest: second.rest };
}

/** Number to physical register `to` = a / x; answers status bits, or FAILED. */
export const divideRoutine = declareRoutine(
  'x87Divide',
  ['i32', 'i64', 'i32', 'i64', 'i32'],
  'i32',
  (b, to, aSignificand, aHead, xSignificand, xHead) => {
    const code = new Code(b);
    const a = { significand: aSignificand!, head: aHead! };
    const x = { significand: xSignificand!, head: xHead! };
    normalOrZero(code, to!, a, x, b.and(code.isZero(a), code.isNormal(x)));
    const isBelow = b.ltU(a.significand, x.significand);
    const high = b.select(isBelow, a.significand, b.shrU(a.significand, b.i64(1)));
    const low = b.select(isBelow, b.i64(0), b.shl(a.significand, b.i64(63)));
    const { quotient: q, rest } = quotient(code, high, low, x.significand);
    // Twice the rest against the divisor.
    const missing = b.sub(x.significand, rest);
    const isOdd = b.wrap(b.and(q, b.i64(1)));
    const isUp = b.or(b.gtU(rest, missing), b.and(b.eq(rest, missing), isOdd));
    const exponent = b.sub(b.sub(b.add(code.exponent(a.head), b.i32(BIAS)), code.exponent(x.head)), isBelow);
    const sign = code.sign(b.xor(a.head, x.head));
    code.finishRounded(to!, sign, exponent, q, isUp, b.ne(rest, b.i64(0)));
  },
);

/**
 * Number to physical register `to` = √x; answers status bits, or FAILED. N = x · 2^63 or 2^64 is such that its root has 64
 * bits. An estimate of 52 bits by the machine's own square root, one step of Newton's, and what is missing from the rest.
 */
export const rootRoutine = declareRoutine('x87Root', ['i32', 'i64', 'i32'], 'i32', (b, to, significand, head) => {
  const code = new Code(b);
  const x = { significand: significand!, head: head! };
  b.if(code.isZero(x), () => {
    code.write(to!, x);
    b.return(b.i32(0));
  });
  code.failUnless(b.and(code.isNormal(x), b.eqz(b.and(x.head, b.i32(SIGN)))));
  const unbiased = b.sub(code.exponent(x.head), b.i32(BIAS));
  const isOdd = b.and(unbiased, b.i32(1));
  const high = b.select(isOdd, x.significand, b.shrU(x.significand, b.i64(1)));
  const low = b.select(isOdd, b.i64(0), b.shl(x.significand, b.i64(63)));
  // √(high · 2^64) = √high · 2^32.
  const estimate = b.op('f64.mul', b.op('f64.sqrt', b.op('f64.convert_i64_u', high)), b.f64((1023n + 32n) << 52n));
  const guess = b.op('i64.trunc_sat_f64_u', estimate);
  const root = b.variable(guess);
  b.if(
    b.gtU(guess, high),
    () => {
      const { quotient: q } = quotient(code, high, low, guess);
      const carry = b.and(b.and(guess, q), b.i64(1));
      b.assign(root, b.add(b.add(b.shrU(guess, b.i64(1)), b.shrU(q, b.i64(1))), carry));
    },
    // Just below 2^64 a root is half as far from it as its square.
    () => b.assign(root, b.not(b.shrU(b.neg(high), b.i64(1)))),
  );
  const restHigh = b.variable(b.i64(0));
  const restLow = b.variable(b.i64(0));
  b.loop(() => {
    const r = b.get(root);
    const square = product(code, r, r);
    const difference = b.sub(low, square.low);
    const borrow = b.extendU(b.ltU(low, square.low));
    b.assign(restLow, difference);
    b.assign(restHigh, b.sub(b.sub(high, square.high), borrow));
    const isNegative = b.ltS(b.get(restHigh), b.i64(0));
    // The rest is at most 2r, which has 65 bits.
    const isOver = b.or(
      b.gtS(b.get(restHigh), b.i64(1)),
      b.and(b.eq(b.get(restHigh), b.i64(1)), b.gtU(b.get(restLow), b.shl(r, b.i64(1)))),
    );
    b.assign(root, b.select(isNegative, b.sub(r, b.i64(1)), b.select(isOver, b.add(r, b.i64(1)), r)));
    return b.or(isNegative, isOver);
  });
  const r = b.get(root);
  // Above the middle between r and r + 1; it never lies there.
  const isUp = b.or(b.ne(b.get(restHigh), b.i64(0)), b.gtU(b.get(restLow), r));
  const isInexact = b.ne(b.or(b.get(restHigh), b.get(restLow)), b.i64(0));
  const exponent = b.add(b.shrS(unbiased, b.i32(1)), b.i32(BIAS));
  code.finishRounded(to!, b.i32(0), exponent, r, isUp, isInexact);
});
