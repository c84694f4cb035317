/**
 * The FXSAVE and XSAVE images of the FP, SSE and AVX state (SDM vol. 1, 10.5.1 and 13.4 to 13.8): the instructions and
 * Linux signal frames use them. Offsets are places in the wasm memory that the caller has checked and aligned (16 bytes
 * for FXSAVE, 64 for XSAVE).
 *
 * Legacy region, 512 bytes: 0 FCW, 2 FSW, 4 abridged FTW, 6 FOP, 8 FIP, 16 FDP, 24 MXCSR, 28 MXCSR_MASK,
 * 32 ST0..7 in 16 bytes each, 160 XMM0..15, 464 free for software. Then the XSAVE header: 512 XSTATE_BV,
 * 520 XCOMP_BV; and at 576 the high halves of YMM0..15.
 *
 * Differences from the manual: every component counts as in use (XINUSE), which the manual permits.
 */
import type { AddressSpace } from '../mem/address-space.ts';
import * as st from './state.ts';
import { Vcpu } from './vcpu.ts';

export const FXSAVE_SIZE = 512;
/** State components. */
export const XFEATURE_X87 = 1;
export const XFEATURE_SSE = 2;
export const XFEATURE_AVX = 4;
/** XCR0: what XGETBV answers and XSAVE saves. AVX joins when the CPU model has it. */
export function xcr0(space: AddressSpace): number {
  return space.i32[st.xcr0.offset >> 2]! | XFEATURE_X87 | XFEATURE_SSE;
}
/** Bits of MXCSR that exist. */
export const MXCSR_MASK = 0xffff;

const HEADER = 512;
const AVX_AREA = 576;
const COMPACTED = 0x8000_0000;

/** Size of the XSAVE area for the components in `features`. */
export function xsaveSize(features: number): number {
  return features & XFEATURE_AVX ? AVX_AREA + 256 : AVX_AREA;
}

/**
 * Writes the legacy region but its last 48 bytes. `isWide`: 64-bit instruction and data pointers (REX.W form); the other
 * form stores their low 32 bits and zero selectors.
 */
export function saveFxsave(space: AddressSpace, off: number, isWide = true): void {
  saveX87(space, off, isWide);
  saveMxcsr(space, off);
  saveSse(space, off);
}

/** Loads the legacy region; false (and nothing changed) when reserved MXCSR bits are set, which is #GP. */
export function restoreFxsave(space: AddressSpace, off: number, isWide = true): boolean {
  if (!isMxcsrValid(space, off)) return false;
  restoreX87(space, off, isWide);
  restoreMxcsr(space, off);
  restoreSse(space, off);
  return true;
}

/** XSAVE, or XSAVEC with `isCompacted`, of the components in `requested` (EDX:EAX, only the low bits can matter). */
export function saveXsave(
  space: AddressSpace,
  off: number,
  requested: number,
  isCompacted = false,
  isWide = true,
): void {
  const features = requested & xcr0(space);
  const { dv } = space;
  if (features & XFEATURE_X87) saveX87(space, off, isWide);
  if (features & (XFEATURE_SSE | XFEATURE_AVX)) saveMxcsr(space, off);
  if (features & XFEATURE_SSE) saveSse(space, off);
  if (features & XFEATURE_AVX) copyHighHalves(space, off, false);
  const kept = isCompacted ? 0 : dv.getUint32(off + HEADER, true) & ~features;
  dv.setUint32(off + HEADER, kept | features, true);
  if (!isCompacted) return;
  dv.setUint32(off + HEADER + 4, 0, true);
  dv.setUint32(off + HEADER + 8, features, true);
  dv.setUint32(off + HEADER + 12, COMPACTED, true);
}

/**
 * XRSTOR of the components in `requested`, either format; those that the image lacks get their initial state. False (and
 * nothing changed) when the header or MXCSR is malformed, which is #GP.
 */
export function restoreXsave(space: AddressSpace, off: number, requested: number, isWide = true): boolean {
  const { dv } = space;
  const features = requested & xcr0(space);
  const present = dv.getUint32(off + HEADER, true);
  const isCompacted = dv.getUint32(off + HEADER + 12, true) === COMPACTED;
  if (!isHeaderValid(space, off, isCompacted)) return false;
  const fromInit = isCompacted && !(present & XFEATURE_SSE);
  const loadsMxcsr = (features & (XFEATURE_SSE | XFEATURE_AVX)) !== 0;
  if (loadsMxcsr && !fromInit && !isMxcsrValid(space, off)) return false;
  if (features & XFEATURE_X87) {
    if (present & XFEATURE_X87) restoreX87(space, off, isWide);
    else initX87(space);
  }
  if (loadsMxcsr) {
    if (fromInit) new Vcpu(space).mxcsr = 0x1f80;
    else restoreMxcsr(space, off);
  }
  if (features & XFEATURE_SSE) {
    if (present & XFEATURE_SSE) restoreSse(space, off);
    else initSse(space);
  }
  if (features & XFEATURE_AVX) {
    if (present & XFEATURE_AVX) copyHighHalves(space, off, true);
    else initHighHalves(space);
  }
  return true;
}

/** The state after execve, and at the start of a signal handler. */
export function initFpState(space: AddressSpace): void {
  initX87(space);
  initSse(space);
  initHighHalves(space);
  new Vcpu(space).mxcsr = 0x1f80;
}

function isHeaderValid(space: AddressSpace, off: number, isCompacted: boolean): boolean {
  const { dv } = space;
  const word = (at: number): number => dv.getUint32(off + HEADER + at, true);
  const present = word(0);
  if ((present & ~xcr0(space)) !== 0 || word(4) !== 0) return false;
  for (let at = 16; at < (isCompacted ? 64 : 24); at += 4) if (word(at) !== 0) return false;
  if (!isCompacted) return word(8) === 0 && word(12) === 0;
  return (word(8) & ~xcr0(space)) === 0 && (present & ~word(8)) === 0;
}

