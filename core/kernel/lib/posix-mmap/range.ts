/** Checks that the calls of this library make on the ranges that guests pass. */
import { GUEST_TOP, PAGE_SIZE } from '../../../mem/layout.ts';
import { EINVAL, ENOMEM } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import { pageUp } from '../../mm/mm.ts';

/** 2^64: lengths whose page-aligned form overflows to 0 on Linux. */
export const OVERFLOW = 2 ** 64 - PAGE_SIZE;

export interface Range {
  start: number;
  /** Page aligned; may lie above GUEST_TOP when the range does. */
  end: number;
}

/** EINVAL unless `address` is page aligned; `overflow` when the range wraps around. */
export function alignedRange(address: number, len: number, overflow: number = EINVAL): Range {
  if (address % PAGE_SIZE !== 0) fail(EINVAL);
  if (len > OVERFLOW || address + len > 2 ** 64) fail(overflow);
  return { start: address, end: address + pageUp(len) };
}

/** The part of a range that can be mapped. */
export function clip({ start, end }: Range): Range {
  return { start: Math.min(start, GUEST_TOP), end: Math.min(end, GUEST_TOP) };
}

/** ENOMEM for a range that reaches beyond what can be mapped. */
export function requireMappable({ end }: Range): void {
  if (end > GUEST_TOP) fail(ENOMEM);
}
