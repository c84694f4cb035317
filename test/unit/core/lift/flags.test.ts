/** Status flags: kept as the values they follow from, computed when read. */
import { describe, expect, it } from 'vitest';
import { RAX, RBX, RCX } from '../../../../core/vcpu/state.ts';
import { BareCpu } from '../../../support/bare-cpu.ts';

const BITS: Readonly<Record<string, number>> = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, o: 0x800 };

const cpu = new BareCpu();

/** The flags that are set after the code, as letters. */
function flags(code: string, registers: Readonly<Record<number, number | bigint>> = {}, before = ''): string {
  cpu.next(`${code} 0f 05`).set(registers);
  cpu.vcpu.rflags |= [...before].reduce((sum, letter) => sum | BITS[letter]!, 0);
  expect(cpu.run()).toBe('syscall');
  return Object.keys(BITS)
    .filter((letter) => cpu.vcpu.rflags & BITS[letter]!)
    .join('');
}

const ADD = { byte: '00 d8', word: '66 01 d8', long: '01 d8', quad: '48 01 d8' };

describe('additions', () => {
  it('carry and overflow at every width', () => {
    for (const [width, code] of [
      [8n, ADD.byte],
      [16n, ADD.word],
      [32n, ADD.long],
      [64n, ADD.quad],
    ] as const) {
      const all = (1n << width) - 1n;
      const top = 1n << (width - 1n);
      expect(flags(code, { [RAX]: all, [RBX]: 1n })).toBe('cpaz');
      expect(flags(code, { [RAX]: top - 1n, [RBX]: 1n })).toBe(width === 8n ? 'aso' : 'paso');
      expect(flags(code, { [RAX]: top, [RBX]: top })).toBe('cpzo');
      expect(flags(code, { [RAX]: all, [RBX]: all })).toBe(width === 8n ? 'cas' : 'cas');
    }
  });

  it('with a carry in may wrap onto an operand', () => {
    // adc eax, ebx with all ones and carry: the sum equals EAX, and there is a carry.
    expect(flags('11 d8', { [RAX]: 5, [RBX]: 0xffff_ffff }, 'c')).toBe('cpa');
    expect(flags('11 d8', { [RAX]: 5, [RBX]: 0xffff_ffff })).toBe('ca');
    expect(flags('48 11 d8', { [RAX]: -1n, [RBX]: -1n }, 'c')).toBe('cpas');
    expect(flags('10 d8', { [RAX]: 0x7f, [RBX]: 0 }, 'c')).toBe('aso');
  });
});

describe('subtractions', () => {
  it('borrow and overflow', () => {
    expect(flags('39 d8', { [RAX]: 0, [RBX]: 1 })).toBe('cpas');
    expect(flags('39 d8', { [RAX]: 0x8000_0000n, [RBX]: 1 })).toBe('pao');
    expect(flags('39 d8', { [RAX]: 5, [RBX]: 5 })).toBe('pz');
    expect(flags('38 d8', { [RAX]: 0x100, [RBX]: 1 })).toBe('cpas');
  });

  it('with a borrow in may wrap onto an operand', () => {
    expect(flags('19 d8', { [RAX]: 5, [RBX]: 0xffff_ffff }, 'c')).toBe('cpa');
    expect(flags('19 d8', { [RAX]: 5, [RBX]: 5 }, 'c')).toBe('cpas');
    expect(flags('19 d8', { [RAX]: 5, [RBX]: 4 }, 'c')).toBe('pz');
  });

  it('of NEG borrow unless the operand is 0', () => {
    expect([
      flags('f7 d8', { [RAX]: 0 }),
      flags('f7 d8', { [RAX]: 1 }),
      flags('f7 d8', { [RAX]: 0x8000_0000n }),
    ]).toEqual(['pz', 'cpas', 'cpso']);
  });
});

