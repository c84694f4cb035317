/**
 * Division and square root. Both make the result digit by digit in base 2^22, where every product of two digits and
 * every partial remainder is exact in a double; a digit guessed in floating point is off by at most one and put right.
 */
import { compare64 } from './bits64.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import { FINITE, type FpContext, type FpNumber, INFINITE, QNAN, setInfinite, setZero, ZE, ZERO } from './number.ts';
import { round } from './round.ts';

const BASE = 0x40_0000;

/** Top, middle and low digit of a significand times 4. */
const digit2 = (n: FpNumber): number => n.hi >>> 10;
const digit1 = (n: FpNumber): number => ((n.hi & 0x3ff) << 12) | (n.lo >>> 20);
const digit0 = (n: FpNumber): number => (n.lo & 0xf_ffff) << 2;

export function div(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if ((a.kind | b.kind) !== FINITE) {
    divSpecial(a, b, r, ctx);
    return;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (ctx.stopped) return;
  r.kind = FINITE;
  r.denormal = 0;
  r.sign = a.sign ^ b.sign;
  divideSignificands(a, b, r);
  round(r, ctx);
}

/** Remainder of the running division, below the divisor. */
let r2 = 0;
let r1 = 0;
let r0 = 0;

/** One quotient digit of remainder·BASE / divisor; leaves the new remainder. */
function divideStep(d2: number, d1: number, d0: number, inverse: number): number {
  let q = Math.floor(((r2 * BASE + r1) * BASE + r0) * inverse);
  const t0 = -q * d0;
  const c0 = Math.floor(t0 / BASE);
  const t1 = r0 - q * d1 + c0;
  const c1 = Math.floor(t1 / BASE);
  const t2 = r1 - q * d2 + c1 + r2 * BASE;
  r0 = t0 - c0 * BASE;
  r1 = t1 - c1 * BASE;
  r2 = t2;
  if (r2 < 0) {
    q--;
    addToRemainder(d2, d1, d0);
  } else if (r2 > d2 || (r2 === d2 && (r1 > d1 || (r1 === d1 && r0 >= d0)))) {
    q++;
    addToRemainder(-d2, -d1, -d0);
  }
  return q;
}

function addToRemainder(d2: number, d1: number, d0: number): void {
  r0 += d0;
  const c0 = Math.floor(r0 / BASE);
  r0 -= c0 * BASE;
  r1 += d1 + c0;
  const c1 = Math.floor(r1 / BASE);
  r1 -= c1 * BASE;
  r2 += d2 + c1;
}

/** r = a/b, to 67 bits and a sticky one. */
function divideSignificands(a: FpNumber, b: FpNumber, r: FpNumber): void {
  const d2 = digit2(b);
  const d1 = digit1(b);
  const d0 = digit0(b);
  const inverse = BASE / ((d2 * BASE + d1) * BASE + d0);
  r2 = digit2(a);
  r1 = digit1(a);
  r0 = digit0(a);
  r.exp = a.exp - b.exp;
  if (compare64(a.hi, a.lo, b.hi, b.lo) < 0) {
    addToRemainder(r2, r1, r0);
    r.exp--;
  }
  // The quotient is in [1, 2): its leading one, then three digits.
  addToRemainder(-d2, -d1, -d0);
  const q2 = divideStep(d2, d1, d0, inverse);
  const q1 = divideStep(d2, d1, d0, inverse);
  const q0 = divideStep(d2, d1, d0, inverse);
  r.hi = 0x8000_0000 | (q2 << 9) | (q1 >>> 13);
  r.lo = (q1 << 19) | (q0 >>> 3);
  r.ext = (q0 << 29) | (r2 + r1 + r0 === 0 ? 0 : 1);
}

function divSpecial(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    propagate(a, b, r, ctx);
    return;
  }
  if (a.kind === b.kind) {
    // 0/0 and ∞/∞
    invalid(r, ctx);
    return;
  }
  const sign = a.sign ^ b.sign;
  if (b.kind === ZERO && a.kind === FINITE) {
    ctx.flags |= ZE;
    setInfinite(r, sign);
    return;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (a.kind === INFINITE || b.kind === ZERO) setInfinite(r, sign);
  else setZero(r, sign);
}

export function sqrt(a: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind >= QNAN) {
    propagateOne(a, r, ctx);
  } else if (a.kind === ZERO) {
    setZero(r, a.sign);
  } else if (a.sign) {
    invalid(r, ctx);
  } else if (a.kind === INFINITE) {
    setInfinite(r, 0);
  } else {
    ctx.flags |= a.denormal;
    if (ctx.stopped) return;
    r.kind = FINITE;
    r.denormal = 0;
    r.sign = 0;
    rootSignificand(a, r);
    round(r, ctx);
  }
}

/**
 * r = √a to 66 bits and a sticky one: the integer root q2:q1:q0 of significand·2^67 (·2^68 for an odd exponent), whose
 * six digits are x5 x4 x3 0 0 0. A digit q behind the root Q so far leaves the remainder R·B² + x - (2·Q·B + q)·q.
 */
function rootSignificand(a: FpNumber, r: FpNumber): void {
  const odd = a.exp & 1;
  let x5 = digit2(a);
  let x4 = digit1(a);
  let x3 = digit0(a);
  if (!odd) {
    x3 = (x3 >>> 1) | ((x4 & 1) << 21);
    x4 = (x4 >>> 1) | ((x5 & 1) << 21);
    x5 >>>= 1;
  }
  const head = x5 * BASE + x4;
  const q2 = Math.floor(Math.sqrt(head));
  const rest2 = head - q2 * q2;
  let q1 = Math.min(BASE - 1, Math.floor((rest2 * BASE + x3) / (2 * q2)) + 1);
  let rest1 = (rest2 * BASE + x3 - 2 * q2 * q1) * BASE - q1 * q1;
  while (rest1 < 0) {
    q1--;
    rest1 += 2 * (q2 * BASE + q1) + 1;
  }
  finishRoot(r, q2, q1, rest1);
  r.exp = (a.exp - odd) / 2;
}

function finishRoot(r: FpNumber, q2: number, q1: number, rest1: number): void {
  const root = q2 * BASE + q1;
  let q0 = Math.min(BASE - 1, Math.floor((rest1 * BASE) / (2 * root)) + 1);
  // The remainder in two parts, high·B + low, each exact.
  let high = (rest1 - 2 * q2 * q0) * BASE - 2 * q1 * q0;
  let low = -q0 * q0;
  const carry = (): void => {
    const c = Math.floor(low / BASE);
    low -= c * BASE;
    high += c;
  };
  carry();
  while (high < 0) {
    q0--;
    high += 2 * root;
    low += 2 * q0 + 1;
    carry();
  }
  r.hi = (q2 << 10) | (q1 >>> 12);
  r.lo = (q1 << 20) | (q0 >>> 2);
  r.ext = (q0 << 30) | (high + low === 0 ? 0 : 1);
}
