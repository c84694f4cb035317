/**
 * Makes instruction cases from the rows of the instruction table: the bytes of one instruction with random operands, and a
 * machine state in which it does something.
 */
import { type Assembly, assemble } from '../../../core/x86/assembler.ts';
import type { Encoding } from '../../../core/x86/notation.ts';
import { CASE, CODE, CODE_SLOT, DATA, EXIT1, EXITS, type IsaCase, WINDOW, WINDOW_START } from './layout.ts';
import { Random } from './random.ts';
import { faultsInAnyOrder, readsRexB } from './vendors.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;
const RSP = 4;
const RBP = 5;
const RSI = 6;
const RDI = 7;

/** Addresses in the middle of the window, with room on both sides. */
const windowAddress = (r: Random, align: number): number => {
  const at = DATA + WINDOW_START + 256 + r.below(256);
  return at - (at % align);
};

/** An operand size that the row allows. */
export function chooseOperandSize(enc: Encoding, r: Random): 16 | 32 | 64 {
  if (enc.rexW === 1) return 64;
  // With a 16-bit operand AMD CPUs read 32 bits, Intel's 16.
  if (enc.insn.mnemonic === 'movsxd') return 32;
  if (enc.ignore66 && enc.default64) return 64;
  if (enc.default64) return r.chance(20) ? 16 : 64;
  const usesY = enc.operands.some((o) => o.size === 'y');
  const isPlain = !enc.usesOperandSize && !usesY && !enc.rep && !(enc.operands.length === 0);
  const can64 = enc.rexW !== 0 && !isPlain;
  const can16 = (enc.usesOperandSize || enc.rep !== undefined) && enc.mandatory === 'any' && enc.vex === 'none';
  const sizes: (16 | 32 | 64)[] = [32];
  if (can64) sizes.push(64);
  if (can16) sizes.push(16);
  return r.pick(sizes);
}

class CaseMaker {
  private readonly enc: Encoding;
  private readonly r: Random;
  private readonly record = new Uint8Array(CASE.size);
  private readonly dv = new DataView(this.record.buffer);
  private readonly gpr: bigint[] = [];
  private address = 0;

  constructor(enc: Encoding, r: Random) {
    this.enc = enc;
    this.r = r;
  }

  make(slot: number, seed: number): IsaCase {
    const { enc, r } = this;
    const operandSize = chooseOperandSize(enc, r);
    const ip = CODE + slot * CODE_SLOT;
    for (let i = 0; i < 16; i++) this.gpr.push(r.integer());
    this.fillWindow();
    this.fillFx();
    this.fillHigh(seed);
    this.setUp();
    const isMemory = enc.mod === 'mem' || (enc.mod === 'any' && enc.hasModrm && r.chance(50));
    const assembly: Assembly = {
      operandSize,
      reg: this.chooseReg(),
      rm: r.below(readsRexB(enc, []) ? 8 : 16),
      vvvv: enc.usesVvvv ? r.below(16) : 0,
      ip,
      forceRex: r.chance(50),
      immediate: this.chooseImmediate(),
      ...(enc.rep ? { repeat: r.pick(['none', 'rep', enc.rep === 'repe' ? 'repne' : 'rep'] as const) } : {}),
      ...(enc.insn.lock && isMemory && r.chance(30) ? { lock: true } : {}),
    };
    if (enc.operands.some((o) => o.addressing === 'S')) assembly.reg = r.below(6);
    if (isMemory) this.placeMemory(assembly);
    if (enc.operands.some((o) => o.addressing === 'O')) assembly.immediate = BigInt(windowAddress(r, 1));
    this.placeTarget(assembly, isMemory);
    const bytes = assemble(enc, assembly);
    this.writeCode(bytes, slot);
    const isRipRelative = assembly.memory?.ripTarget !== undefined;
    return {
      encoding: enc,
      bytes,
      isMemory,
      isRipRelative,
      operandSize,
      address: this.address,
      ip,
      record: this.record,
    };
  }

  private chooseReg(): number {
    return this.r.below(16);
  }

  private chooseImmediate(): bigint {
    const { enc, r } = this;
    if (enc.operands[0]?.addressing === 'J') return 14n;
    if (enc.insn.mnemonic === 'enter') return BigInt(r.below(64)) | (BigInt(r.below(4)) << 16n);
    if (enc.insn.test?.setup === 'doubleShift') return BigInt(r.below(17));
    if (enc.insn.mnemonic === 'ret') return BigInt(r.below(64));
    return r.integer();
  }

