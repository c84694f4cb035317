/** Multiplication. */
import { mulHigh } from './bits64.ts';
import { invalid, propagate } from './nan.ts';
import { FINITE, type FpContext, type FpNumber, INFINITE, QNAN, setInfinite, setZero, ZERO } from './number.ts';
import { round } from './round.ts';

const TWO32 = 0x1_0000_0000;

export function mul(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if ((a.kind | b.kind) !== FINITE) {
    mulSpecial(a, b, r, ctx);
    return;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (ctx.stopped) return;
  r.kind = FINITE;
  r.denormal = 0;
  r.sign = a.sign ^ b.sign;
  multiplySignificands(a, b, r);
  round(r, ctx);
}

/** r = a·b, to 96 bits and a sticky one. */
export function multiplySignificands(a: FpNumber, b: FpNumber, r: FpNumber): void {
  const { hi: ah, lo: al } = a;
  const { hi: bh, lo: bl } = b;
  // Columns of 32 bits from the lowest, w0, to w3.
  const w0 = Math.imul(al, bl);
  const t1 = (mulHigh(al, bl) >>> 0) + (Math.imul(al, bh) >>> 0) + (Math.imul(ah, bl) >>> 0);
  const t2 = (mulHigh(al, bh) >>> 0) + (mulHigh(ah, bl) >>> 0) + (Math.imul(ah, bh) >>> 0) + Math.floor(t1 / TWO32);
  const w3 = (mulHigh(ah, bh) + Math.floor(t2 / TWO32)) | 0;
  const w2 = t2 | 0;
  const w1 = t1 | 0;
  if (w3 < 0) {
    r.hi = w3;
    r.lo = w2;
    r.ext = w1 | (w0 === 0 ? 0 : 1);
    r.exp = a.exp + b.exp + 1;
  } else {
    r.hi = (w3 << 1) | (w2 >>> 31);
    r.lo = (w2 << 1) | (w1 >>> 31);
    r.ext = (w1 << 1) | (w0 === 0 ? 0 : 1);
    r.exp = a.exp + b.exp;
  }
}

function mulSpecial(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    propagate(a, b, r, ctx);
    return;
  }
  const sign = a.sign ^ b.sign;
  if (a.kind === INFINITE || b.kind === INFINITE) {
    if (a.kind === ZERO || b.kind === ZERO) {
      invalid(r, ctx);
      return;
    }
    setInfinite(r, sign);
  } else {
    setZero(r, sign);
  }
  ctx.flags |= a.denormal | b.denormal;
}
