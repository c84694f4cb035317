/**
 * The x87 register stack and its status (SDM vol. 1, 8.1): what the instructions of x87-*.ts work on. One object serves
 * all vCPUs of this thread: `enter` points it at an address space for one instruction.
 *
 * State fields: `fsw` holds the status word without TOP, ES and B kept up to date; `fpEmpty` has a bit for each empty
 * physical register; ST(i) is physical register (TOP + i) mod 8.
 */
import type { AddressSpace } from '../../mem/address-space.ts';
import * as st from '../../vcpu/state.ts';
import { loadF80, storeF80 } from './encoding.ts';
import {
  EXTENDED,
  EXTENDED_24,
  EXTENDED_53,
  FpContext,
  FpNumber,
  IE,
  OE,
  PE,
  setDefaultNan,
  type Target,
  UE,
} from './number.ts';

/** Status word. */
export const FSW_SF = 0x40;
export const FSW_ES = 0x80;
export const FSW_C0 = 0x100;
export const FSW_C1 = 0x200;
export const FSW_C2 = 0x400;
export const FSW_C3 = 0x4000;
export const FSW_B = 0x8000;
export const FSW_CONDITIONS = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3;
const FSW_EXCEPTIONS = 0x3f;

/** Targets by precision control, FCW bits 8..9; the reserved 01 acts as full precision. */
const PRECISIONS: readonly Target[] = [EXTENDED_24, EXTENDED, EXTENDED_53, EXTENDED];

const FCW = st.fcw.offset >> 2;
const FSW = st.fsw.offset >> 2;
const TOP = st.fpTop.offset >> 2;
const EMPTY = st.fpEmpty.offset >> 2;

export class X87 {
  space: AddressSpace = undefined!;
  dv: DataView = undefined!;
  readonly ctx = new FpContext(true);
  private i32: Int32Array = undefined!;
  /** Target of the instructions that obey precision control. */
  controlled: Target = EXTENDED;

  enter(space: AddressSpace): void {
    this.space = space;
    this.dv = space.dv;
    this.i32 = space.i32;
    const fcw = this.i32[FCW]!;
    const { ctx } = this;
    ctx.masks = fcw & 0x3f;
    ctx.rounding = (fcw >> 10) & 3;
    ctx.target = EXTENDED;
    ctx.flags = 0;
    ctx.roundedUp = false;
    this.controlled = PRECISIONS[(fcw >> 8) & 3]!;
  }

  get fcw(): number {
    return this.i32[FCW]!;
  }
  /** Sets the control word; reserved bits read as hardware has them. */
  set fcw(value: number) {
    this.i32[FCW] = (value & 0x1f3f) | 0x40;
    this.summarise();
  }
  get fsw(): number {
    return this.i32[FSW]!;
  }
  /** Sets the status word but for TOP; ES and B follow from the exceptions. */
  set fsw(value: number) {
    this.i32[FSW] = value & (FSW_EXCEPTIONS | FSW_SF | FSW_CONDITIONS);
    this.summarise();
  }
  private summarise(): void {
    const fsw = this.i32[FSW]! & ~(FSW_ES | FSW_B);
    this.i32[FSW] = fsw & ~this.i32[FCW]! & FSW_EXCEPTIONS ? fsw | FSW_ES | FSW_B : fsw;
  }

  get top(): number {
    return this.i32[TOP]!;
  }
  set top(value: number) {
    this.i32[TOP] = value & 7;
  }
  /** One bit for each empty physical register. */
  get empty(): number {
    return this.i32[EMPTY]!;
  }
  set empty(bits: number) {
    this.i32[EMPTY] = bits;
  }

  /** Offset of ST(i). */
  slot(i: number): number {
    return st.fprOffset((this.i32[TOP]! + i) & 7);
  }
  isEmpty(i: number): boolean {
    return ((this.i32[EMPTY]! >> ((this.i32[TOP]! + i) & 7)) & 1) !== 0;
  }
  markEmpty(i: number): void {
    this.i32[EMPTY]! |= 1 << ((this.i32[TOP]! + i) & 7);
  }
  markValid(i: number): void {
    this.i32[EMPTY]! &= ~(1 << ((this.i32[TOP]! + i) & 7));
  }
  read(i: number, n: FpNumber): void {
    loadF80(this.dv, this.slot(i), n);
  }
  /** Writes ST(i), which thereby is no longer empty. */
  write(i: number, n: FpNumber): void {
    storeF80(this.dv, this.slot(i), n);
    this.markValid(i);
  }
  writeIndefinite(i: number): void {
    setDefaultNan(scratch);
    this.write(i, scratch);
  }
  pop(): void {
    this.markEmpty(0);
    this.top += 1;
  }

  /** Replaces condition codes. */
  setConditions(bits: number, which = FSW_CONDITIONS): void {
    this.i32[FSW] = (this.i32[FSW]! & ~which) | bits;
  }

  /** Makes the operation's exceptions sticky; C1 says whether its result was rounded up. */
  report(): void {
    const { flags, roundedUp } = this.ctx;
    this.i32[FSW] = (this.i32[FSW]! & ~FSW_C1) | flags | (roundedUp ? FSW_C1 : 0);
    this.summarise();
  }
  /** Reports, and tells whether an unmasked exception withholds the result of an operation to a register. */
  withholds(): boolean {
    this.report();
    return this.ctx.stopped;
  }
  /** Reports, and tells whether an unmasked exception withholds the result of a store to memory. */
  withholdsStore(): boolean {
    const { ctx } = this;
    const isWithheld = (ctx.flags & ~ctx.masks & (IE | OE | UE)) !== 0;
    if (isWithheld) {
      ctx.flags &= ~PE;
      ctx.roundedUp = false;
    }
    this.report();
    return isWithheld;
  }

  /** Stack overflow (C1 set) or underflow; true when it is masked, so that the default response is due. */
  stackFault(isOverflow: boolean): boolean {
    this.i32[FSW] = (this.i32[FSW]! & ~FSW_C1) | FSW_SF | IE | (isOverflow ? FSW_C1 : 0);
    this.summarise();
    return (this.ctx.masks & IE) !== 0;
  }

  /** Pushes a number; on a stack overflow, the indefinite instead, or nothing when that is unmasked. */
  push(n: FpNumber): void {
    if (!this.isEmpty(7)) {
      if (!this.stackFault(true)) return;
      setDefaultNan(n);
    }
    this.top -= 1;
    this.write(0, n);
  }

  /** FNINIT */
  reset(): void {
    this.i32[FCW] = 0x37f;
    this.i32[FSW] = 0;
    this.i32[TOP] = 0;
    this.i32[EMPTY] = 0xff;
    this.setPointers(0, 0, 0);
  }

  /** Opcode and addresses of the last instruction that was not a control instruction. */
  setPointers(opcode: number, ip: number, dp: number): void {
    this.i32[st.fpOpcode.offset >> 2] = opcode;
    this.i32[st.fpIp.offset >> 2] = ip;
    this.i32[(st.fpIp.offset >> 2) + 1] = 0;
    this.i32[st.fpDp.offset >> 2] = dp;
    this.i32[(st.fpDp.offset >> 2) + 1] = 0;
  }
}

const scratch = new FpNumber();
