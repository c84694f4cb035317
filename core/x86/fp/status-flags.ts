/** The outcome of a comparison in RFLAGS, as COMISx and FCOMI set it (SDM vol. 1, table 8-7). */
import type { AddressSpace } from '../../mem/address-space.ts';
import * as st from '../../vcpu/state.ts';
import { EQUAL, LESS, UNORDERED } from './compare.ts';

export function setComparisonFlags(space: AddressSpace, outcome: number): void {
  const { i32 } = space;
  i32[st.cf.offset >> 2] = outcome & (LESS | UNORDERED) ? 1 : 0;
  // Lazy forms of state.ts: PF is set by an even parity, ZF by a zero.
  i32[st.pf.offset >> 2] = outcome & UNORDERED ? 0 : 1;
  i32[st.zf.offset >> 2] = outcome & (EQUAL | UNORDERED) ? 0 : 1;
  i32[(st.zf.offset >> 2) + 1] = 0;
  i32[st.af.offset >> 2] = 0;
  i32[(st.sf.offset >> 2) + 1] = 0;
  i32[(st.of.offset >> 2) + 1] = 0;
}
