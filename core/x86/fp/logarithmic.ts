/** F2XM1, FYL2X and FYL2XP1 (SDM vol. 1, 8.3.9), rounded correctly. */
import { expm1, ln2, log2e, logOfRatio } from './fixed-point.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import {
  copyNumber,
  FINITE,
  type FpContext,
  type FpNumber,
  INFINITE,
  PE,
  QNAN,
  setInfinite,
  setPowerOfTwo,
  setZero,
  UE,
  ZE,
  ZERO,
} from './number.ts';
import { bitLength, fromReal, multiply, type Real, significand, toFixed } from './real.ts';

/** Fraction bits that carry a result to its rounding, leading zeros not counted. */
const WIDTH = 144;
/** Below 2^-TINY two terms of a series are enough. */
const TINY = 72;
/** Fraction bits of the constants used for tiny arguments. */
const CONSTANT_BITS = 320;

const realOf = (x: FpNumber): Real => ({ m: significand(x), e: x.exp - 63 });

/** r = 2^x - 1 for |x| ≤ 1; beyond that the result is undefined, here x with PE. */
export function exp2m1(x: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (x.kind >= QNAN) {
    propagateOne(x, r, ctx);
    return;
  }
  copyNumber(x, r);
  r.denormal = 0;
  if (x.kind === ZERO || (x.kind === INFINITE && !x.sign)) return;
  if (x.kind === INFINITE) {
    setPowerOfTwo(r, 1, 0);
    return;
  }
  ctx.flags |= x.denormal;
  if (ctx.stopped) return;
  if (x.exp >= 0) {
    // ±1 is exact, but all results but zeros and infinities are marked inexact.
    ctx.flags |= PE;
    if (isPowerOfTwo(x) && x.exp === 0) setPowerOfTwo(r, x.sign, x.sign ? -1 : 0);
    return;
  }
  fromReal(x.exp < -TINY ? tinyPower(x) : power(x), x.sign, false, r, ctx);
}

const isPowerOfTwo = (x: FpNumber): boolean => x.hi === (0x8000_0000 | 0) && x.lo === 0;

/** |2^x - 1| for 2^-TINY ≤ |x| < 1 */
function power(x: FpNumber): Real {
  const bits = WIDTH - x.exp;
  const t = toFixed({ m: significand(x) * ln2(bits), e: x.exp - 63 - bits }, bits);
  const result = expm1(x.sign ? -t : t, bits);
  return { m: x.sign ? -result : result, e: -bits };
}

/** |x|·ln 2·(1 ± |x|·ln 2 / 2) */
function tinyPower(x: FpNumber): Real {
  const m = significand(x) * ln2(CONSTANT_BITS);
  const e = x.exp - 63 - CONSTANT_BITS;
  const second = halfSquare(m, e);
  return { m: x.sign ? m - second : m + second, e };
}

/** (m·2^e)² / 2 in units of 2^e; at least 1. */
function halfSquare(m: bigint, e: number): bigint {
  const shift = 1 - e;
  const square = shift > 1200 ? 0n : (m * m) >> BigInt(shift);
  return square === 0n ? 1n : square;
}

/** r = y · log2(x) */
export function log2(x: FpNumber, y: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (x.kind >= QNAN || y.kind >= QNAN) {
    propagate(x, y, r, ctx);
    return;
  }
  if (x.sign && x.kind !== ZERO) {
    invalid(r, ctx);
    return;
  }
  const isOne = x.kind === FINITE && x.exp === 0 && isPowerOfTwo(x);
  const isBelowOne = x.kind === ZERO || (x.kind === FINITE && x.exp < 0);
  const sign = y.sign ^ (isBelowOne ? 1 : 0);
  if (x.kind !== FINITE || y.kind !== FINITE || isOne) {
    logSpecial(x, y, isOne, sign, r, ctx);
    return;
  }
  ctx.flags |= x.denormal | y.denormal;
  if (ctx.stopped) return;
  const isExact = isPowerOfTwo(x);
  const log: Real = isExact ? { m: BigInt(Math.abs(x.exp)), e: 0 } : logarithm(realOf(x));
  fromReal(multiply(log, realOf(y)), sign, isExact, r, ctx);
  // Exact results count as inexact too.
  ctx.flags |= r.kind === FINITE && r.exp < ctx.target.emin ? PE | UE : PE;
}

