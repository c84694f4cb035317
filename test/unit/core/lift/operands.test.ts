/** Operands: which parts of registers and memory an instruction reads and writes. */
import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../../../core/mem/layout.ts';
import * as st from '../../../../core/vcpu/state.ts';
import { BareCpu, CODE, DATA, READ, WRITE } from '../../../support/bare-cpu.ts';

const { RAX, RBX, RCX, RDX, RSP, RBP, RSI, RDI } = st;
const ALL = 0xffff_ffff_ffff_ffffn;
const TOP = DATA + PAGE_SIZE;

const shared = new BareCpu();
shared.map(DATA, 1, READ | WRITE);

/** Runs code up to a system call, with fresh registers and data page. */
function run(
  code: string,
  registers: Readonly<Record<number, number | bigint>> = {},
  memory: readonly number[] = [],
): BareCpu {
  shared.next(`${code} 0f 05`).set({ [RSP]: TOP, [RDI]: DATA, ...registers });
  shared.space.raw(DATA, PAGE_SIZE).fill(0);
  shared.space.raw(DATA, memory.length).set(memory);
  expect(shared.run()).toBe('syscall');
  return shared;
}

const memoryOf = (cpu: BareCpu, len: number, at = DATA): number[] => [...cpu.space.raw(at, len)];

describe('general registers', () => {
  it('are cleared above 32 bits, and merged below', () => {
    expect(run('b8 78 56 34 12', { [RAX]: ALL }).gpr(RAX)).toBe(0x12345678n);
    expect(run('66 b8 34 12', { [RAX]: ALL }).gpr(RAX)).toBe(0xffff_ffff_ffff_1234n);
    expect(run('b0 12', { [RAX]: ALL }).gpr(RAX)).toBe(0xffff_ffff_ffff_ff12n);
    expect(run('b4 12', { [RAX]: ALL }).gpr(RAX)).toBe(0xffff_ffff_ffff_12ffn);
    // With REX the same number is SPL.
    expect(run('40 b5 12 48 89 e8', { [RBP]: ALL }).gpr(RAX)).toBe(0xffff_ffff_ffff_ff12n);
  });

  it('are cleared above 32 bits also when a conditional instruction does nothing', () => {
    // cmp eax, eax; cmovne ebx, ecx
    expect(run('39 c0 0f 45 d9', { [RBX]: ALL, [RCX]: 0 }).gpr(RBX)).toBe(0xffff_ffffn);
    // shl ebx, cl by 0
    expect(run('d3 e3', { [RBX]: ALL, [RCX]: 32 }).gpr(RBX)).toBe(0xffff_ffffn);
    // cmpxchg ebx, edx that fails: EAX is loaded, EBX keeps all bits
    const cpu = run('0f b1 d3', { [RAX]: ALL << 32n, [RBX]: ALL, [RDX]: 1 });
    expect([cpu.gpr(RAX), cpu.gpr(RBX)]).toEqual([0xffff_ffffn, ALL]);
  });

  it('of bytes include AH CH DH BH as sources', () => {
    expect(run('0f b6 c7', { [RBX]: 0x1234 }).gpr(RAX)).toBe(0x12n);
    expect(run('0f be c7', { [RBX]: 0x8000 }).gpr(RAX)).toBe(0xffff_ff80n);
    expect(run('48 0f be c3', { [RBX]: 0x80 }).gpr(RAX)).toBe(0xffff_ffff_ffff_ff80n);
  });

  it('may be both operands', () => {
    expect(run('48 87 db', { [RBX]: 5 }).gpr(RBX)).toBe(5n);
    // xadd ebx, ebx: the sum wins
    expect(run('0f c1 db', { [RBX]: 5 }).gpr(RBX)).toBe(10n);
    // mulx rbx, rbx, rdi: the high half wins
    expect(run('c4 e2 e3 f6 df', { [RDI]: ALL, [RDX]: ALL }).gpr(RBX)).toBe(ALL - 1n);
    // div by what the dividend is in
    expect(run('f7 f0', { [RAX]: 7, [RDX]: 0 }).gpr(RAX)).toBe(1n);
  });
});

