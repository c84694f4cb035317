/**
 * Which routine (core/x86/routines) does an x87 instruction in the usual case, and what is left to the instruction itself:
 * memory operands and the status flags.
 */
import type { Helper } from '../../ir/helpers.ts';
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import type { LiftContext } from '../lift-context.ts';
import { FORMAT_F32, FORMAT_F64, FORMAT_INTEGER, TRUNCATE } from '../routines/extended-convert.ts';
import * as r from '../routines/x87-stack.ts';

/** What a routine answered, negative where it did nothing; and what is to be done else. */
export interface Usual {
  readonly answer: Node;
  readonly finish?: (c: LiftContext) => void;
  /** A control instruction: the saved opcode and pointers stay. */
  readonly isControl?: boolean;
}
type Lift = (c: LiftContext) => Usual;

const calls =
  (routine: Helper, ...args: number[]): Lift =>
  (c) => ({ answer: c.b.call(routine, ...args.map((arg) => c.b.i32(arg))) });

// Memory operands.

/** Bits of the operand as `expand` takes them. */
function operandBits(c: LiftContext, format: number, bits: number): Node {
  const { b } = c;
  const value = c.read(0);
  if (format !== FORMAT_INTEGER) return b.extendU(value);
  return b.signExtend64(value, bits);
}

const memoryRoutine =
  (routine: Helper, format: number, bits: number, ...args: number[]): Lift =>
  (c) => {
    const { b } = c;
    const rest = args.map((arg) => b.i32(arg));
    return { answer: b.call(routine, operandBits(c, format, bits), b.i32(format), ...rest) };
  };

const scratch = (c: LiftContext, load: 'i32.load' | 'i64.load', at = 0): Node =>
  c.b.state(load, { kind: 'fixed', offset: st.scratch.offset + at });

/** Writes what the routine left in scratch. */
const stores =
  (routine: Helper, bits: number, ...args: number[]): Lift =>
  (c) => ({
    ...calls(routine, ...args)(c),
    finish: () => c.write(0, scratch(c, bits === 64 ? 'i64.load' : 'i32.load')),
  });

const ARITHMETIC: readonly (r.Operation | undefined)[] = [
  'add',
  'mul',
  undefined,
  undefined,
  'sub',
  'subr',
  'div',
  'divr',
];
/** Opcodes whose memory forms are arithmetic: format and width of the operand. */
const OPERANDS: Record<number, [number, number]> = {
  216: [FORMAT_F32, 32],
  218: [FORMAT_INTEGER, 32],
  220: [FORMAT_F64, 64],
  222: [FORMAT_INTEGER, 16],
};

const loadNumber: Lift = (c) => {
  const { b } = c;
  return { answer: b.call(r.pushNumberRoutine, c.readPart(0, 'q', 0), c.readPart(0, 'w', 8), b.i32(0)) };
};
const storeNumber: Lift = (c) => ({
  ...calls(r.storeNumberRoutine)(c),
  finish: () => {
    c.writePart(0, 64, 0, scratch(c, 'i64.load'));
    c.writePart(0, 16, 8, scratch(c, 'i32.load', 8));
  },
});
const loadControl: Lift = (c) => ({ answer: c.b.call(r.loadControlRoutine, c.read(0)), isControl: true });

/** By opcode and reg field. */
const MEMORY_FORMS: Record<string, Lift> = {
  '217/0': memoryRoutine(r.pushRoutine, FORMAT_F32, 32),
  '221/0': memoryRoutine(r.pushRoutine, FORMAT_F64, 64),
  '219/5': loadNumber,
  '223/0': memoryRoutine(r.pushRoutine, FORMAT_INTEGER, 16),
  '219/0': memoryRoutine(r.pushRoutine, FORMAT_INTEGER, 32),
  '223/5': memoryRoutine(r.pushRoutine, FORMAT_INTEGER, 64),
  '217/2': stores(r.storeFloatRoutine, 32, FORMAT_F32, 0),
  '217/3': stores(r.storeFloatRoutine, 32, FORMAT_F32, 1),
  '221/2': stores(r.storeFloatRoutine, 64, FORMAT_F64, 0),
  '221/3': stores(r.storeFloatRoutine, 64, FORMAT_F64, 1),
  '219/7': storeNumber,
  '223/2': stores(r.storeIntegerRoutine, 16, 16, -1, 0),
  '223/3': stores(r.storeIntegerRoutine, 16, 16, -1, 1),
  '219/2': stores(r.storeIntegerRoutine, 32, 32, -1, 0),
  '219/3': stores(r.storeIntegerRoutine, 32, 32, -1, 1),
  '223/7': stores(r.storeIntegerRoutine, 64, 64, -1, 1),
  '223/1': stores(r.storeIntegerRoutine, 16, 16, TRUNCATE, 1),
  '219/1': stores(r.storeIntegerRoutine, 32, 32, TRUNCATE, 1),
  '221/1': stores(r.storeIntegerRoutine, 64, 64, TRUNCATE, 1),
  '217/5': loadControl,
};

