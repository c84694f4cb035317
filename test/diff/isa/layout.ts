/** A case and its outcome, as runner.c lays them out. */
import type { Encoding } from '../../../core/x86/notation.ts';

export const DATA = 0x10000000;
export const CODE = 0x20000000;
export const EXITS = 0x30000000;
export const EXIT1 = EXITS + 256;
export const WINDOW_START = 0x800;
export const WINDOW = 1024;
export const CODE_SLOTS = 4096;
export const CODE_SLOT = 64;

/** Offsets in struct test_case. */
export const CASE = { code: 0, gpr: 64, flags: 192, slot: 200, fx: 208, window: 720, high: 1744, size: 2000 } as const;
/** Offsets in struct outcome. */
export const OUTCOME = {
  gpr: 0,
  flags: 128,
  exit: 136,
  trap: 140,
  error: 144,
  address: 152,
  rip: 160,
  fx: 168,
  window: 680,
  high: 1704,
  size: 1960,
} as const;

export interface IsaCase {
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  readonly isMemory: boolean;
  readonly isRipRelative: boolean;
  readonly operandSize: 16 | 32 | 64;
  /** Address of the memory operand, 0 without one. */
  readonly address: number;
  readonly ip: number;
  /** struct test_case */
  readonly record: Uint8Array<ArrayBuffer>;
}
