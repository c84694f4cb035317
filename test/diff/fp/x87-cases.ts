/** Test cases of the x87 instructions: random records for native-fp.c, and our own outcome. */
import { AddressSpace } from '../../../core/mem/address-space.ts';
import { GUEST_BASE } from '../../../core/mem/layout.ts';
import { VEC_MF } from '../../../core/vcpu/exits.ts';
import * as st from '../../../core/vcpu/state.ts';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, Vcpu } from '../../../core/vcpu/vcpu.ts';
import { SELECTOR_SHORT, x87Instruction, x87Op } from '../../../core/x86/fp/x87.ts';
import { type ElementName, type Random, randomInteger, randomPair } from './random.ts';

export const X87_RECORD = 256;
export const X87_OUTCOME = 256;
const IMAGE = 16;
const RECORD_FLAGS = 124;
const RECORD_MEMORY = 128;
const REGISTERS = 28;
const OUT_FLAGS = 108;
const OUT_MEMORY = 112;
const OUT_RAX = 240;
const OUT_FAULT = 248;
/** Where native-fp.c places code and operand. */
const CODE = 0x1000_0000;
const DATA = 0x1001_0000;
const SPARE = 0x1001_1000;

const USER_CS = 0x33;
const SIGFPE = 8;

const STATUS_FLAGS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;
const FRSTOR = selectorOf(0xdd, 4 << 3);
const FNSAVE = selectorOf(0xdd, 6 << 3);

function selectorOf(opcode: number, modrm: number): number {
  return ((opcode & 7) << 8) | modrm;
}

/** FLDENV, FNSTENV, FRSTOR, FNSAVE */
function isEnvironment(selector: number): boolean {
  const opcode = 0xd8 + ((selector >> 8) & 7);
  const reg = (selector >> 3) & 7;
  return (selector & 0xc0) !== 0xc0 && (reg === 4 || reg === 6) && (opcode === 0xd9 || opcode === 0xdd);
}

/** All selectors that stand for an instruction, memory forms once each. */
export function allSelectors(): number[] {
  const found: number[] = [];
  for (let selector = 0; selector < 0x800; selector++) {
    const isRepeated = (selector & 0xc0) !== 0xc0 && (selector & 0xc7) !== 7;
    if (isRepeated || !x87Instruction(selector)) continue;
    found.push(selector);
    if (isEnvironment(selector)) found.push(selector | SELECTOR_SHORT);
  }
  return found;
}

/** Element type of a memory operand, by opcode and reg field; others are taken as bytes. */
function memoryElement(selector: number): ElementName | 'bytes' {
  const opcode = 0xd8 + ((selector >> 8) & 7);
  const reg = (selector >> 3) & 7;
  if (opcode === 0xd8 || (opcode === 0xd9 && reg < 4)) return 'f32';
  if (opcode === 0xdc || (opcode === 0xdd && reg < 4)) return 'f64';
  if (opcode === 0xda || (opcode === 0xdb && reg < 4)) return 'i32';
  if (opcode === 0xdb) return 'f80';
  if (opcode === 0xde || (opcode === 0xdf && reg < 4)) return 'i16';
  return opcode === 0xdf && reg === 5 ? 'i64' : 'bytes';
}

function randomMemory(rnd: Random, dv: DataView, off: number, selector: number): void {
  for (let i = 0; i < 128; i += 4) dv.setUint32(off + i, rnd.u32(), true);
  const element = memoryElement(selector);
  if (isEnvironment(selector)) setSelectors(dv, off, selector);
  else if (element === 'bytes') randomDigits(rnd, dv, off);
  else if (element === 'f32' || element === 'f64' || element === 'f80') randomPair(rnd, dv, off, off + 16, element);
  else randomInteger(rnd, dv, off, element);
}

/** Gives an environment the segment selectors that ours always has. */
function setSelectors(dv: DataView, off: number, selector: number): void {
  const isShort = (selector & SELECTOR_SHORT) !== 0;
  dv.setUint16(off + (isShort ? 8 : 16), USER_CS, true);
  dv.setUint16(off + (isShort ? 12 : 24), 0, true);
}

/** Decimal digits as FBLD expects them, most of the time. */
function randomDigits(rnd: Random, dv: DataView, off: number): void {
  for (let i = 0; i < 9; i++) dv.setUint8(off + i, rnd.below(10) * 16 + rnd.below(10));
}

function randomStatus(rnd: Random, fcw: number): number {
  const masked = fcw & 0x3f;
  const exceptions = rnd.oneIn(32) ? rnd.below(64) : rnd.below(64) & masked;
  return (
    exceptions |
    (rnd.oneIn(4) ? 0x40 : 0) |
    ((rnd.below(16) << 8) & 0x700) |
    (rnd.below(8) << 11) |
    (rnd.below(2) << 14)
  );
}

function randomTags(rnd: Random): number {
  if (!rnd.oneIn(4)) return rnd.oneIn(2) ? 0 : 3 << (rnd.below(8) * 2);
  return rnd.u32() & 0xffff;
}

/** Fills ST(0)..ST(7); the two that the instruction works on are a related pair. */
function randomRegisters(rnd: Random, dv: DataView, off: number, selector: number): void {
  const other = (selector & 0xc0) === 0xc0 && selector >> 8 !== 1 ? selector & 7 || 1 : 1;
  for (let i = 1; i < 8; i++) {
    randomPair(rnd, pair, 0, 16, 'f80');
    copyRegister(16, dv, off + i * 10);
    if (i === other) copyRegister(0, dv, off);
  }
}
const pair = new DataView(new ArrayBuffer(32));
function copyRegister(from: number, dv: DataView, to: number): void {
  for (let k = 0; k < 10; k++) dv.setUint8(to + k, pair.getUint8(from + k));
}

