/**
 * SSE and SSE2 floating point, scalar and packed: SDM vol. 1, 10.4 and 11.4. Arithmetic runs as wasm's own f32 and f64
 * operations while that is indistinguishable: operands and result ordinary (float-values.ts), MXCSR plain, and PE sticky or
 * the result exact. Everything else, and the rarer instructions, goes to the exact helper (core/x86/fp). Conversions are in
 * sse-convert.ts.
 */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { MXCSR_MASKS, MXCSR_UNUSUAL, SSE_PLAIN } from '../../vcpu/vcpu.ts';
import { sseOpCode } from '../fp/sse-ops.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';
import { ALL, FORMS, isPlainOnly, mayBeInexact, type Suffix, Values } from './float-values.ts';
import { exact, sseConvert } from './sse-convert.ts';

/** One operation a op x on a form's values. */
interface Arithmetic {
  compute(v: Values, a: Node, x: Node): Node;
  /** Lanes whose result is zero for sure, where that is more than a result of zero says; the others must be normal. */
  zeros?(v: Values, a: Node, x: Node): Node;
  /** Holds only if an ordinary result is exact. */
  isExact(v: Values, a: Node, x: Node, r: Node): Node;
  /** Holds only if an ordinary result is inexact; undefined: nothing tells. */
  isInexact(v: Values, a: Node, x: Node, r: Node): Node | undefined;
}

/** Either operand is recovered from the result: the larger one without error, so that the other tells. */
const sumIsExact = (v: Values, a: Node, x: Node, fromA: Node, fromX: Node): Node =>
  v.all(v.and(v.op('eq', fromA, x), v.op('eq', fromX, a)));

const addition: Arithmetic = {
  compute: (v, a, x) => v.op('add', a, x),
  isExact: (v, a, x, r) => sumIsExact(v, a, x, v.op('sub', r, a), v.op('sub', r, x)),
  isInexact: (v, a, x, r) => v.not(addition.isExact(v, a, x, r)),
};
const subtraction: Arithmetic = {
  compute: (v, a, x) => v.op('sub', a, x),
  isExact: (v, a, x, r) => sumIsExact(v, a, x, v.op('sub', a, r), v.op('add', r, x)),
  isInexact: (v, a, x, r) => v.not(subtraction.isExact(v, a, x, r)),
};
const multiplication: Arithmetic = {
  compute: (v, a, x) => v.op('mul', a, x),
  zeros: (v, a, x) => v.or(v.isZero(a), v.isZero(x)),
  isExact: (v, a, x) => v.haveHalfPrecision(a, x),
  isInexact: (v, a, x, r) => v.hasLongProduct(a, x, r),
};
const division: Arithmetic = {
  compute: (v, a, x) => v.op('div', a, x),
  zeros: (v, a, x) => v.and(v.isZero(a), v.op('ne', x, v.constant(0n))),
  isExact: (v, a, x, r) => v.andTruths(v.all(v.op('eq', v.op('mul', r, x), a)), v.haveHalfPrecision(r, x)),
  isInexact: (v, a, x, r) => v.not(v.all(v.op('eq', v.op('mul', r, x), a))),
};

/** r is the operation's result on ordinary operands, and itself ordinary. */
function areOrdinary(v: Values, op: Arithmetic, a: Node, x: Node, r: Node): Node {
  return v.andTruths(v.andTruths(v.isOrdinary(a), v.isOrdinary(x)), v.isOrdinary(r, op.zeros?.(v, a, x)));
}

/** Writes a op x to operand 0, by the fast way or as the exact operation `name`. */
function calculate(c: LiftContext, name: string, suffix: Suffix, op: Arithmetic, a: Node, x: Node): void {
  const v = new Values(c, suffix);
  const r = op.compute(v, a, x);
  const isFast = c.b.and(areOrdinary(v, op, a, x, r), mayBeInexact(c, op.isExact(v, a, x, r)));
  const isInexact = (): Node | undefined => {
    const inexact = op.isInexact(v, a, x, r);
    return inexact && c.b.and(c.b.and(isPlainOnly(c), areOrdinary(v, op, a, x, r)), inexact);
  };
  c.fastOrExact(sseOpCode(name + suffix), isFast, () => c.write(0, r), { isInexact });
}

