/** x87 arithmetic and comparisons (SDM vol. 1, 8.3.5 and 8.3.6). */
import { add, sub } from './add.ts';
import { compare, EQUAL, LESS, UNORDERED } from './compare.ts';
import { roundToIntegral } from './convert.ts';
import { div, sqrt } from './div.ts';
import { mul } from './mul.ts';
import { FINITE, type FpContext, FpNumber, INFINITE, setPowerOfTwo, setZero, UNSUPPORTED, ZERO } from './number.ts';
import { extract, NO_QUOTIENT, PARTIAL, remainder, scale } from './rem.ts';
import { setComparisonFlags } from './status-flags.ts';
import { isOutOfRange, tan } from './trigonometric.ts';
import { FSW_C0, FSW_C1, FSW_C2, FSW_C3, FSW_CONDITIONS, type X87 } from './x87-state.ts';
import type { X87Run } from './x87-transfer.ts';

type Operation = (a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext) => void;
type Load = (dv: DataView, off: number, n: FpNumber) => void;

const a = new FpNumber();
const b = new FpNumber();
const r = new FpNumber();
const q = new FpNumber();

const subr: Operation = (x, y, result, ctx) => sub(y, x, result, ctx);
const divr: Operation = (x, y, result, ctx) => div(y, x, result, ctx);

/** The arithmetic instructions by the reg field of their ModRM byte; 2 and 3 are comparisons. */
export const OPERATIONS: readonly (Operation | undefined)[] = [add, mul, undefined, undefined, sub, subr, div, divr];

/** ST(0) = ST(0) op memory */
export function arithMemory(operation: Operation, load: Load): X87Run {
  return (fpu, off) => {
    if (fpu.isEmpty(0)) {
      if (fpu.stackFault(false)) fpu.writeIndefinite(0);
      return;
    }
    fpu.read(0, a);
    load(fpu.dv, off, b);
    finishArith(fpu, operation, 0, false);
  };
}

/** ST(0) = ST(0) op ST(i), or with `toI` ST(i) = ST(i) op ST(0), then perhaps a pop. */
export function arithRegister(operation: Operation, toI: boolean, pops: boolean): X87Run {
  return (fpu, i) => {
    const destination = toI ? i : 0;
    if (fpu.isEmpty(0) || fpu.isEmpty(i)) {
      if (!fpu.stackFault(false)) return;
      fpu.writeIndefinite(destination);
      if (pops) fpu.pop();
      return;
    }
    fpu.read(destination, a);
    fpu.read(toI ? 0 : i, b);
    finishArith(fpu, operation, destination, pops);
  };
}

function finishArith(fpu: X87, operation: Operation, destination: number, pops: boolean): void {
  const { ctx } = fpu;
  ctx.target = fpu.controlled;
  operation(a, b, r, ctx);
  if (fpu.withholds()) return;
  fpu.write(destination, r);
  if (pops) fpu.pop();
}

/** Where the result of a comparison goes. */
type Outcome = 'fsw' | 'rflags';

function setOutcome(fpu: X87, outcome: number, to: Outcome): void {
  if (to === 'rflags') {
    setComparisonFlags(fpu.space, outcome);
    return;
  }
  let bits = outcome & (LESS | UNORDERED) ? FSW_C0 : 0;
  if (outcome & UNORDERED) bits |= FSW_C2;
  if (outcome & (EQUAL | UNORDERED)) bits |= FSW_C3;
  fpu.setConditions(bits, FSW_C0 | FSW_C2 | FSW_C3);
}

function finishComparison(fpu: X87, signalling: boolean, to: Outcome, pops: number): void {
  const outcome = compare(a, b, signalling, fpu.ctx);
  // FCOMI and its like leave C1 as it was.
  fpu.ctx.roundedUp = to === 'rflags' && (fpu.fsw & FSW_C1) !== 0;
  const isWithheld = fpu.withholds();
  setOutcome(fpu, outcome, to);
  if (isWithheld) return;
  for (let i = 0; i < pops; i++) fpu.pop();
}