  private fillWindow(): void {
    const { r } = this;
    for (let at = 0; at < WINDOW; at += 16) {
      const value = r.chance(25) ? r.extended() : r.vector();
      this.dv.setBigUint64(CASE.window + at, value & 0xffffffffffffffffn, true);
      this.dv.setBigUint64(CASE.window + at + 8, value >> 64n, true);
    }
  }

  private fillFx(): void {
    const { r, dv } = this;
    const at = CASE.fx;
    const masks = r.chance(85) ? 0x3f : r.below(64);
    dv.setUint16(at, 0x40 | masks | (r.pick([0, 2, 3, 3, 3]) << 8) | (r.below(4) << 10), true);
    const sticky = r.below(64) & masks;
    dv.setUint16(at + 2, (r.below(8) << 11) | (r.u32() & 0x4740 & (sticky & 1 ? 0x4740 : 0x4700)) | sticky, true);
    dv.setUint8(at + 4, r.chance(70) ? 0xff : r.below(256));
    const sseMasks = r.chance(90) ? 0x3f : r.below(64);
    const control = r.chance(50)
      ? 0
      : (r.below(4) << 13) | (r.below(4) === 0 ? 0x8000 : 0) | (r.below(4) === 0 ? 0x40 : 0);
    dv.setUint32(at + 24, (sseMasks << 7) | r.below(64) | control, true);
    for (let i = 0; i < 8; i++) {
      const value = r.extended();
      dv.setBigUint64(at + 32 + 16 * i, value & 0xffffffffffffffffn, true);
      dv.setUint16(at + 40 + 16 * i, Number(value >> 64n), true);
    }
    for (let i = 0; i < 16; i++) this.setXmm(i, r.vector());
  }

  /** High halves of the YMM registers, from random numbers of their own. */
  private fillHigh(seed: number): void {
    const r = new Random(seed ^ 0x5bd1e995);
    for (let at = CASE.high; at < CASE.size; at += 16) {
      const value = r.vector();
      this.dv.setBigUint64(at, value & 0xffffffffffffffffn, true);
      this.dv.setBigUint64(at + 8, value >> 64n, true);
    }
  }

  private setXmm(i: number, value: bigint): void {
    this.dv.setBigUint64(CASE.fx + 160 + 16 * i, value & 0xffffffffffffffffn, true);
    this.dv.setBigUint64(CASE.fx + 168 + 16 * i, value >> 64n, true);
  }

  /** State that the instruction's kind needs to do something. */
  private setUp(): void {
    const { r, gpr, enc } = this;
    switch (enc.insn.test?.setup) {
      case 'shift':
        gpr[RCX] = r.chance(80) ? BigInt(r.below(70)) : r.u64();
        break;
      case 'doubleShift':
        // Counts above the operand size are undefined for 16-bit operands.
        gpr[RCX] = BigInt(r.below(17));
        break;
      case 'divide':
        if (r.chance(60)) gpr[RDX] = r.chance(50) ? 0n : BigInt.asUintN(64, -BigInt(r.below(2)));
        if (r.chance(50)) gpr[RAX] = BigInt(r.below(30000));
        break;
      case 'string':
        gpr[RCX] = BigInt(r.below(20));
        for (const register of [RSI, RDI, RBX]) gpr[register] = BigInt(windowAddress(r, 1));
        break;
      case 'stack':
      case 'branch':
        gpr[RSP] = BigInt(windowAddress(r, 8));
        gpr[RBP] = BigInt(windowAddress(r, 8));
        break;
    }
    if (enc.insn.mnemonic.startsWith('sha256rnds2')) this.setXmm(0, r.vector());
  }

