/** Addition and subtraction. */
import { compare64, normalise, shiftRightJam } from './bits64.ts';
import { invalid, propagate } from './nan.ts';
import {
  copyNumber,
  FINITE,
  type FpContext,
  type FpNumber,
  INFINITE,
  QNAN,
  ROUND_DOWN,
  setInfinite,
  setZero,
  ZERO,
} from './number.ts';
import { round } from './round.ts';

export function add(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if ((a.kind | b.kind) === FINITE) addFinite(a, b, b.sign, r, ctx);
  else addSpecial(a, b, b.sign, r, ctx);
}

export function sub(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if ((a.kind | b.kind) === FINITE) addFinite(a, b, b.sign ^ 1, r, ctx);
  else addSpecial(a, b, b.sign ^ 1, r, ctx);
}

/** The sign of an exact zero sum of numbers with different signs. */
function zeroSign(ctx: FpContext): number {
  return ctx.rounding === ROUND_DOWN ? 1 : 0;
}

function addFinite(a: FpNumber, b: FpNumber, bSign: number, r: FpNumber, ctx: FpContext): void {
  ctx.flags |= a.denormal | b.denormal;
  if (ctx.stopped) return;
  r.kind = FINITE;
  r.denormal = 0;
  const bIsLarger = a.exp < b.exp || (a.exp === b.exp && compare64(a.hi, a.lo, b.hi, b.lo) < 0);
  const large = bIsLarger ? b : a;
  const small = bIsLarger ? a : b;
  r.sign = bIsLarger ? bSign : a.sign;
  r.exp = large.exp;
  shiftRightJam(r, small.hi, small.lo, 0, large.exp - small.exp);
  if (a.sign === bSign) {
    addMagnitude(r, large.hi, large.lo);
  } else {
    subtractMagnitude(r, large.hi, large.lo);
    normalise(r);
    if (r.kind === ZERO) {
      r.sign = zeroSign(ctx);
      return;
    }
  }
  round(r, ctx);
}

/** r += hi:lo */
function addMagnitude(r: FpNumber, hi: number, lo: number): void {
  const low = (r.lo >>> 0) + (lo >>> 0);
  const high = (r.hi >>> 0) + (hi >>> 0) + (low > 0xffff_ffff ? 1 : 0);
  if (high > 0xffff_ffff) {
    shiftRightJam(r, high | 0, low | 0, r.ext, 1);
    r.hi |= 0x8000_0000;
    r.exp++;
  } else {
    r.hi = high | 0;
    r.lo = low | 0;
  }
}

/** r = hi:lo - r, which is not negative */
function subtractMagnitude(r: FpNumber, hi: number, lo: number): void {
  const borrow = r.ext === 0 ? 0 : 1;
  const low = (lo >>> 0) - (r.lo >>> 0) - borrow;
  r.ext = -r.ext | 0;
  r.hi = (hi - r.hi - (low < 0 ? 1 : 0)) | 0;
  r.lo = low | 0;
}

function addSpecial(a: FpNumber, b: FpNumber, bSign: number, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    propagate(a, b, r, ctx);
    return;
  }
  if (a.kind === INFINITE && b.kind === INFINITE && a.sign !== bSign) {
    invalid(r, ctx);
    return;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (a.kind === INFINITE) setInfinite(r, a.sign);
  else if (b.kind === INFINITE) setInfinite(r, bSign);
  else if (a.kind === ZERO && b.kind === ZERO) setZero(r, a.sign === bSign ? bSign : zeroSign(ctx));
  else addToZero(a.kind === ZERO ? b : a, a.kind === ZERO ? bSign : a.sign, r, ctx);
}

function addToZero(n: FpNumber, sign: number, r: FpNumber, ctx: FpContext): void {
  if (ctx.stopped) return;
  copyNumber(n, r);
  r.denormal = 0;
  r.sign = sign;
  round(r, ctx);
}
