/** 64-bit significands in two 32-bit halves: shifts that keep a sticky bit, normalisation, unsigned comparison. */
import { FINITE, type FpNumber, setZero } from './number.ts';

/** -1, 0, 1 as the unsigned 64-bit `ahi:alo` is below, equal to, above `bhi:blo`. */
export function compare64(ahi: number, alo: number, bhi: number, blo: number): number {
  if (ahi !== bhi) return ahi >>> 0 < bhi >>> 0 ? -1 : 1;
  if (alo !== blo) return alo >>> 0 < blo >>> 0 ? -1 : 1;
  return 0;
}

/** Sets `n`'s significand to `hi:lo:ext` shifted right by `count` ≥ 0; what falls out sets the lowest bit of `ext`. */
export function shiftRightJam(n: FpNumber, hi: number, lo: number, ext: number, count: number): void {
  if (count === 0) {
    n.hi = hi;
    n.lo = lo;
    n.ext = ext;
  } else if (count < 32) {
    const up = 32 - count;
    n.hi = (hi >>> count) | 0;
    n.lo = (hi << up) | (lo >>> count);
    n.ext = (lo << up) | (ext >>> count) | (ext << up ? 1 : 0);
  } else if (count < 64) {
    const s = count - 32;
    const lost = s === 0 ? ext : (lo << (32 - s)) | ext;
    n.hi = 0;
    n.lo = (hi >>> s) | 0;
    n.ext = (s === 0 ? lo : (hi << (32 - s)) | (lo >>> s)) | (lost ? 1 : 0);
  } else if (count < 96) {
    const s = count - 64;
    const lost = (s === 0 ? 0 : hi << (32 - s)) | lo | ext;
    n.hi = 0;
    n.lo = 0;
    n.ext = (hi >>> s) | (lost ? 1 : 0);
  } else {
    n.hi = 0;
    n.lo = 0;
    n.ext = hi | lo | ext ? 1 : 0;
  }
}

/** Shifts the significand (with `ext`) left until bit 63 is set and lowers `exp` to match; zero becomes ZERO. */
export function normalise(n: FpNumber): void {
  if (n.hi < 0) return;
  if (n.hi === 0) {
    if (n.lo === 0) {
      if (n.ext === 0) {
        setZero(n, n.sign);
        return;
      }
      n.hi = n.ext;
      n.ext = 0;
      n.exp -= 64;
    } else {
      n.hi = n.lo;
      n.lo = n.ext;
      n.ext = 0;
      n.exp -= 32;
    }
  }
  const s = Math.clz32(n.hi);
  if (s === 0) return;
  n.hi = (n.hi << s) | (n.lo >>> (32 - s));
  n.lo = (n.lo << s) | (n.ext >>> (32 - s));
  n.ext <<= s;
  n.exp -= s;
}

/** Sets a finite number (or zero) from the unsigned integer `hi:lo`. */
export function setUnsigned(n: FpNumber, sign: number, hi: number, lo: number): void {
  n.kind = FINITE;
  n.sign = sign;
  n.exp = 63;
  n.hi = hi | 0;
  n.lo = lo | 0;
  n.ext = 0;
  n.denormal = 0;
  normalise(n);
}

/** High half of the product of two unsigned 32-bit numbers. */
export function mulHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const mid = (Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)) | 0;
  const mid2 = (Math.imul(al, bh) + (mid & 0xffff)) | 0;
  return (Math.imul(ah, bh) + (mid >>> 16) + (mid2 >>> 16)) | 0;
}
