/** Fills an op record (core/ir/op-record.ts) from a decoded instruction. */
import {
  OP_BASE,
  OP_DISP,
  OP_HANDLER,
  OP_IMM,
  OP_INDEX,
  OP_IP,
  OP_LENGTH,
  OP_LINK,
  OP_R0,
  OP_SCALE,
  OP_SEGMENT,
  OP_TARGET,
} from '../ir/op-record.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import * as st from '../vcpu/state.ts';
import type { Insn } from '../x86/decoder.ts';
import type { OperandDef } from '../x86/notation.ts';

/** Writes the record at offset `record`; `handler` is the table slot of the instruction's form. */
export function writeRecord(space: AddressSpace, record: number, handler: number, ip: number, insn: Insn): void {
  const { u8, u16, u32, i32 } = space;
  const half = record >> 1;
  u16[half + (OP_HANDLER >> 1)] = handler;
  u16[half + (OP_SEGMENT >> 1)] =
    insn.segment === 'none' ? st.zero.offset : insn.segment === 'fs' ? st.fsBase.offset : st.gsBase.offset;
  u32[(record + OP_IP) >> 2] = ip;
  u8[record + OP_LENGTH] = insn.length;
  const { operands } = insn.enc;
  for (let i = 0; i < operands.length && i < 3; i++) {
    u16[half + (OP_R0 >> 1) + i] = registerOffset(operands[i]!, insn);
  }
  if (insn.mod !== 3) {
    u8[record + OP_SCALE] = insn.scale;
    u16[half + (OP_BASE >> 1)] = insn.base < 0 ? st.zero.offset : st.gprOffset(insn.base);
    u16[half + (OP_INDEX >> 1)] = insn.index < 0 ? st.zero.offset : st.gprOffset(insn.index);
    i32[(record + OP_DISP) >> 2] = insn.displacement;
    // RIP-relative operands become absolute.
    if (insn.isRipRelative) i32[(record + OP_DISP) >> 2] = (ip + insn.length + insn.displacement) | 0;
  }
  const branch = operands.length > 0 && operands[0]!.addressing === 'J';
  if (branch) {
    u32[(record + OP_LINK) >> 2] = 0;
    u32[(record + OP_TARGET) >> 2] = ip + insn.length + insn.immLow;
  } else {
    i32[(record + OP_IMM) >> 2] = insn.immLow;
    i32[(record + OP_IMM + 4) >> 2] = insn.immHigh;
    const named = operands[3]?.addressing === 'L';
    if (named) u16[half + ((OP_IMM + 4) >> 1)] = st.xmmOffset((insn.immLow >> 4) & 15);
  }
}

/** State offset of a register operand; AH CH DH BH are byte 1 of their registers. */
export function registerOffset(o: OperandDef, insn: Insn): number {
  let number: number;
  switch (o.addressing) {
    case 'G':
    case 'V':
    case 'P':
    case 'S':
      number = insn.reg;
      break;
    case 'B':
    case 'H':
      number = insn.vvvv;
      break;
    case 'Z':
      number = insn.opcodeReg;
      break;
    case 'E':
    case 'R':
    case 'W':
    case 'U':
    case 'Q':
    case 'N':
      if (insn.mod !== 3) return st.zero.offset;
      number = insn.rm;
      break;
    case 'STi':
      return insn.rm & 7;
    default:
      return st.zero.offset;
  }
  if ('VWUH'.includes(o.addressing)) return st.xmmOffset(number);
  if ('PQN'.includes(o.addressing)) return st.fprOffset(number & 7);
  if (o.addressing === 'S') return number & 7;
  if (o.size === 'b' && !insn.hasRex && number >= 4) return st.gprOffset(number - 4) + 1;
  return st.gprOffset(number);
}
