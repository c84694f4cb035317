/** Partial remainders (FPREM, FPREM1), scaling by a power of two (FSCALE) and taking apart (FXTRACT). */
import { compare64, normalise, setUnsigned } from './bits64.ts';
import { toInteger } from './convert.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import {
  copyNumber,
  FINITE,
  FpContext,
  FpNumber,
  INFINITE,
  OE,
  PE,
  QNAN,
  ROUND_ZERO,
  setInfinite,
  setPowerOfTwo,
  setZero,
  UE,
  ZE,
  ZERO,
} from './number.ts';
import { round } from './round.ts';

/** Further results of `remainder`: the reduction is partial, more rounds are needed; or there is no number to reduce. */
export const PARTIAL = 8;
export const NO_QUOTIENT = 16;

/**
 * r = a - b·q with q = a/b truncated, or rounded to nearest even when `nearest`. Returns the low three bits of q, or
 * PARTIAL when the exponents differ by 64 or more: then q is a multiple of a power of two that leaves less to do.
 */
export function remainder(a: FpNumber, b: FpNumber, nearest: boolean, r: FpNumber, ctx: FpContext): number {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    propagate(a, b, r, ctx);
    return NO_QUOTIENT;
  }
  if (a.kind === INFINITE || b.kind === ZERO) {
    invalid(r, ctx);
    return NO_QUOTIENT;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (ctx.stopped) return 0;
  copyNumber(a, r);
  r.denormal = 0;
  if (a.kind === ZERO) return 0;
  const distance = b.kind === INFINITE ? -2 : a.exp - b.exp;
  const quotient = distance < -1 ? 0 : reduce(r, b, distance, nearest);
  if (r.kind === FINITE) round(r, ctx);
  return quotient;
}

/** Reduces `r` by `b`, whose exponent is `distance` ≥ -1 below. */
function reduce(r: FpNumber, b: FpNumber, distance: number, nearest: boolean): number {
  if (distance < 0) return nearest ? roundQuotient(r, b, 0) : 0;
  const isPartial = distance >= 64;
  // Any 32..63 bits of the quotient may be taken at a time; this is what processors take.
  const steps = isPartial ? 32 + (distance & 31) : distance;
  const quotient = subtractMultiples(r, b, steps);
  r.exp = b.exp + distance - steps;
  const { sign } = r;
  if (isPartial) {
    normalise(r);
    r.sign = sign;
    return PARTIAL;
  }
  if ((r.hi | r.lo) === 0) {
    setZero(r, sign);
    return quotient;
  }
  return nearest ? roundQuotient(r, b, quotient) : finishTruncated(r, quotient);
}

function finishTruncated(r: FpNumber, quotient: number): number {
  normalise(r);
  return quotient;
}

/** Long division: leaves in r.hi:r.lo what remains of it times 2^steps, and returns the quotient's low three bits. */
function subtractMultiples(r: FpNumber, b: FpNumber, steps: number): number {
  const { hi: bh, lo: bl } = b;
  let { hi, lo } = r;
  let quotient = 0;
  let carry = 0;
  for (let i = steps; ; i--) {
    quotient <<= 1;
    if (carry || compare64(hi, lo, bh, bl) >= 0) {
      hi = (hi - bh - (lo >>> 0 < bl >>> 0 ? 1 : 0)) | 0;
      lo = (lo - bl) | 0;
      quotient |= 1;
    }
    if (i === 0) break;
    carry = hi >>> 31;
    hi = (hi << 1) | (lo >>> 31);
    lo <<= 1;
  }
  r.hi = hi;
  r.lo = lo;
  return quotient & 7;
}

/** Takes `b` once more off the truncated remainder when that is nearer to zero (or as near, and makes q even). */
function roundQuotient(r: FpNumber, b: FpNumber, quotient: number): number {
  normalise(r);
  // r < b; above b/2 only if the exponents are equal or one apart.
  const order = r.exp === b.exp ? 1 : r.exp === b.exp - 1 ? compare64(r.hi, r.lo, b.hi, b.lo) : -1;
  if (order < 0 || (order === 0 && !(quotient & 1))) return quotient;
  const { hi, lo } = r;
  const isHalved = r.exp !== b.exp;
  r.exp = b.exp;
  r.sign ^= 1;
  const rh = isHalved ? hi >>> 1 : hi;
  const rl = isHalved ? (lo >>> 1) | (hi << 31) : lo;
  const half = isHalved && lo & 1 ? 1 : 0;
  // b - r, in halves of the last bit.
  const borrow = (rl >>> 0) + half > b.lo >>> 0 ? 1 : 0;
  r.hi = (b.hi - rh - borrow) | 0;
  r.lo = (b.lo - rl - half) | 0;
  r.ext = half ? 0x8000_0000 | 0 : 0;
  normalise(r);
  return (quotient + 1) & 7;
}

const integer = new FpNumber();
const quietly = new FpContext(true);

/** r = a · 2^trunc(b) */
export function scale(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    propagate(a, b, r, ctx);
    return;
  }
  if (b.kind === INFINITE) {
    scaleByInfinity(a, b, r, ctx);
    return;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (ctx.stopped) return;
  copyNumber(a, r);
  r.denormal = 0;
  if (r.kind !== FINITE) return;
  r.exp += scaleCount(b);
  round(r, ctx);
  if (r.kind === FINITE && !(ctx.masks & OE) && r.exp > ctx.target.emax) {
    // Too far out even for a wrapped exponent.
    ctx.flags |= PE;
    ctx.roundedUp = true;
    setInfinite(r, r.sign);
  } else if (r.kind === FINITE && !(ctx.masks & UE) && r.exp < ctx.target.emin) {
    ctx.flags |= PE;
    setZero(r, r.sign);
  }
}

/** trunc(b), kept to what can still make a difference. */
function scaleCount(b: FpNumber): number {
  if (b.kind === ZERO) return 0;
  if (b.exp > 16) return b.sign ? -0x1_0000 : 0x1_0000;
  toInteger(b, 32, ROUND_ZERO, integer, quietly);
  return integer.lo;
}

function scaleByInfinity(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind === (b.sign ? INFINITE : ZERO)) {
    invalid(r, ctx);
    return;
  }
  ctx.flags |= a.denormal;
  if (b.sign) setZero(r, a.sign);
  else setInfinite(r, a.sign);
}

/** Splits `a` into its exponent (as a number) and its significand with exponent 0. */
export function extract(a: FpNumber, exponent: FpNumber, significand: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN) {
    propagateOne(a, significand, ctx);
    copyNumber(significand, exponent);
    return;
  }
  copyNumber(a, significand);
  significand.denormal = 0;
  if (a.kind === ZERO) {
    ctx.flags |= ZE;
    setInfinite(exponent, 1);
  } else if (a.kind === INFINITE) {
    setInfinite(exponent, 0);
  } else {
    ctx.flags |= a.denormal;
    setUnsigned(exponent, a.exp < 0 ? 1 : 0, 0, Math.abs(a.exp));
    setPowerOfTwo(significand, a.sign, 0);
    significand.hi = a.hi;
    significand.lo = a.lo;
  }
}
