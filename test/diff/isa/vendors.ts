/**
 * What CPUs of different vendors do differently, by the rows' own word (`varies`, core/x86/notation.ts): which cases are
 * not made, and which parts of an outcome do not count.
 */
import type { Encoding } from '../../../core/x86/notation.ts';
import { type IsaCase, OUTCOME } from './layout.ts';

const FSW = OUTCOME.fx + 2;
const FTW = OUTCOME.fx + 4;
const MXCSR = OUTCOME.fx + 24;
const ST0 = OUTCOME.fx + 32;
const XMM0 = OUTCOME.fx + 160;
const VECTOR_PF = 14;
const EXIT_SIGNAL = 2;
const UE = 0x10;
const PE = 0x20;
const FLAGS = 0x3f;

/** Whether the order of an FP exception and the page fault of the destination is open: such cases have all masked. */
export function faultsInAnyOrder(row: Encoding): boolean {
  const { varies } = row.insn.test ?? {};
  return varies === 'storeX87' || varies === 'storeHalf';
}

/** Whether REX.B in front of the row's bytes, with these prefixes, is read differently. */
export function readsRexB(row: Encoding, prefixes: readonly number[]): boolean {
  if (row.insn.test?.varies === 'rexB') return true;
  return row.map === 0 && row.opcode === 0x90 && prefixes.includes(0xf3);
}

/** The outcome with what varies blanked. */
export function withoutVariations(c: IsaCase, outcome: Uint8Array): Uint8Array {
  const { varies } = c.encoding.insn.test ?? {};
  if (varies === undefined) return outcome;
  const bytes = new Uint8Array(outcome);
  const dv = new DataView(bytes.buffer);
  const isSignal = dv.getUint32(OUTCOME.exit, true) === EXIT_SIGNAL;
  const isPageFault = isSignal && dv.getUint32(OUTCOME.trap, true) === VECTOR_PF;
  if (varies === 'sums') {
    const wide = c.encoding.insn.mnemonic.endsWith('d');
    blankNans(dv, XMM0, wide);
    blankNans(dv, OUTCOME.high, wide);
    // Of products and sums: an unmasked exception of one comes before or after another's result.
    if (isSignal) dv.setUint32(MXCSR, dv.getUint32(MXCSR, true) & ~FLAGS, true);
  }
  if (varies === 'storeMmx' && isPageFault) {
    dv.setUint16(FSW, 0);
    dv.setUint8(FTW, 0);
    bytes.fill(0, ST0, XMM0);
  }
  if (varies === 'storeHalf' && isSignal) {
    const mxcsr = dv.getUint32(MXCSR, true);
    const open = isPageFault ? FLAGS : mxcsr & UE ? PE : 0;
    dv.setUint32(MXCSR, mxcsr & ~open, true);
  }
  return bytes;
}

/** Makes one NaN of all in 16 registers of 16 bytes. */
function blankNans(dv: DataView, from: number, wide: boolean): void {
  for (let at = from; at < from + 256; at += wide ? 8 : 4) {
    if (!Number.isNaN(wide ? dv.getFloat64(at, true) : dv.getFloat32(at, true))) continue;
    if (wide) dv.setFloat64(at, Number.NaN, true);
    else dv.setFloat32(at, Number.NaN, true);
  }
}
