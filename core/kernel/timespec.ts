/**
 * struct timespec and struct timeval in guest memory. Durations and deadlines are numbers of nanoseconds: exact to 2^53
 * (104 days), beyond that to a microsecond or so, which no wait can tell. Values that Linux refuses read as NaN.
 */
import type { UserMemory } from '../mem/user-memory.ts';

export const NS_PER_SECOND = 1_000_000_000;
/** Longest time that Linux knows (KTIME_MAX, about 292 years); longer ones are cut to it. */
export const KTIME_MAX_NS = 2 ** 63;

/** Reads a non-negative struct timespec as nanoseconds; NaN when it is malformed. */
export function readTimespecNs(memory: UserMemory, gva: number): number {
  return compose(memory.getLong(gva), memory.getLong(gva + 8), 1);
}

/** Reads a non-negative struct timeval as nanoseconds; NaN when it is malformed. */
export function readTimevalNs(memory: UserMemory, gva: number): number {
  return compose(memory.getLong(gva), memory.getLong(gva + 8), 1000);
}

function compose(seconds: number, fraction: number, unitNs: 1 | 1000): number {
  if (!(seconds >= 0 && fraction >= 0 && fraction * unitNs < NS_PER_SECOND)) return Number.NaN;
  return Math.min(seconds * NS_PER_SECOND + fraction * unitNs, KTIME_MAX_NS);
}

/** Writes nanoseconds as a struct timespec. */
export function writeTimespecNs(memory: UserMemory, gva: number, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  writePair(memory, gva, seconds, Math.floor(ns - seconds * NS_PER_SECOND));
}

/** Writes nanoseconds as a struct timeval. */
export function writeTimevalNs(memory: UserMemory, gva: number, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  writePair(memory, gva, seconds, Math.floor((ns - seconds * NS_PER_SECOND) / 1000));
}

/** Writes two 64-bit words, the second one below 2^31. */
export function writePair(memory: UserMemory, gva: number, seconds: number, fraction: number): void {
  const off = memory.check(gva, 16, 'w');
  const { dv } = memory.space;
  dv.setUint32(off, seconds >>> 0, true);
  dv.setInt32(off + 4, Math.floor(seconds / 0x1_0000_0000), true);
  dv.setInt32(off + 8, fraction, true);
  dv.setInt32(off + 12, 0, true);
}
