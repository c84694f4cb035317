import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../../core/mem/address-space.ts';
import { GUEST_BASE } from '../../../../../core/mem/layout.ts';
import { VEC_MF, VEC_UD } from '../../../../../core/vcpu/exits.ts';
import * as st from '../../../../../core/vcpu/state.ts';
import { Vcpu } from '../../../../../core/vcpu/vcpu.ts';
import { x87EnterMmx, x87LeaveMmx, x87Op } from '../../../../../core/x86/fp/x87.ts';

const MEMORY = GUEST_BASE + 0x1_0000;
const FLD1 = 0x1e8;
const FLD_M64 = 0x500;
const FSTP_M64 = 0x518;
const FDIV_ST1 = 0x0f1;
const FLDCW = 0x128;
const FNSTSW = 0x538;
const FNCLEX = 0x3e2;
const FNSTENV = 0x130;

function freshSpace(): AddressSpace {
  const space = new AddressSpace(1 << 20);
  space.ensure(0x2_0000);
  new Vcpu(space).reset();
  return space;
}

function status(space: AddressSpace): number {
  x87Op(space, FNSTSW, MEMORY + 64);
  return space.dv.getUint16(MEMORY + 64, true);
}

describe('x87Op', () => {
  it('raises a pending exception at the next waiting instruction', () => {
    const space = freshSpace();
    space.dv.setUint16(MEMORY, 0x37b, true); // ZE unmasked
    x87Op(space, FLDCW, MEMORY);
    space.dv.setFloat64(MEMORY, 0, true);
    x87Op(space, FLD_M64, MEMORY);
    x87Op(space, FLD1, 0);
    expect(x87Op(space, FDIV_ST1, 0)).toBe(0);
    expect(status(space)).toBe(0xb084);
    expect(x87Op(space, FLD1, 0)).toBe(VEC_MF);
    expect(x87Op(space, FNCLEX, 0)).toBe(0);
    expect(x87Op(space, FSTP_M64, MEMORY)).toBe(0);
    expect(space.dv.getFloat64(MEMORY, true)).toBe(1);
  });

  it('answers the ninth push with a stack overflow and the indefinite', () => {
    const space = freshSpace();
    for (let i = 0; i < 9; i++) x87Op(space, FLD1, 0);
    expect(status(space)).toBe(0x3a41); // TOP 7, C1, SF, IE
    x87Op(space, FSTP_M64, MEMORY);
    expect(space.dv.getBigUint64(MEMORY, true)).toBe(0xfff8_0000_0000_0000n);
  });

  it('stores the last instruction and its operand in the environment', () => {
    const space = freshSpace();
    const vcpu = new Vcpu(space);
    vcpu.rip = 0x40_1234;
    x87Op(space, FLD_M64, MEMORY);
    vcpu.rip = 0x40_5678;
    x87Op(space, FNSTENV, MEMORY + 32);
    const words = Array.from({ length: 7 }, (_, i) => space.dv.getUint32(MEMORY + 32 + i * 4, true));
    expect(words).toEqual([0xffff_037f, 0xffff_3800, 0xffff_7fff, 0x40_1234, 0x0500_0033, 0x1_0000, 0xffff_0000]);
  });

  it('knows which opcodes do not exist', () => {
    expect(x87Op(freshSpace(), 0x108, MEMORY)).toBe(VEC_UD); // D9 /1
  });

  it('gives MMX all registers, and takes them back', () => {
    const space = freshSpace();
    const tags = (): number[] => [space.i32[st.fpTop.offset >> 2]!, space.i32[st.fpEmpty.offset >> 2]!];
    x87Op(space, FLD1, 0);
    expect(tags()).toEqual([7, 0x7f]);
    x87EnterMmx(space);
    expect(tags()).toEqual([0, 0]);
    x87LeaveMmx(space);
    expect(tags()).toEqual([0, 0xff]);
  });
});
