/** Runs instruction cases on our tiers and gives outcomes in the layout of runner.c. */

import type { InterpreterEngine } from '../../../core/interp/engine.ts';
import { createTieredEngine } from '../../../core/jit/create.ts';
import type { JitMode } from '../../../core/jit/tier1.ts';
import { AddressSpace } from '../../../core/mem/address-space.ts';
import { GUEST_BASE, PAGE_SIZE } from '../../../core/mem/layout.ts';
import { EXIT_EXCEPTION, VEC_PF } from '../../../core/vcpu/exits.ts';
import { restoreFxsave, saveFxsave } from '../../../core/vcpu/fxsave.ts';
import * as st from '../../../core/vcpu/state.ts';
import { Vcpu } from '../../../core/vcpu/vcpu.ts';
import { cpuModel } from '../../../core/x86/cpuid.ts';
import {
  CASE,
  CODE,
  CODE_SLOT,
  CODE_SLOTS,
  DATA,
  EXIT1,
  EXITS,
  type IsaCase,
  OUTCOME,
  WINDOW,
  WINDOW_START,
} from './layout.ts';

/** Host-side staging area for FXSAVE images: a page that no case touches. */
const STAGING = 0x50000000;

export class OurCpu {
  private readonly space = new AddressSpace(64 << 20);
  private readonly vcpu = new Vcpu(this.space);
  private readonly engine: InterpreterEngine;

  /** `jit` 'always' runs every case in translated code. */
  constructor(jit: JitMode = 'off') {
    this.engine = createTieredEngine(this.space, {
      timestampNs: () => 0,
      random: () => {},
      cpu: cpuModel('max'),
      jit,
    });
    const page = (gva: number): number => gva / PAGE_SIZE;
    this.space.mapPages(page(DATA), 1, 3, true);
    this.space.mapPages(page(CODE), (CODE_SLOTS * CODE_SLOT) / PAGE_SIZE, 5, true);
    this.space.mapPages(page(STAGING), 1, 3, true);
  }

  /** Puts the code of a batch in place. */
  loadCode(cases: readonly IsaCase[]): void {
    this.space.onCodeChanged(CODE / PAGE_SIZE, (CODE_SLOTS * CODE_SLOT) / PAGE_SIZE);
    for (const c of cases) this.space.raw(c.ip, CODE_SLOT).set(c.record.subarray(CASE.code, CASE.code + CODE_SLOT));
  }

  run(c: IsaCase): Uint8Array<ArrayBuffer> {
    const { space, vcpu } = this;
    const { u8 } = space;
    u8.fill(0, GUEST_BASE + DATA, GUEST_BASE + DATA + PAGE_SIZE);
    u8.set(c.record.subarray(CASE.window, CASE.window + WINDOW), GUEST_BASE + DATA + WINDOW_START);
    const input = new DataView(c.record.buffer);
    vcpu.reset();
    const fx = GUEST_BASE + STAGING;
    u8.set(c.record.subarray(CASE.fx, CASE.fx + 512), fx);
    restoreFxsave(space, fx);
    for (let i = 0; i < 16; i++) {
      const at = CASE.high + 16 * i;
      u8.set(c.record.subarray(at, at + 16), st.xmmOffset(i) + 16);
    }
    for (let i = 0; i < 16; i++) vcpu.setGpr(i, input.getBigUint64(CASE.gpr + 8 * i, true));
    vcpu.rflags = Number(input.getBigUint64(CASE.flags, true));
    vcpu.rip = c.ip;
    this.engine.run(100000);
    return this.outcome();
  }

  private outcome(): Uint8Array<ArrayBuffer> {
    const { space, vcpu } = this;
    const out = new Uint8Array(OUTCOME.size);
    const dv = new DataView(out.buffer);
    for (let i = 0; i < 16; i++) dv.setBigUint64(OUTCOME.gpr + 8 * i, vcpu.gpr(i), true);
    dv.setBigUint64(OUTCOME.flags, BigInt(vcpu.rflags), true);
    const { rip } = vcpu;
    const isException = vcpu.getI32(st.exitReason) === EXIT_EXCEPTION;
    if (isException && (rip === EXITS || rip === EXIT1)) dv.setUint32(OUTCOME.exit, rip === EXIT1 ? 1 : 0, true);
    else {
      dv.setUint32(OUTCOME.exit, 2, true);
      const vector = vcpu.getI32(st.excVector);
      dv.setUint32(OUTCOME.trap, isException ? vector : 255, true);
      dv.setBigUint64(OUTCOME.error, BigInt(vcpu.getI32(st.excError)), true);
      if (vector === VEC_PF) dv.setBigUint64(OUTCOME.address, vcpu.getU64(st.excAddress), true);
      dv.setBigUint64(OUTCOME.rip, BigInt(rip), true);
    }
    const fx = GUEST_BASE + STAGING;
    space.u8.fill(0, fx, fx + 512);
    saveFxsave(space, fx);
    out.set(space.u8.subarray(fx, fx + 512), OUTCOME.fx);
    for (let i = 0; i < 16; i++) {
      const at = st.xmmOffset(i) + 16;
      out.set(space.u8.subarray(at, at + 16), OUTCOME.high + 16 * i);
    }
    out.set(space.raw(DATA + WINDOW_START, WINDOW), OUTCOME.window);
    return out;
  }
}