function encodingsOf(suffix: Suffix, opcode: string): EncodingSpec[] {
  const { prefix, operands, isPacked } = FORMS[suffix];
  return [enc(`${prefix} 0F ${opcode} /r`, ...operands, { aligned: isPacked })];
}

function arithmetic(name: string, opcode: string, op: Arithmetic): InsnDef[] {
  return ALL.map((suffix) => ({
    mnemonic: name + suffix,
    encodings: encodingsOf(suffix, opcode),
    lift: (c) => calculate(c, name, suffix, op, c.read(0), c.read(1)),
  }));
}

/** The sign bits of every other lane, the first included: what ADDSUB changes in its second operand. */
const EVEN_SIGNS = { ps: 0x0000_0000_8000_0000_0000_0000_8000_0000n, pd: 0x8000_0000_0000_0000n };

function addSubtract(suffix: 'ps' | 'pd', encoding: EncodingSpec): InsnDef {
  return {
    mnemonic: `addsub${suffix}`,
    encodings: [encoding],
    lift(c) {
      const x = c.b.op('v128.xor', c.read(1), c.b.v128(EVEN_SIGNS[suffix]));
      calculate(c, 'addsub', suffix, addition, c.read(0), x);
    },
  };
}

/** Bytes of the even and the odd lanes of two vectors. */
const lanes = (bytes: number, odd: 0 | 1): number[] =>
  Array.from({ length: 32 }, (_, i) => i).filter((i) => Math.floor(i / bytes) % 2 === odd);

/** HADDxx, HSUBxx: each lane of the result comes from two neighbours. */
function horizontal(name: 'hadd' | 'hsub', suffix: 'ps' | 'pd', encoding: EncodingSpec): InsnDef {
  return {
    mnemonic: name + suffix,
    encodings: [encoding],
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      const bytes = suffix === 'ps' ? 4 : 8;
      const pick = (odd: 0 | 1): Node => c.b.shuffle(a, x, lanes(bytes, odd));
      calculate(c, name, suffix, name === 'hadd' ? addition : subtraction, pick(0), pick(1));
    },
  };
}

/** MIN and MAX give the second operand when they are equal or unordered: the order of pmin and pmax. */
function extremum(name: 'min' | 'max', opcode: string): InsnDef[] {
  return ALL.map((suffix) => ({
    mnemonic: name + suffix,
    encodings: encodingsOf(suffix, opcode),
    lift(c) {
      const v = new Values(c, suffix);
      const a = c.read(0);
      const x = c.read(1);
      const picks = name === 'min' ? 'lt' : 'gt';
      const r = FORMS[suffix].isPacked ? v.op(`p${name}`, x, a) : c.b.select(v.op(picks, a, x), a, x);
      c.fastOrExact(sseOpCode(name + suffix), c.b.and(v.isNumber(a), v.isNumber(x)), () => c.write(0, r));
    },
  }));
}

const squareRoot: InsnDef[] = ALL.map((suffix) => ({
  mnemonic: `sqrt${suffix}`,
  encodings: encodingsOf(suffix, '51').map((e) => ({
    ...e,
    operands: [e.operands[0]!.replace('rw', 'w'), e.operands[1]!],
  })),
  lift(c) {
    const { b } = c;
    const v = new Values(c, suffix);
    const x = c.read(1);
    const r = v.op('sqrt', x);
    const areRoots = (): Node => v.all(v.op('eq', v.op('mul', r, r), x));
    const isOrdinary = (): Node =>
      b.and(b.and(v.isOrdinary(x), v.all(v.op('ge', x, v.constant(0n)))), v.surelyOrdinary(r));
    const isExact = b.and(areRoots(), v.haveHalfPrecision(r, r));
    const isInexact = (): Node => b.and(b.and(isPlainOnly(c), isOrdinary()), b.eqz(areRoots()));
    c.fastOrExact(sseOpCode(`sqrt${suffix}`), b.and(isOrdinary(), mayBeInexact(c, isExact)), () => c.write(0, r), {
      isInexact,
    });
  },
}));

