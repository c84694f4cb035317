/** Helpers of the general instructions: POPF, 128-bit division, CPUID, time stamp, random numbers, REP MOVS and STOS. */

import type { SharedClocks } from '../../dev/clock.ts';
import type { AddressSpace } from '../../mem/address-space.ts';
import { GUEST_BASE, GUEST_TOP, PAGE_SHIFT, PAGE_SIZE, PERM_READ, PERM_TABLE, PERM_WRITE } from '../../mem/layout.ts';
import { EXIT_EXCEPTION, VEC_DE } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { FLAG_AC, Vcpu } from '../../vcpu/vcpu.ts';
import { type CpuModel, cpuid } from '../cpuid.ts';

/** What helpers need from outside. */
export interface HelperEnvironment {
  /** Nanoseconds, never going back: the time stamp counter. */
  timestampNs: () => number;
  random: (into: Uint8Array) => void;
  /** What the vDSO reads; without it every reading is a system call. */
  clocks?: SharedClocks | undefined;
  cpu: CpuModel;
  /** Makes `size` bytes ready for an access, or sets up the exception and answers false; the engine's own slow path. */
  access: (low: number, high: number, size: number, isWrite: boolean) => boolean;
}

export type HelperFunction = (...args: number[]) => number | undefined;

export function generalHelpers(space: AddressSpace, env: HelperEnvironment): Record<string, HelperFunction> {
  const vcpu = new Vcpu(space);
  return {
    popFlags: (value, size) => {
      const before = vcpu.modeFlags;
      vcpu.rflags = size === 16 ? (vcpu.rflags & ~0xffff) | (value! & 0xffff) : value!;
      return before === vcpu.modeFlags ? 0 : 1;
    },
    divide128: (isSigned) => divide128(space, isSigned === 1),
    cpuid: () => {
      const leaf = Number(vcpu.gpr(st.RAX) & 0xffffffffn);
      const subleaf = Number(vcpu.gpr(st.RCX) & 0xffffffffn);
      const result = cpuid(leaf, subleaf, env.cpu);
      [st.RAX, st.RBX, st.RCX, st.RDX].forEach((register, i) => {
        vcpu.setGprNumber(register, result[i]! >>> 0);
      });
      return undefined;
    },
    timestamp: () => {
      setLong(space, st.scratch.offset, Math.floor(env.timestampNs()));
      return undefined;
    },
    readClock: (call, clock, ip) => readClock(space, env.clocks, call!, clock!, ip! >>> 0),
    random: () => {
      env.random(space.u8.subarray(st.scratch.offset, st.scratch.offset + 8));
      return undefined;
    },
    repeatString: (operation, size, segment) => repeatString(space, vcpu, env, operation === 1, size!, segment! >>> 0),
  };
}

/** A number that is a whole one and not negative, as 64 bits. */
function setLong({ u32 }: AddressSpace, offset: number, value: number): void {
  u32[offset >> 2] = value;
  u32[(offset >> 2) + 1] = value / 0x1_0000_0000;
}

/** System calls that the vDSO may answer itself. */
const CALL_CLOCK_GETTIME = 228;
const CALL_GETTIMEOFDAY = 96;
const CALL_TIME = 201;
const CLOCK_REALTIME = 0;

/** Leaves seconds and fraction for the vDSO at `ip`; 0 elsewhere, and for what only the kernel can answer. */
function readClock(
  space: AddressSpace,
  clocks: SharedClocks | undefined,
  call: number,
  clock: number,
  ip: number,
): number {
  if (clocks === undefined || ip >>> PAGE_SHIFT !== space.vdsoPage) return 0;
  if (call === CALL_CLOCK_GETTIME) {
    if (!clocks.readShared(clock)) return 0;
    setLong(space, st.scratch.offset + 8, clocks.nanos);
  } else {
    if ((call !== CALL_GETTIMEOFDAY && call !== CALL_TIME) || !clocks.readShared(CLOCK_REALTIME)) return 0;
    setLong(space, st.scratch.offset + 8, Math.floor(clocks.nanos / 1000));
  }
  setLong(space, st.scratch.offset, clocks.seconds);
  return 1;
}

function divide128(space: AddressSpace, isSigned: boolean): number {
  const at = st.scratch.offset;
  const low = space.dv.getBigUint64(at, true);
  const high = isSigned ? space.dv.getBigInt64(at + 8, true) : space.dv.getBigUint64(at + 8, true);
  const divisor = isSigned ? space.dv.getBigInt64(at + 16, true) : space.dv.getBigUint64(at + 16, true);
  const dividend = (high << 64n) | low;
  const quotient = divisor === 0n ? undefined : dividend / divisor;
  const fits = isSigned ? BigInt.asIntN(64, quotient ?? 0n) : BigInt.asUintN(64, quotient ?? 0n);
  if (quotient === undefined || fits !== quotient) {
    space.i32[st.exitReason.offset >> 2] = EXIT_EXCEPTION;
    space.i32[st.excVector.offset >> 2] = VEC_DE;
    space.i32[st.excError.offset >> 2] = 0;
    return 1;
  }
  space.dv.setBigUint64(at, BigInt.asUintN(64, quotient), true);
  space.dv.setBigUint64(at + 8, BigInt.asUintN(64, dividend % divisor), true);
  return 0;
}