/** The cases with a zero or an infinity, or x = 1; `sign` is that of the result. */
function logSpecial(x: FpNumber, y: FpNumber, isOne: boolean, sign: number, r: FpNumber, ctx: FpContext): void {
  const isLogInfinite = x.kind !== FINITE;
  if ((isLogInfinite && y.kind === ZERO) || (isOne && y.kind === INFINITE)) {
    invalid(r, ctx);
    return;
  }
  if (x.kind === ZERO && y.kind === FINITE) ctx.flags |= ZE;
  else ctx.flags |= x.denormal | y.denormal;
  if (isLogInfinite || y.kind === INFINITE) setInfinite(r, sign);
  else setZero(r, sign);
}

/** |log2(x)| of a number that is no power of two and no nearer to 1 than 2^-64. */
function logarithm(x: Real): Real {
  // Near 1 up to 64 leading bits cancel.
  const bits = WIDTH + 68;
  const length = bitLength(x.m);
  // x = f·2^exponent with f = m / unit in (√½, √2), or near to it.
  const isHigh = x.m >> BigInt(length - 8) >= 0xb5n;
  const exponent = x.e + length - (isHigh ? 0 : 1);
  const unit = 1n << BigInt(length - (isHigh ? 0 : 1));
  const ratio = ((x.m - unit) << BigInt(bits)) / (x.m + unit);
  const fraction = (logOfRatio(ratio, bits) * log2e(bits)) >> BigInt(bits);
  const log = (BigInt(exponent) << BigInt(bits)) + fraction;
  return { m: log < 0n ? -log : log, e: -bits };
}

/** r = y · log2(x + 1), meant for |x| < 1 - √½; where there is no logarithm the result is x with PE. */
export function log2p1(x: FpNumber, y: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (x.kind >= QNAN || y.kind >= QNAN) {
    propagate(x, y, r, ctx);
    return;
  }
  const sign = x.sign ^ y.sign;
  if ((x.kind === ZERO && y.kind === INFINITE) || (x.kind === INFINITE && (y.kind === ZERO || x.sign))) {
    invalid(r, ctx);
    return;
  }
  ctx.flags |= x.denormal | y.denormal;
  if (ctx.stopped) return;
  if (x.kind === INFINITE || y.kind === INFINITE) setInfinite(r, sign);
  else if (x.kind === ZERO || y.kind === ZERO) setZero(r, sign);
  else if (x.sign && x.exp >= 0) {
    ctx.flags |= PE;
    copyNumber(x, r);
    r.denormal = 0;
  } else fromReal(multiply(logarithmPlusOne(x), realOf(y)), sign, false, r, ctx);
}

/** |log2(1 + x)|, x ≠ 0, x > -1 */
function logarithmPlusOne(x: FpNumber): Real {
  const m = significand(x);
  if (x.exp < -TINY) {
    // x·log2(e)·(1 - x/2)
    const scaled = m * log2e(CONSTANT_BITS);
    const shift = 64 - x.exp;
    const second = shift > 1200 ? 0n : (scaled * m) >> BigInt(shift);
    const correction = second === 0n ? 1n : second;
    return { m: x.sign ? scaled + correction : scaled - correction, e: x.exp - 63 - CONSTANT_BITS };
  }
  if (x.exp >= -1) return logarithmOfSum(m, x);
  const bits = WIDTH - x.exp;
  // s = x / (x + 2), with x = ±m·2^(exp - 63)
  const value = x.sign ? -m : m;
  const two = 1n << BigInt(64 - x.exp);
  const ratio = (value << BigInt(bits)) / (value + two);
  const log = (logOfRatio(ratio, bits) * log2e(bits)) >> BigInt(bits);
  return { m: log < 0n ? -log : log, e: -bits };
}

/** |log2(1 + x)| for |x| ≥ 1/2 */
function logarithmOfSum(m: bigint, x: FpNumber): Real {
  // Beyond the reach of WIDTH bits the 1 makes no difference.
  if (x.exp > 2 * WIDTH) return logarithm(realOf(x));
  const e = Math.min(0, x.exp - 63);
  const value = m << BigInt(x.exp - 63 - e);
  const one = 1n << BigInt(-e);
  const sum = x.sign ? one - value : one + value;
  const length = bitLength(sum);
  if (sum === 1n << BigInt(length - 1)) return { m: BigInt(Math.abs(length - 1 + e)), e: 0 };
  return logarithm({ m: sum, e });
}