/** COMISx and UCOMISx: ZF PF CF from the comparison, the other flags cleared. Numbers compare whatever MXCSR says. */
function compareToFlags(name: string, suffix: 'ss' | 'sd', opcode: string): InsnDef {
  const type = suffix;
  return {
    mnemonic: name,
    encodings: [enc(`${suffix === 'ss' ? 'NP' : '66'} 0F ${opcode} /r`, `r:V${type}`, `r:W${type}`)],
    flags: { writes: 'oszapc' },
    lift(c) {
      const { b } = c;
      const v = new Values(c, suffix);
      const a = c.read(0);
      const x = c.read(1);
      c.fastOrExact(sseOpCode(name), b.and(v.isNumber(a), v.isNumber(x)), () => {
        c.setZf(v.op('eq', a, x));
        c.setCf(v.op('lt', a, x));
        for (const set of [c.setPf, c.setOf, c.setSf, c.setAf]) set.call(c, b.i32(0));
      });
    },
  };
}

/**
 * Which of less, equal, greater (bits 0, 1, 2) each predicate of CMPxx accepts, four bits for each: EQ LT LE UNORD NEQ NLT NLE
 * ORD, then EQ_U NGE NGT FALSE NEQ_O GE GT TRUE; 16 to 31 repeat them (SDM vol. 2, table 3-1). Unordered operands take the
 * exact way.
 */
const PREDICATE_TABLE = [2, 1, 3, 0, 5, 6, 4, 7, 2, 1, 3, 0, 5, 6, 4, 7].reduce(
  (table, bits, i) => table | (BigInt(bits) << BigInt(4 * i)),
  0n,
);

/** Without VEX there are 8 predicates, with it 32. */
function comparison(suffix: Suffix, predicates: 8 | 32): InsnDef {
  const { prefix, operands, isPacked, isDouble, shape } = FORMS[suffix];
  const destination = isPacked ? 'rw:Vx' : isDouble ? 'rw:Vsd' : 'rw:Vss';
  return {
    mnemonic: `cmp${suffix}`,
    encodings: [enc(`${prefix} 0F C2 /r`, destination, operands[1], 'r:Ib', { aligned: isPacked })],
    lift(c) {
      const { b } = c;
      const v = new Values(c, suffix);
      const a = c.read(0);
      const x = c.read(1);
      const predicate = b.and(c.immediate(), b.i32(predicates - 1));
      const at = b.extendU(b.shl(b.and(predicate, b.i32(15)), b.i32(2)));
      const accepted = b.wrap(b.shrU(b.i64(PREDICATE_TABLE), at));
      const bit = (n: number): Node => b.and(b.shrU(accepted, b.i32(n)), b.i32(1));
      const outcomes = ['lt', 'eq', 'gt'].map((name) => v.op(name, a, x));
      const terms = outcomes.map((outcome, n) => {
        if (!isPacked) return b.and(outcome, bit(n));
        return b.op('v128.and', outcome, b.op('i32x4.splat', b.neg(bit(n))));
      });
      const any = v.or(v.or(terms[0]!, terms[1]!), terms[2]!);
      const mask = isPacked
        ? any
        : b.op(`${shape}.reinterpret_${isDouble ? 'i64' : 'i32'}`, isDouble ? b.neg(b.extendU(any)) : b.neg(any));
      const isFast = b.and(v.isNumber(a), v.isNumber(x));
      c.fastOrExact(sseOpCode(`cmp${suffix}`), isFast, () => c.write(0, mask), { imm: predicate });
    },
  };
}

/** ROUNDxx: immediate bits 0..1 the rounding, bit 2 take MXCSR's (nearest, where that is plain), bit 3 no PE. */
function roundTo(suffix: Suffix): InsnDef {
  const { operands, isPacked } = FORMS[suffix];
  const opcode = { ps: '08', pd: '09', ss: '0A', sd: '0B' }[suffix];
  return {
    mnemonic: `round${suffix}`,
    encodings: [
      enc(`66 0F 3A ${opcode} /r`, operands[0].replace('rw', 'w'), operands[1], 'r:Ib', {
        aligned: isPacked,
        cpuid: 'sse4_1',
      }),
    ],
    lift(c) {
      const { b } = c;
      const v = new Values(c, suffix);
      const x = c.read(1);
      const imm = b.and(c.immediate(), b.i32(0xff));
      const mode = b.select(b.and(imm, b.i32(4)), b.i32(0), b.and(imm, b.i32(3)));
      const is = (n: number): Node => b.eq(mode, b.i32(n));
      const down = b.select(is(1), v.op('floor', x), v.op('nearest', x));
      const r = b.select(is(3), v.op('trunc', x), b.select(is(2), v.op('ceil', x), down));
      const needsNoMxcsr = b.eq(b.and(imm, b.i32(12)), b.i32(8));
      const isExact = v.all(v.op('eq', r, x));
      const isFast = b.and(v.isNumber(x), b.or(needsNoMxcsr, mayBeInexact(c, isExact)));
      c.fastOrExact(sseOpCode(`round${suffix}`), isFast, () => c.write(0, r), { imm });
    },
  };
}

