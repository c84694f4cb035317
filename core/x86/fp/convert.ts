/** Rounding to an integer value, and conversion to integers and between floating-point formats. */
import { setUnsigned, shiftRightJam } from './bits64.ts';
import { invalid, propagateOne } from './nan.ts';
import { copyNumber, FINITE, type FpContext, type FpNumber, IE, INFINITE, PE, QNAN, setZero, ZERO } from './number.ts';
import { EXACT, INCREMENTED, round, roundSignificand } from './round.ts';

/** Rounds a number to the context's target: conversion between formats, and every store that may lose bits. */
export function convert(a: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN) {
    propagateOne(a, r, ctx);
    return;
  }
  ctx.flags |= a.denormal;
  copyNumber(a, r);
  r.denormal = 0;
  if (r.kind === FINITE && !ctx.stopped) round(r, ctx);
}

/** Magnitude of a finite number below 2^64 as an integer in `hi:lo`; returns how it was rounded. A carry is lost. */
function roundMagnitude(a: FpNumber, r: FpNumber, mode: number): number {
  r.sign = a.sign;
  shiftRightJam(r, a.hi, a.lo, 0, 63 - a.exp);
  // An increment of 2^64 - 1 would look like 2^63: callers exclude or accept it (it is too large for any integer).
  return roundSignificand(r, 64, mode);
}

/** Rounds to an integral value in the same format; PE says that it was none. */
export function roundToIntegral(a: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN) {
    propagateOne(a, r, ctx);
    return;
  }
  ctx.flags |= a.denormal;
  copyNumber(a, r);
  r.denormal = 0;
  if (a.kind !== FINITE || a.exp >= 63 || ctx.stopped) return;
  const how = roundMagnitude(a, r, ctx.rounding);
  if (how !== EXACT) {
    ctx.flags |= PE;
    ctx.roundedUp = how === INCREMENTED;
  }
  const { sign, hi, lo } = r;
  if ((hi | lo) === 0) setZero(r, sign);
  else setUnsigned(r, sign, hi, lo);
}

/**
 * Converts to a signed integer of `bits` bits, two's complement in r.hi:r.lo. NaNs, infinities and values out of range
 * give the "integer indefinite", the smallest integer, with IE.
 */
export function toInteger(a: FpNumber, bits: 16 | 32 | 64, mode: number, r: FpNumber, ctx: FpContext): void {
  if (a.kind === ZERO) {
    r.hi = 0;
    r.lo = 0;
    return;
  }
  if (a.kind !== FINITE || a.exp >= bits) {
    setIndefinite(bits, r, ctx);
    return;
  }
  const how = roundMagnitude(a, r, mode);
  if (!fits(r, bits)) {
    setIndefinite(bits, r, ctx);
    return;
  }
  if (how !== EXACT) {
    ctx.flags |= PE;
    ctx.roundedUp = how === INCREMENTED;
  }
  if (a.sign) {
    r.hi = r.lo === 0 ? -r.hi | 0 : ~r.hi;
    r.lo = -r.lo | 0;
  }
}

/** Whether the magnitude `hi:lo` with its sign fits a signed integer of `bits` bits. */
function fits(r: FpNumber, bits: number): boolean {
  if (bits === 64) return r.hi >= 0 || (r.sign === 1 && r.hi === (0x8000_0000 | 0) && r.lo === 0);
  if (r.hi !== 0) return false;
  const limit = bits === 32 ? 0x8000_0000 : 0x8000;
  const magnitude = r.lo >>> 0;
  return magnitude < limit || (r.sign === 1 && magnitude === limit);
}

function setIndefinite(bits: number, r: FpNumber, ctx: FpContext): void {
  ctx.flags |= IE;
  r.hi = bits === 64 ? 0x8000_0000 | 0 : -1;
  r.lo = bits === 64 ? 0 : bits === 32 ? 0x8000_0000 | 0 : -0x8000;
}

/** Replaces `a` by an invalid operation's response when it is no number that can be taken apart; false when it is one. */
export function rejectInfinite(a: FpNumber, r: FpNumber, ctx: FpContext): boolean {
  if (a.kind >= QNAN) propagateOne(a, r, ctx);
  else if (a.kind === INFINITE) invalid(r, ctx);
  else return false;
  return true;
}