/** Writes a random case of an instruction at `off`. */
export function randomX87Case(rnd: Random, selector: number, dv: DataView, off: number): void {
  for (let i = 0; i < X87_RECORD; i += 4) dv.setUint32(off + i, 0, true);
  const code = [...(selector & SELECTOR_SHORT ? [0x66] : []), 0xd8 | ((selector >> 8) & 7), selector & 0xff];
  dv.setUint8(off, code.length);
  for (const [i, byte] of code.entries()) dv.setUint8(off + 1 + i, byte);
  const image = off + IMAGE;
  const masks = rnd.oneIn(3) ? rnd.below(64) : 63;
  const fcw =
    masks | 0x40 | ((rnd.oneIn(2) ? 3 : rnd.pick([0, 0, 2, 2, 1])) << 8) | ((rnd.oneIn(2) ? 0 : rnd.below(4)) << 10);
  dv.setUint16(image, fcw, true);
  dv.setUint16(image + 4, randomStatus(rnd, fcw), true);
  dv.setUint16(image + 8, randomTags(rnd), true);
  dv.setUint32(image + 12, rnd.u32(), true);
  dv.setUint32(image + 16, (rnd.u32() & 0x7ff0000) | USER_CS, true);
  dv.setUint32(image + 20, rnd.u32(), true);
  randomRegisters(rnd, dv, image + REGISTERS, selector);
  dv.setUint32(off + RECORD_FLAGS, (rnd.u32() & STATUS_FLAGS) | 0x202, true);
  randomMemory(rnd, dv, off + RECORD_MEMORY, selector);
}

const space = new AddressSpace(1 << 30);
space.ensure(SPARE + 0x1000);
const vcpu = new Vcpu(space);
const CONDITIONS = [FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF, FLAG_PF];

/** FCMOVcc's condition, from its encoding. */
function conditionOf(selector: number, flags: number): number {
  const isNegated = ((selector >> 8) & 7) === 3;
  return ((flags & CONDITIONS[(selector >> 3) & 3]!) !== 0) !== isNegated ? 1 : 0;
}

/** Runs our implementation on the record at `off` and writes its outcome in the form of native-fp.c. */
export function runX87Case(selector: number, record: DataView, off: number, out: DataView): void {
  const { dv } = space;
  const data = GUEST_BASE + DATA;
  const spare = GUEST_BASE + SPARE;
  vcpu.reset();
  for (let i = 0; i < 108; i += 4) dv.setUint32(spare + i, record.getUint32(off + IMAGE + i, true), true);
  for (let i = 0; i < 128; i += 4) dv.setUint32(data + i, record.getUint32(off + RECORD_MEMORY + i, true), true);
  x87Op(space, FRSTOR, spare);
  const flags = record.getUint32(off + RECORD_FLAGS, true);
  vcpu.rflags = flags;
  vcpu.rip = CODE;
  const isMemory = (selector & 0xc0) !== 0xc0;
  const vector = x87Op(space, selector, isMemory ? data : conditionOf(selector, flags));
  x87Op(space, FNSAVE, spare);
  for (let i = 0; i < 108; i += 4) out.setUint32(i, dv.getUint32(spare + i, true), true);
  for (let i = 0; i < 128; i += 4) out.setUint32(OUT_MEMORY + i, dv.getUint32(data + i, true), true);
  out.setUint32(OUT_FLAGS, vcpu.rflags & STATUS_FLAGS, true);
  out.setBigUint64(OUT_RAX, vcpu.gpr(st.RAX), true);
  out.setUint16(OUT_FAULT, vector, true);
}

/**
 * Brings a native outcome into the form ours has. Some processors forget the saved pointers at a signal or context
 * switch: then ours are taken.
 */
export function normaliseX87Outcome(dv: DataView, off: number, ours: DataView): void {
  dv.setUint32(off + OUT_FLAGS, dv.getUint32(off + OUT_FLAGS, true) & STATUS_FLAGS, true);
  if (dv.getUint16(off + OUT_FAULT, true) === SIGFPE) dv.setUint16(off + OUT_FAULT, VEC_MF, true);
  const hasPointer = dv.getUint16(off + 16, true) !== 0;
  for (let i = 12; i < 24; i += 4) {
    if (!hasPointer || (i === 20 && dv.getUint32(off + i, true) === 0))
      dv.setUint32(off + i, ours.getUint32(i, true), true);
  }
}

/** Results that processors round as they like: ours may be off by one, and C1 means nothing. */
export const isTranscendental = (selector: number): boolean =>
  /^(f2xm1|fyl2xp?1?|fptan|fpatan|fsin|fcos|fsincos)$/.test(x87Instruction(selector)!.name);

/** Takes over native results that are one unit in the last place away from ours, and C1. */
export function tolerateX87(native: DataView, off: number, ours: DataView): void {
  const c1 = 0x200;
  native.setUint16(off + 4, (native.getUint16(off + 4, true) & ~c1) | (ours.getUint16(4, true) & c1), true);
  for (let at = REGISTERS; at < REGISTERS + 80; at += 10) {
    const difference = ordinal(native, off + at) - ordinal(ours, at);
    if (difference !== 1n && difference !== -1n) continue;
    for (let k = 0; k < 10; k++) native.setUint8(off + at + k, ours.getUint8(at + k));
  }
}

/** A place on the line of numbers of one sign, so that neighbours differ by one. */
function ordinal(dv: DataView, at: number): bigint {
  const word = dv.getUint16(at + 8, true);
  const magnitude = (BigInt(word & 0x7fff) << 63n) + BigInt.asUintN(63, dv.getBigUint64(at, true));
  return word & 0x8000 ? -magnitude : magnitude;
}