  /** Puts the memory operand into the window and the registers that address it to fit. */
  private placeMemory(a: Assembly): void {
    const { enc, r, gpr } = this;
    // CPUs differ in whether SHA instructions check the alignment.
    const isStrict = enc.aligned && (enc.cpuid === 'sha_ni' || r.chance(95));
    const isWide = enc.operands.some((o) => o.size === 'qq');
    const align = isStrict ? (isWide ? 32 : 16) : enc.insn.mnemonic.startsWith('fx') ? 16 : 1;
    this.address = r.chance(4) ? DATA + 4096 - align * (1 + r.below(20)) : windowAddress(r, align);
    this.clearMisalignedMask();
    if (faultsInAnyOrder(enc) && this.address + 16 > DATA + 4096) this.maskExceptions();
    const isBits = enc.insn.test?.setup === 'bits';
    if (isBits) gpr[a.reg] = BigInt.asUintN(64, BigInt(r.below(1024) - 512));
    if (r.chance(15)) {
      a.memory = { base: -1, index: -1, scale: 0, displacement: 0, ripTarget: this.address };
      return;
    }
    const taken = enc.operands.some((o) => o.addressing === 'G') ? a.reg : -1;
    const free = (): number => {
      for (;;) {
        const register = r.below(16);
        if (register !== taken && !(enc.insn.test?.setup && (register === RCX || register === RSP))) return register;
      }
    };
    const displacement = r.chance(50) ? 0 : r.below(1 << 20) - (1 << 19);
    const base = free();
    const index = r.chance(50) ? free() : -1;
    a.memory = { base, index: index === base || index === RSP ? -1 : index, scale: r.below(4), displacement };
    let rest = BigInt(this.address) - BigInt(displacement);
    if (a.memory.index >= 0) {
      gpr[a.memory.index] = BigInt.asUintN(64, BigInt(r.below(4096) - 2048));
      rest -= BigInt.asIntN(64, gpr[a.memory.index]!) << BigInt(a.memory.scale);
    }
    gpr[base] = BigInt.asUintN(64, rest);
  }

  private maskExceptions(): void {
    const { dv } = this;
    dv.setUint16(CASE.fx, dv.getUint16(CASE.fx, true) | 0x3f, true);
    dv.setUint32(CASE.fx + 24, dv.getUint32(CASE.fx + 24, true) | 0x1f80, true);
  }

  /** MXCSR bit 17 only exists on AMD CPUs: no image that is loaded may have it. */
  private clearMisalignedMask(): void {
    const offset = { ldmxcsr: 0, vldmxcsr: 0, fxrstor: 24 }[this.enc.insn.mnemonic];
    const at = this.address - DATA - WINDOW_START + (offset ?? 0);
    if (offset === undefined || at < 0 || at + 4 > WINDOW) return;
    this.dv.setUint32(CASE.window + at, this.dv.getUint32(CASE.window + at, true) & ~0x20000, true);
  }

  /** Indirect branches and returns go to the second exit. */
  private placeTarget(a: Assembly, isMemory: boolean): void {
    const { enc, gpr } = this;
    const put = (address: number, value: number): void => {
      const at = address - DATA - WINDOW_START;
      if (at >= 0 && at + 8 <= WINDOW) this.dv.setBigUint64(CASE.window + at, BigInt(value), true);
    };
    // TF and AC would change how the exit runs.
    if (enc.insn.mnemonic === 'popf') put(Number(gpr[RSP]), (this.r.u32() & 0x204cd5) | 0x202);
    if (enc.insn.test?.setup !== 'branch') return;
    if (enc.insn.mnemonic === 'ret') put(Number(gpr[RSP]), EXIT1);
    else if (enc.operands[0]?.addressing === 'E') {
      if (isMemory) put(this.address, EXIT1);
      else {
        while (a.rm === RSP) a.rm = this.r.below(16);
        gpr[a.rm] = BigInt(EXIT1);
      }
    }
  }

  private writeCode(bytes: Uint8Array, slot: number): void {
    const { dv, record, r } = this;
    record.fill(0xcc, CASE.code, CASE.code + 64);
    record.set(bytes, CASE.code);
    // jmp *0(%rip) to either exit.
    [EXITS, EXIT1].forEach((exit, i) => {
      const at = CASE.code + bytes.length + 14 * i;
      record.set([0xff, 0x25, 0, 0, 0, 0], at);
      dv.setBigUint64(at + 6, BigInt(exit), true);
    });
    this.gpr.forEach((value, i) => {
      dv.setBigUint64(CASE.gpr + 8 * i, value, true);
    });
    const direction = this.enc.insn.test?.setup === 'string' && r.chance(30) ? 0x400 : 0;
    dv.setBigUint64(CASE.flags, BigInt((r.u32() & 0x8d5) | 0x202 | direction), true);
    dv.setBigUint64(CASE.slot, BigInt(slot), true);
  }
}

/** A case for a row, fully determined by the seed. */
export function makeCase(enc: Encoding, seed: number, slot: number): IsaCase {
  return new CaseMaker(enc, new Random(seed)).make(slot, seed);
}
