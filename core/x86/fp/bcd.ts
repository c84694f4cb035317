/**
 * Packed decimal integers of 18 digits (SDM vol. 1, 4.7): bytes 0..8 hold two digits each, bit 7 of byte 9 the sign.
 * Rare enough for bigint.
 */
import { setUnsigned } from './bits64.ts';
import { toInteger } from './convert.ts';
import { type FpContext, FpNumber, IE } from './number.ts';

const LIMIT = 10n ** 18n;

/** Reads a packed decimal integer; a digit above 9 counts as its value. */
export function loadBcd(dv: DataView, off: number, n: FpNumber): void {
  let value = 0n;
  for (let i = 8; i >= 0; i--) {
    const byte = dv.getUint8(off + i);
    value = value * 100n + BigInt((byte >> 4) * 10 + (byte & 15));
  }
  setUnsigned(n, dv.getUint8(off + 9) >> 7, Number(value >> 32n) | 0, Number(value & 0xffff_ffffn) | 0);
}

const integer = new FpNumber();

/** Writes `n` rounded to an integer. Above 18 digits, NaN and infinity are invalid: the packed decimal indefinite. */
export function storeBcd(dv: DataView, off: number, n: FpNumber, ctx: FpContext): void {
  toInteger(n, 64, ctx.rounding, integer, ctx);
  const value = BigInt.asIntN(64, (BigInt(integer.hi) << 32n) | BigInt(integer.lo >>> 0));
  let magnitude = value < 0n ? -value : value;
  if (magnitude < LIMIT && !(ctx.flags & IE)) {
    for (let i = 0; i < 9; i++) {
      const two = Number(magnitude % 100n);
      dv.setUint8(off + i, (Math.floor(two / 10) << 4) | (two % 10));
      magnitude /= 100n;
    }
    dv.setUint8(off + 9, n.sign << 7);
    return;
  }
  ctx.begin();
  ctx.flags = IE;
  if (ctx.masks & IE) storeBcdIndefinite(dv, off);
}

export function storeBcdIndefinite(dv: DataView, off: number): void {
  for (let i = 0; i < 10; i++) dv.setUint8(off + i, i < 7 ? 0 : i === 7 ? 0xc0 : 0xff);
}
