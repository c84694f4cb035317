/**
 * x87 instructions as routines: the register stack and the status word around the arithmetic of this folder. They serve
 * what programs do all the time (valid registers, ordinary numbers, exceptions masked, rounding to nearest, full
 * precision); for the rest they answer FAILED with nothing changed, and the exact helper does the instruction. The saved
 * opcode and pointers are the caller's business.
 */
import { declareRoutine, type Helper } from '../../ir/helpers.ts';
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { Code, DONE, type Extended, FSW_C0, FSW_C1, FSW_C2, FSW_C3, SIGN } from './extended.ts';
import { addRoutine } from './extended-add.ts';
import { expand, FORMAT_F64, roundRoutine, toF32Routine, toF64Routine, toIntegerRoutine } from './extended-convert.ts';
import { divideRoutine, multiplyRoutine, rootRoutine } from './extended-mul.ts';

/** FCW: the masks, and with them precision and rounding control; all exceptions masked, 64 bits, to nearest. */
const FCW_MASKS = 0x3f;
const FCW_ALL = 0xf3f;
const FCW_USUAL = 0x33f;
const FCW_RC_SHIFT = 10;
const CONDITIONS = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3;

class Stack extends Code {
  readonly top = this.field(st.fpTop);
  readonly empty = this.field(st.fpEmpty);

  /** With all exceptions masked none can be pending. */
  requireMasks(): void {
    const { b } = this;
    this.failUnless(b.eq(b.and(this.field(st.fcw), b.i32(FCW_MASKS)), b.i32(FCW_MASKS)));
  }
  requireUsual(): void {
    const { b } = this;
    this.failUnless(b.eq(b.and(this.field(st.fcw), b.i32(FCW_ALL)), b.i32(FCW_USUAL)));
  }
  /** Physical register of ST(i). */
  slot(i: Node): Node {
    const { b } = this;
    return b.and(b.add(this.top, i), b.i32(7));
  }
  isEmpty(slot: Node): Node {
    const { b } = this;
    return b.and(b.shrU(this.empty, slot), b.i32(1));
  }
  requireValid(...slots: Node[]): void {
    this.failUnless(this.b.eqz(slots.map((slot) => this.isEmpty(slot)).reduce(this.b.or)));
  }
  /** Marks ST(0) empty and makes ST(1) the top, where `pops` (0 or 1) says so. */
  pop(pops: Node): void {
    const { b } = this;
    this.setField(st.fpEmpty, b.or(this.field(st.fpEmpty), b.shl(pops, this.top)));
    this.setField(st.fpTop, b.and(b.add(this.top, pops), b.i32(7)));
  }
  /** Replaces C1 and adds exceptions. */
  report(status: Node): void {
    const { b } = this;
    this.setField(st.fsw, b.or(b.and(this.field(st.fsw), b.i32(~FSW_C1)), status));
  }
  clearC1(): void {
    this.report(this.b.i32(0));
  }
  push({ significand, head }: Extended): void {
    const { b } = this;
    const slot = this.slot(b.i32(7));
    this.failUnless(this.isEmpty(slot));
    this.write(slot, { significand, head });
    this.setField(st.fpTop, slot);
    this.setField(st.fpEmpty, b.xor(this.empty, b.shl(b.i32(1), slot)));
    this.clearC1();
  }
  done(): void {
    this.b.return(this.b.i32(DONE));
  }
  /** Reports what a routine answered, or fails as it did. */
  finishWith(status: Node, pops: Node): void {
    const { b } = this;
    b.if(b.ltS(status, b.i32(0)), () => this.fail());
    this.report(status);
    this.pop(pops);
    this.done();
  }
}

export type Operation = 'add' | 'mul' | 'sub' | 'subr' | 'div' | 'divr';
const CORES: Record<Operation, Helper> = {
  add: addRoutine,
  mul: multiplyRoutine,
  sub: addRoutine,
  subr: addRoutine,
  div: divideRoutine,
  divr: divideRoutine,
};

