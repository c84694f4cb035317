/**
 * Simplifies one pure operation when it is built: constants, identities, and the shapes that partial registers and lazy
 * flags leave behind. Every rule is a local rewrite of wasm semantics (WebAssembly 3.0, chapter 4.3), so the result always
 * equals the operation. V8 does the general optimisations; here is what it can't see or what feeds our own analyses.
 */
import type { Node } from '../ir/ir.ts';

/** Makes nodes for rewritten operations. */
export interface NodeMaker {
  op(name: string, ...args: Node[]): Node;
  i32(value: number): Node;
  i64(value: bigint | number): Node;
}

export const constant = (node: Node): number | bigint | undefined =>
  node.kind.op === 'const' ? node.kind.value : undefined;
export const nameOf = (node: Node): string => (node.kind.op === 'pure' ? node.kind.name : '');

const INVERSE: Record<string, string> = {
  eq: 'ne',
  ne: 'eq',
  lt_s: 'ge_s',
  ge_s: 'lt_s',
  lt_u: 'ge_u',
  ge_u: 'lt_u',
  gt_s: 'le_s',
  le_s: 'gt_s',
  gt_u: 'le_u',
  le_u: 'gt_u',
};
const COMPARISON = /^(i32|i64)\.(eq|ne|[lg][te]_[su])$/;

/** Bits that an i32 or i64 value may have set, as a count from bit 0. */
export function bitCount(node: Node): number {
  const value = constant(node);
  if (typeof value === 'bigint') return value < 0n ? 64 : value.toString(2).length;
  if (typeof value === 'number') return 32 - Math.clz32(value);
  const width = node.type === 'i64' ? 64 : 32;
  const { kind } = node;
  if (kind.op === 'load' || kind.op === 'state') {
    const match = /load(8|16|32)_u$/.exec(kind.load);
    return match ? Number(match[1]) : width;
  }
  if (kind.op !== 'pure') return width;
  const { name } = kind;
  if (name === 'i64.extend_i32_u') return bitCount(node.args[0]!);
  if (name.endsWith('.eqz') || COMPARISON.test(name) || /^f(32|64)\.(eq|ne|lt|gt|le|ge)$/.test(name)) return 1;
  if (name.endsWith('.and')) return Math.min(bitCount(node.args[0]!), bitCount(node.args[1]!));
  if (name === 'i32.or' || name === 'i64.or' || name === 'i32.xor' || name === 'i64.xor') {
    return Math.max(bitCount(node.args[0]!), bitCount(node.args[1]!));
  }
  if (name === 'i32.wrap_i64') return Math.min(32, bitCount(node.args[0]!));
  return width;
}

const BINARY: Record<string, (a: bigint, b: bigint, width: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, w) => a << (b & (w - 1n)),
  shr_u: (a, b, w) => BigInt.asUintN(Number(w), a) >> (b & (w - 1n)),
  shr_s: (a, b, w) => BigInt.asIntN(Number(w), a) >> (b & (w - 1n)),
};
const COMPARE: Record<string, (a: bigint, b: bigint, ua: bigint, ub: bigint) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt_s: (a, b) => a < b,
  gt_s: (a, b) => a > b,
  le_s: (a, b) => a <= b,
  ge_s: (a, b) => a >= b,
  lt_u: (_a, _b, ua, ub) => ua < ub,
  gt_u: (_a, _b, ua, ub) => ua > ub,
  le_u: (_a, _b, ua, ub) => ua <= ub,
  ge_u: (_a, _b, ua, ub) => ua >= ub,
};

/** The simpler value that `name(args)` equals, or undefined when there is none. */
export function fold(m: NodeMaker, name: string, args: readonly Node[]): Node | undefined {
  const [a, b] = args as [Node, Node | undefined];
  if (b === undefined) return foldUnary(m, name, a);
  if (args.length === 2 && (a.type === 'i32' || a.type === 'i64')) return foldBinary(m, name, a, b);
  return undefined;
}

function foldUnary(m: NodeMaker, name: string, a: Node): Node | undefined {
  const value = constant(a);
  const inner = nameOf(a);
  switch (name) {
    case 'i32.wrap_i64':
      if (value !== undefined) return m.i32(Number(BigInt.asIntN(32, BigInt(value))));
      if (inner === 'i64.extend_i32_u' || inner === 'i64.extend_i32_s') return a.args[0]!;
      if (inner === 'i64.shr_u' && nameOf(a.args[0]!) === 'i64.extend_i32_u') {
        const count = constant(a.args[1]!);
        if (count !== undefined && BigInt(count) < 32n) {
          return m.op('i32.shr_u', a.args[0]!.args[0]!, m.i32(Number(count)));
        }
      }
      if (inner === 'i64.and') {
        const mask = constant(a.args[1]!);
        if (mask !== undefined) {
          const low = Number(BigInt.asIntN(32, BigInt(mask)));
          const wrapped = m.op(name, a.args[0]!);
          return low === -1 ? wrapped : m.op('i32.and', wrapped, m.i32(low));
        }
      }
      return undefined;
    case 'i64.extend_i32_u':
      if (value !== undefined) return m.i64(Number(value) >>> 0);
      if (inner === 'i32.wrap_i64' && bitCount(a.args[0]!) <= 32) return a.args[0]!;
      return undefined;
    case 'i64.extend_i32_s':
      return value !== undefined ? m.i64(Number(value)) : undefined;
    case 'i32.extend8_s':
    case 'i32.extend16_s':
      if (value === undefined) return undefined;
      return m.i32(name === 'i32.extend8_s' ? (Number(value) << 24) >> 24 : (Number(value) << 16) >> 16);
    case 'i32.eqz':
    case 'i64.eqz':
      return foldEqz(m, a, value, inner);
    case 'i32.reinterpret_f32':
    case 'i64.reinterpret_f64':
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return inner.includes('.reinterpret_') && a.args[0]!.type === name.slice(0, 3) ? a.args[0]! : undefined;
    default:
      return undefined;
  }
}

