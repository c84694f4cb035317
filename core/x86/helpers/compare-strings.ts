/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: SDM vol. 2, 4.1 "Imm8 control byte operation". */
import type { AddressSpace } from '../../mem/address-space.ts';
import * as st from '../../vcpu/state.ts';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, Vcpu } from '../../vcpu/vcpu.ts';
import type { HelperFunction } from './general.ts';

const EQUAL_ANY = 0;
const RANGES = 1;
const EQUAL_EACH = 2;
const STATUS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;

/** Elements of an operand by the immediate's low bits: unsigned or signed, bytes or words. */
function elements(space: AddressSpace, offset: number, imm: number): number[] {
  const isWord = imm & 1;
  const isSigned = imm & 2;
  const list: number[] = [];
  for (let i = 0; i < (isWord ? 8 : 16); i++) {
    if (isWord)
      list.push(isSigned ? space.dv.getInt16(offset + 2 * i, true) : space.dv.getUint16(offset + 2 * i, true));
    else list.push(isSigned ? space.dv.getInt8(offset + i) : space.dv.getUint8(offset + i));
  }
  return list;
}

function implicitLength(list: readonly number[]): number {
  const end = list.indexOf(0);
  return end === -1 ? list.length : end;
}

/** |EAX| or |EDX| (64-bit with REX.W), saturated at the number of elements. */
function explicitLength(vcpu: Vcpu, register: number, isWide: boolean, count: number): number {
  const value = vcpu.gpr(register);
  const signed = isWide ? BigInt.asIntN(64, value) : BigInt.asIntN(32, value);
  const magnitude = signed < 0n ? -signed : signed;
  return magnitude > BigInt(count) ? count : Number(magnitude);
}

/** IntRes1: bit j tells about element j of the second operand. */
function aggregate(a: number[], lenA: number, x: number[], lenX: number, mode: number): number {
  const count = x.length;
  let result = 0;
  for (let j = 0; j < count; j++) {
    let holds = false;
    if (mode === EQUAL_ANY) {
      for (let i = 0; i < lenA && j < lenX; i++) holds ||= a[i] === x[j];
    } else if (mode === RANGES) {
      for (let i = 0; i + 1 < lenA && j < lenX; i += 2) holds ||= a[i]! <= x[j]! && x[j]! <= a[i + 1]!;
    } else if (mode === EQUAL_EACH) {
      holds = j < lenA && j < lenX ? a[j] === x[j] : j >= lenA && j >= lenX;
    } else {
      // Equal ordered: a found from element j on; what lies behind the end of a matches anything.
      holds = true;
      for (let i = 0; i < lenA && i + j < count; i++) holds &&= i + j < lenX && a[i] === x[i + j];
    }
    if (holds) result |= 1 << j;
  }
  return result;
}

/** IntRes2: the polarity that immediate bits 4 and 5 ask for. */
function applyPolarity(result: number, imm: number, lenX: number, count: number): number {
  const all = (1 << count) - 1;
  if (!(imm & 0x10)) return result;
  return imm & 0x20 ? result ^ ((1 << lenX) - 1) : result ^ all;
}

export function compareStringsHelpers(space: AddressSpace): Record<string, HelperFunction> {
  const vcpu = new Vcpu(space);
  return {
    compareStrings: (which, first, second, imm) => {
      const a = elements(space, first! >>> 0, imm!);
      const x = elements(space, second! >>> 0, imm!);
      const count = a.length;
      const isImplicit = (which! & 2) !== 0;
      const isWide = (which! & 4) !== 0;
      const lenA = isImplicit ? implicitLength(a) : explicitLength(vcpu, st.RAX, isWide, count);
      const lenX = isImplicit ? implicitLength(x) : explicitLength(vcpu, st.RDX, isWide, count);
      const result = applyPolarity(aggregate(a, lenA, x, lenX, (imm! >> 2) & 3), imm!, lenX, count);
      if (which! & 1) vcpu.setGprNumber(st.RCX, index(result, imm!, count));
      else writeMask(space, result, imm!, count);
      let flags = vcpu.rflags & ~STATUS;
      if (result !== 0) flags |= FLAG_CF;
      if (lenX < count) flags |= FLAG_ZF;
      if (lenA < count) flags |= FLAG_SF;
      if (result & 1) flags |= FLAG_OF;
      vcpu.rflags = flags;
      return undefined;
    },
  };
}

function index(result: number, imm: number, count: number): number {
  if (result === 0) return count;
  return imm & 0x40 ? 31 - Math.clz32(result) : 31 - Math.clz32(result & -result);
}

/** XMM0: the bits as they are, or stretched to elements. */
function writeMask(space: AddressSpace, result: number, imm: number, count: number): void {
  const at = st.xmmOffset(0);
  space.u8.fill(0, at, at + 16);
  if (!(imm & 0x40)) {
    space.dv.setUint16(at, result, true);
    return;
  }
  const bytes = 16 / count;
  for (let i = 0; i < count; i++) if (result & (1 << i)) space.u8.fill(0xff, at + i * bytes, at + (i + 1) * bytes);
}
