import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../../../core/mem/layout.ts';
import { RAX, RBX, RCX, RDI, RDX, RSI, RSP } from '../../../../core/vcpu/state.ts';
import { BareCpu, CODE, DATA, EXEC, READ, WRITE } from '../../../support/bare-cpu.ts';

const R8 = 8;
const R11 = 11;
const NEXT_PAGE = DATA + PAGE_SIZE;

describe('exits', () => {
  it('come with the budget at a taken branch, ready to go on', () => {
    // 1: inc rax; jmp 1b
    const cpu = new BareCpu().load('48 ff c0 eb fb');
    expect([cpu.engine.run(999), cpu.exit(), cpu.offset, cpu.gpr(RAX)]).toEqual([1000, 'budget', 0, 500n]);
    expect([cpu.run(1), cpu.gpr(RAX)]).toEqual(['budget', 501n]);
  });

  it('come with the budget in loops of indirect jumps and of returns', () => {
    expect(
      new BareCpu()
        .load('ff e0')
        .set({ [RAX]: CODE })
        .run(100),
    ).toBe('budget');
    // push rax; ret
    const cpu = new BareCpu().load('50 c3').set({ [RAX]: CODE, [RSP]: NEXT_PAGE });
    cpu.map(DATA, 1, READ | WRITE);
    expect([cpu.run(100), cpu.gpr(RSP)]).toEqual(['budget', BigInt(NEXT_PAGE)]);
  });

  it('for a system call have RIP behind it, also in RCX, and RFLAGS in R11', () => {
    // stc; syscall
    const cpu = new BareCpu().load('f9 0f 05');
    expect([cpu.run(), cpu.offset, cpu.gpr(RCX), cpu.gpr(R11) & 0xcd5n]).toEqual(['syscall', 3, BigInt(CODE + 3), 1n]);
  });

  it('for int3 have RIP behind it, for ud2 and unknown bytes at them', () => {
    const trap = new BareCpu().load('90 cc');
    expect([trap.run(), trap.offset]).toEqual(['#3', 2]);
    const undefinedOpcode = new BareCpu().load('90 0f 0b');
    expect([undefinedOpcode.run(), undefinedOpcode.offset]).toEqual(['#6', 1]);
    const unknown = new BareCpu().load('90 90 06');
    expect([unknown.run(), unknown.offset]).toEqual(['#6', 2]);
    const tooLong = new BareCpu().load(`90 ${'2e '.repeat(15)} 90`);
    expect([tooLong.run(), tooLong.offset]).toEqual(['#13', 1]);
  });

  it('take PAUSE with any REX prefix for no exchange', () => {
    // rep rex.B nop; syscall
    const cpu = new BareCpu().load('f3 41 90 0f 05').set({ [RAX]: 1, [R8]: 2 });
    expect([cpu.run(), cpu.gpr(RAX), cpu.gpr(R8)]).toEqual(['syscall', 1n, 2n]);
  });

  it('count the instructions that ran', () => {
    // mov ecx, 10; 1: dec ecx; jnz 1b; syscall
    expect(new BareCpu().load('b9 0a 00 00 00 ff c9 75 fc 0f 05').engine.run(1000)).toBe(1 + 20 + 1);
    // A fault does not count its own instruction.
    expect(new BareCpu().load('90 90 0f 0b').engine.run(1000)).toBe(2);
  });
});