/** The usual case of a memory form, if it has one. */
export function usualMemoryForm(opcode: number, reg: number): Lift | undefined {
  const operand = OPERANDS[opcode];
  if (operand === undefined) return MEMORY_FORMS[`${opcode}/${reg}`];
  const operation = ARITHMETIC[reg];
  if (operation !== undefined) return memoryRoutine(r.memoryArithmeticRoutines[operation], ...operand);
  return memoryRoutine(r.compareMemoryRoutine, ...operand, reg - 2);
}

// Register operands.

/** A routine whose first argument is the i of ST(i). */
const indexed =
  (routine: Helper, ...args: number[]): Lift =>
  (c) => ({ answer: c.b.call(routine, c.operandOffset(0), ...args.map((arg) => c.b.i32(arg))) });

/** FCOMI and its kin: ZF and CF by the outcome, the others clear. */
const comparesToFlags =
  (pops: number): Lift =>
  (c) => {
    const { b } = c;
    const answer = b.call(r.compareRoutine, c.operandOffset(0), b.i32(pops), b.i32(0));
    const finish = (): void => {
      c.setZf(b.eq(answer, b.i32(r.EQUAL)));
      c.setCf(b.eq(answer, b.i32(r.LESS)));
      for (const set of [c.setPf, c.setOf, c.setSf, c.setAf]) set.call(c, b.i32(0));
    };
    return { answer, finish };
  };

/** Constants rounded to nearest, and FCW bits that must be clear: the rounding control, where it makes a difference. */
const constant =
  (significand: bigint, head: number, isRounded = true): Lift =>
  (c) => {
    const { b } = c;
    return { answer: b.call(r.pushNumberRoutine, b.i64(significand), b.i32(head), b.i32(isRounded ? 0xc00 : 0)) };
  };

const NAMED: Record<string, Lift> = {
  fsqrt: calls(r.squareRootRoutine),
  frndint: calls(r.roundToIntegerRoutine),
  fxam: calls(r.examineRoutine),
  fabs: calls(r.signRoutine, 0x7fff, 0),
  fchs: calls(r.signRoutine, 0xffff, 0x8000),
  fld1: constant(1n << 63n, 0x3fff, false),
  fldz: constant(0n, 0, false),
  fldl2t: constant(0xd49a_784b_cd1b_8afen, 0x4000),
  fldl2e: constant(0xb8aa_3b29_5c17_f0bcn, 0x3fff),
  fldpi: constant(0xc90f_daa2_2168_c235n, 0x4000),
  fldlg2: constant(0x9a20_9a84_fbcf_f799n, 0x3ffd),
  fldln2: constant(0xb172_17f7_d1cf_79acn, 0x3ffe),
  ftst: (c) => ({ answer: c.b.call(r.compareMemoryRoutine, c.b.i64(0), c.b.i32(FORMAT_INTEGER), c.b.i32(0)) }),
  fcompp: calls(r.compareRoutine, 1, 2, 1),
  fucompp: calls(r.compareRoutine, 1, 2, 1),
};
const NAMED_INDEXED: Record<string, Lift> = {
  fxch: indexed(r.exchangeRoutine),
  fcom: indexed(r.compareRoutine, 0, 1),
  fcomp: indexed(r.compareRoutine, 1, 1),
  fucom: indexed(r.compareRoutine, 0, 1),
  fucomp: indexed(r.compareRoutine, 1, 1),
  fcomi: comparesToFlags(0),
  fucomi: comparesToFlags(0),
  fcomip: comparesToFlags(1),
  fucomip: comparesToFlags(1),
  fld: indexed(r.pushRegisterRoutine),
  fst: indexed(r.copyRoutine, 0),
  fstp: indexed(r.copyRoutine, 1),
};

/** The usual case of a register form, if it has one; `condition` of FCMOVcc. */
export function usualRegisterForm(
  opcode: number,
  mnemonic: string,
  hasIndex: boolean,
  condition?: number,
): Lift | undefined {
  if (!hasIndex) return NAMED[mnemonic];
  if (condition !== undefined) {
    return (c) => ({ answer: c.b.call(r.moveRoutine, c.operandOffset(0), c.condition(condition)) });
  }
  const operation = /^f(add|mul|subr?|divr?)(p?)$/.exec(mnemonic);
  // Undocumented aliases have ways of their own with empty registers only.
  if (operation === null) return NAMED_INDEXED[mnemonic];
  const routine = r.arithmeticRoutines[operation[1] as r.Operation];
  const pops = operation[2] === 'p' ? 1 : 0;
  return (c) => {
    const { b } = c;
    const [i, zero] = [c.operandOffset(0), b.i32(0)];
    const [to, from] = opcode === 0xd8 ? [zero, i] : [i, zero];
    return { answer: b.call(routine, to, from, b.i32(pops)) };
  };
}