/** a op x to register `to`. */
function calculate(code: Stack, operation: Operation, to: Node, a: Extended, x: Extended): Node {
  const { b } = code;
  const negated = ({ significand, head }: Extended): Extended => ({ significand, head: b.xor(head, b.i32(SIGN)) });
  let [first, second] = operation.endsWith('r') ? [x, a] : [a, x];
  if (operation.startsWith('sub')) second = negated(second);
  return b.call(CORES[operation], to, first.significand, first.head, second.significand, second.head);
}

const OPERATIONS: readonly Operation[] = ['add', 'mul', 'sub', 'subr', 'div', 'divr'];
const perOperation = (make: (operation: Operation) => Helper): Record<Operation, Helper> =>
  Object.fromEntries(OPERATIONS.map((operation) => [operation, make(operation)])) as Record<Operation, Helper>;

/** (destination, source, pops): ST(destination) = ST(destination) op ST(source). */
export const arithmeticRoutines = perOperation((operation) =>
  declareRoutine(`x87Registers.${operation}`, ['i32', 'i32', 'i32'], 'i32', (b, destination, source, pops) => {
    const code = new Stack(b);
    code.requireUsual();
    const to = code.slot(destination!);
    const from = code.slot(source!);
    code.requireValid(to, from);
    code.finishWith(calculate(code, operation, to, code.read(to), code.read(from)), pops!);
  }),
);

/** (bits, format): ST(0) = ST(0) op memory. */
export const memoryArithmeticRoutines = perOperation((operation) =>
  declareRoutine(`x87Memory.${operation}`, ['i64', 'i32'], 'i32', (b, bits, format) => {
    const code = new Stack(b);
    code.requireUsual();
    const to = code.slot(b.i32(0));
    code.requireValid(to);
    const x = expand(code, bits!, format!);
    b.if(b.ltS(x.head, b.i32(0)), () => code.fail());
    code.finishWith(calculate(code, operation, to, code.read(to), x), b.i32(0));
  }),
);

/** FSQRT */
export const squareRootRoutine = declareRoutine('x87SquareRoot', [], 'i32', (b) => {
  const code = new Stack(b);
  code.requireUsual();
  const to = code.slot(b.i32(0));
  code.requireValid(to);
  const x = code.read(to);
  code.finishWith(b.call(rootRoutine, to, x.significand, x.head), b.i32(0));
});

/** FRNDINT */
export const roundToIntegerRoutine = declareRoutine('x87Round', [], 'i32', (b) => {
  const code = new Stack(b);
  code.requireMasks();
  const to = code.slot(b.i32(0));
  code.requireValid(to);
  const x = code.read(to);
  const mode = b.and(b.shrU(code.field(st.fcw), b.i32(FCW_RC_SHIFT)), b.i32(3));
  code.finishWith(b.call(roundRoutine, to, x.significand, x.head, mode), b.i32(0));
});

// Comparisons.

export const LESS = 1;
export const EQUAL = 2;

/** Of two numbers, each normal or zero. */
function order(code: Stack, a: Extended, x: Extended): Node {
  const { b } = code;
  const aIsZero = code.isZero(a);
  const xIsZero = code.isZero(x);
  code.failUnless(b.and(b.or(aIsZero, code.isNormal(a)), b.or(xIsZero, code.isNormal(x))));
  const aIsNegative = code.sign(a.head);
  const heads = b.eq(a.head, x.head);
  const areEqual = b.or(b.and(heads, b.eq(a.significand, x.significand)), b.and(aIsZero, xIsZero));
  const isSmaller = b.select(heads, b.ltU(a.significand, x.significand), b.ltU(a.head, x.head));
  // Of different signs the negative one is less; of two negative ones the larger magnitude is.
  const isBelow = b.select(aIsNegative, b.eqz(isSmaller), isSmaller);
  const isLess = b.select(code.sign(b.xor(a.head, x.head)), b.ne(aIsNegative, b.i32(0)), isBelow);
  return b.select(areEqual, b.i32(EQUAL), isLess);
}

/** Sets C3, C2, C0 by the order and clears C1. */
function setConditions(code: Stack, outcome: Node): void {
  const { b } = code;
  const c0 = b.shl(b.and(outcome, b.i32(LESS)), b.i32(8));
  const c3 = b.shl(b.and(outcome, b.i32(EQUAL)), b.i32(13));
  code.setField(st.fsw, b.or(b.and(code.field(st.fsw), b.i32(~CONDITIONS)), b.or(c0, c3)));
}