describe('memory operands', () => {
  it('wrap at 64 bits, and at 32 with an address-size prefix', () => {
    const at = { [RBX]: BigInt(DATA) - 0x100n, [RCX]: 0x40 };
    expect(run('8b 04 8b', at, [1, 2, 3, 4]).gpr(RAX)).toBe(0x04030201n);
    // mov eax, [rbx - 1] with RBX wrapped around
    expect(run('8b 83 00 00 00 80', { [RBX]: BigInt(DATA) + 0x8000_0000n }, [9]).gpr(RAX)).toBe(9n);
    expect(run('67 8b 04 0b', { [RBX]: 0xdead_0000_ffff_fff0n, [RCX]: BigInt(DATA) + 16n }, [7]).gpr(RAX)).toBe(7n);
    // lea eax, [ebx + ecx] and lea rax
    expect(run('67 48 8d 04 0b', { [RBX]: 0xffff_ffffn, [RCX]: 2 }).gpr(RAX)).toBe(1n);
  });

  it('relative to RIP count from behind the immediate', () => {
    // 0: mov dword [rip + 9], 0x11223344 → CODE + 10 + 9, on a writable page
    const cpu = new BareCpu().load('c7 05 09 00 00 00 44 33 22 11 0f 05', CODE, READ | WRITE | 4);
    expect(cpu.run()).toBe('syscall');
    expect([...cpu.space.raw(CODE + 19, 4)]).toEqual([0x44, 0x33, 0x22, 0x11]);
  });

  it('take the bases of FS and GS, and ignore the other segments', () => {
    const cpu = new BareCpu()
      .load('64 8b 04 25 08 00 00 00 65 8b 1c 25 0c 00 00 00 3e 8b 0f 0f 05')
      .set({ [RDI]: DATA });
    cpu.map(DATA, 1, READ | WRITE);
    cpu.space.raw(DATA, 16).set([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
    cpu.vcpu.setU64(st.fsBase, BigInt(DATA) - 8n + 4n);
    cpu.vcpu.setU64(st.gsBase, BigInt(DATA) - 12n + 12n - 4n);
    expect([cpu.run(), cpu.gpr(RAX), cpu.gpr(RBX)]).toEqual(['syscall', 2n, 3n]);
  });

  it('are changed only in their own width', () => {
    expect(memoryOf(run('66 c7 47 01 34 12', {}, [9, 9, 9, 9]), 4)).toEqual([9, 0x34, 0x12, 9]);
    expect(memoryOf(run('88 67 01', { [RAX]: 0x1200 }, [9, 9, 9]), 3)).toEqual([9, 0x12, 9]);
    expect(memoryOf(run('ff 07', {}, [0xff, 0xff, 0xff, 0xff, 5]), 5)).toEqual([0, 0, 0, 0, 5]);
  });

  it('of bit instructions reach beyond the operand, in both directions', () => {
    // bts [rdi + 8], rax
    expect(memoryOf(run('48 0f ab 47 08', { [RAX]: -3 }), 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0x20, 0]);
    expect(memoryOf(run('0f ab 07', { [RAX]: 65 }), 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 2]);
    // An immediate does not: it counts modulo the width.
    expect(memoryOf(run('0f ba 2f 41'), 9)).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the stack', () => {
  it('pushes RSP as it was, and pops it as it is there', () => {
    const pushed = run('54 58').gpr(RAX);
    expect(pushed).toBe(BigInt(TOP));
    expect(run('48 8d 47 40 50 5c', { [RAX]: 0 }).gpr(RSP)).toBe(BigInt(DATA + 0x40));
  });

  it('addresses a popped operand by the new RSP', () => {
    // push 7; push 5; pop [rsp]: the 5 replaces the 7
    const cpu = run('6a 07 6a 05 8f 04 24 58');
    expect(cpu.gpr(RAX)).toBe(5n);
  });

  it('has operands of 64 bits, or 16', () => {
    const wide = run('6a ff');
    expect([wide.gpr(RSP), memoryOf(wide, 8, TOP - 8)]).toEqual([
      BigInt(TOP - 8),
      [255, 255, 255, 255, 255, 255, 255, 255],
    ]);
    const narrow = run('66 50 66 5b', { [RAX]: 0x1234, [RBX]: ALL });
    expect([narrow.gpr(RSP), narrow.gpr(RBX)]).toEqual([BigInt(TOP), 0xffff_ffff_ffff_1234n]);
  });

  it('keeps frames of ENTER and LEAVE', () => {
    const cpu = run('c8 10 00 00 48 89 e8 c9', { [RBP]: 77 });
    expect([cpu.gpr(RAX), cpu.gpr(RSP), cpu.gpr(RBP)]).toEqual([BigInt(TOP - 8), BigInt(TOP), 77n]);
    // Level 2 copies one frame pointer of the outer frame.
    const nested = run('c8 00 00 02 48 89 e0', { [RBP]: DATA + 0x100 });
    expect([nested.gpr(RAX), nested.gpr(RBP)]).toEqual([BigInt(TOP - 24), BigInt(TOP - 8)]);
  });
});

describe('string instructions', () => {
  it('move the pointers by the width, up or down', () => {
    const up = run('48 a5', { [RSI]: DATA + 8 }, [0, 0, 0, 0, 0, 0, 0, 0, 5]);
    expect([up.gpr(RSI), up.gpr(RDI), memoryOf(up, 1)]).toEqual([BigInt(DATA + 16), BigInt(DATA + 8), [5]]);
    const down = run('fd 66 ab', { [RAX]: 0x1234, [RDI]: DATA + 8 });
    expect([down.gpr(RDI), memoryOf(down, 2, DATA + 8)]).toEqual([BigInt(DATA + 6), [0x34, 0x12]]);
  });

  it('use ECX, ESI and EDI with an address-size prefix, and clear their upper halves', () => {
    const high = 0xdead_beef_0000_0000n;
    const cpu = run('67 f3 aa', { [RCX]: high + 3n, [RDI]: high + BigInt(DATA), [RAX]: 6 });
    expect([cpu.gpr(RDI), memoryOf(cpu, 4)]).toEqual([BigInt(DATA + 3), [6, 6, 6, 0]]);
  });

  it('end REPE and REPNE by ZF, with the count of what is left', () => {
    // mov rbx, rcx saves what the system call overwrites
    const scan = run('f2 ae 48 89 cb', { [RCX]: 10, [RAX]: 3 }, [1, 2, 3, 4]);
    expect([scan.gpr(RBX), scan.gpr(RDI)]).toEqual([7n, BigInt(DATA + 3)]);
    const compare = run('f3 a6 48 89 cb', { [RCX]: 10, [RSI]: DATA + 16 }, [0, 0, 7]);
    expect([compare.gpr(RBX), compare.gpr(RSI)]).toEqual([7n, BigInt(DATA + 19)]);
  });
});
