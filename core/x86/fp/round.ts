/**
 * Rounding a computed result to its target, with overflow and underflow (SDM vol. 1, 4.9.1.4 to 4.9.1.6, 8.5.4, 8.5.5,
 * 11.5.2). Tininess is detected after rounding. A masked response yields the rounded, denormal, zero, infinite or largest
 * number; an unmasked one wraps the exponent if the target is an x87 register, else no result is used.
 */
import { normalise, shiftRightJam } from './bits64.ts';
import {
  type FpContext,
  FpNumber,
  OE,
  PE,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  ROUND_ZERO,
  setInfinite,
  setZero,
  type Target,
  UE,
} from './number.ts';

/** What `roundSignificand` did. */
export const EXACT = 0;
export const TRUNCATED = 1;
export const INCREMENTED = 2;

/** Whether to round up in magnitude, given the first lost bit, whether any later one is set, and the last kept bit. */
function roundsUp(mode: number, sign: number, half: number, rest: number, odd: number): boolean {
  switch (mode) {
    case ROUND_NEAREST:
      return half !== 0 && (rest !== 0 || odd !== 0);
    case ROUND_DOWN:
      return sign !== 0;
    case ROUND_UP:
      return sign === 0;
    default:
      return false;
  }
}

/** Rounds `hi:lo:ext` to its top `precision` bits; a carry out of bit 63 raises `exp`. */
export function roundSignificand(n: FpNumber, precision: Target['precision'], mode: number): number {
  if (precision === 64) return round64(n, mode);
  if (precision === 53) return round53(n, mode);
  // The last bit kept: 24 or 11 of the 32 in `hi`.
  return roundHigh(n, mode, precision === 24 ? 0x100 : 0x20_0000);
}

function round64(n: FpNumber, mode: number): number {
  const { ext } = n;
  if (ext === 0) return EXACT;
  n.ext = 0;
  if (!roundsUp(mode, n.sign, ext & 0x8000_0000, ext & 0x7fff_ffff, n.lo & 1)) return TRUNCATED;
  n.lo = (n.lo + 1) | 0;
  if (n.lo === 0) carryInto(n, 1);
  return INCREMENTED;
}

function round53(n: FpNumber, mode: number): number {
  const lost = n.lo & 0x7ff;
  const { ext } = n;
  if ((lost | ext) === 0) return EXACT;
  n.ext = 0;
  n.lo &= ~0x7ff;
  if (!roundsUp(mode, n.sign, lost & 0x400, (lost & 0x3ff) | ext, n.lo & 0x800)) return TRUNCATED;
  n.lo = (n.lo + 0x800) | 0;
  if (n.lo === 0) carryInto(n, 1);
  return INCREMENTED;
}

function roundHigh(n: FpNumber, mode: number, unit: number): number {
  const half = unit >> 1;
  const lost = n.hi & (unit - 1);
  const rest = n.lo | n.ext;
  if ((lost | rest) === 0) return EXACT;
  n.ext = 0;
  n.lo = 0;
  n.hi &= -unit;
  if (!roundsUp(mode, n.sign, lost & half, (lost & (half - 1)) | rest, n.hi & unit)) return TRUNCATED;
  carryInto(n, unit);
  return INCREMENTED;
}

function carryInto(n: FpNumber, unit: number): void {
  n.hi = (n.hi + unit) | 0;
  if (n.hi === 0) {
    n.hi = 0x8000_0000 | 0;
    n.exp++;
  }
}

/** Rounds a finite `n` (significand normalised) to the context's target and collects flags. */
export function round(n: FpNumber, ctx: FpContext): void {
  const { target } = ctx;
  if (n.exp < target.emin) {
    roundTiny(n, ctx);
    return;
  }
  const how = roundSignificand(n, target.precision, ctx.rounding);
  if (how !== EXACT) {
    ctx.flags |= PE;
    ctx.roundedUp = how === INCREMENTED;
  }
  if (n.exp > target.emax) overflow(n, ctx);
}

function overflow(n: FpNumber, ctx: FpContext): void {
  const { target } = ctx;
  ctx.flags |= OE;
  if (!(ctx.masks & OE)) {
    n.exp -= target.wrap;
    return;
  }
  ctx.flags |= PE;
  const { rounding } = ctx;
  const away = rounding === ROUND_NEAREST || rounding === (n.sign ? ROUND_DOWN : ROUND_UP);
  ctx.roundedUp = away;
  if (away) {
    setInfinite(n, n.sign);
    return;
  }
  n.exp = target.emax;
  n.hi = target.precision === 24 ? ~0xff : target.precision === 11 ? ~0x1f_ffff : -1;
  n.lo = target.precision === 64 ? -1 : target.precision === 53 ? ~0x7ff : 0;
}

const probe = new FpNumber();

/** Whether a number just below the exponent range rounds up to the smallest normal number when its range is unbounded. */
function roundsToNormal(n: FpNumber, ctx: FpContext): boolean {
  if (n.exp !== ctx.target.emin - 1) return false;
  probe.sign = n.sign;
  probe.exp = n.exp;
  probe.hi = n.hi;
  probe.lo = n.lo;
  probe.ext = n.ext;
  roundSignificand(probe, ctx.target.precision, ctx.rounding);
  return probe.exp === ctx.target.emin;
}

function roundTiny(n: FpNumber, ctx: FpContext): void {
  const { target } = ctx;
  const tiny = !roundsToNormal(n, ctx);
  const unmasked = tiny && !(ctx.masks & UE);
  if (unmasked) ctx.flags |= UE;
  if (tiny && !unmasked && ctx.ftz) {
    ctx.flags |= UE | PE;
    setZero(n, n.sign);
    return;
  }
  if (unmasked) {
    // The significand is rounded as if the exponent were in range, also when (SSE) only PE remains of that.
    n.exp += target.wrap;
  } else {
    shiftRightJam(n, n.hi, n.lo, n.ext, target.emin - n.exp);
    n.exp = target.emin;
  }
  const how = roundSignificand(n, target.precision, ctx.rounding);
  if (how !== EXACT) {
    ctx.flags |= tiny ? UE | PE : PE;
    ctx.roundedUp = how === INCREMENTED;
  }
  normalise(n);
}

/** Whether the rounding mode pushes a magnitude of this sign up when anything is lost. */
export function isAwayFromZero(rounding: number, sign: number): boolean {
  return rounding !== ROUND_ZERO && rounding === (sign ? ROUND_DOWN : ROUND_UP);
}