describe('flags that stay', () => {
  it('are CF in INC and DEC', () => {
    expect([flags('ff c0', { [RAX]: 0xffff_ffff }, 'c'), flags('ff c0', { [RAX]: 0xffff_ffff })]).toEqual([
      'cpaz',
      'paz',
    ]);
    expect(flags('ff c8', { [RAX]: 0 }, 'c')).toBe('cpas');
  });

  it('are all of them in shifts by 0, NOT, MOV, LEA, XCHG', () => {
    for (const code of ['d3 e0', 'c1 e0 20', 'f7 d0', '89 d8', '8d 04 18', '87 d8', '48 d3 c0']) {
      expect(flags(code, { [RCX]: 64 }, 'cpazso')).toBe('cpazso');
    }
  });

  it('are all but CF and OF in rotates', () => {
    expect(flags('d1 c0', { [RAX]: 0x8000_0000n }, 'pazs')).toBe('cpazso');
    expect(flags('d1 c8', { [RAX]: 1 }, 'z')).toBe('czo');
  });

  it('are not CF in BT and ZF in BSF', () => {
    expect(flags('0f ba e0 03', { [RAX]: 8 })).toContain('c');
    expect(flags('0f bc c3', { [RBX]: 8 })).not.toContain('z');
    expect(flags('0f bc c3', { [RBX]: 0 })).toContain('z');
  });
});

describe('parity', () => {
  it('looks at the low byte only', () => {
    expect([flags('0d 00 00 00 00', { [RAX]: 0x0100 }), flags('0d 00 00 00 00', { [RAX]: 0xff07 })]).toEqual(['p', '']);
  });
});

describe('conditions', () => {
  /** Which of the sixteen SETcc give 1. */
  const holding = (before: string): number[] =>
    Array.from({ length: 16 }, (_, code) => code).filter((code) => {
      cpu.next(`0f ${(0x90 + code).toString(16)} c0 0f 05`).set({ [RAX]: 0xff });
      cpu.vcpu.rflags |= [...before].reduce((sum, letter) => sum | BITS[letter]!, 0);
      cpu.run();
      return cpu.gpr(RAX) === 1n;
    });

  it('follow from the flags as the manual says', () => {
    expect(holding('')).toEqual([1, 3, 5, 7, 9, 11, 13, 15]);
    expect(holding('c')).toEqual([1, 2, 5, 6, 9, 11, 13, 15]);
    expect(holding('z')).toEqual([1, 3, 4, 6, 9, 11, 13, 14]);
    expect(holding('s')).toEqual([1, 3, 5, 7, 8, 11, 12, 14]);
    expect(holding('o')).toEqual([0, 3, 5, 7, 9, 11, 12, 14]);
    expect(holding('so')).toEqual([0, 3, 5, 7, 8, 11, 13, 15]);
    expect(holding('p')).toEqual([1, 3, 5, 7, 9, 10, 13, 15]);
  });
});

describe('RFLAGS as a whole', () => {
  it('goes through PUSHF and POPF, LAHF and SAHF', () => {
    // sahf; xor eax, eax; lahf
    cpu.next('9e 31 c0 9f 0f 05').set({ [RAX]: 0xff00 });
    expect(cpu.run()).toBe('syscall');
    // xor clears all but ZF and PF; bit 1 is always set
    expect(cpu.gpr(RAX)).toBe(0x4600n);
    expect(flags('9e', { [RAX]: 0xd700 })).toBe('cpazs');
    expect(flags('9e', { [RAX]: 0 }, 'o')).toBe('o');
  });

  it('keeps every combination of status flags', () => {
    const { vcpu } = cpu;
    for (let i = 0; i < 64; i++) {
      const value = Object.values(BITS).reduce((sum, bit, at) => (i & (1 << at) ? sum | bit : sum), 0x202);
      vcpu.rflags = value;
      expect(vcpu.rflags).toBe(value);
    }
    // What user mode can't change stays: IF set, IOPL and the reserved bits clear.
    vcpu.rflags = 0xffff_ffff;
    expect(vcpu.rflags >>> 0).toBe(0x24_4fd7 | 0);
  });
});
