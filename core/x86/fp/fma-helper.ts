/** FMA instructions on operands in memory: elements in turn, exceptions of all of them before anything is written. */
import type { AddressSpace } from '../../mem/address-space.ts';
import { VEC_XF } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { Vcpu } from '../../vcpu/vcpu.ts';
import { fma, NEGATE_ADDEND } from './fma.ts';
import { FpContext, FpNumber, PRE_COMPUTATION, setZero } from './number.ts';
import { F32, F64 } from './sse-ops.ts';

/** Bits of an operation's code, above the two that negate (fma.ts). */
export const FMA_DOUBLE = 4;
/** The sign of the addend alternates: VFMADDSUB and VFMSUBADD. */
export const FMA_ALTERNATES = 8;
/** Elements, from here on. */
export const FMA_LANES_SHIFT = 4;

const ctx = new FpContext(false);
const operands = [new FpNumber(), new FpNumber(), new FpNumber()] as const;
const r = new FpNumber();
const pending = new DataView(new ArrayBuffer(32));

/** dst = ±(a·b) ± c by offsets; 0, or #XF's vector with nothing written. */
export function fmaOp(space: AddressSpace, code: number, dst: number, a: number, b: number, c: number): number {
  const { dv } = space;
  const mxcsr = space.i32[st.mxcsr.offset >> 2]!;
  const element = code & FMA_DOUBLE ? F64 : F32;
  const lanes = code >> FMA_LANES_SHIFT;
  ctx.rounding = (mxcsr >> 13) & 3;
  ctx.masks = (mxcsr >> 7) & 0x3f;
  ctx.daz = (mxcsr & 0x40) !== 0;
  ctx.ftz = (mxcsr & 0x8000) !== 0;
  ctx.target = element.target!;
  let found = 0;
  for (let i = 0; i < lanes; i++) {
    [a, b, c].forEach((off, k) => {
      const n = operands[k]!;
      element.load(dv, off + i * element.bytes, n);
      if (n.denormal !== 0 && ctx.daz) setZero(n, n.sign);
    });
    ctx.begin();
    const kind = (code & 3) ^ (code & FMA_ALTERNATES && i & 1 ? NEGATE_ADDEND : 0);
    fma(operands[0], operands[1], operands[2], kind, r, ctx);
    found |= ctx.flags;
    element.store(pending, i * element.bytes, r);
  }
  const unmasked = found & ~ctx.masks;
  const flags = unmasked & PRE_COMPUTATION ? found & PRE_COMPUTATION : found;
  if (flags & ~mxcsr) new Vcpu(space).mxcsr = mxcsr | flags;
  if (unmasked) return VEC_XF;
  for (let i = 0; i < lanes * element.bytes; i += 4) dv.setInt32(dst + i, pending.getInt32(i, true), true);
  return 0;
}