describe('memory accesses', () => {
  it('cross pages, and make both resident', () => {
    // mov [rdi], rax; mov rbx, [rdi]; syscall
    const cpu = new BareCpu().load('48 89 07 48 8b 1f 0f 05').set({ [RAX]: 0x1122334455667788n, [RDI]: NEXT_PAGE - 3 });
    cpu.map(DATA, 2, READ | WRITE, false);
    const before = cpu.space.residentPages;
    expect([cpu.run(), cpu.gpr(RBX), cpu.space.residentPages - before]).toEqual(['syscall', 0x1122334455667788n, 2]);
  });

  it('fault at the first byte that is not allowed, and store nothing', () => {
    const store = new BareCpu().load('48 89 07').set({ [RAX]: -1n, [RDI]: NEXT_PAGE - 3 });
    store.map(DATA, 1, READ | WRITE);
    expect([store.run(), store.offset]).toEqual([`#14 error 6 at 0x${NEXT_PAGE.toString(16)}`, 0]);
    expect([...store.space.raw(NEXT_PAGE - 3, 3)]).toEqual([0, 0, 0]);
    const readOnly = new BareCpu().load('48 89 07').set({ [RDI]: NEXT_PAGE - 3 });
    readOnly.map(DATA, 1, READ | WRITE);
    readOnly.map(NEXT_PAGE, 1, READ);
    expect(readOnly.run()).toBe(`#14 error 7 at 0x${NEXT_PAGE.toString(16)}`);
    const load = new BareCpu().load('48 8b 07').set({ [RDI]: DATA - 3 });
    load.map(DATA, 1, READ | WRITE);
    expect(load.run()).toBe(`#14 error 4 at 0x${(DATA - 3).toString(16)}`);
  });

  it('fault at NULL, beyond the guest, in the kernel half and at addresses that are not canonical', () => {
    const faultAt = (address: bigint): string =>
      new BareCpu()
        .load('8b 07')
        .set({ [RDI]: address })
        .run();
    expect([0n, 0xffff_fff0n, 0x1_0000_0000n, 0x7fff_ffff_f000n, 0xffff_ffff_ffff_f000n].map(faultAt)).toEqual([
      '#14 error 4 at 0x0',
      '#14 error 4 at 0xfffffff0',
      '#14 error 4 at 0x100000000',
      '#14 error 4 at 0x7ffffffff000',
      '#14 error 4 at 0xfffffffffffff000',
    ]);
    expect([0x8000_0000_0000n, 0x4141_4141_4141_4141n, 0x7fff_ffff_fffen].map(faultAt)).toEqual(['#13', '#13', '#13']);
  });

  it('leave RSP alone when a push or call faults', () => {
    for (const code of ['50', 'e8 00 00 00 00', 'ff d0', '9c', 'c8 10 00 00']) {
      const cpu = new BareCpu().load(code).set({ [RSP]: DATA, [RAX]: CODE });
      expect([cpu.run(), cpu.gpr(RSP), cpu.offset]).toEqual([
        `#14 error 6 at 0x${(DATA - 8).toString(16)}`,
        BigInt(DATA),
        0,
      ]);
    }
  });
});

describe('repeated string instructions', () => {
  /** Registers after a fault: count, destination, source. */
  function interrupted(code: string, isDown: boolean, from: number, to: number): (string | bigint)[] {
    const cpu = new BareCpu()
      .load(`${isDown ? 'fd' : 'fc'} ${code}`)
      .set({ [RCX]: 100, [RDI]: to, [RSI]: from, [RAX]: 7 });
    cpu.map(DATA, 1, READ | WRITE);
    return [cpu.run(), cpu.gpr(RCX), cpu.gpr(RDI) - BigInt(DATA), cpu.gpr(RSI) - BigInt(DATA), `rip +${cpu.offset}`];
  }

  it('stop before the element that faults, with the registers showing what is done', () => {
    const top = NEXT_PAGE.toString(16);
    expect(interrupted('f3 a4', false, DATA, NEXT_PAGE - 10)).toEqual([
      `#14 error 6 at 0x${top}`,
      90n,
      4096n,
      10n,
      'rip +1',
    ]);
    expect(interrupted('f3 48 ab', false, DATA, NEXT_PAGE - 24)).toEqual([
      `#14 error 6 at 0x${top}`,
      97n,
      4096n,
      0n,
      'rip +1',
    ]);
    expect(interrupted('f3 ac', false, NEXT_PAGE - 10, DATA)).toEqual([
      `#14 error 4 at 0x${top}`,
      90n,
      0n,
      4096n,
      'rip +1',
    ]);
    expect(interrupted('f3 a6', false, DATA, NEXT_PAGE - 10)).toEqual([
      `#14 error 4 at 0x${top}`,
      90n,
      4096n,
      10n,
      'rip +1',
    ]);
  });

  it('do so downwards too', () => {
    const below = (DATA - 8).toString(16);
    expect(interrupted('f3 48 a5', true, DATA + 800, DATA + 16)).toEqual([
      `#14 error 6 at 0x${below}`,
      97n,
      -8n,
      776n,
      'rip +1',
    ]);
  });

  it('fault in the middle of an element that crosses pages', () => {
    expect(interrupted('f3 48 ab', false, DATA, NEXT_PAGE - 12)).toEqual([
      `#14 error 6 at 0x${NEXT_PAGE.toString(16)}`,
      99n,
      4096n - 4n,
      0n,
      'rip +1',
    ]);
  });

  it('keep every bit of registers that a number does not hold', () => {
    const [count, to] = [0xde9993aa0bf978acn, 0x1c699729fa10n];
    const cpu = new BareCpu().load('f3 48 ab').set({ [RCX]: count, [RDI]: to });
    expect([cpu.run(), cpu.gpr(RCX), cpu.gpr(RDI)]).toEqual(['#14 error 6 at 0x1c699729fa10', count, to]);
    // Both accesses would fault: the load comes first.
    const both = new BareCpu().load('f3 a4').set({ [RCX]: 1, [RSI]: DATA, [RDI]: NEXT_PAGE });
    expect(both.run()).toBe(`#14 error 4 at 0x${DATA.toString(16)}`);
    const none = new BareCpu().load('f3 48 a5 0f 05').set({ [RSI]: count, [RDI]: 0x5c699729fa1ca741n });
    expect([none.run(), none.gpr(RSI), none.gpr(RDI)]).toEqual(['syscall', count, 0x5c699729fa1ca741n]);
    const partly = new BareCpu().load('f3 aa').set({ [RCX]: count, [RDI]: NEXT_PAGE - 10 });
    partly.map(DATA, 1, READ | WRITE);
    expect([partly.run(), partly.gpr(RCX)]).toEqual([`#14 error 6 at 0x${NEXT_PAGE.toString(16)}`, count - 10n]);
  });

  it('do nothing with a count of 0, wherever the pointers are', () => {
    expect(new BareCpu().load('f3 a4 f3 48 ab f3 a6 f3 ad 0f 05').run()).toBe('syscall');
  });

  it('copy overlapping bytes one by one', () => {
    const cpu = new BareCpu().load('f3 a4 0f 05').set({ [RCX]: 20, [RSI]: DATA, [RDI]: DATA + 2 });
    cpu.map(DATA, 1, READ | WRITE);
    cpu.space.raw(DATA, 2).set([1, 2]);
    expect([cpu.run(), [...cpu.space.raw(DATA, 8)]]).toEqual(['syscall', [1, 2, 1, 2, 1, 2, 1, 2]]);
  });
});

