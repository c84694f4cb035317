/**
 * Random instructions with random registers and flags, run by the engine itself. What they do is not looked at; the
 * engine must come back with one of its exits, keep what is not the guest's as it was, and never throw.
 */
import { createEngine, decodeTable } from '../../../core/interp/create.ts';
import { AddressSpace } from '../../../core/mem/address-space.ts';
import { GUEST_BASE, GUEST_TOP, OP_CACHE, PAGE_SIZE, PERM_TABLE } from '../../../core/mem/layout.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL } from '../../../core/vcpu/exits.ts';
import * as st from '../../../core/vcpu/state.ts';
import { Vcpu } from '../../../core/vcpu/vcpu.ts';
import { assemble } from '../../../core/x86/assembler.ts';
import type { Encoding } from '../../../core/x86/notation.ts';
import { Random } from '../../diff/isa/random.ts';

const page = (gva: number): number => gva / PAGE_SIZE;
const CODE = 0x1000_0000;
const DATA = 0x2000_0000;
const READ_ONLY = DATA + 2 * PAGE_SIZE;
const LOWEST = 0x1_0000;
const HIGHEST = GUEST_TOP - PAGE_SIZE;
const PREFIXES = [0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x64, 0x65, 0x2e, 0x36, 0x48, 0x4f, 0x41, 0x44, 0x40];
const BUDGET = 200;
const FLAG_BITS = 0x24_4fd5;

const rows: readonly Encoding[] = decodeTable().encodings.filter(Boolean);

/** Bytes of a few instructions, some of them spoiled or no instructions at all. */
export function randomBytes(random: Random): Uint8Array {
  const out: number[] = [];
  for (let count = 1 + random.below(6); count > 0; count--) {
    while (random.chance(15)) out.push(random.pick(PREFIXES));
    if (random.chance(20)) for (let i = random.below(8); i >= 0; i--) out.push(random.below(256));
    else out.push(...randomInstruction(random));
    if (random.chance(5)) out[random.below(out.length)] = random.below(256);
  }
  return Uint8Array.from(out);
}

function randomInstruction(random: Random): Uint8Array {
  const row = random.pick(rows);
  const isMemory = row.mod === 'mem' || (row.mod === 'any' && random.chance(60));
  const memory = {
    base: random.below(17) - 1,
    index: random.chance(50) ? -1 : random.below(16),
    scale: random.below(4),
    displacement: random.chance(70) ? random.below(200) - 100 : random.u32() | 0,
    ...(random.chance(10)
      ? { ripTarget: random.pick([DATA, CODE, READ_ONLY, HIGHEST]) + random.below(PAGE_SIZE) }
      : {}),
  };
  return assemble(row, {
    operandSize: random.pick([16, 32, 64] as const),
    reg: random.below(16),
    rm: random.below(16),
    vvvv: random.below(16),
    immediate: random.integer(),
    addressSize: random.chance(10) ? 32 : 64,
    repeat: random.chance(80) ? 'none' : random.pick(['rep', 'repne'] as const),
    lock: random.chance(5),
    ip: CODE,
    ...(isMemory ? { memory } : {}),
  });
}

export class RandomCode {
  readonly space = new AddressSpace(16 << 20);
  private readonly vcpu = new Vcpu(this.space);
  private readonly random: Random;
  private readonly engine = createEngine(this.space, {
    timestampNs: () => 0,
    random: (into) => into.fill(7),
  });

  constructor(seed: number) {
    this.random = new Random(seed);
    const { space } = this;
    // The last page of the address space, too: what is beyond lies outside the memory.
    space.mapPages(page(LOWEST), 1, 3);
    space.mapPages(page(CODE), 2, 7);
    space.mapPages(page(DATA), 2, 3);
    space.mapPages(page(READ_ONLY), 1, 1);
    space.mapPages(page(HIGHEST), 1, 7);
  }

