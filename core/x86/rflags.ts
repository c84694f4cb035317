/** RFLAGS as a whole, in IR: for PUSHF, LAHF and SYSCALL (SDM vol. 1, 3.4.3). */
import type { Node } from '../ir/ir.ts';
import * as st from '../vcpu/state.ts';
import type { LiftContext } from './lift-context.ts';

/** All of RFLAGS that user mode sees, i32. */
export function readFlags(c: LiftContext): Node {
  const { b } = c;
  const at = (bit: Node, position: number): Node => b.shl(bit, b.i32(position));
  const system = b.or(c.field(st.systemFlags), b.i32(0x202));
  return [
    at(c.getPf(), 2),
    at(c.getAf(), 4),
    at(c.getZf(), 6),
    at(c.getSf(), 7),
    at(c.field(st.df), 10),
    at(c.getOf(), 11),
    system,
  ].reduce((sum, bit) => b.or(sum, bit), c.getCf());
}
