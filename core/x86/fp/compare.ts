/** Comparison, minimum and maximum. */
import { compare64 } from './bits64.ts';
import { copyNumber, FINITE, type FpContext, type FpNumber, IE, INFINITE, QNAN, SNAN, ZERO } from './number.ts';

/** Outcomes of a comparison: one bit each, so that a predicate is a set of them. */
export const LESS = 1;
export const EQUAL = 2;
export const GREATER = 4;
export const UNORDERED = 8;

/** Compares two numbers; IE for an SNaN or unsupported operand, and for any NaN when `signalling`. */
export function compare(a: FpNumber, b: FpNumber, signalling: boolean, ctx: FpContext): number {
  if (a.kind >= QNAN || b.kind >= QNAN) {
    if (signalling || a.kind >= SNAN || b.kind >= SNAN) ctx.flags |= IE;
    return UNORDERED;
  }
  ctx.flags |= a.denormal | b.denormal;
  if (a.kind === ZERO && b.kind === ZERO) return EQUAL;
  if (a.kind === ZERO) return b.sign ? GREATER : LESS;
  if (b.kind === ZERO || a.sign !== b.sign) return a.sign ? LESS : GREATER;
  const order = compareMagnitude(a, b);
  if (order === 0) return EQUAL;
  return order < 0 === (a.sign === 0) ? LESS : GREATER;
}

/** Of two numbers that are not zero. */
function compareMagnitude(a: FpNumber, b: FpNumber): number {
  if (a.kind === INFINITE || b.kind === INFINITE) {
    if (a.kind === b.kind) return 0;
    return a.kind === FINITE ? -1 : 1;
  }
  if (a.exp !== b.exp) return a.exp < b.exp ? -1 : 1;
  return compare64(a.hi, a.lo, b.hi, b.lo);
}

/** MINxx and MAXxx: the second operand, unchanged, unless the first is strictly beyond it; any NaN is invalid. */
export function min(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  copyNumber(compare(a, b, true, ctx) === LESS ? a : b, r);
}

export function max(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  copyNumber(compare(a, b, true, ctx) === GREATER ? a : b, r);
}