/** (i, registers to pop, whether the status word gets the outcome): LESS, EQUAL or 0; FAILED. */
export const compareRoutine = declareRoutine('x87Compare', ['i32', 'i32', 'i32'], 'i32', (b, i, pops, toStatus) => {
  const code = new Stack(b);
  code.requireMasks();
  const first = code.slot(b.i32(0));
  const second = code.slot(i!);
  code.requireValid(first, second);
  const outcome = order(code, code.read(first), code.read(second));
  b.if(toStatus!, () => setConditions(code, outcome));
  b.if(pops!, () => code.pop(b.i32(1)));
  b.if(b.eq(pops!, b.i32(2)), () => {
    // FCOMPP, whose ST(1) was compared: it is valid.
    code.setField(st.fpEmpty, b.or(code.field(st.fpEmpty), b.shl(b.i32(1), second)));
    code.setField(st.fpTop, code.slot(b.i32(2)));
  });
  b.return(outcome);
});

/** (bits, format, pops): ST(0) with memory, to the status word. */
export const compareMemoryRoutine = declareRoutine(
  'x87CompareMemory',
  ['i64', 'i32', 'i32'],
  'i32',
  (b, bits, format, pops) => {
    const code = new Stack(b);
    code.requireMasks();
    const first = code.slot(b.i32(0));
    code.requireValid(first);
    const x = expand(code, bits!, format!);
    b.if(b.ltS(x.head, b.i32(0)), () => code.fail());
    setConditions(code, order(code, code.read(first), x));
    code.pop(pops!);
    code.done();
  },
);

/** FXAM: the class in C3 C2 C0, the sign in C1. */
export const examineRoutine = declareRoutine('x87Examine', [], 'i32', (b) => {
  const code = new Stack(b);
  code.requireMasks();
  const slot = code.slot(b.i32(0));
  const x = code.read(slot);
  const isInfinite = b.and(b.eq(code.exponent(x.head), b.i32(0x7fff)), b.eq(x.significand, b.i64(1n << 63n)));
  const plain = b.select(
    code.isNormal(x),
    b.i32(FSW_C2),
    b.select(code.isZero(x), b.i32(FSW_C3), b.select(isInfinite, b.i32(FSW_C2 | FSW_C0), b.i32(0))),
  );
  const kind = b.select(code.isEmpty(slot), b.i32(FSW_C3 | FSW_C0), plain);
  code.failUnless(kind);
  const sign = b.shrU(code.sign(x.head), b.i32(6));
  code.setField(st.fsw, b.or(b.and(code.field(st.fsw), b.i32(~CONDITIONS)), b.or(kind, sign)));
  code.done();
});

// Loads and stores.

/** (bits, format): pushes a memory operand. */
export const pushRoutine = declareRoutine('x87Push', ['i64', 'i32'], 'i32', (b, bits, format) => {
  const code = new Stack(b);
  code.requireMasks();
  const x = expand(code, bits!, format!);
  b.if(b.ltS(x.head, b.i32(0)), () => code.fail());
  code.push(x);
  code.done();
});

/** (significand, head, bits of FCW that must be clear): pushes a number as it is. */
export const pushNumberRoutine = declareRoutine(
  'x87PushNumber',
  ['i64', 'i32', 'i32'],
  'i32',
  (b, significand, head, control) => {
    const code = new Stack(b);
    code.requireMasks();
    code.failUnless(b.eqz(b.and(code.field(st.fcw), control!)));
    code.push({ significand: significand!, head: head! });
    code.done();
  },
);

/** FLD ST(i) */
export const pushRegisterRoutine = declareRoutine('x87PushRegister', ['i32'], 'i32', (b, i) => {
  const code = new Stack(b);
  code.requireMasks();
  const from = code.slot(i!);
  code.requireValid(from);
  code.push(code.read(from));
  code.done();
});

const scratchPlace = (at: number) => ({ kind: 'fixed', offset: st.scratch.offset + at }) as const;