const A = { aligned: true };
const APPROXIMATE = { test: { tolerance: 'relative 1.5 * 2^-12' } };
const sse4 = { immediateMask: 0xff, cpuid: 'sse4_1' };

export const sseFloat: InsnDef[] = [
  ...arithmetic('add', '58', addition),
  ...arithmetic('sub', '5C', subtraction),
  ...arithmetic('mul', '59', multiplication),
  ...arithmetic('div', '5E', division),
  ...extremum('min', '5D'),
  ...extremum('max', '5F'),
  ...squareRoot,
  compareToFlags('ucomiss', 'ss', '2E'),
  compareToFlags('ucomisd', 'sd', '2E'),
  compareToFlags('comiss', 'ss', '2F'),
  compareToFlags('comisd', 'sd', '2F'),
  ...sseConvert,
  ...ALL.map((suffix) => comparison(suffix, 8)),
  ...ALL.map(roundTo),
  exact('rcpps', [enc('NP 0F 53 /r', 'w:Vx', 'r:Wx', A)], APPROXIMATE),
  exact('rcpss', [enc('F3 0F 53 /r', 'w:Vd', 'r:Wd')], APPROXIMATE),
  exact('rsqrtps', [enc('NP 0F 52 /r', 'w:Vx', 'r:Wx', A)], APPROXIMATE),
  exact('rsqrtss', [enc('F3 0F 52 /r', 'w:Vd', 'r:Wd')], APPROXIMATE),
  addSubtract('ps', enc('F2 0F D0 /r', 'rw:Vx', 'r:Wx', A)),
  addSubtract('pd', enc('66 0F D0 /r', 'rw:Vx', 'r:Wx', A)),
  horizontal('hadd', 'ps', enc('F2 0F 7C /r', 'rw:Vx', 'r:Wx', A)),
  horizontal('hadd', 'pd', enc('66 0F 7C /r', 'rw:Vx', 'r:Wx', A)),
  horizontal('hsub', 'ps', enc('F2 0F 7D /r', 'rw:Vx', 'r:Wx', A)),
  horizontal('hsub', 'pd', enc('66 0F 7D /r', 'rw:Vx', 'r:Wx', A)),
  exact('dpps', [enc('66 0F 3A 40 /r', 'rw:Vx', 'r:Wx', 'r:Ib', A)], { ...sse4, test: { varies: 'sums' } }),
  exact('dppd', [enc('66 0F 3A 41 /r', 'rw:Vx', 'r:Wx', 'r:Ib', A)], { ...sse4, test: { varies: 'sums' } }),
];

/** CMPxx as VEX has them. */
export const comparisons32: InsnDef[] = ALL.map((suffix) => comparison(suffix, 32));

/** MXCSR and the state that goes with it: LDMXCSR, STMXCSR. */
export const sseControl: InsnDef[] = [
  {
    mnemonic: 'stmxcsr',
    encodings: [enc('NP 0F AE /3', 'w:Md')],
    lift(c) {
      c.write(0, c.field(st.mxcsr));
    },
  },
  {
    mnemonic: 'ldmxcsr',
    encodings: [enc('NP 0F AE /2', 'r:Md')],
    lift(c) {
      const { b } = c;
      const value = c.read(0);
      // Bits 16..31 are reserved.
      b.if(b.shrU(value, b.i32(16)), () => b.raise(13));
      c.setField(st.mxcsr, value);
      const isPlain = b.eq(b.and(value, b.i32(MXCSR_UNUSUAL)), b.i32(MXCSR_MASKS));
      const sticky = b.and(b.shrU(value, b.i32(5)), b.i32(1));
      c.setField(st.sseFast, b.select(isPlain, b.or(sticky, b.i32(SSE_PLAIN)), b.i32(0)));
    },
  },
];
