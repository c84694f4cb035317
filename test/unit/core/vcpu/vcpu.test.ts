import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../core/mem/address-space.ts';
import { JUMP_CACHE } from '../../../../core/mem/layout.ts';
import * as st from '../../../../core/vcpu/state.ts';
import { CONTEXT_SIZE, FLAG_AC, FLAG_TF, Vcpu } from '../../../../core/vcpu/vcpu.ts';

const create = (): Vcpu => new Vcpu(new AddressSpace(1 << 20));

describe('state', () => {
  it('has fields that do not overlap, are aligned, and end before what follows', () => {
    const sorted = [...st.fields].sort((a, b) => a.offset - b.offset);
    const problems = sorted.filter((f, i) => {
      const next = sorted[i + 1];
      const end = f.offset + f.stride * f.count;
      return (next !== undefined && end > next.offset) || f.offset % Math.min(f.stride & -f.stride, 16) !== 0;
    });
    expect(problems.map((f) => f.name)).toEqual([]);
    expect(st.STATE_END).toBeLessThan(JUMP_CACHE);
    // Offsets of registers are 16-bit fields of op records.
    expect(st.STATE_END).toBeLessThan(0x1_0000);
  });

  it('keeps the fields of a thread together', () => {
    const inContext = st.fields.filter((f) => f.offset >= st.CONTEXT_START && f.offset < st.CONTEXT_END);
    expect(inContext.map((f) => f.name)).toEqual(st.fields.filter((f) => f.scope === 'thread').map((f) => f.name));
  });

  it('names its places', () => {
    expect([st.zf.offset, st.gprOffset(4), st.gprOffset(0) + 1, st.xmmOffset(3), 0].map(st.fieldName)).toEqual([
      'zf',
      'gpr[4]',
      'gpr[0]+1',
      'ymm[3]',
      undefined,
    ]);
  });
});

describe('Vcpu', () => {
  it('keeps registers as numbers where they are exact, else as bigint', () => {
    const vcpu = create();
    const values = [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32 + 5, 2 ** 52, -(2 ** 40)];
    for (const value of values) {
      vcpu.setGprNumber(3, value);
      expect(vcpu.gpr(3)).toBe(BigInt.asUintN(64, BigInt(value)));
    }
    vcpu.setGpr(3, 0x1234_5678_9abc_def0n);
    expect(vcpu.gprNumber(3)).toBe(Number(0x1234_5678_9abc_def0n));
    vcpu.rip = 0x7fff_ffff_f123;
    expect([vcpu.rip, vcpu.getU64(st.rip)]).toEqual([0x7fff_ffff_f123, 0x7fff_ffff_f123n]);
  });

  it('tells the flags that change how instructions run', () => {
    const vcpu = create();
    vcpu.reset();
    expect(vcpu.modeFlags).toBe(0);
    vcpu.rflags = FLAG_TF | FLAG_AC | 0x8d5;
    expect([vcpu.modeFlags, vcpu.rflags]).toEqual([FLAG_TF | FLAG_AC, FLAG_TF | FLAG_AC | 0xad7]);
  });

  it('starts as after execve: registers 0, flags clear but IF, FP as FNINIT leaves it', () => {
    const vcpu = create();
    vcpu.space.u8.fill(0xff, st.CONTEXT_START, st.CONTEXT_END);
    vcpu.reset();
    expect([vcpu.gpr(0), vcpu.rflags, vcpu.mxcsr, vcpu.getI32(st.fcw), vcpu.getI32(st.fpEmpty)]).toEqual([
      0n,
      0x202,
      0x1f80,
      0x37f,
      0xff,
    ]);
  });

  it('saves and loads a context without what belongs to the engine', () => {
    const vcpu = create();
    const context = new Uint8Array(CONTEXT_SIZE);
    vcpu.setGpr(5, 77n);
    vcpu.saveContext(context);
    vcpu.setGpr(5, 1n);
    vcpu.setI32(st.exitReason, 3);
    vcpu.loadContext(context);
    expect([vcpu.gpr(5), vcpu.getI32(st.exitReason)]).toEqual([77n, 3]);
  });
});
