/**
 * The guest's memory as the kernel sees it: every access is checked and fails with EFAULT like copy_from_user. 64-bit
 * quantities are numbers where Linux limits them below 2^53 (`Long`), bigint where all bits count (`U64`).
 */
import { bytesToStr } from '../base/bytes.ts';
import type { Access, AddressSpace } from './address-space.ts';
import { GUEST_BASE, GUEST_TOP, PAGE_SIZE } from './layout.ts';

/** Thrown on an address that the guest may not access; the system call dispatcher turns it into EFAULT. */
export class UserFault extends Error {
  override name = 'UserFault';
}

const faultSingleton = new UserFault('bad guest address');

export class UserMemory {
  readonly space: AddressSpace;
  constructor(space: AddressSpace) {
    this.space = space;
  }

  /** Throws UserFault unless all of `[gva, gva+len)` allows `access`; returns the offset in the memory. */
  check(gva: number, len: number, access: Access): number {
    if (this.space.probe(gva, len, access) !== -1 || !(gva >= 0 && gva <= GUEST_TOP)) throw faultSingleton;
    return GUEST_BASE + gva;
  }

  /** Live view for reading (or, with 'w', for writing) `len` bytes; don't keep it past the current call. */
  view(gva: number, len: number, access: Access): Uint8Array<SharedArrayBuffer> {
    const off = this.check(gva, len, access);
    return this.space.u8.subarray(off, off + len);
  }

  /** How many bytes of `[gva, gva+len)` allow `access` from the start on. */
  accessible(gva: number, len: number, access: Access): number {
    const bad = this.space.probe(gva, len, access);
    return bad === -1 ? len : Math.max(0, bad - gva);
  }

  readBytes(gva: number, len: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view(gva, len, 'r'));
  }
  writeBytes(gva: number, bytes: Uint8Array): void {
    // Nothing may be written anywhere, also where the memory ends before the address.
    if (bytes.length === 0) return;
    const off = this.check(gva, bytes.length, 'w');
    this.space.u8.set(bytes, off);
  }
  fill(gva: number, len: number, byte: number): void {
    const off = this.check(gva, len, 'w');
    this.space.u8.fill(byte, off, off + len);
  }

  getU8(gva: number): number {
    return this.space.u8[this.check(gva, 1, 'r')]!;
  }
  getU16(gva: number): number {
    const off = this.check(gva, 2, 'r');
    return this.space.dv.getUint16(off, true);
  }
  getU32(gva: number): number {
    const off = this.check(gva, 4, 'r');
    return this.space.dv.getUint32(off, true);
  }
  getI32(gva: number): number {
    const off = this.check(gva, 4, 'r');
    return this.space.dv.getInt32(off, true);
  }
  /** Signed 64-bit value as a number; exact within ±2^53. */
  getLong(gva: number): number {
    const off = this.check(gva, 8, 'r');
    return this.space.dv.getInt32(off + 4, true) * 0x1_0000_0000 + this.space.dv.getUint32(off, true);
  }
  getU64(gva: number): bigint {
    const off = this.check(gva, 8, 'r');
    return this.space.dv.getBigUint64(off, true);
  }
  setU8(gva: number, value: number): void {
    const off = this.check(gva, 1, 'w');
    this.space.u8[off] = value;
  }
  setU16(gva: number, value: number): void {
    const off = this.check(gva, 2, 'w');
    this.space.dv.setUint16(off, value, true);
  }
  setU32(gva: number, value: number): void {
    const off = this.check(gva, 4, 'w');
    this.space.dv.setUint32(off, value, true);
  }
  /** Signed 64-bit value from a number within ±2^53. */
  setLong(gva: number, value: number): void {
    const off = this.check(gva, 8, 'w');
    this.space.dv.setUint32(off, value >>> 0, true);
    this.space.dv.setInt32(off + 4, Math.floor(value / 0x1_0000_0000), true);
  }
  setU64(gva: number, value: bigint): void {
    const off = this.check(gva, 8, 'w');
    this.space.dv.setBigUint64(off, BigInt.asUintN(64, value), true);
  }

  /** NUL-terminated byte string of at most `max` bytes (without the NUL); undefined when there is no NUL within. */
  readCString(gva: number, max = 4096): string | undefined {
    let s = '';
    let at = gva;
    while (s.length < max) {
      const off = this.check(at, 1, 'r');
      const end = Math.min(off + (PAGE_SIZE - (at % PAGE_SIZE)), off + max - s.length);
      let nul = off;
      while (nul < end && this.space.u8[nul] !== 0) nul++;
      if (nul < end) return s + bytesToStr(this.space.u8, off, nul);
      s += bytesToStr(this.space.u8, off, end);
      at += end - off;
    }
    return undefined;
  }
}
