/** Translated code against tier 0: the same programs, with everything translated at once. Code is given as hex bytes. */
import { describe, expect, it } from 'vitest';
import type { TranslatorStatistics } from '../../../../core/vcpu/engine.ts';
import { RAX, RBX, RCX, RDI, RDX, RSI, RSP } from '../../../../core/vcpu/state.ts';
import { BareCpu, CODE, DATA, EXEC, READ, WRITE } from '../../../support/bare-cpu.ts';

const STACK = 0x90_0000;

function cpus(code: string, registers: Record<number, number | bigint> = {}): { tier0: BareCpu; tier1: BareCpu } {
  const make = (jit: 'off' | 'always'): BareCpu => {
    const cpu = new BareCpu(64 << 20, jit);
    cpu.map(DATA, 4, READ | WRITE);
    cpu.space.raw(DATA, 256).set(Array.from({ length: 256 }, (_, i) => (i * 7 + 1) & 0xff));
    cpu.map(STACK - 0x4000, 4, READ | WRITE);
    return cpu.load(code).set({ [RSP]: STACK - 0x100, ...registers });
  };
  return { tier0: make('off'), tier1: make('always') };
}

const registersOf = (cpu: BareCpu): string[] =>
  [...Array(16).keys()].map((i) => cpu.vcpu.gpr(i).toString(16)).concat(cpu.vcpu.rip.toString(16));
const translator = (cpu: BareCpu): TranslatorStatistics => cpu.engine.statistics.translator!;

/** Runs both to their exit; they must agree on registers, flags and data. */
function expectSame(code: string, registers: Record<number, number | bigint> = {}, budget = 100_000): BareCpu {
  const { tier0, tier1 } = cpus(code, registers);
  const [expected, actual] = [tier0, tier1].map((cpu) => ({
    exit: cpu.run(budget),
    registers: registersOf(cpu),
    flags: cpu.vcpu.rflags,
    data: [...cpu.space.raw(DATA, 256)],
    stack: [...cpu.space.raw(STACK - 0x200, 0x200)],
  }));
  expect(actual).toEqual(expected);
  expect(translator(tier1).regions).toBeGreaterThan(0);
  return tier1;
}

