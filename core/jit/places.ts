/**
 * The cached places: parts of the vCPU state that a translation keeps in values and wasm locals instead of memory. Each
 * has one type; narrower and differently typed accesses are converted (core/jit/builder.ts). State that is not listed
 * here is read and written in memory.
 *
 * An XMM register is one v128 place (`xmm`) or two 64-bit ones (`low`, `high`), as a region's code uses it: scalar
 * doubles must live in f64 locals (lane inserts and extracts cost 2.5 times as much).
 */
import * as st from '../vcpu/state.ts';
import type { LoadName, StoreName, ValueType } from '../wasm/opcodes.ts';

export interface CachedPlace {
  readonly index: number;
  readonly name: string;
  readonly type: ValueType;
  /** Offset in the state, and what moves the whole of it. */
  readonly offset: number;
  readonly load: LoadName;
  readonly store: StoreName;
  /** A status flag: need not be carried where nothing reads it. */
  readonly isFlag: boolean;
}

const list: CachedPlace[] = [];
function place(name: string, type: ValueType, offset: number, isFlag = false): number {
  list.push({ index: list.length, name, type, offset, load: `${type}.load`, store: `${type}.store`, isFlag });
  return list.length - 1;
}

/** Index of GPR n is n. */
for (let i = 0; i < 16; i++) place(`gpr${i}`, 'i64', st.gprOffset(i));
for (const field of [st.cf, st.pf, st.af, st.zf, st.sf, st.of]) {
  place(field.name, field.type as 'i32' | 'i64', field.offset, true);
}
place('df', 'i32', st.df.offset);
place('fsBase', 'i64', st.fsBase.offset);
place('sseFast', 'i32', st.sseFast.offset);
/** First of five places for each XMM register. */
export const XMM_PLACES = list.length;
const PER_XMM = 4;
for (let i = 0; i < 16; i++) {
  place(`xmm${i}`, 'v128', st.xmmOffset(i));
  place(`low${i}`, 'f64', st.xmmOffset(i));
  place(`high${i}`, 'i64', st.xmmOffset(i) + 8);
  place(`ymmHigh${i}`, 'v128', st.xmmOffset(i) + 16);
}

export const places: readonly CachedPlace[] = list;
export const PLACE_COUNT = list.length;

export const xmmPlace = (i: number): number => XMM_PLACES + i * PER_XMM;
export const lowPlace = (i: number): number => xmmPlace(i) + 1;
export const highPlace = (i: number): number => xmmPlace(i) + 2;
export const ymmHighPlace = (i: number): number => xmmPlace(i) + 3;

export const FLAG_PLACES: readonly number[] = list.filter((p) => p.isFlag).map((p) => p.index);

/** The XMM register that a place is a part of, or -1. */
export const xmmRegisterOf = (place: number): number =>
  place < XMM_PLACES ? -1 : Math.floor((place - XMM_PLACES) / PER_XMM);

const byOffset = new Map(list.slice(0, XMM_PLACES).map((p) => [p.offset, p.index]));

/** Where an offset in the state lies: a general register's or another cached place's index, an XMM register, or memory. */
export type Location =
  | { kind: 'place'; index: number; at: number }
  | { kind: 'xmm'; register: number; at: number }
  | { kind: 'memory' };

const MEMORY: Location = { kind: 'memory' };
const GPR_START = st.gprOffset(0);
const GPR_END = GPR_START + 16 * 8;
const XMM_START = st.xmmOffset(0);
const XMM_END = XMM_START + 16 * st.ymm.stride;

export function locate(offset: number): Location {
  if (offset >= GPR_START && offset < GPR_END) {
    return { kind: 'place', index: (offset - GPR_START) >> 3, at: (offset - GPR_START) & 7 };
  }
  if (offset >= XMM_START && offset < XMM_END) {
    return { kind: 'xmm', register: (offset - XMM_START) >> 5, at: (offset - XMM_START) & 31 };
  }
  const index = byOffset.get(offset);
  return index === undefined ? MEMORY : { kind: 'place', index, at: 0 };
}