function saveX87(space: AddressSpace, off: number, isWide: boolean): void {
  const { dv, i32 } = space;
  const top = i32[st.fpTop.offset >> 2]! & 7;
  dv.setUint16(off, i32[st.fcw.offset >> 2]!, true);
  dv.setUint16(off + 2, (i32[st.fsw.offset >> 2]! & ~0x3800) | (top << 11), true);
  dv.setUint16(off + 4, ~i32[st.fpEmpty.offset >> 2]! & 0xff, true);
  dv.setUint16(off + 6, i32[st.fpOpcode.offset >> 2]!, true);
  for (let half = 0; half < 8; half += 4) {
    dv.setUint32(off + 8 + half, half === 0 || isWide ? dv.getUint32(st.fpIp.offset + half, true) : 0, true);
    dv.setUint32(off + 16 + half, half === 0 || isWide ? dv.getUint32(st.fpDp.offset + half, true) : 0, true);
  }
  for (let i = 0; i < 8; i++) {
    const from = st.fprOffset((top + i) & 7);
    copy80(space, off + 32 + i * 16, from);
  }
}

function restoreX87(space: AddressSpace, off: number, isWide: boolean): void {
  const { dv, i32, u8 } = space;
  const fcw = dv.getUint16(off, true);
  const fsw = dv.getUint16(off + 2, true);
  const top = (fsw >> 11) & 7;
  i32[st.fcw.offset >> 2] = (fcw & 0x1f3f) | 0x40;
  i32[st.fpTop.offset >> 2] = top;
  // ES and B follow from the exception bits and their masks.
  const summary = fsw & ~fcw & 0x3f ? 0x8080 : 0;
  i32[st.fsw.offset >> 2] = (fsw & 0x477f) | summary;
  i32[st.fpEmpty.offset >> 2] = ~u8[off + 4]! & 0xff;
  i32[st.fpOpcode.offset >> 2] = dv.getUint16(off + 6, true) & 0x7ff;
  for (let half = 0; half < 8; half += 4) {
    dv.setUint32(st.fpIp.offset + half, half === 0 || isWide ? dv.getUint32(off + 8 + half, true) : 0, true);
    dv.setUint32(st.fpDp.offset + half, half === 0 || isWide ? dv.getUint32(off + 16 + half, true) : 0, true);
  }
  for (let i = 0; i < 8; i++) {
    copy80(space, st.fprOffset((top + i) & 7), off + 32 + i * 16);
  }
}

function initX87(space: AddressSpace): void {
  const { i32, u8 } = space;
  i32[st.fcw.offset >> 2] = 0x37f;
  i32[st.fsw.offset >> 2] = 0;
  i32[st.fpTop.offset >> 2] = 0;
  i32[st.fpEmpty.offset >> 2] = 0xff;
  i32[st.fpOpcode.offset >> 2] = 0;
  u8.fill(0, st.fpIp.offset, st.fpIp.offset + 8);
  u8.fill(0, st.fpDp.offset, st.fpDp.offset + 8);
  u8.fill(0, st.fprOffset(0), st.fprOffset(8));
}

function isMxcsrValid(space: AddressSpace, off: number): boolean {
  return (space.dv.getUint32(off + 24, true) & ~MXCSR_MASK) === 0;
}
function saveMxcsr(space: AddressSpace, off: number): void {
  space.dv.setUint32(off + 24, space.i32[st.mxcsr.offset >> 2]!, true);
  space.dv.setUint32(off + 28, MXCSR_MASK, true);
}
function restoreMxcsr(space: AddressSpace, off: number): void {
  new Vcpu(space).mxcsr = space.dv.getUint32(off + 24, true);
}

function saveSse(space: AddressSpace, off: number): void {
  for (let i = 0; i < 16; i++) copy128(space, off + 160 + i * 16, st.xmmOffset(i));
}
function restoreSse(space: AddressSpace, off: number): void {
  for (let i = 0; i < 16; i++) copy128(space, st.xmmOffset(i), off + 160 + i * 16);
}
function initSse(space: AddressSpace): void {
  for (let i = 0; i < 16; i++) clear128(space, st.xmmOffset(i));
}

function copyHighHalves(space: AddressSpace, off: number, isRestore: boolean): void {
  for (let i = 0; i < 16; i++) {
    const register = st.xmmOffset(i) + 16;
    const image = off + AVX_AREA + i * 16;
    if (isRestore) copy128(space, register, image);
    else copy128(space, image, register);
  }
}
function initHighHalves(space: AddressSpace): void {
  for (let i = 0; i < 16; i++) clear128(space, st.xmmOffset(i) + 16);
}

// Word by word: for so few bytes several times faster than copyWithin and fill. Offsets are 16-byte aligned.

function copy128({ u32 }: AddressSpace, to: number, from: number): void {
  for (let word = 0; word < 4; word++) u32[(to >>> 2) + word] = u32[(from >>> 2) + word]!;
}

/** An x87 register; the six bytes behind it become zero. */
function copy80({ u32 }: AddressSpace, to: number, from: number): void {
  u32[to >>> 2] = u32[from >>> 2]!;
  u32[(to >>> 2) + 1] = u32[(from >>> 2) + 1]!;
  u32[(to >>> 2) + 2] = u32[(from >>> 2) + 2]! & 0xffff;
  u32[(to >>> 2) + 3] = 0;
}

function clear128({ u32 }: AddressSpace, at: number): void {
  for (let word = 0; word < 4; word++) u32[(at >>> 2) + word] = 0;
}
