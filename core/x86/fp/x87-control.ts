/** x87 control instructions: environment, state, tags and the MMX view of the registers (SDM vol. 1, 8.1.8 and 9.2). */
import type { AddressSpace } from '../../mem/address-space.ts';
import * as st from '../../vcpu/state.ts';
import { FINITE, FpNumber, ZERO } from './number.ts';
import { FSW_C1, type X87 } from './x87-state.ts';
import type { X87Run } from './x87-transfer.ts';

/** Selectors of Linux user mode, which go with saved pointers; zero while there are none. */
const USER_CS = 0x33;
const USER_DS = 0;

const n = new FpNumber();

/** FSW as stored, TOP included. */
export function fullStatus(fpu: X87): number {
  return fpu.fsw | (fpu.top << 11);
}
function setFullStatus(fpu: X87, value: number): void {
  fpu.top = value >> 11;
  fpu.fsw = value;
}

/** The full tag word: two bits for each physical register, 0 valid, 1 zero, 2 special, 3 empty. */
function tagWord(fpu: X87): number {
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) tags |= tag(fpu, physical) << (physical * 2);
  return tags;
}
function tag(fpu: X87, physical: number): number {
  const i = (physical - fpu.top) & 7;
  if (fpu.isEmpty(i)) return 3;
  fpu.read(i, n);
  if (n.kind === ZERO) return 1;
  return n.kind === FINITE && !n.denormal ? 0 : 2;
}
function setTagWord(fpu: X87, tags: number): void {
  let empty = 0;
  for (let physical = 0; physical < 8; physical++) {
    if (((tags >> (physical * 2)) & 3) === 3) empty |= 1 << physical;
  }
  fpu.empty = empty;
}

/** Bytes of an environment: FNSTENV's image, which also begins FNSAVE's. */
export const environmentSize = (isShort: boolean): number => (isShort ? 14 : 28);

/** The environment in the protected-mode layout of 16-bit (`isShort`) or 32-bit operand size. */
function storeEnvironment(fpu: X87, off: number, isShort: boolean): void {
  const { dv, space } = fpu;
  const ip = space.u32[st.fpIp.offset >> 2]!;
  const dp = space.u32[st.fpDp.offset >> 2]!;
  const opcode = space.i32[st.fpOpcode.offset >> 2]! & 0x7ff;
  const cs = ip === 0 ? 0 : USER_CS;
  const words = [fpu.fcw, fullStatus(fpu), tagWord(fpu)];
  if (isShort) {
    words.push(ip & 0xffff, cs, dp & 0xffff, USER_DS);
    words.forEach((word, i) => {
      dv.setUint16(off + i * 2, word, true);
    });
    return;
  }
  words.forEach((word, i) => {
    dv.setUint32(off + i * 4, (0xffff_0000 | word) >>> 0, true);
  });
  dv.setUint32(off + 12, ip, true);
  dv.setUint32(off + 16, (opcode << 16) | cs, true);
  dv.setUint32(off + 20, dp, true);
  dv.setUint32(off + 24, (0xffff_0000 | USER_DS) >>> 0, true);
}

function loadEnvironment(fpu: X87, off: number, isShort: boolean): void {
  const { dv } = fpu;
  const step = isShort ? 2 : 4;
  const word = (i: number): number =>
    isShort && i >= 3 ? dv.getUint16(off + i * 2, true) : dv.getUint32(off + i * step, true);
  fpu.fcw = dv.getUint16(off, true);
  setFullStatus(fpu, dv.getUint16(off + step, true));
  setTagWord(fpu, dv.getUint16(off + 2 * step, true));
  fpu.setPointers(isShort ? 0 : (word(4) >>> 16) & 0x7ff, word(3), word(5));
}

export const fnstenv: X87Run = (fpu, off, extra) => {
  const isShort = extra !== 0;
  storeEnvironment(fpu, off, isShort);
  fpu.fcw |= 0x3f;
};
export const fldenv: X87Run = (fpu, off, extra) => loadEnvironment(fpu, off, extra !== 0);

/** FNSAVE: the environment, then ST(0)..ST(7) in ten bytes each; then the state of FNINIT. */
export const fnsave: X87Run = (fpu, off, extra) => {
  const isShort = extra !== 0;
  storeEnvironment(fpu, off, isShort);
  const at = off + environmentSize(isShort);
  const { u8 } = fpu.space;
  for (let i = 0; i < 8; i++) u8.copyWithin(at + i * 10, fpu.slot(i), fpu.slot(i) + 10);
  fpu.reset();
};
export const frstor: X87Run = (fpu, off, extra) => {
  const isShort = extra !== 0;
  loadEnvironment(fpu, off, isShort);
  const at = off + environmentSize(isShort);
  const { u8 } = fpu.space;
  for (let i = 0; i < 8; i++) u8.copyWithin(fpu.slot(i), at + i * 10, at + i * 10 + 10);
};

export const fldcw: X87Run = (fpu, off) => {
  fpu.fcw = fpu.dv.getUint16(off, true);
};
export const fnstcw: X87Run = (fpu, off) => {
  fpu.dv.setUint16(off, fpu.fcw, true);
};
export const fnstsw: X87Run = (fpu, off) => {
  fpu.dv.setUint16(off, fullStatus(fpu), true);
};
/** FNSTSW AX */
export const fnstswAx: X87Run = (fpu) => {
  fpu.dv.setUint16(st.gprOffset(st.RAX), fullStatus(fpu), true);
};
export const fninit: X87Run = (fpu) => fpu.reset();
/** Clears the exceptions, SF, ES and B. */
export const fnclex: X87Run = (fpu) => {
  fpu.fsw &= 0x7f00;
};

export const fincstp: X87Run = (fpu) => {
  fpu.setConditions(0, FSW_C1);
  fpu.top += 1;
};
export const fdecstp: X87Run = (fpu) => {
  fpu.setConditions(0, FSW_C1);
  fpu.top -= 1;
};
export const ffree: X87Run = (fpu, i) => {
  fpu.setConditions(0, FSW_C1);
  fpu.markEmpty(i);
};
/** FFREEP (DF C0+i), undocumented but everywhere: FFREE, then a pop that leaves the register as it is. */
export const ffreep: X87Run = (fpu, i) => {
  ffree(fpu, i, 0);
  fpu.pop();
};

/** What an MMX instruction other than EMMS does to the x87 state: TOP is 0, and no register is empty. */
export function enterMmxState(space: AddressSpace): void {
  space.i32[st.fpTop.offset >> 2] = 0;
  space.i32[st.fpEmpty.offset >> 2] = 0;
}
/** EMMS, FEMMS: all registers are empty. */
export function leaveMmxState(space: AddressSpace): void {
  space.i32[st.fpTop.offset >> 2] = 0;
  space.i32[st.fpEmpty.offset >> 2] = 0xff;
}
