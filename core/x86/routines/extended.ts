/**
 * 80-bit numbers in emitted code: what the routines of this folder share. A number is its significand (i64) and the word with
 * sign and exponent (i32, bits 0..15; SDM vol. 1, 4.2.2). The routines know zeros and normal numbers; they answer FAILED for
 * anything else, and where a result overflows or underflows, and have changed nothing then: the exact helper
 * (core/x86/fp) does the instruction. Rounding is to nearest with 64 bits of precision, which the callers make sure of.
 */
import type { Builder } from '../../ir/builder.ts';
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';

/** Exponent of numbers from 1 up to 2. */
export const BIAS = 16383;
const MAX_EXPONENT = 0x7ffe;
export const SIGN = 0x8000;
/** Bits of the status word. */
export const FSW_PE = 0x20;
export const FSW_C0 = 0x100;
export const FSW_C1 = 0x200;
export const FSW_C2 = 0x400;
export const FSW_C3 = 0x4000;

/** Answers of routines: nothing done; or, where nothing else is to be told, done. */
export const FAILED = -1;
export const DONE = 0;

/** A number's parts as values. */
export interface Extended {
  readonly significand: Node;
  /** Sign and exponent. */
  readonly head: Node;
}

/** Routine code: a builder with the words of this folder. */
export class Code {
  readonly b: Builder;
  constructor(b: Builder) {
    this.b = b;
  }

  field(field: st.Field): Node {
    return this.b.state('i32.load', { kind: 'fixed', offset: field.offset });
  }
  setField(field: st.Field, value: Node): void {
    this.b.put('i32.store', { kind: 'fixed', offset: field.offset }, value);
  }

  /** Physical register `index` (0 to 7). */
  read(index: Node): Extended {
    return {
      significand: this.b.state('i64.load', { kind: 'indexed', offset: st.fpr.offset, index, shift: 4 }),
      head: this.b.state('i32.load16_u', { kind: 'indexed', offset: st.fpr.offset + 8, index, shift: 4 }),
    };
  }
  write(index: Node, { significand, head }: Extended): void {
    this.b.put('i64.store', { kind: 'indexed', offset: st.fpr.offset, index, shift: 4 }, significand);
    this.b.put('i32.store16', { kind: 'indexed', offset: st.fpr.offset + 8, index, shift: 4 }, head);
  }

  fail(): void {
    this.b.return(this.b.i32(FAILED));
  }
  failUnless(condition: Node): void {
    this.b.if(this.b.eqz(condition), () => this.fail());
  }

  exponent(head: Node): Node {
    return this.b.and(head, this.b.i32(0x7fff));
  }
  sign(head: Node): Node {
    return this.b.and(head, this.b.i32(SIGN));
  }
  isNormal({ significand, head }: Extended): Node {
    const { b } = this;
    const inRange = b.ltU(b.sub(this.exponent(head), b.i32(1)), b.i32(MAX_EXPONENT));
    return b.and(b.ltS(significand, b.i64(0)), inRange);
  }
  isZero({ significand, head }: Extended): Node {
    const { b } = this;
    return b.and(b.eqz(significand), b.eqz(this.exponent(head)));
  }

  /** An i64 whose bit 0 stands for all that was lost below it. */
  sticky(lost: Node): Node {
    return this.b.extendU(this.b.ne(lost, this.b.i64(0)));
  }

  /**
   * Whether a significand rounds up to the nearest, to the even one of two: `rest` are the bits behind the significand,
   * left-aligned.
   */
  roundsUp(significand: Node, rest: Node): Node {
    const { b } = this;
    const isOdd = b.wrap(b.and(significand, b.i64(1)));
    const isAbove = b.ne(b.shl(rest, b.i64(1)), b.i64(0));
    return b.and(b.ltS(rest, b.i64(0)), b.or(isAbove, isOdd));
  }

  /** The status bits of a result. */
  status(isInexact: Node, isUp: Node): Node {
    const { b } = this;
    return b.or(b.select(isInexact, b.i32(FSW_PE), b.i32(0)), b.select(isUp, b.i32(FSW_C1), b.i32(0)));
  }

  /**
   * Rounds a normalised significand with `rest` behind it, writes the register `to`, and returns the status bits. `exponent`
   * (i32) is that before rounding.
   */
  finish(to: Node, sign: Node, exponent: Node, significand: Node, rest: Node): void {
    const isUp = this.roundsUp(significand, rest);
    this.finishRounded(to, sign, exponent, significand, isUp, this.b.ne(rest, this.b.i64(0)));
  }
  finishRounded(to: Node, sign: Node, exponent: Node, significand: Node, isUp: Node, isInexact: Node): void {
    const { b } = this;
    const rounded = b.add(significand, b.extendU(isUp));
    // All ones became zero: the next power of two.
    const carried = b.eqz(rounded);
    const last = b.add(exponent, carried);
    this.failUnless(b.and(b.gtS(exponent, b.i32(0)), b.leS(last, b.i32(MAX_EXPONENT))));
    this.write(to, {
      significand: b.select(carried, b.i64(1n << 63n), rounded),
      head: b.or(sign, last),
    });
    b.return(this.status(isInexact, isUp));
  }
}
