/**
 * Programs on our engines: what runner.c does on the real CPU, with run(budget) calls of random length, which must not
 * change anything. One engine runs many programs, so that each also meets what its predecessors left in caches.
 */
import { createEngine } from '../../../core/interp/create.ts';
import { createTieredEngine } from '../../../core/jit/create.ts';
import { AddressSpace } from '../../../core/mem/address-space.ts';
import { GUEST_BASE, PAGE_SIZE } from '../../../core/mem/layout.ts';
import type { Engine } from '../../../core/vcpu/engine.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL, VEC_PF } from '../../../core/vcpu/exits.ts';
import { restoreFxsave, saveFxsave } from '../../../core/vcpu/fxsave.ts';
import * as st from '../../../core/vcpu/state.ts';
import { Vcpu } from '../../../core/vcpu/vcpu.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import { Random } from '../isa/random.ts';
import {
  ACTION_POKE,
  ACTION_PROTECT,
  ACTION_REMAP,
  type Image,
  type Outcome,
  type Region,
  type Resume,
  STOP,
  STOPS,
} from './layout.ts';

/** Host-side staging area for FXSAVE images: a page that no program knows. */
const STAGING = 0x78_0000;
/** Instructions after which a program counts as endless. */
const MAX_INSTRUCTIONS = 20_000_000;
const ENOSYS = 38;

/** Makes an engine for an address space. */
export type MakeEngine = (space: AddressSpace, cpu: string) => Engine;

const tier0: MakeEngine = (space, cpu) =>
  createEngine(space, { timestampNs: () => 0, random: () => {}, cpu: cpuModel(cpu) });

/** Everything that runs is translated at once. */
const tier1: MakeEngine = (space, cpu) =>
  createTieredEngine(space, { timestampNs: () => 0, random: () => {}, cpu: cpuModel(cpu), jit: 'always' });

export interface NamedEngine {
  readonly name: string;
  readonly make: MakeEngine;
}

/** What can be asked for by name. */
export const engines: readonly NamedEngine[] = [
  { name: 'tier0', make: tier0 },
  { name: 'tier1', make: tier1 },
];

const pageOf = (address: number): number => Math.floor(address / PAGE_SIZE);

export class OurCpu {
  readonly space = new AddressSpace(256 << 20);
  readonly engine: Engine;
  private readonly vcpu = new Vcpu(this.space);
  private mapped: readonly Region[] = [];

  constructor(make: MakeEngine, cpu: string) {
    this.engine = make(this.space, cpu);
    this.space.mapPages(pageOf(STAGING), 1, 3, true);
  }

  /** Runs a program; `seed` decides the budgets. */
  run(image: Image, seed: number): Outcome {
    this.map(image);
    this.load(image);
    const resumes = new Map(image.resumes.map((resume) => [resume.ip, resume]));
    const stops: Uint8Array[] = [];
    const how = this.runToEnd(image, resumes, stops, new Random(seed ^ 0x3c6ef372));
    return { how, stops, memory: this.memory(image) };
  }

  private runToEnd(image: Image, resumes: ReadonlyMap<number, Resume>, stops: Uint8Array[], r: Random): string {
    const { vcpu, engine } = this;
    const longest = r.pick([1, 5, 50, 2000, 100_000]);
    for (let done = 0; done < MAX_INSTRUCTIONS; ) {
      // What raises without running an instruction counts too, so that it ends.
      done += 1 + engine.run(1 + r.below(longest));
      const reason = vcpu.getI32(st.exitReason);
      if (reason === EXIT_BUDGET) continue;
      if (reason === EXIT_SYSCALL) {
        vcpu.setGprNumber(st.RAX, -ENOSYS);
        continue;
      }
      if (reason !== EXIT_EXCEPTION) throw new Error(`exit ${reason}`);
      stops.push(this.stop());
      if (vcpu.rip === image.end) return 'end';
      if (stops.length >= STOPS) return 'stops';
      const resume = resumes.get(vcpu.rip);
      if (resume) this.act(resume);
      const next = resume?.next ?? this.word(image.landingCell);
      if (next === 0) return 'end';
      vcpu.rip = next;
    }
    return 'time';
  }

  private word(address: number): number {
    return Number(this.space.dv.getBigUint64(GUEST_BASE + address, true));
  }

  private map(image: Image): void {
    const { space } = this;
    for (const { address, pages } of this.mapped) space.unmapPages(pageOf(address), pages);
    this.mapped = image.regions;
    for (const { address, pages, prot, content } of image.regions) {
      const isResident = content.length > 0;
      if (!space.mapPages(pageOf(address), pages, prot, isResident)) throw new Error('no memory');
      if (isResident) space.raw(address, content.length).set(content);
    }
  }

  private load({ registers, entry }: Image): void {
    const { space, vcpu } = this;
    vcpu.reset();
    const fx = GUEST_BASE + STAGING;
    space.u8.set(registers.fx, fx);
    restoreFxsave(space, fx);
    for (let i = 0; i < 16; i++) space.u8.set(registers.high.subarray(16 * i, 16 * i + 16), st.xmmOffset(i) + 16);
    registers.gpr.forEach((value, i) => {
      vcpu.setGpr(i, value);
    });
    vcpu.rflags = registers.flags;
    vcpu.setU64(st.gsBase, BigInt(registers.gsBase));
    vcpu.rip = entry;
  }

  /** struct stop of runner.c. */
  private stop(): Uint8Array {
    const { space, vcpu } = this;
    const out = new Uint8Array(STOP.size);
    const dv = new DataView(out.buffer);
    for (let i = 0; i < 16; i++) dv.setBigUint64(STOP.gpr + 8 * i, vcpu.gpr(i), true);
    dv.setBigUint64(STOP.flags, BigInt(vcpu.rflags), true);
    dv.setBigUint64(STOP.rip, vcpu.getU64(st.rip), true);
    const vector = vcpu.getI32(st.excVector);
    dv.setBigUint64(STOP.vector, BigInt(vector), true);
    dv.setBigUint64(STOP.error, BigInt(vcpu.getI32(st.excError)), true);
    if (vector === VEC_PF) dv.setBigUint64(STOP.address, vcpu.getU64(st.excAddress), true);
    const fx = GUEST_BASE + STAGING;
    space.u8.fill(0, fx, fx + 512);
    saveFxsave(space, fx);
    out.set(space.u8.subarray(fx, fx + 512), STOP.fx);
    for (let i = 0; i < 16; i++) {
      const at = st.xmmOffset(i) + 16;
      out.set(space.u8.subarray(at, at + 16), STOP.high + 16 * i);
    }
    return out;
  }

  private act({ action, address, value }: Resume): void {
    const { space } = this;
    const page = pageOf(address);
    if (action === ACTION_PROTECT) space.protectPages(page, 1, value);
    else if (action === ACTION_REMAP) {
      space.unmapPages(page, 1);
      space.mapPages(page, 1, value);
    } else if (action === ACTION_POKE) {
      if (space.probe(address, 1, 'w') !== -1) throw new Error('poke into what is not writable');
      space.u8[GUEST_BASE + address] = value;
    }
  }

  private memory(image: Image): Uint8Array {
    const regions = image.regions.filter((r) => r.isOutput);
    const memory = new Uint8Array(regions.reduce((sum, r) => sum + r.pages * PAGE_SIZE, 0));
    let at = 0;
    for (const { address, pages } of regions) {
      memory.set(this.space.raw(address, pages * PAGE_SIZE), at);
      at += pages * PAGE_SIZE;
    }
    return memory;
  }
}
