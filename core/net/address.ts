/**
 * IP addresses, version 4 and 6 in one form: a string of 16 bytes as RFC 4291 has them, IPv4 as ::ffff:a.b.c.d
 * (section 2.5.5.2). So an address is a value: compared with ===, and a key of maps.
 */
import { bytesToStr } from '../base/bytes.ts';

/** 16 bytes, each a char code. */
export type Address = string;

const V4_PREFIX = '\0\0\0\0\0\0\0\0\0\0\xff\xff';

/** The IPv4 address of four bytes. */
export const fromV4 = (bytes: Uint8Array): Address => V4_PREFIX + bytesToStr(bytes);
export const v4 = (...parts: readonly [number, number, number, number]): Address => fromV4(Uint8Array.from(parts));

export const ANY4 = v4(0, 0, 0, 0);
export const ANY6: Address = '\0'.repeat(16);
export const LOOPBACK4 = v4(127, 0, 0, 1);
export const LOOPBACK6: Address = `${'\0'.repeat(15)}\x01`;
export const BROADCAST4 = v4(255, 255, 255, 255);

export const isV4 = (address: Address): boolean => address.startsWith(V4_PREFIX);
export const isAny = (address: Address): boolean => address === ANY4 || address === ANY6;

export function isMulticast(address: Address): boolean {
  return isV4(address) ? address.charCodeAt(12) >> 4 === 0xe : address.charCodeAt(0) === 0xff;
}

/** The bytes of an IPv4 address alone, as a byte string. */
export const v4Part = (address: Address): string => address.slice(12);

/** True when the first `prefixLen` bits of both, counted in their own version, are the same. */
export function isInPrefix(address: Address, network: Address, prefixLen: number): boolean {
  if (isV4(address) !== isV4(network)) return false;
  let bits = prefixLen + (isV4(network) ? 96 : 0);
  for (let i = 0; bits > 0; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff00 >> bits) & 0xff;
    if ((address.charCodeAt(i) ^ network.charCodeAt(i)) & mask) return false;
  }
  return true;
}
