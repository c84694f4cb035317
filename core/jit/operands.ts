/** The operands of one decoded instruction, known when a region is translated. */

import { registerOffset } from '../interp/write-record.ts';
import type { Builder } from '../ir/builder.ts';
import type { JumpTarget, Node, Place } from '../ir/ir.ts';
import type { AddressForm, OperandSource } from '../lift/operand-source.ts';
import * as st from '../vcpu/state.ts';
import type { Insn } from '../x86/decoder.ts';

/** Reads the decoder's instruction object at once: use it before the next one is decoded. */
export class InsnOperands implements OperandSource {
  readonly form: AddressForm;
  readonly jumpTarget: JumpTarget;
  private readonly ip: number;
  private readonly insn: Insn;

  constructor(ip: number, insn: Insn, form: AddressForm) {
    this.ip = ip;
    this.insn = insn;
    this.form = form;
    this.jumpTarget = { kind: 'address', address: (ip + insn.length + insn.immLow) >>> 0 };
  }

  register(i: number): Place {
    const { insn } = this;
    if (i === 3) return { kind: 'fixed', offset: st.xmmOffset((insn.immLow >> 4) & 15) };
    return { kind: 'fixed', offset: registerOffset(insn.enc.operands[i]!, insn) };
  }
  private gpr(b: Builder, index: number): Node {
    return b.state('i64.load', { kind: 'fixed', offset: st.gprOffset(index) });
  }
  offset(b: Builder): Node {
    const { insn } = this;
    if (insn.isRipRelative) {
      const address = this.ip + insn.length + insn.displacement;
      return b.i64(this.form === 'full32' || this.form === 'absolute' ? BigInt(address >>> 0) : BigInt(address));
    }
    let sum: Node | undefined;
    if (insn.base >= 0) sum = this.gpr(b, insn.base);
    if (insn.index >= 0) {
      const index = this.gpr(b, insn.index);
      const scaled = insn.scale === 0 ? index : b.shl(index, b.i64(insn.scale));
      sum = sum ? b.add(sum, scaled) : scaled;
    }
    const displacement = b.i64(insn.displacement);
    const address = sum ? b.add(sum, displacement) : displacement;
    return this.form === 'full32' ? b.and(address, b.i64(0xffff_ffffn)) : address;
  }
  segmentBase(b: Builder): Node {
    const { segment } = this.insn;
    if (segment === 'none') return b.i64(0);
    return b.state('i64.load', { kind: 'fixed', offset: (segment === 'fs' ? st.fsBase : st.gsBase).offset });
  }
  immediate32(b: Builder): Node {
    return b.i32(this.insn.immLow);
  }
  immediateHigh(b: Builder): Node {
    return b.i32(this.insn.immHigh);
  }
  immediate64(b: Builder): Node {
    return b.i64((BigInt(this.insn.immHigh) << 32n) | BigInt(this.insn.immLow >>> 0));
  }
  thisIp(b: Builder): Node {
    return b.i64(this.ip);
  }
  nextIp(b: Builder): Node {
    return b.i64(this.ip + this.insn.length);
  }
}