/** (format, pops): ST(0) as a float, its bits to scratch. */
export const storeFloatRoutine = declareRoutine('x87StoreFloat', ['i32', 'i32'], 'i32', (b, format, pops) => {
  const code = new Stack(b);
  code.requireMasks();
  code.failUnless(b.eqz(b.and(code.field(st.fcw), b.i32(3 << FCW_RC_SHIFT))));
  const from = code.slot(b.i32(0));
  code.requireValid(from);
  const x = code.read(from);
  b.if(b.eq(format!, b.i32(FORMAT_F64)), () => code.finishWith(b.call(toF64Routine, x.significand, x.head), pops!));
  code.finishWith(b.call(toF32Routine, x.significand, x.head), pops!);
});

/** FSTP m80fp: significand and head to scratch. */
export const storeNumberRoutine = declareRoutine('x87StoreNumber', [], 'i32', (b) => {
  const code = new Stack(b);
  code.requireMasks();
  const from = code.slot(b.i32(0));
  code.requireValid(from);
  const x = code.read(from);
  b.put('i64.store', scratchPlace(0), x.significand);
  b.put('i32.store', scratchPlace(8), x.head);
  code.clearC1();
  code.pop(b.i32(1));
  code.done();
});

/** (bits of the integer, rounding or -1 for FCW's, pops): ST(0) as an integer to scratch. */
export const storeIntegerRoutine = declareRoutine(
  'x87StoreInteger',
  ['i32', 'i32', 'i32'],
  'i32',
  (b, bits, mode, pops) => {
    const code = new Stack(b);
    code.requireMasks();
    const from = code.slot(b.i32(0));
    code.requireValid(from);
    const x = code.read(from);
    const control = b.and(b.shrU(code.field(st.fcw), b.i32(FCW_RC_SHIFT)), b.i32(3));
    const rounding = b.select(b.ltS(mode!, b.i32(0)), control, mode!);
    code.finishWith(b.call(toIntegerRoutine, x.significand, x.head, bits!, rounding), pops!);
  },
);

/** (i, pops): ST(i) = ST(0). */
export const copyRoutine = declareRoutine('x87Copy', ['i32', 'i32'], 'i32', (b, i, pops) => {
  const code = new Stack(b);
  code.requireMasks();
  const from = code.slot(b.i32(0));
  code.requireValid(from);
  const to = code.slot(i!);
  code.write(to, code.read(from));
  code.setField(st.fpEmpty, b.and(code.empty, b.not(b.shl(b.i32(1), to))));
  code.clearC1();
  code.pop(pops!);
  code.done();
});

/** FXCH */
export const exchangeRoutine = declareRoutine('x87Exchange', ['i32'], 'i32', (b, i) => {
  const code = new Stack(b);
  code.requireMasks();
  const first = code.slot(b.i32(0));
  const second = code.slot(i!);
  code.requireValid(first, second);
  const a = code.read(first);
  const x = code.read(second);
  code.write(first, x);
  code.write(second, a);
  code.clearC1();
  code.done();
});

/** (i, condition): FCMOVcc */
export const moveRoutine = declareRoutine('x87Move', ['i32', 'i32'], 'i32', (b, i, holds) => {
  const code = new Stack(b);
  code.requireMasks();
  const to = code.slot(b.i32(0));
  const from = code.slot(i!);
  code.requireValid(to, from);
  b.if(holds!, () => code.write(to, code.read(from)));
  code.done();
});

/** (bits to keep of sign and exponent, bits to flip): FABS, FCHS */
export const signRoutine = declareRoutine('x87Sign', ['i32', 'i32'], 'i32', (b, keep, flip) => {
  const code = new Stack(b);
  code.requireMasks();
  const slot = code.slot(b.i32(0));
  code.requireValid(slot);
  const x = code.read(slot);
  code.write(slot, { significand: x.significand, head: b.xor(b.and(x.head, keep!), flip!) });
  code.clearC1();
  code.done();
});

/** (value): FLDCW, while no exception that it unmasks is there. */
export const loadControlRoutine = declareRoutine('x87LoadControl', ['i32'], 'i32', (b, value) => {
  const code = new Stack(b);
  code.requireMasks();
  code.failUnless(b.eqz(b.and(b.and(code.field(st.fsw), b.not(value!)), b.i32(FCW_MASKS))));
  code.setField(st.fcw, b.or(b.and(value!, b.i32(0x1f3f)), b.i32(0x40)));
  code.done();
});