describe('fetching', () => {
  it('goes on over a page boundary, also within an instruction', () => {
    // nops up to the boundary, then mov eax, 0x11223344 across it; syscall
    const start = CODE + PAGE_SIZE - 8;
    const cpu = new BareCpu().load('90 90 90 90 90 90 b8 44 33 22 11 0f 05', start);
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 0x11223344n]);
  });

  it('faults where the bytes end, at the instruction that needs them', () => {
    const start = CODE + PAGE_SIZE - 4;
    const cpu = new BareCpu();
    cpu.map(CODE, 1, READ | EXEC);
    cpu.load('90 90 b8 44', start);
    expect([cpu.run(), cpu.vcpu.rip]).toEqual([`#14 error 20 at 0x${(CODE + PAGE_SIZE).toString(16)}`, start + 2]);
    cpu.load('90 90 90 90', start);
    cpu.space.onCodeChanged(CODE / PAGE_SIZE, 1);
    expect([cpu.run(), cpu.vcpu.rip]).toEqual([`#14 error 20 at 0x${(CODE + PAGE_SIZE).toString(16)}`, start + 4]);
  });

  it('faults on pages that may not be executed', () => {
    const data = new BareCpu().load('90', CODE, READ | WRITE);
    expect(data.run()).toBe(`#14 error 21 at 0x${CODE.toString(16)}`);
    const across = new BareCpu().load('b8 44', CODE + PAGE_SIZE - 2);
    across.map(CODE + PAGE_SIZE, 1, READ | WRITE);
    expect(across.run()).toBe(`#14 error 21 at 0x${(CODE + PAGE_SIZE).toString(16)}`);
  });

  it('asks for a page that is read on demand, and goes on', () => {
    const cpu = new BareCpu().load('90 b8 44', CODE + PAGE_SIZE - 3);
    cpu.space.onFault = (page, access, cause) => {
      if (access !== 'x' || cpu.space.perm(page) !== 0) return cause;
      cpu.map(page * PAGE_SIZE, 1, READ | EXEC);
      cpu.space.raw(page * PAGE_SIZE, 5).set([0x33, 0x22, 0x11, 0x0f, 0x05]);
      return 'ok';
    };
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 0x11223344n]);
  });

  it('of an address that is not canonical is the fault of the branch, which has done nothing', () => {
    const bad = 0x4141_4141_4141_4141n;
    const jump = new BareCpu().load('41 ff e0').set({ [R8]: bad });
    expect([jump.run(), jump.offset]).toEqual(['#13', 0]);
    for (const code of ['41 ff d0', '41 50 c3', '41 50 c2 10 00']) {
      const cpu = new BareCpu().load(code).set({ [R8]: bad, [RSP]: NEXT_PAGE });
      cpu.map(DATA, 1, READ | WRITE);
      const pushed = code.startsWith('41 50');
      expect([cpu.run(), cpu.offset, cpu.gpr(RSP)]).toEqual([
        '#13',
        pushed ? 2 : 0,
        BigInt(NEXT_PAGE - (pushed ? 8 : 0)),
      ]);
    }
    // The same when the budget ends with the branch.
    const last = new BareCpu().load('41 ff e0').set({ [R8]: bad });
    expect([last.run(0), last.offset]).toEqual(['#13', 0]);
  });
});

