/**
 * Fused multiply-add (SDM vol. 1, 14.5): a·b + c with one rounding. Exact in big integers, so that every rounding mode and
 * flag follows from the one `round`.
 */
import { invalid, quiet } from './nan.ts';
import {
  copyNumber,
  DE,
  FINITE,
  type FpContext,
  type FpNumber,
  IE,
  INFINITE,
  QNAN,
  ROUND_DOWN,
  SNAN,
  setInfinite,
  setZero,
  ZERO,
} from './number.ts';
import { round } from './round.ts';

/** Bits of the kind of operation: the product is negated, the addend is. */
export const NEGATE_PRODUCT = 1;
export const NEGATE_ADDEND = 2;

export function fma(a: FpNumber, b: FpNumber, c: FpNumber, kind: number, r: FpNumber, ctx: FpContext): void {
  const productSign = a.sign ^ b.sign ^ (kind & NEGATE_PRODUCT ? 1 : 0);
  const addendSign = c.sign ^ (kind & NEGATE_ADDEND ? 1 : 0);
  if (fmaSpecial(a, b, c, productSign, addendSign, r, ctx)) return;
  ctx.flags |= a.denormal | b.denormal | c.denormal;
  if (ctx.stopped) return;
  r.denormal = 0;
  r.kind = FINITE;
  const product = a.kind === ZERO || b.kind === ZERO ? 0n : significand(a) * significand(b);
  const addend = c.kind === ZERO ? 0n : significand(c);
  // Exponents of the lowest bits.
  addExact(product, a.exp + b.exp - 126, productSign, addend, c.exp - 63, addendSign, r, ctx);
}

const significand = (n: FpNumber): bigint => (BigInt(n.hi >>> 0) << 32n) | BigInt(n.lo >>> 0);

/** NaNs, infinities and invalid operations; false when there are only finite operands. */
function fmaSpecial(
  a: FpNumber,
  b: FpNumber,
  c: FpNumber,
  productSign: number,
  addendSign: number,
  r: FpNumber,
  ctx: FpContext,
): boolean {
  const operands = [a, b, c];
  const invalidProduct = (a.kind === INFINITE && b.kind === ZERO) || (a.kind === ZERO && b.kind === INFINITE);
  const nan = operands.find((n) => n.kind >= QNAN);
  if (nan) {
    if (operands.some((n) => n.kind === SNAN)) ctx.flags |= IE;
    copyNumber(nan, r);
    quiet(r);
    return true;
  }
  const isInfinite = a.kind === INFINITE || b.kind === INFINITE;
  if (invalidProduct || (isInfinite && c.kind === INFINITE && productSign !== addendSign)) {
    invalid(r, ctx);
    return true;
  }
  if (!isInfinite && c.kind !== INFINITE) return false;
  ctx.flags |= (a.denormal | b.denormal | c.denormal) & DE;
  setInfinite(r, isInfinite ? productSign : addendSign);
  return true;
}

/** Beyond this distance in bits, the smaller of two terms only tells that the sum is inexact. */
const FAR = 300;

function addExact(
  x: bigint,
  xExp: number,
  xSign: number,
  y: bigint,
  yExp: number,
  ySign: number,
  r: FpNumber,
  ctx: FpContext,
): void {
  let xs = xSign ? -x : x;
  let ys = ySign ? -y : y;
  let exp: number;
  if (x === 0n || y === 0n) exp = x === 0n ? yExp : xExp;
  else if (xExp > yExp + FAR) {
    // A one far below stands for the smaller term.
    xs <<= 200n;
    exp = xExp - 200;
    ys = ySign ? -1n : 1n;
  } else if (yExp > xExp + FAR) {
    ys <<= 200n;
    exp = yExp - 200;
    xs = xSign ? -1n : 1n;
  } else {
    exp = Math.min(xExp, yExp);
    xs <<= BigInt(xExp - exp);
    ys <<= BigInt(yExp - exp);
  }
  const sum = xs + ys;
  if (sum === 0n) {
    const same = xSign === ySign;
    setZero(r, same ? xSign : ctx.rounding === ROUND_DOWN ? 1 : 0);
    return;
  }
  setSum(sum < 0n ? 1 : 0, sum < 0n ? -sum : sum, exp, r);
  round(r, ctx);
}

/** r = magnitude · 2^exp, with 32 bits and a sticky one below the 64 that count. */
function setSum(sign: number, magnitude: bigint, exp: number, r: FpNumber): void {
  const length = magnitude.toString(16).length * 4 - Math.clz32(Number.parseInt(magnitude.toString(16)[0]!, 16)) + 28;
  const shift = length - 96;
  let top = shift >= 0 ? magnitude >> BigInt(shift) : magnitude << BigInt(-shift);
  if (shift > 0 && top << BigInt(shift) !== magnitude) top |= 1n;
  r.sign = sign;
  r.exp = exp + length - 1;
  r.hi = Number(top >> 64n) | 0;
  r.lo = Number((top >> 32n) & 0xffffffffn) | 0;
  r.ext = Number(top & 0xffffffffn) | 0;
}
