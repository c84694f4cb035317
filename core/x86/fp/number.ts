/**
 * Floating-point numbers taken apart, and the environment an operation runs in (SDM vol. 1, 4.8 and 4.9). All formats
 * share one form: a 64-bit significand with its leading bit explicit, in two signed 32-bit halves, so that everything
 * stays in small integers and nothing is allocated. Operations read two numbers, write a third and collect flags.
 */

/** Exception flags, in the bit order of MXCSR and of the x87 status and control words. */
export const IE = 1;
export const DE = 2;
export const ZE = 4;
export const OE = 8;
export const UE = 16;
export const PE = 32;
/** Exceptions found before anything is computed: when one is unmasked there is no result. */
export const PRE_COMPUTATION = IE | DE | ZE;

/** Rounding control, as in MXCSR.RC and FCW.RC. */
export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 1;
export const ROUND_UP = 2;
export const ROUND_ZERO = 3;

/** Kinds of numbers. FINITE is 0 so that `a.kind | b.kind` tests both at once; NaNs and unsupported ones come last. */
export const FINITE = 0;
export const ZERO = 1;
export const INFINITE = 2;
export const QNAN = 3;
export const SNAN = 4;
/** An x87 encoding that is no number: unnormal, pseudo-infinity, pseudo-NaN (SDM vol. 1, 8.2.2). */
export const UNSUPPORTED = 5;

export class FpNumber {
  kind = ZERO;
  /** 1 when negative. */
  sign = 0;
  /** Of a finite number: value = ±(hi:lo / 2^63) · 2^exp. */
  exp = 0;
  /** Significand, as signed halves. Finite numbers and NaNs have bit 63 set; integers results use both halves plainly. */
  hi = 0;
  lo = 0;
  /** Before rounding: the 32 bits below `lo`, the lowest one standing for all that follow ("sticky"). */
  ext = 0;
  /** DE when it was encoded as a denormal, else 0. */
  denormal = 0;
}

/** Where a result is rounded to: bits of precision and exponent range. */
export interface Target {
  readonly precision: 11 | 24 | 53 | 64;
  readonly emin: number;
  readonly emax: number;
  /** What an unmasked overflow or underflow subtracts from or adds to the exponent of an x87 register; 0: no result. */
  readonly wrap: number;
}

export const BINARY16: Target = { precision: 11, emin: -14, emax: 15, wrap: 0 };
export const BINARY32: Target = { precision: 24, emin: -126, emax: 127, wrap: 0 };
export const BINARY64: Target = { precision: 53, emin: -1022, emax: 1023, wrap: 0 };
const EXTENDED_RANGE = { emin: -16382, emax: 16383, wrap: 24576 } as const;
export const EXTENDED: Target = { precision: 64, ...EXTENDED_RANGE };
export const EXTENDED_53: Target = { precision: 53, ...EXTENDED_RANGE };
export const EXTENDED_24: Target = { precision: 24, ...EXTENDED_RANGE };

/** The environment of one operation and what it reports. */
export class FpContext {
  rounding = ROUND_NEAREST;
  /** Exceptions that are masked. */
  masks = 0x3f;
  target: Target = EXTENDED;
  /** SSE: denormal operands count as zero; tiny results become zero. */
  daz = false;
  ftz = false;
  /** NaN propagation: x87 rules (larger significand) or SSE rules (first operand). */
  readonly x87: boolean;
  /** Out: exceptions found. */
  flags = 0;
  /** Out: the magnitude was rounded up (C1 of the x87 status word). */
  roundedUp = false;

  constructor(x87: boolean) {
    this.x87 = x87;
  }

  /** Forgets the last operation's outcome. */
  begin(): void {
    this.flags = 0;
    this.roundedUp = false;
  }

  /** An unmasked exception found so far rules out a result. */
  get stopped(): boolean {
    return (this.flags & ~this.masks & PRE_COMPUTATION) !== 0;
  }
}

export function copyNumber(from: FpNumber, to: FpNumber): void {
  to.kind = from.kind;
  to.sign = from.sign;
  to.exp = from.exp;
  to.hi = from.hi;
  to.lo = from.lo;
  to.ext = 0;
  to.denormal = from.denormal;
}

export function setZero(n: FpNumber, sign: number): void {
  n.kind = ZERO;
  n.sign = sign;
  n.exp = 0;
  n.hi = 0;
  n.lo = 0;
  n.ext = 0;
  n.denormal = 0;
}

export function setInfinite(n: FpNumber, sign: number): void {
  setZero(n, sign);
  n.kind = INFINITE;
  n.hi = 0x8000_0000 | 0;
}

/** The QNaN that a masked invalid operation yields ("real indefinite"). */
export function setDefaultNan(n: FpNumber): void {
  setZero(n, 1);
  n.kind = QNAN;
  n.hi = 0xc000_0000 | 0;
}

/** Sets ±1·2^exp. */
export function setPowerOfTwo(n: FpNumber, sign: number, exp: number): void {
  setZero(n, sign);
  n.kind = FINITE;
  n.exp = exp;
  n.hi = 0x8000_0000 | 0;
}
