import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import { GUEST_BASE } from '../../../../core/mem/layout.ts';
import {
  restoreFxsave,
  restoreXsave,
  saveFxsave,
  saveXsave,
  XFEATURE_SSE,
  XFEATURE_X87,
} from '../../../../core/vcpu/fxsave.ts';
import * as st from '../../../../core/vcpu/state.ts';
import { Vcpu } from '../../../../core/vcpu/vcpu.ts';

const AREA = GUEST_BASE + 0x1000;

/** The state after `finit; fld1; fldpi` with MXCSR 0x5f80. */
function prepare(): { space: AddressSpace; vcpu: Vcpu } {
  const space = new AddressSpace(1 << 20);
  const vcpu = new Vcpu(space);
  vcpu.reset();
  vcpu.setI32(st.fpTop, 6);
  vcpu.setI32(st.fpEmpty, 0x3f);
  space.dv.setBigUint64(st.fprOffset(6), 0xc90f_daa2_2168_c235n, true);
  space.dv.setUint16(st.fprOffset(6) + 8, 0x4000, true);
  space.dv.setBigUint64(st.fprOffset(7), 1n << 63n, true);
  space.dv.setUint16(st.fprOffset(7) + 8, 0x3fff, true);
  vcpu.mxcsr = 0x5f80;
  space.dv.setBigUint64(st.xmmOffset(15), 0x1122_3344_5566_7788n, true);
  return { space, vcpu };
}

const hex = (space: AddressSpace, at: number, len: number): string =>
  Buffer.from(space.u8.slice(AREA + at, AREA + at + len)).toString('hex');

const XCR0 = XFEATURE_X87 | XFEATURE_SSE;

describe('FXSAVE image', () => {
  it('equals that of a real processor', () => {
    const { space } = prepare();
    saveFxsave(space, AREA);
    expect([hex(space, 0, 6), hex(space, 24, 4), hex(space, 32, 32), hex(space, 400, 16)]).toEqual([
      '7f030030c000',
      '805f0000',
      '35c26821a2da0fc900400000000000000000000000000080ff3f000000000000',
      '88776655443322110000000000000000',
    ]);
  });

  it('comes back as it was saved', () => {
    const { space, vcpu } = prepare();
    saveFxsave(space, AREA);
    const before = new Uint8Array(st.CONTEXT_END - st.CONTEXT_START);
    vcpu.saveContext(before);
    vcpu.reset();
    expect(restoreFxsave(space, AREA)).toBe(true);
    const after = new Uint8Array(before.length);
    vcpu.saveContext(after);
    expect(after).toEqual(before);
  });

  it('is refused when it sets reserved bits of MXCSR', () => {
    const { space, vcpu } = prepare();
    saveFxsave(space, AREA);
    space.dv.setUint32(AREA + 24, 0x1_0000, true);
    expect(restoreFxsave(space, AREA)).toBe(false);
    expect(vcpu.mxcsr).toBe(0x5f80);
  });

  it('summarises unmasked x87 exceptions on loading', () => {
    const { space, vcpu } = prepare();
    saveFxsave(space, AREA);
    space.dv.setUint16(AREA, 0x37e, true);
    space.dv.setUint16(AREA + 2, 0x3001, true);
    restoreFxsave(space, AREA);
    expect(vcpu.getI32(st.fsw)).toBe(0x8081);
  });
});

describe('XSAVE image', () => {
  it('initialises the components that it lacks', () => {
    const { space, vcpu } = prepare();
    saveXsave(space, AREA, XCR0);
    space.dv.setUint32(AREA + 512, 0, true);
    expect(restoreXsave(space, AREA, XCR0)).toBe(true);
    expect([vcpu.getI32(st.fpEmpty), vcpu.getU64({ ...st.ymm, offset: st.xmmOffset(15) }), vcpu.mxcsr]).toEqual([
      0xff,
      0n,
      0x5f80,
    ]);
  });

  it.each([
    ['a component that does not exist', 512, 0x200],
    ['reserved header bytes', 528, 1],
    ['a compacted format with unknown components', 520, 0x100],
  ])('is refused with %s', (_what, at, value) => {
    const { space } = prepare();
    saveXsave(space, AREA, XCR0);
    space.dv.setUint32(AREA + at, value, true);
    expect(restoreXsave(space, AREA, XCR0)).toBe(false);
  });

  it('comes back from the compacted format', () => {
    const { space, vcpu } = prepare();
    saveXsave(space, AREA, XCR0, true);
    vcpu.reset();
    expect(restoreXsave(space, AREA, XCR0)).toBe(true);
    expect([vcpu.getI32(st.fpTop), vcpu.mxcsr]).toEqual([6, 0x5f80]);
  });
});