function foldEqz(m: NodeMaker, a: Node, value: number | bigint | undefined, inner: string): Node | undefined {
  if (value !== undefined) return m.i32(BigInt(value) === 0n ? 1 : 0);
  const match = COMPARISON.exec(inner);
  if (match) return m.op(`${match[1]}.${INVERSE[match[2]!]}`, a.args[0]!, a.args[1]!);
  const x = a.args[0];
  switch (inner) {
    case 'i32.eqz':
    case 'i64.eqz':
      return bitCount(x!) === 1 ? (x!.type === 'i64' ? m.op('i32.wrap_i64', x!) : x) : undefined;
    case 'i64.extend_i32_s':
    case 'i64.extend_i32_u':
      return m.op('i32.eqz', x!);
    case 'i32.extend8_s':
      return m.op('i32.eqz', m.op('i32.and', x!, m.i32(0xff)));
    case 'i32.extend16_s':
      return m.op('i32.eqz', m.op('i32.and', x!, m.i32(0xffff)));
    case 'i32.sub':
    case 'i64.sub':
    case 'i32.xor':
    case 'i64.xor':
      return m.op(`${x!.type}.eq`, x!, a.args[1]!);
    default:
      return undefined;
  }
}

function foldBinary(m: NodeMaker, name: string, a: Node, b: Node): Node | undefined {
  const dot = name.indexOf('.');
  const type = name.slice(0, dot);
  if (type !== 'i32' && type !== 'i64') return undefined;
  const operation = name.slice(dot + 1);
  const x = constant(a);
  const y = constant(b);
  const make = (v: bigint): Node => (type === 'i64' ? m.i64(v) : m.i32(Number(BigInt.asIntN(32, v))));
  const width = type === 'i64' ? 64n : 32n;
  if (x !== undefined && y !== undefined) {
    const bits = Number(width);
    const sa = BigInt.asIntN(bits, BigInt(x));
    const sb = BigInt.asIntN(bits, BigInt(y));
    const compute = BINARY[operation];
    if (compute) return make(BigInt.asIntN(bits, compute(sa, sb, width)));
    const test = COMPARE[operation];
    if (test) return m.i32(test(sa, sb, BigInt.asUintN(bits, sa), BigInt.asUintN(bits, sb)) ? 1 : 0);
    return undefined;
  }
  // Constants stand on the right of what commutes.
  if (x !== undefined && /^(add|mul|and|or|xor|eq|ne)$/.test(operation)) return m.op(name, b, a);
  if (y !== undefined) return foldWithConstant(m, name, operation, a, BigInt(y), make, width);
  if (a === b) {
    if (operation === 'sub' || operation === 'xor') return make(0n);
    if (operation === 'and' || operation === 'or') return a;
    if (operation === 'eq' || /^[lg]e_[su]$/.test(operation)) return m.i32(1);
    if (operation === 'ne' || /^[lg]t_[su]$/.test(operation)) return m.i32(0);
  }
  return undefined;
}

function foldWithConstant(
  m: NodeMaker,
  name: string,
  operation: string,
  a: Node,
  y: bigint,
  make: (v: bigint) => Node,
  width: bigint,
): Node | undefined {
  const inner = nameOf(a);
  const innerConstant = a.args[1] ? constant(a.args[1]) : undefined;
  switch (operation) {
    case 'add':
      if (y === 0n) return a;
      if (inner === name && innerConstant !== undefined) return m.op(name, a.args[0]!, make(BigInt(innerConstant) + y));
      return undefined;
    case 'sub':
      return m.op(name.replace('sub', 'add'), a, make(-y));
    case 'or':
    case 'xor':
      return y === 0n ? a : undefined;
    case 'shl':
    case 'shr_u':
    case 'shr_s':
      return (y & (width - 1n)) === 0n ? a : undefined;
    case 'mul':
      return y === 1n ? a : y === 0n ? make(0n) : undefined;
    case 'and': {
      if (y === 0n) return make(0n);
      if (y === -1n) return a;
      if (y > 0n && (y & (y + 1n)) === 0n && bitCount(a) <= y.toString(2).length) return a;
      if (inner === name && innerConstant !== undefined) return m.op(name, a.args[0]!, make(BigInt(innerConstant) & y));
      return undefined;
    }
    case 'ne':
      if (y === 0n && bitCount(a) === 1) return a.type === 'i64' ? m.op('i32.wrap_i64', a) : a;
      return undefined;
    case 'eq':
      return y === 0n ? m.op(`${a.type}.eqz`, a) : undefined;
    case 'lt_s':
      if (y !== 0n) return undefined;
      if (inner === 'i64.extend_i32_s') return m.op('i32.lt_s', a.args[0]!, m.i32(0));
      return undefined;
    default:
      return undefined;
  }
}