function faultComparison(fpu: X87, to: Outcome, pops: number): void {
  const isMasked = fpu.stackFault(false);
  setOutcome(fpu, UNORDERED, to);
  if (!isMasked) return;
  for (let i = 0; i < pops; i++) fpu.pop();
}

/** FCOM, FCOMP, FICOM, FICOMP with memory. */
export function compareMemory(load: Load, pops: number): X87Run {
  return (fpu, off) => {
    if (fpu.isEmpty(0)) {
      faultComparison(fpu, 'fsw', pops);
      return;
    }
    fpu.read(0, a);
    load(fpu.dv, off, b);
    finishComparison(fpu, true, 'fsw', pops);
  };
}

/** FCOM, FUCOM, FCOMI, FUCOMI and their popping forms. */
export function compareRegister(signalling: boolean, to: Outcome, pops: number): X87Run {
  return (fpu, i) => {
    if (fpu.isEmpty(0) || fpu.isEmpty(i)) {
      faultComparison(fpu, to, pops);
      return;
    }
    fpu.read(0, a);
    fpu.read(i, b);
    finishComparison(fpu, signalling, to, pops);
  };
}

export const ftst: X87Run = (fpu) => {
  if (fpu.isEmpty(0)) {
    faultComparison(fpu, 'fsw', 0);
    return;
  }
  fpu.read(0, a);
  setZero(b, 0);
  finishComparison(fpu, true, 'fsw', 0);
};

/** FXAM: the class in C3 C2 C0, the sign in C1; looks at empty registers too. */
export const fxam: X87Run = (fpu) => {
  fpu.read(0, a);
  let bits = a.sign ? FSW_C1 : 0;
  if (fpu.isEmpty(0)) bits |= FSW_C3 | FSW_C0;
  else if (a.kind === ZERO) bits |= FSW_C3;
  else if (a.kind === INFINITE) bits |= FSW_C2 | FSW_C0;
  else if (a.kind === FINITE) bits |= a.denormal ? FSW_C3 | FSW_C2 : FSW_C2;
  else if (a.kind !== UNSUPPORTED) bits |= FSW_C0;
  fpu.setConditions(bits, FSW_CONDITIONS);
};

/** FCHS, FABS: only the sign bit, whatever the register holds. */
export function changeSign(change: (exponentWord: number) => number): X87Run {
  return (fpu) => {
    fpu.setConditions(0, FSW_C1);
    if (fpu.isEmpty(0)) {
      if (fpu.stackFault(false)) fpu.writeIndefinite(0);
      return;
    }
    const at = fpu.slot(0) + 8;
    fpu.dv.setUint16(at, change(fpu.dv.getUint16(at, true)), true);
  };
}
export const fchs = changeSign((word) => word ^ 0x8000);
export const fabs = changeSign((word) => word & 0x7fff);

type Unary = (x: FpNumber, result: FpNumber, ctx: FpContext) => void;

/** ST(0) = f(ST(0)) */
export function unary(operation: Unary, obeysPrecision: boolean): X87Run {
  return (fpu) => {
    if (fpu.isEmpty(0)) {
      if (fpu.stackFault(false)) fpu.writeIndefinite(0);
      return;
    }
    fpu.read(0, a);
    if (obeysPrecision) fpu.ctx.target = fpu.controlled;
    operation(a, r, fpu.ctx);
    if (!fpu.withholds()) fpu.write(0, r);
  };
}
export const fsqrt = unary(sqrt, true);
export const frndint = unary(roundToIntegral, false);

/** Instructions on ST(0) and ST(1): the indefinite to `destination` when one of them is empty. */
function bothPresent(fpu: X87, destination: number): boolean {
  if (!fpu.isEmpty(0) && !fpu.isEmpty(1)) {
    fpu.read(0, a);
    fpu.read(1, b);
    return true;
  }
  if (fpu.stackFault(false)) {
    fpu.writeIndefinite(destination);
    if (destination === 1) fpu.pop();
  }
  return false;
}

