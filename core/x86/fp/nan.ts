/**
 * Invalid operations and the propagation of NaNs. SSE passes the first NaN operand, made quiet (SDM vol. 1, table 4-7);
 * x87 passes the one with the larger significand, and a QNaN before an SNaN (same table).
 */
import { compare64 } from './bits64.ts';
import { copyNumber, type FpContext, type FpNumber, IE, QNAN, SNAN, setDefaultNan, UNSUPPORTED } from './number.ts';

/** The response to an invalid operation: IE, and the default NaN. */
export function invalid(r: FpNumber, ctx: FpContext): void {
  ctx.flags |= IE;
  setDefaultNan(r);
}

/** Makes a NaN quiet; its payload stays. */
export function quiet(n: FpNumber): void {
  n.kind = QNAN;
  n.hi |= 0x4000_0000;
}

/** The result of an operation on one operand that is a NaN or unsupported. */
export function propagateOne(a: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind === UNSUPPORTED) {
    invalid(r, ctx);
    return;
  }
  if (a.kind === SNAN) ctx.flags |= IE;
  copyNumber(a, r);
  quiet(r);
}

/** The result of an operation on two operands, at least one of which is a NaN or unsupported. */
export function propagate(a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext): void {
  if (a.kind === UNSUPPORTED || b.kind === UNSUPPORTED) {
    invalid(r, ctx);
    return;
  }
  if (a.kind === SNAN || b.kind === SNAN) ctx.flags |= IE;
  copyNumber(pickNan(a, b, ctx), r);
  quiet(r);
}

function pickNan(a: FpNumber, b: FpNumber, ctx: FpContext): FpNumber {
  if (b.kind < QNAN) return a;
  if (a.kind < QNAN) return b;
  if (!ctx.x87) return a;
  if (a.kind !== b.kind) return a.kind === QNAN ? a : b;
  const order = compare64(a.hi, a.lo, b.hi, b.lo);
  if (order !== 0) return order > 0 ? a : b;
  return a.sign === 0 ? a : b;
}
