/**
 * x87 instructions as helpers of tier 0. Their selector is the opcode as the FPU itself records it (FOP), which says all
 * about an instruction but its address:
 *
 * | bits  | meaning                                                           |
 * |-------|-------------------------------------------------------------------|
 * | 7..0  | ModRM byte; below 0xC0 a memory form                               |
 * | 10..8 | opcode - 0xD8                                                      |
 * | 11    | 16-bit operand size (prefix 66): for the environment and state     |
 *
 * selector = (opcode & 7) << 8 | modrm | (is16Bit ? SELECTOR_SHORT : 0)
 *
 * The caller has checked memory operands for the access and size of the instruction (FLDENV and FNSTENV 28 bytes or
 * 14, FRSTOR and FNSAVE 108 or 94), and has stored RIP, which becomes the saved instruction pointer.
 *
 * Where the manuals leave a choice, an AMD Zen 4 is followed (test/diff/fp compares with the CPU at hand): FCMOVcc, FCOMI
 * and their like leave C1; FLD with DE unmasked still pushes; FPREM keeps C0 and C3 when it has no quotient; FOP and the
 * pointers are recorded by every instruction, FDP only by those with a memory operand.
 * Differences from hardware: saved selectors are those of Linux user mode, not remembered ones.
 */
import type { AddressSpace } from '../../mem/address-space.ts';
import { GUEST_BASE } from '../../mem/layout.ts';
import { VEC_MF, VEC_UD } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { enterMmxState, leaveMmxState } from './x87-control.ts';
import { memoryForms, registerForms, type X87Op } from './x87-ops.ts';
import { FSW_ES, X87 } from './x87-state.ts';

export const SELECTOR_SHORT = 0x800;

const fpu = new X87();

/** The instruction that a selector stands for; undefined when there is none (#UD). */
export function x87Instruction(selector: number): X87Op | undefined {
  const opcode = (selector >> 8) & 7;
  if ((selector & 0xc0) === 0xc0) return registerForms[(opcode << 6) | (selector & 0x3f)];
  return memoryForms[(opcode << 3) | ((selector >> 3) & 7)];
}

/**
 * Executes an x87 instruction. `operand` is the offset (GUEST_BASE + gva) of the memory operand; for FCMOVcc, 1 when
 * the condition holds and else 0; otherwise unused. Returns 0 or the vector of the exception to raise (#MF for an
 * exception that an earlier instruction left pending, #UD).
 */
export function x87Op(space: AddressSpace, selector: number, operand: number): number {
  const op = x87Instruction(selector);
  if (op === undefined) return VEC_UD;
  if (op.waits && space.i32[st.fsw.offset >> 2]! & FSW_ES) return VEC_MF;
  fpu.enter(space);
  const isMemory = (selector & 0xc0) !== 0xc0;
  if (!op.isControl) savePointers(space, selector, isMemory ? operand : 0);
  if (isMemory) op.run(fpu, operand, selector & SELECTOR_SHORT);
  else op.run(fpu, selector & 7, operand);
  return 0;
}

function savePointers(space: AddressSpace, selector: number, operand: number): void {
  const { i32 } = space;
  i32[st.fpOpcode.offset >> 2] = selector & 0x7ff;
  i32[st.fpIp.offset >> 2] = i32[st.rip.offset >> 2]!;
  i32[(st.fpIp.offset >> 2) + 1] = 0;
  if (operand === 0) return;
  i32[st.fpDp.offset >> 2] = operand - GUEST_BASE;
  i32[(st.fpDp.offset >> 2) + 1] = 0;
}

/** FWAIT, and what every MMX instruction does first: 0, or #MF for a pending exception. */
export function x87Wait(space: AddressSpace): number {
  return space.i32[st.fsw.offset >> 2]! & FSW_ES ? VEC_MF : 0;
}

/**
 * What an MMX instruction does before its work: 0 or #MF; then TOP is 0 and all registers are in use. A write to MMn
 * must also set the 16 bits above it (sign and exponent of Rn) to ones.
 */
export function x87EnterMmx(space: AddressSpace): number {
  if (x87Wait(space)) return VEC_MF;
  enterMmxState(space);
  return 0;
}

/** EMMS */
export function x87LeaveMmx(space: AddressSpace): number {
  if (x87Wait(space)) return VEC_MF;
  leaveMmxState(space);
  return 0;
}
