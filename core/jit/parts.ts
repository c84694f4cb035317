/** Parts of wider values: what a load or store of some bytes inside a register is, as operations on the whole value. */
import type { Node } from '../ir/ir.ts';
import { type LoadName, loads, type StoreName, type ValueType } from '../wasm/opcodes.ts';

export interface PartMaker {
  op(name: string, ...args: Node[]): Node;
  lane(name: string, lane: number, ...args: Node[]): Node;
  i32(value: number): Node;
  i64(value: bigint | number): Node;
}

/** A vector of two halves. */
export function pair(m: PartMaker, low: Node, high: Node): Node {
  return m.lane('i64x2.replace_lane', 1, m.op('f64x2.splat', low), high);
}

/** What `load` would read `at` bytes into the value. */
export function extractPart(m: PartMaker, whole: Node, at: number, load: LoadName): Node {
  const { type } = loads[load];
  if (whole.type === 'v128') return extractLane(m, whole, at, load);
  if (whole.type === 'f64') {
    if (at === 0 && type === 'f64') return whole;
    return extractPart(m, m.op('i64.reinterpret_f64', whole), at, load);
  }
  if (whole.type === 'i32') {
    if (at === 0 && load === 'i32.load') return whole;
    throw new Error(`no ${load} of a 32-bit place`);
  }
  return fromInteger(m, at === 0 ? whole : m.op('i64.shr_u', whole, m.i64(at * 8)), load);
}

/** The low bits of an i64 as `load` gives them. */
function fromInteger(m: PartMaker, bits: Node, load: LoadName): Node {
  switch (load) {
    case 'i64.load':
      return bits;
    case 'f64.load':
      return m.op('f64.reinterpret_i64', bits);
    case 'i32.load':
      return m.op('i32.wrap_i64', bits);
    case 'f32.load':
      return m.op('f32.reinterpret_i32', m.op('i32.wrap_i64', bits));
    case 'i32.load8_u':
      return m.op('i32.and', m.op('i32.wrap_i64', bits), m.i32(0xff));
    case 'i32.load16_u':
      return m.op('i32.and', m.op('i32.wrap_i64', bits), m.i32(0xffff));
    case 'i64.load32_u':
      return m.op('i64.and', bits, m.i64(0xffff_ffffn));
    case 'i64.load32_s':
      return m.op('i64.extend32_s', bits);
    default:
      throw new Error(`no ${load} of a register`);
  }
}

const LANES: Partial<Record<LoadName, [string, number]>> = {
  'i64.load': ['i64x2.extract_lane', 8],
  'f64.load': ['f64x2.extract_lane', 8],
  'i32.load': ['i32x4.extract_lane', 4],
  'f32.load': ['f32x4.extract_lane', 4],
  'i32.load8_u': ['i8x16.extract_lane_u', 1],
  'i32.load16_u': ['i16x8.extract_lane_u', 2],
};

function extractLane(m: PartMaker, whole: Node, at: number, load: LoadName): Node {
  if (load === 'v128.load' && at === 0) return whole;
  const lane = LANES[load];
  if (lane === undefined || at % lane[1] !== 0) throw new Error(`no ${load} at byte ${at} of a vector`);
  return m.lane(lane[0], at / lane[1], whole);
}

const REPLACE: Record<number, string> = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' };

/** The whole value after `store` has written `value` `at` bytes into it. */
export function insertPart(m: PartMaker, whole: Node, at: number, store: StoreName, value: Node): Node {
  const bytes = Number(/store(8|16|32)$/.exec(store)?.[1] ?? bitsOf(value.type)) / 8;
  if (whole.type === 'v128') {
    const shape = value.type === 'f64' ? 'f64x2' : value.type === 'f32' ? 'f32x4' : REPLACE[bytes]!;
    const lane = shape !== 'i64x2' && value.type === 'i64' ? m.op('i32.wrap_i64', value) : value;
    return m.lane(`${shape}.replace_lane`, at / bytes, whole, lane);
  }
  if (whole.type === 'f64') {
    return m.op('f64.reinterpret_i64', insertPart(m, m.op('i64.reinterpret_f64', whole), at, store, value));
  }
  const mask = (1n << BigInt(bytes * 8)) - 1n;
  const shift = BigInt(at * 8);
  const part = m.op('i64.and', toInteger(m, value), m.i64(mask));
  const kept = m.op('i64.and', whole, m.i64(~(mask << shift)));
  return m.op('i64.or', kept, shift === 0n ? part : m.op('i64.shl', part, m.i64(shift)));
}

function toInteger(m: PartMaker, value: Node): Node {
  switch (value.type) {
    case 'i32':
      return m.op('i64.extend_i32_u', value);
    case 'f32':
      return m.op('i64.extend_i32_u', m.op('i32.reinterpret_f32', value));
    case 'f64':
      return m.op('i64.reinterpret_f64', value);
    default:
      return value;
  }
}

const bitsOf = (type: ValueType): number => (type === 'v128' ? 128 : type === 'i64' || type === 'f64' ? 64 : 32);