describe('indirect branches', () => {
  it('reach the right code when targets share a place in the jump cache', () => {
    // Two routines 64 KiB apart, called in turn: call rbx; call rdx; dec ecx; jnz; syscall
    const cpu = new BareCpu().load('ff d3 ff d2 ff c9 75 f8 0f 05').set({ [RCX]: 1000, [RSP]: NEXT_PAGE });
    cpu.map(DATA, 1, READ | WRITE);
    cpu.load('48 83 c0 01 c3', 0x50_0000).load('48 05 00 01 00 00 c3', 0x51_0000);
    cpu.vcpu.rip = CODE;
    cpu.set({ [RBX]: 0x50_0000, [RDX]: 0x51_0000 });
    expect([cpu.run(100_000), cpu.gpr(RAX)]).toEqual(['syscall', 1000n + 256_000n]);
  });
});

describe('code that changes', () => {
  it('is changed by an immediate of the instruction before', () => {
    // mov byte ptr [rip + 2], 0xe9; add rcx, 5 becomes sub rcx, 5; syscall
    const cpu = new BareCpu().load('c6 05 02 00 00 00 e9 48 81 c1 05 00 00 00 0f 05', CODE, READ | WRITE | EXEC);
    cpu.set({ [RCX]: 7 });
    expect([cpu.run(), cpu.gpr(RCX), cpu.offset]).toEqual(['syscall', BigInt(CODE + 16), 16]);
    expect(cpu.space.raw(CODE + 9, 1)[0]).toBe(0xe9);
  });

  it('is decoded anew when the guest writes it', () => {
    // On a page with all rights: mov byte [rip+x], 2 changes the immediate of the mov eax that was run before.
    // 0: mov eax, 1; 5: mov byte [rip-11], 2 (the immediate at 1); 12: dec ecx; 14: jnz 0; 16: syscall
    const cpu = new BareCpu().load('b8 01 00 00 00 c6 05 f5 ff ff ff 02 ff c9 75 f0 0f 05', CODE, READ | WRITE | EXEC);
    cpu.set({ [RCX]: 2 });
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 2n]);
  });

  it('may be the very next instruction', () => {
    // mov byte [rip+1], 7; mov al, 0; syscall
    const cpu = new BareCpu().load('c6 05 01 00 00 00 07 b0 00 0f 05', CODE, READ | WRITE | EXEC);
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 7n]);
  });

  it('shares its page with data that is written all the time', () => {
    // 1: inc dword [rip+x]; dec ecx; jnz 1b; syscall; the counter follows
    const cpu = new BareCpu().load('ff 05 06 00 00 00 ff c9 75 f6 0f 05 00 00 00 00', CODE, READ | WRITE | EXEC);
    cpu.set({ [RCX]: 1000 });
    expect([cpu.run(10_000), cpu.space.dv.getUint32(0x400_0000 + CODE + 12, true)]).toEqual(['syscall', 1000]);
  });

  it('is written by a generator, called, and rewritten', () => {
    // A routine at DATA: mov eax, imm32; ret. The loop stores esi as immediate, calls, adds up.
    // 0: mov [rdi+1], esi; 3: call rdi; 5: add rbx, rax; 8: dec esi; 10: jnz 0; 12: syscall
    const cpu = new BareCpu().load('89 77 01 ff d7 48 01 c3 ff ce 75 f4 0f 05');
    cpu.map(DATA, 1, READ | WRITE | EXEC);
    cpu.map(DATA + 0x10000, 1, READ | WRITE);
    cpu.space.raw(DATA, 6).set([0xb8, 0, 0, 0, 0, 0xc3]);
    cpu.set({ [RDI]: DATA, [RSI]: 100, [RSP]: DATA + 0x10000 + PAGE_SIZE });
    expect([cpu.run(10_000), cpu.gpr(RBX)]).toEqual(['syscall', 5050n]);
  });

  it('lies on two pages, of which the second changes', () => {
    const start = CODE + PAGE_SIZE - 1;
    const cpu = new BareCpu();
    cpu.map(CODE, 2, READ | WRITE | EXEC);
    cpu.load('b0 01 0f 05', start);
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 1n]);
    // The kernel writes: probe makes the page ready as a store would.
    expect(cpu.space.probe(start + 1, 1, 'w')).toBe(-1);
    cpu.space.raw(start + 1, 1)[0] = 9;
    cpu.vcpu.rip = start;
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 9n]);
  });

  it('was undefined before', () => {
    const cpu = new BareCpu().load('0f 0b', CODE, READ | WRITE | EXEC);
    expect(cpu.run()).toBe('#6');
    expect(cpu.space.probe(CODE, 2, 'w')).toBe(-1);
    cpu.space.raw(CODE, 2).set([0x0f, 0x05]);
    expect(cpu.run()).toBe('syscall');
  });

  it('goes away and comes back with other rights', () => {
    const cpu = new BareCpu().load('b0 01 0f 05', CODE, READ | EXEC);
    const page = CODE / PAGE_SIZE;
    const again = (): string => {
      cpu.vcpu.rip = CODE;
      return cpu.run();
    };
    expect(again()).toBe('syscall');
    cpu.space.protectPages(page, 1, READ | WRITE);
    expect(again()).toBe(`#14 error 21 at 0x${CODE.toString(16)}`);
    cpu.space.raw(CODE + 1, 1)[0] = 3;
    cpu.space.protectPages(page, 1, READ | EXEC);
    expect([again(), cpu.gpr(RAX)]).toEqual(['syscall', 3n]);
    cpu.space.unmapPages(page, 1);
    expect(again()).toBe(`#14 error 20 at 0x${CODE.toString(16)}`);
  });
});

