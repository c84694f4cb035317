/**
 * Status flags as IR (SDM vol. 1, 3.4.3.1): writes keep the values that flags follow from (core/vcpu/state.ts), reads
 * compute the bit. A condition that directly follows its compare is built from the operands.
 */
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/ir.ts';
import * as st from '../vcpu/state.ts';
import type { Condition, Width } from '../x86/lift-context.ts';

const CC_O = 0;
const CC_B = 2;
const CC_Z = 4;
const CC_BE = 6;
const CC_S = 8;
const CC_P = 10;
const CC_L = 12;
const CC_LE = 14;

/**
 * The last subtraction or comparison, for conditions that follow it: tier 1 builds them from its operands while the flags
 * are still the ones that it wrote. Operands are zero-extended to i32 or i64.
 */
export interface CompareMemory {
  last: { width: Width; a: Node; x: Node; cf: Node; zf: Node; sf: Node; of: Node } | undefined;
}

export class FlagsLifter {
  private readonly b: Builder;
  private readonly compare: CompareMemory | undefined;
  constructor(b: Builder, compare?: CompareMemory) {
    this.b = b;
    this.compare = compare;
  }

  private put(field: st.Field, value: Node): void {
    this.b.put(field.type === 'i32' ? 'i32.store' : 'i64.store', { kind: 'fixed', offset: field.offset }, value);
  }
  private fieldValue(field: st.Field): Node {
    return this.b.state(field.type === 'i32' ? 'i32.load' : 'i64.load', { kind: 'fixed', offset: field.offset });
  }
  /** The low `width` bits, zero-extended in the value's own type. */
  private cut(width: Width, value: Node): Node {
    const { b } = this;
    return width >= 32 ? value : b.and(value, b.i32(width === 8 ? 0xff : 0xffff));
  }

  result(width: Width, value: Node): void {
    const { b } = this;
    const extended = b.signExtend64(value, width);
    this.put(st.zf, extended);
    this.put(st.sf, extended);
    this.put(st.pf, b.wrap(value));
  }

  logic(width: Width, value: Node): void {
    const { b } = this;
    this.result(width, value);
    this.put(st.cf, b.i32(0));
    this.put(st.of, b.i64(0));
    this.put(st.af, b.i32(0));
  }

  /** Carry into each bit shows in a ^ b ^ sum; overflow when both operands differ in sign from the sum. */
  add(width: Width, a: Node, x: Node, sum: Node, carryIn?: Node): void {
    const { b } = this;
    const wide = this.cut(width, sum);
    let carry = b.ltU(wide, a);
    // With a carry in, sum == a also means that it wrapped.
    if (carryIn) carry = b.or(carry, b.and(b.eq(wide, a), carryIn));
    this.put(st.cf, carry);
    this.put(st.of, b.signExtend64(b.and(b.xor(a, sum), b.xor(x, sum)), width));
    this.put(st.af, b.wrap(b.xor(b.xor(a, x), sum)));
    this.result(width, sum);
  }

  sub(width: Width, a: Node, x: Node, difference: Node, borrowIn?: Node): void {
    const { b } = this;
    let borrow = b.ltU(a, x);
    if (borrowIn) borrow = b.or(borrow, b.and(b.eq(a, x), borrowIn));
    this.put(st.cf, borrow);
    const of = b.signExtend64(b.and(b.xor(a, x), b.xor(a, difference)), width);
    this.put(st.of, of);
    this.put(st.af, b.wrap(b.xor(b.xor(a, x), difference)));
    this.result(width, difference);
    if (this.compare === undefined || borrowIn !== undefined) return;
    const zf = this.fieldValue(st.zf);
    this.compare.last = { width, a, x, cf: borrow, zf, sf: this.fieldValue(st.sf), of };
  }

  /** The condition as a comparison of the operands of the last subtraction, if the flags are still its own. */
  private fromCompare(code: number): Node | undefined {
    const { b } = this;
    const last = this.compare?.last;
    if (last === undefined) return undefined;
    const { width, a, x } = last;
    const isZero = this.fieldValue(st.zf) === last.zf;
    const signed = (v: Node): Node => (width >= 32 ? v : b.op(`i32.extend${width}_s`, v));
    const hasSigns = this.fieldValue(st.sf) === last.sf && this.fieldValue(st.of) === last.of;
    switch (code) {
      case CC_Z:
        return isZero ? b.eq(a, x) : undefined;
      case CC_BE:
        return isZero && this.fieldValue(st.cf) === last.cf ? b.leU(a, x) : undefined;
      case CC_L:
        return hasSigns ? b.ltS(signed(a), signed(x)) : undefined;
      default:
        return code === CC_LE && hasSigns && isZero ? b.leS(signed(a), signed(x)) : undefined;
    }
  }

  get(flag: 'c' | 'p' | 'a' | 'z' | 's' | 'o'): Node {
    const { b } = this;
    switch (flag) {
      case 'c':
        return this.fieldValue(st.cf);
      case 'p': {
        const parity = b.op('i32.popcnt', b.and(this.fieldValue(st.pf), b.i32(0xff)));
        return b.and(b.not(parity), b.i32(1));
      }
      case 'a':
        return b.and(b.shrU(this.fieldValue(st.af), b.i32(4)), b.i32(1));
      case 'z':
        return b.eqz(this.fieldValue(st.zf));
      case 's':
        return b.ltS(this.fieldValue(st.sf), b.i64(0));
      case 'o':
        return b.ltS(this.fieldValue(st.of), b.i64(0));
    }
  }

  condition(code: Condition): Node {
    const { b } = this;
    const plain = (): Node => {
      const direct = this.fromCompare(code & ~1);
      if (direct !== undefined) return direct;
      switch (code & ~1) {
        case CC_O:
          return this.get('o');
        case CC_B:
          return this.get('c');
        case CC_Z:
          return this.get('z');
        case CC_BE:
          return b.or(this.get('c'), this.get('z'));
        case CC_S:
          return this.get('s');
        case CC_P:
          return this.get('p');
        case CC_L:
          return this.less();
        default:
          return b.or(this.get('z'), this.less());
      }
    };
    return code & 1 ? b.eqz(plain()) : plain();
  }

  /** SF ≠ OF */
  private less(): Node {
    const { b } = this;
    return b.ltS(b.xor(this.fieldValue(st.sf), this.fieldValue(st.of)), b.i64(0));
  }
}
