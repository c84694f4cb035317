/** String instructions with a repeat prefix, one iteration at a time: what TF makes of them (SDM vol. 3, 17.3.1.4). */
import type { AddressSpace } from '../mem/address-space.ts';
import * as st from '../vcpu/state.ts';
import type { Insn } from '../x86/decoder.ts';

/** `none`: not repeated; `done`: the count is 0 and there is nothing to do; else the prefix, taken off `insn`. */
export type Repetition = 'none' | 'done' | 'rep' | 'repne';

function count(space: AddressSpace, insn: Insn): bigint {
  const value = space.dv.getBigUint64(st.gprOffset(st.RCX), true);
  return insn.addressSize === 32 ? value & 0xffff_ffffn : value;
}

/** Turns a repeated instruction into its single form. */
export function beginRepeated(space: AddressSpace, insn: Insn): Repetition {
  const { repeat } = insn;
  if (insn.enc.rep === undefined || repeat === 'none') return 'none';
  if (count(space, insn) === 0n) return 'done';
  insn.repeat = 'none';
  return repeat;
}

/** Counts the iteration; true when another one is to follow. */
export function endRepeated(space: AddressSpace, insn: Insn, repeat: Repetition): boolean {
  if (repeat === 'done') return false;
  const left = count(space, insn) - 1n;
  space.dv.setBigUint64(st.gprOffset(st.RCX), left, true);
  if (left === 0n) return false;
  const isZero = space.dv.getBigUint64(st.zf.offset, true) === 0n;
  return insn.enc.rep === 'rep' || isZero === (repeat === 'rep');
}