/** ST(1) = f(ST(0), ST(1)), then a pop: the transcendental functions of two arguments. */
export function binaryPop(operation: Operation): X87Run {
  return (fpu) => {
    if (!bothPresent(fpu, 1)) return;
    operation(a, b, r, fpu.ctx);
    if (fpu.withholds()) return;
    fpu.write(1, r);
    fpu.pop();
  };
}

export const fscale: X87Run = (fpu) => {
  if (!bothPresent(fpu, 0)) return;
  scale(a, b, r, fpu.ctx);
  if (!fpu.withholds()) fpu.write(0, r);
};

/** FPREM, FPREM1: the quotient's low bits in C0 C3 C1, or C2 when the reduction is partial. */
export function fprem(nearest: boolean): X87Run {
  return (fpu) => {
    fpu.setConditions(0, FSW_C2);
    if (!bothPresent(fpu, 0)) return;
    const quotient = remainder(a, b, nearest, r, fpu.ctx);
    if (fpu.withholds()) return;
    fpu.write(0, r);
    if (quotient === NO_QUOTIENT) return;
    let bits = quotient & 4 ? FSW_C0 : 0;
    if (quotient & 2) bits |= FSW_C3;
    if (quotient & 1) bits |= FSW_C1;
    fpu.setConditions(quotient === PARTIAL ? FSW_C2 : bits);
  };
}

/** FXTRACT: the exponent replaces ST(0), the significand is pushed. */
export const fxtract: X87Run = (fpu) => {
  const isUnderflow = fpu.isEmpty(0);
  if (isUnderflow || !fpu.isEmpty(7)) {
    if (!fpu.stackFault(!isUnderflow)) return;
    fpu.writeIndefinite(0);
    fpu.top -= 1;
    fpu.writeIndefinite(0);
    return;
  }
  fpu.read(0, a);
  extract(a, q, r, fpu.ctx);
  if (fpu.withholds()) return;
  fpu.write(0, q);
  fpu.push(r);
};

/** FSIN, FCOS: an argument out of range stays, with C2 set. */
export function trigonometric(operation: Unary): X87Run {
  return (fpu) => {
    if (!reducible(fpu, false)) return;
    operation(a, r, fpu.ctx);
    if (!fpu.withholds()) fpu.write(0, r);
  };
}

/** FPTAN, FSINCOS: the first result replaces ST(0), the second is pushed. */
export function trigonometricPair(first: Unary, second: Unary): X87Run {
  return (fpu) => {
    if (!reducible(fpu, true)) return;
    first(a, q, fpu.ctx);
    second(a, r, fpu.ctx);
    if (fpu.withholds()) return;
    fpu.write(0, q);
    fpu.push(r);
  };
}

/** Checks the stack and reads the argument; false when the instruction is thereby done. */
function reducible(fpu: X87, pushes: boolean): boolean {
  fpu.setConditions(0, FSW_C1 | FSW_C2);
  const isUnderflow = fpu.isEmpty(0);
  if (isUnderflow || (pushes && !fpu.isEmpty(7))) {
    if (!fpu.stackFault(!isUnderflow)) return false;
    fpu.writeIndefinite(0);
    if (!pushes) return false;
    fpu.top -= 1;
    fpu.writeIndefinite(0);
    return false;
  }
  fpu.read(0, a);
  if (!isOutOfRange(a)) return true;
  fpu.setConditions(FSW_C2, FSW_C2);
  return false;
}

/** The number that FPTAN pushes: 1, or the NaN that it gave. */
export const one: Unary = (x, result, ctx) => {
  if (x.kind >= INFINITE) tan(x, result, ctx);
  else setPowerOfTwo(result, 0, 0);
};