  /** One piece of code. Returns its bytes in hex when the engine has failed. */
  step(): string | undefined {
    const { space, vcpu, random } = this;
    const start = random.chance(10) ? HIGHEST : CODE;
    const bytes = randomBytes(random);
    const room = start === CODE ? 2 * PAGE_SIZE : PAGE_SIZE;
    const at = start + (random.chance(20) ? room - random.below(20) - 1 : random.below(room - 200));
    const kept = Math.min(bytes.length, start + room - at);
    space.onCodeChanged(page(start), 2);
    space.raw(at, kept).set(bytes.subarray(0, kept));
    this.registers();
    vcpu.rip = at;
    const before = this.foreign();
    const shown = (): string => `${Buffer.from(bytes).toString('hex')} at ${at.toString(16)}`;
    try {
      this.engine.run(BUDGET);
    } catch (error) {
      return `${shown()}: ${error instanceof Error ? error.stack : error}`;
    }
    const reason = vcpu.getI32(st.exitReason);
    if (![EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL].includes(reason)) return `${shown()}: exit reason ${reason}`;
    return this.foreign() === before ? undefined : `${shown()}: changed memory that is not the guest's`;
  }

  private registers(): void {
    const { vcpu, random } = this;
    for (let i = 0; i < 16; i++) vcpu.setGpr(i, this.value());
    if (random.chance(70)) vcpu.setGpr(4, BigInt(DATA + random.below(2 * PAGE_SIZE)));
    vcpu.rflags = random.u32() & FLAG_BITS;
    vcpu.mxcsr = random.chance(50) ? 0x1f80 : random.u32() & 0xffff;
    vcpu.setI32(st.fcw, random.chance(50) ? 0x37f : random.u32() & 0x1f7f);
    vcpu.setI32(st.fsw, random.chance(80) ? 0 : random.u32() & 0xc7ff);
    vcpu.setI32(st.fpTop, random.below(8));
    vcpu.setI32(st.fpEmpty, random.u32() & 0xff);
    vcpu.setU64(st.fsBase, random.chance(90) ? BigInt(DATA) : this.value());
    for (let i = 0; i < 32; i++) this.space.dv.setBigUint64(st.ymm.offset + 8 * i, random.double(), true);
    for (let i = 0; i < 16; i++) this.space.dv.setBigUint64(st.fpr.offset + 8 * i, random.double(), true);
  }

  private value(): bigint {
    const { random } = this;
    switch (random.below(8)) {
      case 0:
        return random.integer();
      case 1:
        return BigInt(random.below(70));
      case 2:
        return BigInt(CODE + random.below(2 * PAGE_SIZE));
      case 3:
        return BigInt(READ_ONLY - 40 + random.below(PAGE_SIZE + 60));
      case 4:
        return BigInt(HIGHEST + random.below(PAGE_SIZE + 40) - 20);
      case 5:
        return BigInt(LOWEST + random.below(60) - 30);
      default:
        return BigInt(DATA + random.below(2 * PAGE_SIZE));
    }
  }

  /** What emitted code must leave alone: below the state, behind it, and rights of pages beyond what stores may set. */
  private foreign(): string {
    const { u8 } = this.space;
    const part = (from: number, to: number): string => Buffer.from(u8.subarray(from, to)).toString('latin1');
    const rights = (gva: number): number => u8[PERM_TABLE + page(gva)]! & 0b0100_1111 & ~2;
    const unmapped = u8.subarray(PERM_TABLE + page(DATA) + 3, PERM_TABLE + page(DATA) + 0x1000);
    return [
      part(0, st.CONTEXT_START),
      part(st.STATE_END, st.STATE_END + 256),
      part(PERM_TABLE - 256, PERM_TABLE),
      part(OP_CACHE - 256, OP_CACHE),
      part(GUEST_BASE, GUEST_BASE + 256),
      [LOWEST, CODE, DATA, READ_ONLY, HIGHEST].map(rights),
      unmapped.every((right) => right === 0),
      this.space.u8.subarray(GUEST_BASE + READ_ONLY, GUEST_BASE + READ_ONLY + PAGE_SIZE).every((byte) => byte === 0),
    ].join();
  }

  get handlerCount(): number {
    return this.engine.handlers.count;
  }
}
