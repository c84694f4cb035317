/** Simplifies vector and floating-point operations: lanes that were just put together, and constants. */
import type { Node } from '../ir/ir.ts';
import { constant, nameOf } from './fold.ts';
import type { PartMaker } from './parts.ts';

interface VectorMaker extends PartMaker {
  f32(bits: number): Node;
  f64(bits: bigint): Node;
  v128(bits: bigint): Node;
}

const WIDTH: Record<string, number> = { i8x16: 8, i16x8: 16, i32x4: 32, f32x4: 32, i64x2: 64, f64x2: 64 };
const EXTRACT = /^(i32x4|i64x2|f32x4|f64x2)\.extract_lane$/;
const REPLACE = /^(i8x16|i16x8|i32x4|i64x2|f32x4|f64x2)\.replace_lane$/;
const SPLAT = /^(i32x4|i64x2|f32x4|f64x2)\.splat$/;

/** The simpler value that the operation equals, or undefined. */
export function foldVector(m: VectorMaker, name: string, lane: number, args: readonly Node[]): Node | undefined {
  const extract = EXTRACT.exec(name);
  if (extract) return foldExtract(m, extract[1]!, lane, args[0]!);
  const [a, b] = args;
  if (name === 'v128.xor' && isSame(a!, b!)) return m.v128(0n);
  if ((name === 'v128.and' || name === 'v128.or') && isSame(a!, b!)) return a;
  const bits = a && constant(a);
  if (bits !== undefined && name === 'f64.reinterpret_i64') return m.f64(BigInt.asUintN(64, BigInt(bits)));
  if (bits !== undefined && name === 'i64.reinterpret_f64') return m.i64(BigInt(bits));
  if (bits !== undefined && name === 'f32.reinterpret_i32') return m.f32(Number(bits));
  if (bits !== undefined && name === 'i32.reinterpret_f32') return m.i32(Number(bits));
  return undefined;
}

/** Also two pairs of the same halves, which are read one by one. */
function isSame(a: Node, b: Node): boolean {
  if (a === b) return true;
  if (nameOf(a) !== 'i64x2.replace_lane' || nameOf(b) !== 'i64x2.replace_lane') return false;
  return a.args[1] === b.args[1] && nameOf(a.args[0]!) === 'f64x2.splat' && a.args[0]!.args[0] === b.args[0]!.args[0];
}

function foldExtract(m: VectorMaker, shape: string, lane: number, vector: Node): Node | undefined {
  const width = WIDTH[shape]!;
  const type = shape.startsWith('f') ? `f${width}` : `i${width}`;
  const bits = constant(vector);
  if (bits !== undefined) {
    const part = BigInt.asUintN(width, BigInt(bits) >> BigInt(lane * width));
    if (type === 'f64') return m.f64(part);
    if (type === 'i64') return m.i64(part);
    return type === 'f32' ? m.f32(Number(part) | 0) : m.i32(Number(part) | 0);
  }
  const name = nameOf(vector);
  const splat = SPLAT.exec(name);
  if (splat && WIDTH[splat[1]!] === width) return as(m, vector.args[0]!, type);
  const replace = REPLACE.exec(name);
  if (!replace || vector.kind.op !== 'pure') return undefined;
  const inner = WIDTH[replace[1]!]!;
  const first = vector.kind.lane * inner;
  if (inner === width && vector.kind.lane === lane) return as(m, vector.args[1]!, type);
  const isApart = first + inner <= lane * width || first >= (lane + 1) * width;
  return isApart ? m.lane(`${shape}.extract_lane`, lane, vector.args[0]!) : undefined;
}

/** A value as another type of the same bits. */
function as(m: VectorMaker, value: Node, type: string): Node {
  if (value.type === type) return value;
  return m.op(`${type}.reinterpret_${value.type}`, value);
}
