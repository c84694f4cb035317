/**
 * FSIN, FCOS, FPTAN and FPATAN (SDM vol. 1, 8.3.7 to 8.3.10). Arguments are reduced with a π of 66 bits, as processors
 * do, so that sin π (rounded to 64 bits) comes out as theirs; results are rounded correctly from there.
 */
import { arctangent, cosineMinusOne, pi, sine } from './fixed-point.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import { FINITE, type FpContext, type FpNumber, INFINITE, QNAN, setPowerOfTwo, setZero, ZERO } from './number.ts';
import { divide, exponentOf, fromReal, type Real, significand, toFixed } from './real.ts';

/** Half of a 66-bit π, as an integer times 2^-65. */
const HALF_PI_66 = 0xc90fdaa22168c234cn >> 2n;
const HALF_PI_SCALE = -65;
/** Fraction bits that carry a result to its rounding, leading zeros not counted. */
const WIDTH = 144;
/** Below 2^-TINY the second term of a series is out of sight, but for the direction of rounding. */
const TINY = 72;

/** Arguments of 2^63 and above are left alone, with C2 set. */
export const isOutOfRange = (x: FpNumber): boolean => x.kind === FINITE && x.exp >= 63;

interface Reduced {
  /** x = quadrant·π/2 ± rest, |rest| ≤ π/4 */
  readonly quadrant: number;
  readonly rest: Real;
  readonly isNegative: boolean;
}

/** Reduces the magnitude of a finite number. */
function reduce(x: FpNumber): Reduced {
  const m = significand(x);
  const e = x.exp - 63;
  if (x.exp < -1) return { quadrant: 0, rest: { m, e }, isNegative: false };
  const scale = Math.min(e, HALF_PI_SCALE);
  const value = m << BigInt(e - scale);
  const halfPi = HALF_PI_66 << BigInt(HALF_PI_SCALE - scale);
  const n = (2n * value + halfPi) / (2n * halfPi);
  const rest = value - n * halfPi;
  const isNegative = rest < 0n;
  return { quadrant: Number(n & 3n), rest: { m: isNegative ? -rest : rest, e: scale }, isNegative };
}

function sineOf(t: Real): Real {
  const exponent = exponentOf(t);
  if (exponent < -TINY) return { m: (t.m << 96n) - 1n, e: t.e - 96 };
  const bits = WIDTH + Math.max(0, -exponent);
  return { m: sine(toFixed(t, bits), bits), e: -bits };
}

function cosineOf(t: Real): Real {
  const one = 1n << BigInt(WIDTH);
  if (exponentOf(t) < -TINY) return { m: one - 1n, e: -WIDTH };
  return { m: one + cosineMinusOne(toFixed(t, WIDTH), WIDTH), e: -WIDTH };
}

/** False when a zero, infinity or NaN has been answered: `atZero` sets the result for a zero. */
function isOrdinary(x: FpNumber, r: FpNumber, ctx: FpContext, atZero: () => void): boolean {
  if (x.kind === FINITE) {
    ctx.flags |= x.denormal;
    return !ctx.stopped;
  }
  if (x.kind >= QNAN) propagateOne(x, r, ctx);
  else if (x.kind === INFINITE) invalid(r, ctx);
  else atZero();
  return false;
}

export function sin(x: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (!isOrdinary(x, r, ctx, () => setZero(r, x.sign))) return;
  const { quadrant, rest, isNegative } = reduce(x);
  const isCosine = (quadrant & 1) !== 0;
  const flips = ((quadrant & 2) !== 0) !== (isNegative && !isCosine);
  fromReal(isCosine ? cosineOf(rest) : sineOf(rest), x.sign ^ (flips ? 1 : 0), false, r, ctx);
}

export function cos(x: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (!isOrdinary(x, r, ctx, () => setPowerOfTwo(r, 0, 0))) return;
  const { quadrant, rest, isNegative } = reduce(x);
  const isSine = (quadrant & 1) !== 0;
  // cos(π/2 + t) = -sin t, cos(π + t) = -cos t, cos(3π/2 + t) = sin t
  const flips = isSine ? (quadrant === 1) !== isNegative : quadrant === 2;
  fromReal(isSine ? sineOf(rest) : cosineOf(rest), flips ? 1 : 0, false, r, ctx);
}

export function tan(x: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (!isOrdinary(x, r, ctx, () => setZero(r, x.sign))) return;
  const { quadrant, rest, isNegative } = reduce(x);
  const isCotangent = (quadrant & 1) !== 0;
  const s = sineOf(rest);
  const c = cosineOf(rest);
  const flips = isNegative !== isCotangent;
  fromReal(isCotangent ? divide(c, s) : divide(s, c), x.sign ^ (flips ? 1 : 0), false, r, ctx);
}

/** r = the angle of the point (x, y), in (-π, π]. */
export function atan2(x: FpNumber, y: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (x.kind >= QNAN || y.kind >= QNAN) {
    propagate(x, y, r, ctx);
    return;
  }
  ctx.flags |= x.denormal | y.denormal;
  if (ctx.stopped) return;
  if (x.kind === FINITE && y.kind === FINITE) {
    fromReal(angle(x, y), y.sign, false, r, ctx);
    return;
  }
  // On an axis or at infinity the angle is a multiple of π/4.
  const eighths = eighthsOfTurn(x, y);
  if (eighths === 0) {
    setZero(r, y.sign);
    return;
  }
  fromReal({ m: pi(WIDTH) * BigInt(eighths), e: -WIDTH - 2 }, y.sign, false, r, ctx);
}

/** The angle in units of π/4, when at least one of both is zero or infinite. */
function eighthsOfTurn(x: FpNumber, y: FpNumber): number {
  if (y.kind === INFINITE) return x.kind === INFINITE ? (x.sign ? 3 : 1) : 2;
  if (y.kind === ZERO || x.kind === INFINITE) return x.sign ? 4 : 0;
  return 2;
}

function angle(x: FpNumber, y: FpNumber): Real {
  const mx: Real = { m: significand(x), e: x.exp - 63 };
  const my: Real = { m: significand(y), e: y.exp - 63 };
  const isSteep = y.exp > x.exp || (y.exp === x.exp && my.m > mx.m);
  const q = isSteep ? divide(mx, my) : divide(my, mx);
  const exponent = exponentOf(q);
  if (!isSteep && !x.sign) {
    if (exponent < -TINY) return { m: (q.m << 96n) - 1n, e: q.e - 96 };
    const bits = WIDTH + Math.max(0, exponent < -4 ? -exponent : 0);
    return { m: arctangent(toFixed(q, bits), bits), e: -bits };
  }
  // Never zero, so that rounding knows on which side of π/2 or π the angle lies.
  const small = exponent < -WIDTH ? 1n : arctangent(toFixed(q, WIDTH), WIDTH);
  const base = isSteep ? pi(WIDTH) >> 1n : pi(WIDTH);
  return { m: isSteep && x.sign ? base + small : base - small, e: -WIDTH };
}
