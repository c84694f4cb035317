import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_BASE } from '../../../../../core/mem/layout.ts';
import * as st from '../../../../../core/vcpu/state.ts';
import { x87Op } from '../../../../../core/x86/fp/x87.ts';
import { Random } from '../../../../diff/isa/random.ts';
import { BareCpu, CODE, DATA, hexBytes, READ, WRITE } from '../../../../support/bare-cpu.ts';
import { testSeed } from '../../../../support/seed.ts';

/** ModRM bytes of register forms by opcode, and of memory forms with RSI as base. */
const REGISTER_FORMS: Record<string, string> = {
  d8: 'c1 ca d3 d9 e2 ea f1 fb',
  d9: 'c0 c3 c9 cb e0 e1 e4 e5 e8 e9 ea eb ec ed ee fa fc',
  da: 'c1 c9 d1 e9',
  db: 'c1 e9 f1 f2',
  dc: 'c1 ca e2 ea f1 fb',
  dd: 'd1 d8 d9 e1 e9',
  de: 'c1 ca d9 e2 ea f1 fb',
  df: 'e9 f1',
};
const MEMORY_FORMS: Record<string, string> = {
  d8: '06 0e 16 1e 26 2e 36 3e',
  d9: '06 16 1e 2e',
  da: '06 0e 16 1e 26 2e 36 3e',
  db: '06 0e 16 1e 2e 3e',
  dc: '06 0e 16 1e 26 2e 36 3e',
  dd: '06 0e 16 1e',
  de: '06 0e 16 1e 26 2e 36 3e',
  df: '06 0e 16 1e 2e 3e',
};

/** Instructions as `opcode modrm`. */
const instructions = [REGISTER_FORMS, MEMORY_FORMS].flatMap((forms) =>
  Object.entries(forms).flatMap(([opcode, list]) => list.split(' ').map((modrm) => `${opcode} ${modrm}`)),
);
const CASES = 300;

const X87_START = st.fcw.offset;
const X87_END = st.fprOffset(8);

describe('x87 routines', () => {
  const cpu = new BareCpu();
  const { space, vcpu } = cpu;
  const r = new Random(testSeed());
  const operand = GUEST_BASE + DATA;

  beforeAll(() => {
    cpu.map(DATA, 1, READ | WRITE);
    // Every instruction, with a SYSCALL behind it.
    cpu.load(instructions.map((bytes) => `${bytes} 0f 05`).join(' '));
  });

  /** Mostly numbers of similar size, whose sums cancel and whose quotients are exact now and then. */
  const number = (): bigint => {
    if (r.chance(30)) return r.extended();
    const sign = BigInt(r.below(2)) << 79n;
    const fraction = r.chance(50) ? r.u64() >> 1n : BigInt(r.below(64)) << 57n;
    return sign | (BigInt(16383 - 4 + r.below(r.chance(50) ? 4 : 70)) << 64n) | (1n << 63n) | fraction;
  };

  const fill = (): void => {
    vcpu.setI32(st.fcw, r.chance(70) ? 0x37f : 0x340 | (r.below(4) << 10) | (r.chance(80) ? 0x3f : r.below(64)));
    vcpu.setI32(st.fsw, r.u32() & 0x473f & (r.chance(80) ? 0x4720 : 0x473f) & vcpu.getI32(st.fcw));
    vcpu.setI32(st.fpTop, r.below(8));
    vcpu.setI32(st.fpEmpty, r.chance(60) ? 0x01 << ((vcpu.getI32(st.fpTop) + 7) & 7) : r.below(256));
    for (let i = 0; i < 8; i++) {
      const value = number();
      space.dv.setBigUint64(st.fprOffset(i), value & 0xffff_ffff_ffff_ffffn, true);
      space.dv.setUint16(st.fprOffset(i) + 8, Number(value >> 64n), true);
    }
    const memory = r.chance(40)
      ? number()
      : r.chance(50)
        ? r.double()
        : BigInt(r.single() >>> 0) | (r.integer() << 32n);
    space.dv.setBigUint64(operand, memory & 0xffff_ffff_ffff_ffffn, true);
    space.dv.setUint16(operand + 8, Number(memory >> 64n), true);
    vcpu.setGpr(st.RSI, BigInt(DATA));
  };

  const outcome = (): string =>
    [space.u8.slice(X87_START, X87_END), space.u8.slice(operand, operand + 10), vcpu.rflags & 0x8d5]
      .map((part) => (typeof part === 'number' ? part.toString(16) : Buffer.from(part).toString('hex')))
      .join(' ');

  it.each(instructions.map((bytes, i) => [bytes, CODE + 4 * i] as const))(
    '%s does what the exact helper does',
    (bytes, at) => {
      const [opcode, modrm] = hexBytes(bytes) as unknown as [number, number];
      const differences: string[] = [];
      for (let n = 0; n < CASES; n++) {
        vcpu.reset();
        fill();
        const before = space.u8.slice(st.CONTEXT_START, st.CONTEXT_END);
        const memory = space.u8.slice(operand, operand + 10);
        vcpu.rip = at;
        const exit = cpu.run();
        const given = outcome();
        space.u8.set(before, st.CONTEXT_START);
        space.u8.set(memory, operand);
        vcpu.rip = at;
        const condition = { c1: 2, c9: 4, d1: 6 }[bytes.slice(3)];
        const holds = opcode === 0xda && condition === 2 ? vcpu.rflags & 1 : 0;
        const isMemory = modrm < 0xc0;
        const selector = ((opcode & 7) << 8) | (isMemory ? modrm & 0x38 : modrm);
        const vector = x87Op(space, selector, isMemory ? operand : opcode === 0xdb ? 1 : holds);
        if (exit !== (vector === 0 ? 'syscall' : `#${vector} error 0`)) differences.push(`${exit} for ${vector}`);
        else if (vector === 0 && outcome() !== given) differences.push(`${given}\n${outcome()}`);
      }
      expect(differences).toEqual([]);
    },
  );
});