describe('a full op cache', () => {
  it('is emptied, and the program does not notice', () => {
    // A loop over 40 routines, one to a page: more records than there is room for.
    const cpu = new BareCpu();
    cpu.engine.limitCaches(100, 1000);
    // 0: mov rbx, rdi; 3: mov esi, 40; 8: call rbx; 10: add rbx, 4096; 17: dec esi; 19: jnz 8; 21: dec ecx; 23: jnz 0; syscall
    cpu.load('48 89 fb be 28 00 00 00 ff d3 48 81 c3 00 10 00 00 ff ce 75 f3 ff c9 75 e7 0f 05');
    const routines = 0x60_0000;
    for (let i = 0; i < 40; i++) cpu.load('48 83 c0 01 eb 00 90 90 c3', routines + i * PAGE_SIZE);
    cpu.map(DATA, 1, READ | WRITE);
    cpu.vcpu.rip = CODE;
    cpu.set({ [RDI]: routines, [RCX]: 25, [RSP]: NEXT_PAGE });
    expect([cpu.run(1_000_000), cpu.gpr(RAX)]).toEqual(['syscall', 1000n]);
    expect(cpu.engine.statistics.flushes).toBeGreaterThan(20);
  });
});

describe('more forms of instructions than there are slots for handlers', () => {
  it('take turns, and the program does not notice', () => {
    // A loop over the eight classic operations on registers and memory of four widths, 256 forms.
    const cpu = new BareCpu();
    cpu.engine.limitCaches(100_000, 100);
    const routine: string[] = [];
    for (let operation = 0; operation < 8; operation++) {
      for (const prefix of ['', '66', '48']) {
        for (const opcode of [0, 1, 2, 3]) {
          const code = (operation * 8 + opcode).toString(16).padStart(2, '0');
          for (const modrm of ['d8', '1f', '1c 37', '1d 00 10 00 00']) routine.push(`${prefix} ${code} ${modrm}`);
        }
      }
    }
    cpu.map(CODE, 3, READ | WRITE | EXEC);
    cpu.load(`${routine.join(' ')} ff c1 0f 05`);
    cpu.map(DATA, 1, READ | WRITE);
    for (let i = 0; i < 3; i++) {
      cpu.vcpu.rip = CODE;
      cpu.set({ [RDI]: DATA, [RSI]: 8, [RCX]: i });
      expect(cpu.run()).toBe('syscall');
    }
    expect(cpu.engine.statistics.flushes).toBeGreaterThan(5);
    expect(cpu.engine.statistics.handlers).toBeLessThanOrEqual(100);
  });
});

describe('prefixes', () => {
  it('of the address size are ignored before a register operand', () => {
    // mov rdx, r8 with the padding that OpenSSL's Montgomery multiplication has
    const cpu = new BareCpu().load('67 67 4c 89 c2 0f 05').set({ [R8]: 0x1234_5678_9abc_def0n });
    expect([cpu.run(), cpu.gpr(RDX)]).toEqual(['syscall', 0x1234_5678_9abc_def0n]);
  });
});
