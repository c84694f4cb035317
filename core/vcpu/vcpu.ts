/** The vCPU state seen from TypeScript: named access to the fields of state.ts, and whole-context save and restore. */
import type { AddressSpace } from '../mem/address-space.ts';
import * as st from './state.ts';

/** Status flags of RFLAGS. */
export const FLAG_CF = 1;
export const FLAG_PF = 4;
export const FLAG_AF = 0x10;
export const FLAG_ZF = 0x40;
export const FLAG_SF = 0x80;
export const FLAG_TF = 0x100;
export const FLAG_IF = 0x200;
export const FLAG_DF = 0x400;
export const FLAG_OF = 0x800;
export const FLAG_NT = 0x4000;
export const FLAG_AC = 0x4_0000;
export const FLAG_ID = 0x20_0000;

/** MXCSR: all exceptions masked, and the bits in which plain arithmetic must find them: masks and rounding control. */
export const MXCSR_MASKS = 0x1f80;
export const MXCSR_UNUSUAL = 0x7f80;
/** MXCSR: an inexact result. */
export const MXCSR_PE = 0x20;

/** Bits of the `sseFast` field. */
export const SSE_FAST = 1;
export const SSE_PLAIN = 2;

/** Flags that change how every instruction runs: the engine looks at them before it goes on. */
export const MODE_FLAGS = FLAG_TF | FLAG_AC;
const SYSTEM_FLAGS = FLAG_TF | FLAG_NT | FLAG_AC | FLAG_ID;

export class Vcpu {
  readonly space: AddressSpace;
  constructor(space: AddressSpace) {
    this.space = space;
  }

  getI32(field: st.Field): number {
    return this.space.i32[field.offset >> 2]!;
  }
  setI32(field: st.Field, value: number): void {
    this.space.i32[field.offset >> 2] = value;
  }
  getU64(field: st.Field, index = 0): bigint {
    return this.space.dv.getBigUint64(field.offset + index * field.stride, true);
  }
  setU64(field: st.Field, value: bigint, index = 0): void {
    this.space.dv.setBigUint64(field.offset + index * field.stride, BigInt.asUintN(64, value), true);
  }

  /** General register as an unsigned 64-bit value. */
  gpr(index: number): bigint {
    return this.getU64(st.gpr, index);
  }
  setGpr(index: number, value: bigint): void {
    this.setU64(st.gpr, value, index);
  }
  /** General register as a number: exact for addresses and counts below 2^53. */
  gprNumber(index: number): number {
    const at = st.gprOffset(index) >> 2;
    return this.space.u32[at + 1]! * 0x1_0000_0000 + this.space.u32[at]!;
  }
  /** Sets a general register from an integer number, sign-extended to 64 bits. */
  setGprNumber(index: number, value: number): void {
    const at = st.gprOffset(index) >> 2;
    this.space.u32[at] = value >>> 0;
    this.space.i32[at + 1] = Math.floor(value / 0x1_0000_0000);
  }
  /** Adds an integer within ±2^52 to a general register, modulo 2^64. */
  addGprNumber(index: number, delta: number): void {
    const at = st.gprOffset(index) >> 2;
    const low = this.space.u32[at]! + delta;
    this.space.u32[at] = low >>> 0;
    this.space.u32[at + 1] = this.space.u32[at + 1]! + Math.floor(low / 0x1_0000_0000);
  }
  get rip(): number {
    const at = st.rip.offset >> 2;
    return this.space.u32[at + 1]! * 0x1_0000_0000 + this.space.u32[at]!;
  }
  set rip(value: number) {
    const at = st.rip.offset >> 2;
    this.space.u32[at] = value >>> 0;
    this.space.u32[at + 1] = Math.floor(value / 0x1_0000_0000);
  }

  /** RFLAGS as PUSHF shows it. */
  get rflags(): number {
    let flags = 2 | FLAG_IF | (this.getI32(st.systemFlags) & SYSTEM_FLAGS);
    if (this.getI32(st.cf) & 1) flags |= FLAG_CF;
    if (isEvenParity(this.getI32(st.pf) & 0xff)) flags |= FLAG_PF;
    if (this.getI32(st.af) & 0x10) flags |= FLAG_AF;
    if (this.getU64(st.zf) === 0n) flags |= FLAG_ZF;
    if (this.space.i32[(st.sf.offset >> 2) + 1]! < 0) flags |= FLAG_SF;
    if (this.space.i32[(st.of.offset >> 2) + 1]! < 0) flags |= FLAG_OF;
    if (this.getI32(st.df) & 1) flags |= FLAG_DF;
    return flags;
  }
  /** Sets RFLAGS as POPF in user mode does: bits it can't change are ignored. */
  set rflags(flags: number) {
    this.setI32(st.cf, flags & FLAG_CF ? 1 : 0);
    this.setI32(st.pf, flags & FLAG_PF ? 0 : 1);
    this.setI32(st.af, flags & FLAG_AF);
    this.setU64(st.zf, flags & FLAG_ZF ? 0n : 1n);
    this.setU64(st.sf, flags & FLAG_SF ? -1n : 0n);
    this.setU64(st.of, flags & FLAG_OF ? -1n : 0n);
    this.setI32(st.df, flags & FLAG_DF ? 1 : 0);
    this.setI32(st.systemFlags, flags & SYSTEM_FLAGS);
  }

  /** TF and AC. */
  get modeFlags(): number {
    return this.getI32(st.systemFlags) & MODE_FLAGS;
  }

  /** Sets MXCSR and what is derived from it. */
  set mxcsr(value: number) {
    this.setI32(st.mxcsr, value);
    const isPlain = (value & MXCSR_UNUSUAL) === MXCSR_MASKS;
    this.setI32(st.sseFast, isPlain ? SSE_PLAIN | (value & MXCSR_PE ? SSE_FAST : 0) : 0);
  }
  get mxcsr(): number {
    return this.getI32(st.mxcsr);
  }

  /** A fresh thread's registers: all zero but the x87 and SSE control words (as after execve). */
  reset(): void {
    this.space.u8.fill(0, st.CONTEXT_START, st.CONTEXT_END);
    this.rflags = 2 | FLAG_IF;
    this.mxcsr = 0x1f80;
    this.setI32(st.fcw, 0x37f);
    this.setI32(st.fpEmpty, 0xff);
  }

  /** Copies the thread's register context out of, or into, the state. */
  saveContext(into: Uint8Array): void {
    into.set(this.space.u8.subarray(st.CONTEXT_START, st.CONTEXT_END));
  }
  loadContext(from: Uint8Array): void {
    this.space.u8.set(from, st.CONTEXT_START);
  }
}

export const CONTEXT_SIZE = st.CONTEXT_END - st.CONTEXT_START;

function isEvenParity(byte: number): boolean {
  let x = byte ^ (byte >> 4);
  x ^= x >> 2;
  x ^= x >> 1;
  return (x & 1) === 0;
}
