/**
 * What an instruction's `lift` function sees: its operands and the state, as IR. The implementation is core/lift; this is
 * the interface that the definitions are written against.
 *
 * Value types by operand width: 8, 16 and 32 bits are i32 (zero-extended when read; excess bits are cut when written),
 * 64 is i64, `x` is v128, `ss` f32, `sd` f64. Memory operands are checked for their whole width and access before the
 * lift function runs, so that a fault never leaves anything half-done.
 */
import type { Builder } from '../ir/builder.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node } from '../ir/ir.ts';
import type { Field } from '../vcpu/state.ts';
import type { SizeCode } from './notation.ts';

export type Width = 8 | 16 | 32 | 64;

/** Condition codes in encoding order: O NO B NB Z NZ BE NBE S NS P NP L NL LE NLE. */
export type Condition = number;

/** What else is known about a floating-point operation. */
export interface ExactOptions {
  /** The immediate that the helper gets, else 0. */
  imm?: Node | undefined;
  /** Builds a condition (i32) on which the fast result is right too, and makes PE sticky. */
  isInexact?: () => Node | undefined;
}

export interface LiftContext {
  readonly b: Builder;
  /** Operand size of `v` operands: 16, 32 or 64. */
  readonly size: Width;
  /** Address size: 64, or 32 with prefix 67. */
  readonly addressSize: 32 | 64;
  /** Which repeat prefix a string instruction has. */
  readonly repeat: 'none' | 'rep' | 'repne';

  /** Width in bits of operand `i` (128 for `x`). */
  width(i: number): number;
  /** True when operand `i` is in memory. */
  isMemory(i: number): boolean;
  /** Value of operand `i`. */
  read(i: number): Node;
  /** Value of operand `i` as another type of the same width: `sd` for `q`, `ss` for `d`. */
  readAs(i: number, size: 'ss' | 'sd'): Node;
  /** Writes operand `i`: 32-bit registers zero-extend, narrower parts of general and XMM registers are merged. */
  write(i: number, value: Node): void;
  /** Effective address (i64) of memory operand `i`, segment base included. */
  address(i: number): Node;
  /** Effective address without the segment base, cut to the address size (LEA). */
  offset(i: number): Node;
  /** Sets the sign and exponent bits above MMX operand `i`, as every write to it does. */
  markMmxWritten(i: number): void;
  /** XMM register by number. */
  xmm(index: number): Node;
  /** XMM operand `i` as v128, whatever its size letter. */
  readXmm(i: number): Node;
  /** Writes all 128 bits of XMM register operand `i`. */
  writeXmm(i: number, value: Node): void;
  /** Value of `size` at byte `at` of XMM, YMM or memory operand `i`. */
  readPart(i: number, size: SizeCode, at: number): Node;
  /** Writes `width` bits at byte `at` of XMM, YMM or memory operand `i`. */
  writePart(i: number, width: number, at: number, value: Node): void;
  /**
   * Floating-point operation `code` (core/x86/fp) on operands 0 and 1 to operand 0: by `write` where `isFast` (i32, 0 or 1)
   * holds, else by the exact helper.
   */
  fastOrExact(code: number, isFast: Node | undefined, write: () => void, options?: ExactOptions): void;
  /** Calls the exact helper: operation, offsets of destination and sources, immediate. */
  exactSse(code: number, destination: Node, first: Node, second: Node, imm: Node): void;
  /** Clears the high half of a YMM register by number, or all of it. */
  clearHigh(index: number, isAll?: boolean): void;
  /** Offset in the state (i32) of register operand `i`, for helpers. Memory operands: offset of the data in the memory. */
  operandOffset(i: number): Node;
  /** Immediate operand as the op record or the instruction has it: constants known to the helper call (i32). */
  immediate(): Node;
  /** ENTER's second immediate (i32). */
  secondImmediate(): Node;
  /** Adds the base of the segment that a prefix names, for implicit memory operands. */
  withSegment(address: Node): Node;

  /** General register by number at a width. */
  gpr(index: number, width: Width): Node;
  setGpr(index: number, width: Width, value: Node): void;
  /** A 32- or 64-bit state field; 32-bit ones are i32. */
  field(field: Field): Node;
  setField(field: Field, value: Node): void;
  /** Address of the next instruction, i64. */
  nextIp(): Node;
  /** Address of this instruction, i64. */
  thisIp(): Node;

  /** Checks and reads `width` bits at an address (i64). */
  loadAt(address: Node, width: Width): Node;
  /** Checks and writes. */
  storeAt(address: Node, width: Width, value: Node): void;
  push(value: Node, width: Width): void;
  pop(width: Width): Node;

  /** Status flags of an addition, subtraction or logic result at a width (i32 or i64 values as above). */
  flagsAdd(width: Width, a: Node, b: Node, sum: Node, carryIn?: Node): void;
  flagsSub(width: Width, a: Node, b: Node, difference: Node, borrowIn?: Node): void;
  /** CF and OF clear, AF clear; ZF SF PF by the result. */
  flagsLogic(width: Width, value: Node): void;
  /** ZF SF PF by the result. */
  flagsResult(width: Width, value: Node): void;
  /** Single flags from an i32 that is 0 or 1. */
  setCf(bit: Node): void;
  setOf(bit: Node): void;
  setZf(bit: Node): void;
  setSf(bit: Node): void;
  setPf(bit: Node): void;
  setAf(bit: Node): void;
  /** Single flags as an i32 that is 0 or 1. */
  getCf(): Node;
  getZf(): Node;
  getSf(): Node;
  getOf(): Node;
  getPf(): Node;
  getAf(): Node;
  condition(code: Condition): Node;

  /** Jumps to the branch target of the J operand. */
  jump(): void;
  jumpIndirect(target: Node): void;
  /** The same for a return address. */
  returnTo(target: Node): void;
  /** Calls a helper whose nonzero answer means that an exception or exit is set up. */
  callChecked(helper: Helper, ...args: Node[]): void;
}
