/** TF and AC; test/guest/cpu-traps.test.ts compares them with a real CPU. */
import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../../../core/mem/layout.ts';
import { RCX, RDI, RSI, RSP } from '../../../../core/vcpu/state.ts';
import { FLAG_AC, FLAG_TF } from '../../../../core/vcpu/vcpu.ts';
import { BareCpu, DATA, READ, WRITE } from '../../../support/bare-cpu.ts';

const DB = '#1';
const AC = '#17';
const STACK = DATA + PAGE_SIZE;

const shared = new BareCpu();
shared.map(DATA, 1, READ | WRITE);

function machine(code: string, flags = 0): BareCpu {
  const cpu = shared.next(code).set({ [RSP]: STACK, [RDI]: DATA + 1, [RSI]: DATA + 512 });
  cpu.vcpu.rflags |= flags;
  return cpu;
}

/** Runs until an exit that is no single step; offsets after each step, then the exit. */
function steps(cpu: BareCpu): (number | string)[] {
  const list: (number | string)[] = [];
  for (let i = 0; i < 100; i++) {
    const exit = cpu.run();
    if (exit !== DB) return [...list, exit];
    list.push(cpu.offset);
  }
  return list;
}

describe('TF', () => {
  it('traps behind each instruction, also taken branches', () => {
    // nop; call 1f; syscall; 1: ret
    expect(steps(machine('90 e8 02 00 00 00 0f 05 c3', FLAG_TF))).toEqual([1, 8, 6, 'syscall']);
  });

  it('traps behind each iteration of a repeated instruction', () => {
    const cpu = machine('f3 a4 0f 05', FLAG_TF).set({ [RCX]: 3 });
    expect(steps(cpu)).toEqual([0, 0, 2, 'syscall']);
    expect(cpu.gpr(RDI)).toBe(BigInt(DATA + 4));
    expect(steps(machine('f3 aa 0f 05', FLAG_TF).set({ [RCX]: 0 }))).toEqual([2, 'syscall']);
  });

  it('set by POPF traps behind the next instruction; cleared by POPF a last time', () => {
    // pushf; or dword [rsp], 100h; popf; nop; nop; pushf; and dword [rsp], ~100h; popf; nop; syscall
    const cpu = machine('9c 81 0c 24 00 01 00 00 9d 90 90 9c 81 24 24 ff fe ff ff 9d 90 0f 05');
    expect(steps(cpu)).toEqual([10, 11, 12, 19, 20, 'syscall']);
  });

  it('gives way to faults', () => {
    expect(steps(machine('90 0f 0b', FLAG_TF))).toEqual([1, '#6']);
    expect(steps(machine('90 06', FLAG_TF))).toEqual([1, '#6']);
  });

  it('counts one instruction for a step', () => {
    expect(machine('90 90 90', FLAG_TF).engine.run(1000)).toBe(1);
  });
});

describe('AC', () => {
  it('refuses accesses that are not aligned to their size', () => {
    const refuses = (code: string, address: number): boolean => {
      const cpu = machine(`${code} 0f 05`, FLAG_AC).set({ [RDI]: address });
      const exit = cpu.run();
      expect([AC, 'syscall']).toContain(exit);
      if (exit === AC) expect(cpu.offset).toBe(0);
      return exit === AC;
    };
    const refused = (code: string): number[] => [0, 1, 2, 4, 8].filter((offset) => refuses(code, DATA + offset));
    expect(refused('8a 07')).toEqual([]);
    expect(refused('66 8b 07')).toEqual([1]);
    expect(refused('89 07')).toEqual([1, 2]);
    expect(refused('48 8b 07')).toEqual([1, 2, 4]);
    expect(refused('0f 10 07')).toEqual([1, 2, 4, 8]);
    expect(refused('db 2f')).toEqual([1, 2, 4]);
    expect(refused('48 ab')).toEqual([1, 2, 4]);
  });

  it('holds for repeated string instructions', () => {
    const cpu = machine('f3 48 ab 0f 05', FLAG_AC).set({ [RCX]: 2, [RDI]: DATA + 4 });
    expect([cpu.run(), cpu.gpr(RCX)]).toEqual([AC, 2n]);
  });

  it('comes and goes with POPF', () => {
    // mov eax, [rdi]; pushf; or dword [rsp], 40000h; popf; mov eax, [rdi]
    const cpu = machine('8b 07 9c 81 0c 24 00 00 04 00 9d 8b 07');
    expect([cpu.run(), cpu.offset]).toEqual([AC, 11]);
    // pushf; and dword [rsp], ~40000h; popf; mov eax, [rdi]; syscall
    expect(machine('9c 81 24 24 ff ff fb ff 9d 8b 07 0f 05', FLAG_AC).run()).toBe('syscall');
  });

  it('leaves page faults what they are', () => {
    const cpu = machine('8b 07', FLAG_AC).set({ [RDI]: 0x10_0000 });
    expect(cpu.run()).toBe('#14 error 4 at 0x100000');
  });
});
