/**
 * Where a lift gets its operands from: fields of an op record (tier 0, one handler for many instructions) or one decoded
 * instruction (tier 1).
 */
import type { Builder } from '../ir/builder.ts';
import type { JumpTarget, Node, Place } from '../ir/ir.ts';
import { OP_BASE, OP_DISP, OP_IMM, OP_INDEX, OP_IP, OP_LENGTH, OP_R0, OP_SCALE, OP_SEGMENT } from '../ir/op-record.ts';

/**
 * Shape of a memory operand, for which tier 0 has handlers of their own:
 * `base` base + disp · `index` base + index*scale + disp · `absolute` a known address (RIP-relative) · `full` anything,
 * with a segment base · `full32` likewise with 32-bit address size · `none` no memory operand.
 */
export type AddressForm = 'none' | 'base' | 'index' | 'absolute' | 'full' | 'full32';
export const addressForms: readonly AddressForm[] = ['none', 'base', 'index', 'absolute', 'full', 'full32'];

export interface OperandSource {
  readonly form: AddressForm;
  /** State place of register operand `i`. */
  register(i: number): Place;
  /** Effective address without segment base, i64. */
  offset(b: Builder): Node;
  /** Segment base, i64 (0 when no prefix names one). */
  segmentBase(b: Builder): Node;
  immediate32(b: Builder): Node;
  /** Upper 32 bits of the immediate, i32. */
  immediateHigh(b: Builder): Node;
  immediate64(b: Builder): Node;
  thisIp(b: Builder): Node;
  nextIp(b: Builder): Node;
  readonly jumpTarget: JumpTarget;
}

/** Operands read from the op record. */
export class RecordOperands implements OperandSource {
  readonly form: AddressForm;
  readonly jumpTarget: JumpTarget = { kind: 'record' };
  constructor(form: AddressForm) {
    this.form = form;
  }
  register(i: number): Place {
    // A fourth register operand is named by the immediate and lies behind it.
    return { kind: 'slot', record: i < 3 ? OP_R0 + 2 * i : OP_IMM + 4, add: 0 };
  }
  offset(b: Builder): Node {
    if (this.form === 'absolute') return b.record('i64.load32_u', OP_DISP);
    let sum = b.add(b.state('i64.load', { kind: 'slot', record: OP_BASE, add: 0 }), b.record('i64.load32_s', OP_DISP));
    if (this.form !== 'base') {
      const index = b.state('i64.load', { kind: 'slot', record: OP_INDEX, add: 0 });
      sum = b.add(sum, b.shl(index, b.record('i64.load8_u', OP_SCALE)));
    }
    return this.form === 'full32' ? b.and(sum, b.i64(0xffffffffn)) : sum;
  }
  segmentBase(b: Builder): Node {
    return b.state('i64.load', { kind: 'slot', record: OP_SEGMENT, add: 0 });
  }
  immediate32(b: Builder): Node {
    return b.record('i32.load', OP_IMM);
  }
  immediateHigh(b: Builder): Node {
    return b.record('i32.load', OP_IMM + 4);
  }
  immediate64(b: Builder): Node {
    return b.record('i64.load', OP_IMM);
  }
  thisIp(b: Builder): Node {
    return b.record('i64.load32_u', OP_IP);
  }
  nextIp(b: Builder): Node {
    return b.add(b.record('i64.load32_u', OP_IP), b.record('i64.load8_u', OP_LENGTH));
  }
}
