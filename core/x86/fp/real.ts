/** Numbers of any precision on their way in and out of the transcendental functions: magnitude = m · 2^e, m > 0. */
import { FINITE, type FpContext, type FpNumber } from './number.ts';
import { round } from './round.ts';

export interface Real {
  readonly m: bigint;
  readonly e: number;
}

export const bitLength = (m: bigint): number => m.toString(2).length;

/** Significand of a finite number as an integer: value = ±significand · 2^(exp - 63). */
export function significand(n: FpNumber): bigint {
  return (BigInt(n.hi >>> 0) << 32n) | BigInt(n.lo >>> 0);
}

/** Exponent of a magnitude: m·2^e is in [2^exponent, 2^(exponent+1)). */
export const exponentOf = (x: Real): number => x.e + bitLength(x.m) - 1;

export const multiply = (x: Real, y: Real): Real => ({ m: x.m * y.m, e: x.e + y.e });

/** x / y to 160 bits at least. */
export function divide(x: Real, y: Real): Real {
  const shift = Math.max(0, 160 + bitLength(y.m) - bitLength(x.m));
  return { m: (x.m << BigInt(shift)) / y.m, e: x.e - y.e - shift };
}

/** The value in fixed point with `bits` fraction bits, truncated. */
export function toFixed(x: Real, bits: number): bigint {
  const shift = x.e + bits;
  return shift >= 0 ? x.m << BigInt(shift) : x.m >> BigInt(-shift);
}

/** Rounds ±x into `r`. An inexact value has its lost bits behind the 96 that are kept, or none that are known: PE then. */
export function fromReal(x: Real, sign: number, isExact: boolean, r: FpNumber, ctx: FpContext): void {
  const length = bitLength(x.m);
  const shift = length - 96;
  const top = shift > 0 ? x.m >> BigInt(shift) : x.m << BigInt(-shift);
  const isCut = shift > 0 && BigInt.asUintN(shift, x.m) !== 0n;
  r.kind = FINITE;
  r.sign = sign;
  r.denormal = 0;
  r.exp = x.e + length - 1;
  r.hi = Number(top >> 64n) | 0;
  r.lo = Number((top >> 32n) & 0xffff_ffffn) | 0;
  r.ext = Number(top & 0xffff_ffffn) | (isCut || !isExact ? 1 : 0);
  round(r, ctx);
}