describe('tier 1', () => {
  it('runs loops with flags, partial registers and memory as tier 0 does', () => {
    // sum bytes with carries: xor eax,eax; l: mov dl,[rdi]; add al,dl; adc ah,0; inc rdi; dec rcx; jnz l; syscall
    expectSame('31 c0 8a 17 00 d0 80 d4 00 48 ff c7 48 ff c9 75 f1 0f 05', {
      [RDI]: DATA,
      [RCX]: 200,
      [RDX]: 0x1122_3344_55ff,
    });
    // fnv: mov eax,811c9dc5h; l: mov edx,ecx; and edx,ffh; xor eax,edx; imul eax,eax,1000193h; dec ecx; jne l; syscall
    expectSame('b8 c5 9d 1c 81 89 ca 81 e2 ff 00 00 00 31 d0 69 c0 93 01 00 01 ff c9 75 ee 0f 05', { [RCX]: 1000 });
    // nested loops: outer counts rbx, inner stores: l1: mov rcx,8; l2: mov [rdi+rcx*8-8],rcx; dec rcx; jnz l2; dec rbx; jnz l1; syscall
    expectSame('48 c7 c1 08 00 00 00 48 89 4c cf f8 48 ff c9 75 f6 48 ff cb 75 ea 0f 05', { [RDI]: DATA, [RBX]: 5 });
  });

  it('keeps vector registers over helpers in loops', () => {
    // l: movdqa xmm0,[rdi]; pcmpistri xmm0,[rsi],1ah; paddb xmm0,xmm0; movdqa xmm3,xmm0; dec r8; jnz l;
    // pcmpistri xmm3,[rsi],1ah; movdqa [rdi+32],xmm3; syscall
    expectSame(
      '66 0f 6f 07 66 0f 3a 63 06 1a 66 0f fc c0 66 0f 6f d8 49 ff c8 75 e9 66 0f 3a 63 1e 1a 66 0f 7f 5f 20 0f 05',
      { [RDI]: DATA, [RSI]: DATA + 64, 8: 3 },
    );
  });

  it('calls and returns, also by recursion and to addresses that no call left', () => {
    // fib(rdi): call f; syscall; f: cmp edi,1; jle base; push rdi; dec edi; call f; pop rdi; push rax; sub edi,2; call f; pop rdx; add rax,rdx; ret; base: mov eax,edi; ret
    const fib =
      'e8 02 00 00 00 0f 05 83 ff 01 7e 19 57 ff cf e8 f3 ff ff ff 5f 50 83 ef 02 e8 e9 ff ff ff 5a 48 01 d0 c3 90 90 89 f8 c3';
    const cpu = expectSame(fib, { [RDI]: 12 }, 1_000_000);
    expect(cpu.vcpu.gpr(RAX)).toBe(144n);
    // call f; syscall; f: add qword [rsp],2 (skips nothing there); ret → behind the syscall: hlt faults
    expectSame('e8 02 00 00 00 0f 05 48 83 04 24 00 c3');
    expectSame('e8 04 00 00 00 0f 05 0f 05 48 83 04 24 02 c3');
  });

  it('faults with the registers of the faulting instruction', () => {
    // l: inc rax; mov rdx,[rdi]; add rdi,800h; jmp l: runs off the mapped pages
    expectSame('48 ff c0 48 8b 17 48 81 c7 00 08 00 00 eb f1', { [RDI]: DATA });
    // l: inc rax; mov [rdi],rax; add rdi,ff8h (crosses pages in the end); jmp l
    expectSame('48 ff c0 48 89 07 48 81 c7 f8 0f 00 00 eb f1', { [RDI]: DATA + 4 });
    // xor ecx,ecx; inc eax; div ecx
    expectSame('31 c9 ff c0 f7 f1', { [RAX]: 5 });
    // A wild and a non-canonical address: mov eax,[rsi]
    expectSame('ff c0 8b 06 0f 05', { [RSI]: 0x7fff_ffff_0000 });
    expectSame('ff c0 8b 06 0f 05', { [RSI]: 0x8000_0000_0000_0000n });
  });

  it('stops when the budget is used up, in loops and in recursion, and goes on from there', () => {
    for (const code of ['48 ff c0 eb fb', 'e8 00 00 00 00 48 ff c0 48 83 c4 08 eb f2']) {
      const { tier1 } = cpus(code);
      for (let i = 0; i < 5; i++) {
        const before = tier1.vcpu.gpr(RAX);
        expect(tier1.run(1000)).toBe('budget');
        expect(Number(tier1.vcpu.gpr(RAX) - before)).toBeGreaterThan(100);
      }
    }
  });

  it('counts instructions as tier 0 does', () => {
    const { tier0, tier1 } = cpus('8a 17 00 d0 80 d4 00 48 ff c7 48 ff c9 75 f1 0f 05', { [RDI]: DATA, [RCX]: 100 });
    for (const cpu of [tier0, tier1]) cpu.run();
    expect(tier1.engine.statistics.instructions).toBe(tier0.engine.statistics.instructions);
  });

  it('drops translations whose code changes, or goes away', () => {
    const { tier1 } = cpus('b8 01 00 00 00 0f 05');
    expect(tier1.run()).toBe('syscall');
    expect(tier1.vcpu.gpr(RAX)).toBe(1n);
    tier1.load('b8 02 00 00 00 0f 05', CODE);
    expect(tier1.run()).toBe('syscall');
    expect(tier1.vcpu.gpr(RAX)).toBe(2n);
    expect(translator(tier1).dropped).toBeGreaterThan(0);
  });

  it('sees code that a program writes for itself', () => {
    const make = (jit: 'off' | 'always'): BareCpu => {
      const cpu = new BareCpu(64 << 20, jit);
      cpu.map(CODE, 1, READ | WRITE | EXEC);
      // l: mov al,imm8 (changed below); inc byte [rip-7]→the imm; dec rcx; jnz l; syscall
      return cpu
        .load('b0 01 00 c3 fe 05 f7 ff ff ff 48 ff c9 75 f1 0f 05', CODE, READ | WRITE | EXEC)
        .set({ [RCX]: 20, [RBX]: 0 });
    };
    const [tier0, tier1] = [make('off'), make('always')] as const;
    for (const cpu of [tier0, tier1]) expect(cpu.run()).toBe('syscall');
    expect(registersOf(tier1)).toEqual(registersOf(tier0));
    expect(tier1.vcpu.gpr(RBX) & 0xffn).toBe(210n);
  });
});
