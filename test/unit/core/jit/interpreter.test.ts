/** Guests that are interpreters themselves: their parts become one region, and what was translated serves the next run. */
import { describe, expect, it } from 'vitest';
import type { JitMode } from '../../../../core/jit/tier1.ts';
import type { TranslatorStatistics } from '../../../../core/vcpu/engine.ts';
import { RBX, RDX, RSI, RSP } from '../../../../core/vcpu/state.ts';
import { BareCpu, CODE, DATA, READ, WRITE } from '../../../support/bare-cpu.ts';
import { MemoryCache } from '../../../support/memory-cache.ts';

const PARTS = 8;
const PART_BYTES = 32;
const BYTECODE = DATA + 0x400;
const STACK = 0x90_0000;

const hex = (value: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, i) => ((value >>> (8 * i)) & 0xff).toString(16).padStart(2, '0')).join(' ');

/** movzx eax,[rsi]; inc rsi; jmp [table+rax*8] */
const NEXT = `0f b6 06 48 ff c6 ff 24 c5 ${hex(DATA, 4)}`;

/** What the parts do before they go on to the next. */
const BODIES = [
  '48 83 c3 05', // add rbx,5
  '48 01 d3', // add rbx,rdx
  '48 83 d2 03', // adc rdx,3: needs the carry of the part before
  '48 d1 c3', // rol rbx,1
  '48 87 d3', // xchg rbx,rdx
  '48 8d 5c 13 01', // lea rbx,[rbx+rdx+1]: leaves the flags alone
  '53 5a', // push rbx; pop rdx
];

/** The interpreter's parts, the last of which ends the program. */
function interpreter(jit: JitMode, bytecode: readonly number[], store?: MemoryCache): BareCpu {
  const cpu = new BareCpu(64 << 20, jit, store ? { cache: store } : {});
  cpu.map(DATA, 4, READ | WRITE);
  cpu.map(STACK - 0x1000, 1, READ | WRITE);
  const parts = [...BODIES.map((body) => `${body} ${NEXT}`), '0f 05'];
  parts.forEach((part, i) => {
    cpu.load(part, CODE + i * PART_BYTES);
    cpu.space.raw(DATA + 8 * i, 8).set(new Uint8Array(BigUint64Array.of(BigInt(CODE + i * PART_BYTES)).buffer));
  });
  cpu.space.raw(BYTECODE, bytecode.length).set(bytecode);
  cpu.engine.begin('interpreter');
  cpu.vcpu.rip = CODE;
  return cpu.set({ [RSI]: BYTECODE, [RBX]: 1, [RDX]: 0x1234_5678_9abc, [RSP]: STACK - 0x100 });
}

const bytecode = (length: number): number[] => [
  ...Array.from({ length }, (_, i) => (i * i * 7 + i * 3) % (PARTS - 1)),
  PARTS - 1,
];
const stateOf = (cpu: BareCpu): string[] =>
  [...Array(16).keys()].map((i) => cpu.vcpu.gpr(i).toString(16)).concat(String(cpu.vcpu.rflags));
const translator = (cpu: BareCpu): TranslatorStatistics => cpu.engine.statistics.translator!;

describe('a guest that interprets', () => {
  it('does in one region what tier 0 does part by part', () => {
    for (const slice of [100_000, 37]) {
      const cpus = (['off', 'always'] as const).map((jit) => interpreter(jit, bytecode(2000)));
      for (const cpu of cpus) while (cpu.run(slice) === 'budget');
      expect(stateOf(cpus[1]!)).toEqual(stateOf(cpus[0]!));
      expect(cpus[1]!.engine.statistics.instructions).toBe(cpus[0]!.engine.statistics.instructions);
      // Its parts have gone up in one region.
      expect(translator(cpus[1]!).dropped).toBeGreaterThan(3);
    }
  });

  it('begins with the translations of the run before, if its code is the same', () => {
    const store = new MemoryCache();
    const first = interpreter('auto', bytecode(3000), store);
    const program = (cpu: BareCpu): void => {
      for (let i = 0; i < 400; i++) {
        cpu.set({ [RSI]: BYTECODE }).vcpu.rip = CODE;
        while (cpu.run(100_000) === 'budget');
      }
      cpu.engine.end();
    };
    program(first);
    expect(translator(first).regions).toBeGreaterThan(0);
    const second = interpreter('auto', bytecode(3000), store);
    program(second);
    expect(translator(second).kept).toBeGreaterThan(0);
    expect(translator(second).regions).toBeLessThan(translator(first).regions);
    expect(stateOf(second)).toEqual(stateOf(first));

    const other = interpreter('auto', bytecode(3000), store);
    // rol rbx,2 instead of rol rbx,1
    other.load(`48 c1 c3 02 ${NEXT}`, CODE + 3 * PART_BYTES);
    const reference = interpreter('off', bytecode(3000));
    reference.load(`48 c1 c3 02 ${NEXT}`, CODE + 3 * PART_BYTES);
    for (const cpu of [other, reference]) program(cpu);
    expect(stateOf(other)).toEqual(stateOf(reference));
  });
});