/**
 * REP MOVS and REP STOS with 64-bit addresses, page by page; registers show what is done when a page faults (SDM vol. 2,
 * REP). The copy propagates like a byte loop when source and destination overlap.
 */
function repeatString(
  space: AddressSpace,
  vcpu: Vcpu,
  env: HelperEnvironment,
  isStore: boolean,
  size: number,
  segment: number,
): number {
  const down = space.i32[st.df.offset >> 2] !== 0;
  let count = vcpu.gprNumber(st.RCX);
  let to = vcpu.gprNumber(st.RDI);
  let from = vcpu.gprNumber(st.RSI);
  let done = 0;
  // Registers may hold more than a number does, so they are changed and not set.
  const save = (): void => {
    const bytes = down ? -done * size : done * size;
    vcpu.addGprNumber(st.RCX, -done);
    vcpu.addGprNumber(st.RDI, bytes);
    if (!isStore) vcpu.addGprNumber(st.RSI, bytes);
  };
  while (count > 0) {
    let elements = Math.min(count, elementsInPage(to, size, down));
    if (!isStore) elements = Math.min(elements, elementsInPage(from + segment, size, down));
    const bytes = elements * size;
    const lowest = down ? bytes - size : 0;
    // The first element tells for all: they lie on its page.
    if (!isStore && !isReady(vcpu, env, from + segment, size, false, st.RSI, segment)) {
      save();
      return 1;
    }
    if (!isReady(vcpu, env, to, size, true, st.RDI, 0)) {
      save();
      return 1;
    }
    const target = GUEST_BASE + to - lowest;
    if (isStore) fillPattern(space, target, bytes, size);
    else copyRun(space, target, GUEST_BASE + from + segment - lowest, bytes, size, down);
    const step = down ? -bytes : bytes;
    to += step;
    from += step;
    count -= elements;
    done += elements;
  }
  save();
  return 0;
}

/** How many elements from `address` on stay within its page; at least 1, which may cross. */
function elementsInPage(address: number, size: number, down: boolean): number {
  const inPage = address % PAGE_SIZE;
  const room = down ? inPage + size : PAGE_SIZE - inPage;
  return Math.max(1, Math.floor(room / size));
}

/** True when an element may be accessed; else the exception is set up. Its address is that of a register and a segment. */
function isReady(
  vcpu: Vcpu,
  env: HelperEnvironment,
  address: number,
  bytes: number,
  isWrite: boolean,
  register: number,
  segment: number,
): boolean {
  const { space } = vcpu;
  const bit = isWrite ? PERM_WRITE : PERM_READ;
  const checksAlignment = (space.i32[st.systemFlags.offset >> 2]! & FLAG_AC) !== 0;
  if (address >= 0 && address + bytes <= GUEST_TOP && !checksAlignment) {
    const first = space.u8[PERM_TABLE + (address >>> 12)]!;
    const last = space.u8[PERM_TABLE + ((address + bytes - 1) >>> 12)]!;
    if (first & last & bit) return true;
  }
  if (Number.isSafeInteger(address))
    return env.access(address >>> 0, Math.floor(address / 0x1_0000_0000) | 0, bytes, isWrite);
  // Only the first element can lie where a number is not exact: the register still holds its address.
  const at = st.gprOffset(register) >> 2;
  const low = space.u32[at]! + segment;
  return env.access(low >>> 0, (space.u32[at + 1]! + Math.floor(low / 0x1_0000_0000)) | 0, bytes, isWrite);
}

function fillPattern(space: AddressSpace, target: number, bytes: number, size: number): void {
  const value = st.gprOffset(st.RAX);
  if (size === 1) {
    space.u8.fill(space.u8[value]!, target, target + bytes);
    return;
  }
  for (let i = 0; i < bytes; i++) space.u8[target + i] = space.u8[value + (i % size)]!;
}

function copyRun(space: AddressSpace, to: number, from: number, bytes: number, size: number, down: boolean): void {
  const distance = to - from;
  const overlaps = Math.abs(distance) < bytes;
  if (!overlaps || (down ? distance > 0 : distance < 0) || distance === 0) {
    space.u8.copyWithin(to, from, from + bytes);
    return;
  }
  for (let i = 0; i < bytes; i += size) {
    const at = down ? bytes - size - i : i;
    const element = space.u8.slice(from + at, from + at + size);
    space.u8.set(element, to + at);
  }
}
