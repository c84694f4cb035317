/** A vCPU with its engine and memory and nothing else: for tests of the CPU. Code is given as hex bytes. */
import type { EngineOptions } from '../../core/interp/create.ts';
import type { InterpreterEngine } from '../../core/interp/engine.ts';
import { createTieredEngine } from '../../core/jit/create.ts';
import type { JitMode } from '../../core/jit/tier1.ts';
import { AddressSpace } from '../../core/mem/address-space.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../core/mem/layout.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL } from '../../core/vcpu/exits.ts';
import * as st from '../../core/vcpu/state.ts';
import { Vcpu } from '../../core/vcpu/vcpu.ts';

export const READ = 1;
export const WRITE = 2;
export const EXEC = 4;

/** Where `BareCpu.load` puts code unless told otherwise. */
export const CODE = 0x40_0000;
export const DATA = 0x80_0000;

export const hexBytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));

export class BareCpu {
  readonly space: AddressSpace;
  readonly vcpu: Vcpu;
  readonly engine: InterpreterEngine;
  private loadedAt = CODE;
  private nextCode = 0x200_0000;

  constructor(memoryBytes = 64 << 20, jit: JitMode = 'off', options: Partial<EngineOptions> = {}) {
    this.space = new AddressSpace(memoryBytes);
    this.vcpu = new Vcpu(this.space);
    this.engine = createTieredEngine(this.space, { timestampNs: () => 0, random: () => {}, jit, ...options });
    this.vcpu.reset();
  }

  /** Maps pages that count as resident, or that the first store makes so. */
  map(gva: number, pages: number, prot: number, isResident = true): void {
    if (!this.space.mapPages(gva >>> PAGE_SHIFT, pages, prot, isResident)) throw new Error('no memory');
  }

  /** Puts code in place and RIP at its start; maps its pages when they are not. */
  load(hex: string, gva = CODE, prot = READ | EXEC): this {
    const bytes = hexBytes(hex);
    const last = (gva + bytes.length - 1) >>> PAGE_SHIFT;
    for (let page = gva >>> PAGE_SHIFT; page <= last; page++) {
      if (this.space.perm(page) === 0) this.map(page * PAGE_SIZE, 1, prot);
    }
    // A run decoded before may have gone on into what is code only now.
    this.space.onCodeChanged(gva >>> PAGE_SHIFT, last - (gva >>> PAGE_SHIFT) + 1);
    this.space.raw(gva, bytes.length).set(bytes);
    this.vcpu.rip = gva;
    this.loadedAt = gva;
    return this;
  }

  /** Fresh registers, and code where there was none before: cheaper than a new machine for each case. */
  next(hex: string): this {
    this.vcpu.reset();
    this.nextCode += 64;
    return this.load(hex, this.nextCode, READ | WRITE | EXEC);
  }

  /** Sets registers by number. */
  set(registers: Readonly<Record<number, number | bigint>>): this {
    for (const [number, value] of Object.entries(registers)) this.vcpu.setGpr(Number(number), BigInt(value));
    return this;
  }

  /** Runs up to an exit and says which: `syscall`, `budget`, or `#14 error 6 at 0x800000` and the like. */
  run(budget = 10_000): string {
    this.engine.run(budget);
    return this.exit();
  }

  exit(): string {
    const { vcpu } = this;
    const reason = vcpu.getI32(st.exitReason);
    if (reason === EXIT_SYSCALL) return 'syscall';
    if (reason === EXIT_BUDGET) return 'budget';
    if (reason !== EXIT_EXCEPTION) return `exit ${reason}`;
    const vector = vcpu.getI32(st.excVector);
    if (vector !== 14) return `#${vector}`;
    return `#14 error ${vcpu.getI32(st.excError)} at 0x${vcpu.getU64(st.excAddress).toString(16)}`;
  }

  /** RIP relative to where the code was put last. */
  get offset(): number {
    return this.vcpu.rip - this.loadedAt;
  }

  gpr(index: number): bigint {
    return this.vcpu.gpr(index);
  }
}
