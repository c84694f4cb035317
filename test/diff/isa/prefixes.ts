/**
 * Cases with prefixes in front that mean nothing there, or that select another instruction: compilers and hand-written
 * assembly pad with them, and a decoder must read them as CPUs do.
 */
import type { Encoding } from '../../../core/x86/notation.ts';
import { CASE, CODE_SLOT, type IsaCase } from './layout.ts';
import { Random } from './random.ts';
import { readsRexB } from './vendors.ts';

const PREFIXES: readonly (readonly number[])[] = [
  [0x2e],
  [0x36],
  [0x3e],
  [0x26],
  [0x66],
  [0x67],
  [0xf2],
  [0xf3],
  [0xf0],
  // REX that a legacy prefix follows does not count.
  [0x48, 0x2e],
  [0x4f, 0x66],
  [0x66, 0x67],
  [0x66, 0xf2],
  [0xf2, 0xf3],
  [0xf3, 0xf2],
  [0x67, 0x67, 0x3e],
];

/**
 * Rows that take no prefixes here: AMD's SSE4A hides behind F2 and F3 of MOVNT, its LOOPcc look at them, and its near
 * branches heed 66; saved FP state is compared by the place of the operand, which a prefix would move.
 */
function takesPrefixes(row: Encoding): boolean {
  const { mnemonic } = row.insn;
  return !row.ignore66 && !/^movnt|^loop|^fn?(save|stenv)|^frstor|^fldenv|^fx|^xrstor|^xsave/.test(mnemonic);
}

/** True when a prefix would change how many bytes belong to the instruction, and so what runs behind it. */
function changesLength(row: Encoding, prefixes: readonly number[]): boolean {
  if (row.immediate === 'z' || row.immediate === 'v') return prefixes.includes(0x66);
  return row.immediate === 'o' && prefixes.includes(0x67);
}

/** The case with random prefixes, or as it is where they can't be compared. */
export function withPrefixes(c: IsaCase, seed: number): IsaCase {
  const prefixes = new Random(seed ^ 0x5f5f).pick(PREFIXES);
  const code = c.record.subarray(CASE.code, CASE.code + CODE_SLOT);
  // Two jumps of 14 bytes stand behind the instruction.
  if (readsRexB(c.encoding, prefixes)) return c;
  const fits = prefixes.length + c.bytes.length + 28 <= CODE_SLOT;
  if (!fits || c.isRipRelative || !takesPrefixes(c.encoding) || changesLength(c.encoding, prefixes)) return c;
  const record = c.record.slice();
  record.set(prefixes, CASE.code);
  record.set(code.subarray(0, CODE_SLOT - prefixes.length), CASE.code + prefixes.length);
  return { ...c, bytes: Uint8Array.from([...prefixes, ...c.bytes]), record };
}
