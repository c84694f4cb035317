import { beforeEach, describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../../../core/mem/layout.ts';
import { RAX, RCX } from '../../../../core/vcpu/state.ts';
import { BareCpu, CODE, EXEC, READ, WRITE } from '../../../support/bare-cpu.ts';
import { MemoryCache } from '../../../support/memory-cache.ts';

const ALL = READ | WRITE | EXEC;
const INC_RAX = '48 ff c0 ';
const SYSCALL = '0f 05';
/** 300 times inc rax. */
const LONG = INC_RAX.repeat(300) + SYSCALL;
const INC_RCX = '48 ff c1 ';

let cache: MemoryCache;
beforeEach(() => {
  cache = new MemoryCache();
});

/** Runs code to its system call as `program`: RAX, and how many instructions were decoded and were kept ones. */
function run(code: string, { at = CODE, program = 'p', start = 0 } = {}): (number | bigint)[] {
  const cpu = new BareCpu(undefined, 'off', { cache }).load(code, at);
  cpu.vcpu.rip = at + start;
  cpu.engine.begin(program);
  expect(cpu.run()).toBe('syscall');
  cpu.engine.end();
  const { decodedInstructions, keptInstructions } = cpu.engine.statistics;
  return [cpu.gpr(RAX), decodedInstructions, keptInstructions];
}

describe('kept runs', () => {
  it('serve the next run of a program, which does the same', () => {
    const [rax, decoded] = run(LONG);
    expect([rax, run(LONG), cache.writes]).toEqual([300n, [300n, decoded, decoded], 1]);
  });

  it('are those of one program', () => {
    run(LONG);
    expect(run(LONG, { program: 'q' })[2]).toBe(0);
  });

  it('are used only where the code is the same to the byte', () => {
    run(LONG);
    // The last instruction but one is dec rax.
    const other = `${INC_RAX.repeat(299)}48 ff c8 ${SYSCALL}`;
    expect([run(other)[0], run(other)[0], run(LONG)[0]]).toEqual([298n, 298n, 300n]);
  });

  it('are used only at the same address', () => {
    run(LONG);
    expect(run(LONG, { at: CODE + 0x10_0000 }).slice(0, 3)).toEqual([300n, run(LONG)[1], 0]);
  });

  it('cross pages, and need both to be the same', () => {
    // A run of 64 instructions begins 96 bytes before the end of its page.
    const at = CODE + PAGE_SIZE - 96;
    const decoded = run(LONG, { at })[1];
    expect(run(LONG, { at })[2]).toBe(decoded);
    const other = `${INC_RAX.repeat(60)}48 ff c8 ${INC_RAX.repeat(239)}${SYSCALL}`;
    expect(run(other, { at })[0]).toBe(298n);
  });

  it('do not run from pages that may not be executed', () => {
    run(LONG);
    const cpu = new BareCpu(undefined, 'off', { cache }).load(LONG, CODE, READ);
    cpu.engine.begin('p');
    expect(cpu.run()).toBe(`#14 error 21 at 0x${CODE.toString(16)}`);
  });

  it('give way when the program writes its code', () => {
    // 0: mov eax, 1; 5: mov byte [rip-11], 2 (the immediate at 1); 12: dec ecx; 14: jnz 0; then many more
    const code = `b8 01 00 00 00 c6 05 f5 ff ff ff 02 ff c9 75 f0 ${'90 '.repeat(300)}${SYSCALL}`;
    const twice = (): bigint => {
      const cpu = new BareCpu(undefined, 'off', { cache }).load(code, CODE, ALL);
      cpu.set({ [RCX]: 2 });
      cpu.engine.begin('p');
      cpu.run();
      cpu.engine.end();
      return cpu.gpr(RAX);
    };
    expect([twice(), twice(), twice()]).toEqual([2n, 2n, 2n]);
  });

  it('are kept for parts that a run does not come to', () => {
    // Page 0 goes to page 1 or ends; page 1 has code of its own.
    const jump = `e9 fb 0f 00 00 `;
    const first = `${jump}${INC_RAX.repeat(300)}${SYSCALL}`;
    const bytes = first.trim().split(' ').length;
    const code = `${first} ${'90 '.repeat(PAGE_SIZE - bytes)}${INC_RCX.repeat(300)}${SYSCALL}`;
    const jumped = run(code);
    const straight = run(code, { start: 5 });
    expect([jumped[0], straight[0], straight[2]]).toEqual([0n, 300n, 0]);
    expect([run(code)[2], run(code, { start: 5 })[2]]).toEqual([jumped[1], straight[1]]);
  });

  it('are written again only for enough of news', () => {
    run(LONG);
    run(INC_RAX.repeat(20) + SYSCALL, { at: CODE + PAGE_SIZE });
    expect(cache.writes).toBe(1);
  });

  it('count for nothing when they are not whole', () => {
    run(LONG);
    const [key, bytes] = [...cache.entries][0]!;
    for (const length of [0, 4, 20, bytes.length - 4, bytes.length - 1]) {
      cache.entries.set(key, bytes.slice(0, length));
      expect(run(LONG)[0]).toBe(300n);
    }
  });

  it('do without when everything was dropped because the op cache was full', () => {
    const cpu = new BareCpu(undefined, 'off', { cache }).load(LONG);
    cpu.engine.limitCaches(200, 100);
    cpu.engine.begin('p');
    expect([cpu.run(), cpu.gpr(RAX)]).toEqual(['syscall', 300n]);
    cpu.engine.end();
    expect(run(LONG)[0]).toBe(300n);
  });
});
