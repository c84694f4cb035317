/**
 * SSE and SSE2 floating point, scalar and packed: SDM vol. 1, 10.4 and 11.4. Arithmetic runs as wasm's own f32 and f64
 * operations while that is indistinguishable: MXCSR plain and PE sticky (`sseFast`), operands and result neither NaN nor
 * denormal nor out of range. Everything else, and the rarer instructions, goes to the exact helper (core/x86/fp).
 */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { MXCSR_MASKS, MXCSR_UNUSUAL, SSE_FAST, SSE_PLAIN } from '../../vcpu/vcpu.ts';
import { sseOpCode } from '../fp/sse-ops.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';

type Suffix = 'ss' | 'sd' | 'ps' | 'pd';

/** Prefix, value type, wasm shape and limits of each form. */
const FORMS: Record<
  Suffix,
  { prefix: string; operands: [string, string]; shape: string; isPacked: boolean; isDouble: boolean }
> = {
  ss: { prefix: 'F3', operands: ['rw:Vss', 'r:Wss'], shape: 'f32', isPacked: false, isDouble: false },
  sd: { prefix: 'F2', operands: ['rw:Vsd', 'r:Wsd'], shape: 'f64', isPacked: false, isDouble: true },
  ps: { prefix: 'NP', operands: ['rw:Vx', 'r:Wx'], shape: 'f32x4', isPacked: true, isDouble: false },
  pd: { prefix: '66', operands: ['rw:Vx', 'r:Wx'], shape: 'f64x2', isPacked: true, isDouble: true },
};
const ALL: readonly Suffix[] = ['ss', 'sd', 'ps', 'pd'];

/** Bit patterns of the smallest normal and the largest finite number. */
const MIN_NORMAL = { f32: 0x00800000n, f64: 0x0010000000000000n };
const MAX_FINITE = { f32: 0x7f7fffffn, f64: 0x7fefffffffffffffn };

/** Predicates on one form's values; they answer i32, true only if they hold in all lanes. */
class Values {
  private readonly c: LiftContext;
  private readonly suffix: Suffix;
  constructor(c: LiftContext, suffix: Suffix) {
    this.c = c;
    this.suffix = suffix;
  }
  op(name: string, ...args: Node[]): Node {
    return this.c.b.op(`${FORMS[this.suffix].shape}.${name}`, ...args);
  }
  constant(bits: { f32: bigint; f64: bigint } | bigint): Node {
    const { b } = this.c;
    const { isPacked, isDouble } = FORMS[this.suffix];
    const pattern = typeof bits === 'bigint' ? bits : isDouble ? bits.f64 : bits.f32;
    if (isPacked) {
      const pair = isDouble ? pattern : pattern | (pattern << 32n);
      return b.v128(pair | (pair << 64n));
    }
    return isDouble ? b.f64(pattern) : b.f32(Number(pattern));
  }
  /** Mask → i32 that is 1 when all lanes are set. */
  all(mask: Node): Node {
    return mask.type === 'v128'
      ? this.c.b.op(`${FORMS[this.suffix].isDouble ? 'i64x2' : 'i32x4'}.all_true`, mask)
      : mask;
  }
  or(a: Node, x: Node): Node {
    return a.type === 'v128' ? this.c.b.op('v128.or', a, x) : this.c.b.or(a, x);
  }
  and(a: Node, x: Node): Node {
    return a.type === 'v128' ? this.c.b.op('v128.and', a, x) : this.c.b.and(a, x);
  }
  isZero(v: Node): Node {
    return this.op('eq', v, this.constant(0n));
  }
  /** Normal, infinite or zero: neither NaN nor denormal. */
  isPlain(v: Node): Node {
    return this.or(this.op('ge', this.op('abs', v), this.constant(MIN_NORMAL)), this.isZero(v));
  }
  /** Finite and above the smallest normal, where no underflow can have happened. */
  isSafe(v: Node): Node {
    return this.op('gt', this.op('abs', v), this.constant(MIN_NORMAL));
  }
  isFinite(v: Node): Node {
    return this.op('le', this.op('abs', v), this.constant(MAX_FINITE));
  }
}

function mxcsrAllows(c: LiftContext, bit: number): Node {
  return c.b.and(c.field(st.sseFast), c.b.i32(bit));
}

/** Fast if `isFast` (i32): writes `result`; else exact. */
function fastOrExact(c: LiftContext, name: string, isFast: Node, result: Node): void {
  c.fastOrExact(sseOpCode(name), isFast, () => c.write(0, result));
}

/** When the result of an operation on plain operands is what the CPU would give, beyond being finite. */
type ResultRule = (v: Values, a: Node, x: Node, r: Node) => Node;
const sumRule: ResultRule = (v, _a, _x, r) => v.or(v.isSafe(r), v.isZero(r));
const productRule: ResultRule = (v, a, x, r) => v.or(v.isSafe(r), v.or(v.isZero(a), v.isZero(x)));
const quotientRule: ResultRule = (v, a, _x, r) => v.or(v.isSafe(r), v.isZero(a));

function encodingsOf(suffix: Suffix, opcode: string): EncodingSpec[] {
  const { prefix, operands, isPacked } = FORMS[suffix];
  return [enc(`${prefix} 0F ${opcode} /r`, ...operands, { aligned: isPacked })];
}

function arithmetic(name: string, opcode: string, rule: ResultRule): InsnDef[] {
  return ALL.map((suffix) => ({
    mnemonic: name + suffix,
    encodings: encodingsOf(suffix, opcode),
    lift(c) {
      const v = new Values(c, suffix);
      const a = c.read(0);
      const x = c.read(1);
      const r = v.op(name, a, x);
      const lanes = v.and(v.and(v.isPlain(a), v.isPlain(x)), v.and(v.isFinite(r), rule(v, a, x, r)));
      fastOrExact(c, name + suffix, c.b.and(v.all(lanes), mxcsrAllows(c, SSE_FAST)), r);
    },
  }));
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
      const isFast = c.b.and(v.all(v.and(v.isPlain(a), v.isPlain(x))), c.b.ne(mxcsrAllows(c, SSE_PLAIN), c.b.i32(0)));
      fastOrExact(c, name + suffix, isFast, r);
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
    const v = new Values(c, suffix);
    const x = c.read(1);
    const isPositive = v.op('ge', x, v.constant(MIN_NORMAL));
    const lanes = v.and(v.or(isPositive, v.isZero(x)), v.isFinite(x));
    fastOrExact(c, `sqrt${suffix}`, c.b.and(v.all(lanes), mxcsrAllows(c, SSE_FAST)), v.op('sqrt', x));
  },
}));

/** Instructions that always take the exact way. */
function exact(
  name: string,
  encodings: EncodingSpec[],
  options: { immediateMask?: number; cpuid?: string } = {},
): InsnDef {
  return {
    mnemonic: name,
    encodings: options.cpuid
      ? encodings.map((e) => ({ ...e, options: { ...e.options, cpuid: options.cpuid! } }))
      : encodings,
    ...(name.startsWith('r') && !name.startsWith('round') ? { test: { tolerance: 'relative 1.5 * 2^-12' } } : {}),
    lift(c) {
      const imm = options.immediateMask ? c.b.and(c.immediate(), c.b.i32(options.immediateMask)) : undefined;
      c.fastOrExact(sseOpCode(name), undefined, () => {}, imm);
      if (encodings[0]!.operands[0]!.endsWith(':Pq')) c.markMmxWritten(0);
    },
  };
}

/** COMISx and UCOMISx: ZF PF CF from the comparison, the other flags cleared. */
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
      const isPlain = b.ne(mxcsrAllows(c, SSE_PLAIN), b.i32(0));
      c.fastOrExact(sseOpCode(name), b.and(b.and(v.isPlain(a), v.isPlain(x)), isPlain), () => {
        c.setZf(v.op('eq', a, x));
        c.setCf(v.op('lt', a, x));
        for (const set of [c.setPf, c.setOf, c.setSf, c.setAf]) set.call(c, b.i32(0));
      });
    },
  };
}

/** Integer register or memory → float. Small integers are exact whatever MXCSR says. */
function fromInteger(suffix: 'ss' | 'sd'): InsnDef {
  const { prefix, shape } = FORMS[suffix];
  return {
    mnemonic: `cvtsi2${suffix}`,
    encodings: [enc(`${prefix} 0F 2A /r`, `w:V${suffix}`, 'r:Ey')],
    lift(c) {
      const { b } = c;
      const x = c.read(1);
      const is64 = x.type === 'i64';
      const r = b.op(`${shape}.convert_${x.type}_s`, x);
      if (!is64 && suffix === 'sd') {
        c.write(0, r);
        return;
      }
      // Within ±2^53 (2^24) the conversion is exact.
      const limit = suffix === 'sd' ? 1n << 53n : 1n << 24n;
      const isSmall = b.op('i64.le_u', b.add(b.extendS(x), b.i64(limit)), b.i64(2n * limit));
      fastOrExact(c, `cvtsi2${suffix}${is64 ? '64' : ''}`, b.or(isSmall, mxcsrAllows(c, SSE_FAST)), r);
    },
  };
}

/** Float → integer register, rounding or truncating. Out of range gives the indefinite integer, by the exact way. */
function toInteger(suffix: 'ss' | 'sd', truncates: boolean): InsnDef {
  const { prefix, shape, isDouble } = FORMS[suffix];
  const name = `cvt${truncates ? 't' : ''}${suffix}2si`;
  return {
    mnemonic: name,
    encodings: [enc(`${prefix} 0F ${truncates ? '2C' : '2D'} /r`, 'w:Gy', `r:W${suffix}`)],
    lift(c) {
      const { b } = c;
      const x = c.read(1);
      const is64 = c.width(0) === 64;
      const whole = b.op(`${shape}.${truncates ? 'trunc' : 'nearest'}`, x);
      const bits = is64 ? 63n : 31n;
      const limit = isDouble ? b.f64((1023n + bits) << 52n) : b.f32(Number((127n + bits) << 23n));
      const inRange = b.op(`${shape}.lt`, b.op(`${shape}.abs`, whole), limit);
      const isExact = b.op(`${shape}.eq`, whole, x);
      const isFast = b.and(inRange, b.or(isExact, mxcsrAllows(c, SSE_FAST)));
      fastOrExact(c, `${name}${is64 ? '64' : ''}`, isFast, b.op(`${is64 ? 'i64' : 'i32'}.trunc_sat_${shape}_s`, whole));
    },
  };
}

const widen: InsnDef = {
  mnemonic: 'cvtss2sd',
  encodings: [enc('F3 0F 5A /r', 'w:Vsd', 'r:Wss')],
  lift(c) {
    const v = new Values(c, 'ss');
    const x = c.read(1);
    const isFast = c.b.and(v.isPlain(x), c.b.ne(mxcsrAllows(c, SSE_PLAIN), c.b.i32(0)));
    fastOrExact(c, 'cvtss2sd', isFast, c.b.op('f64.promote_f32', x));
  },
};

const demote: InsnDef = {
  mnemonic: 'cvtsd2ss',
  encodings: [enc('F2 0F 5A /r', 'w:Vss', 'r:Wsd')],
  lift(c) {
    const { b } = c;
    const x = c.read(1);
    const r = b.op('f32.demote_f64', x);
    const narrow = new Values(c, 'ss');
    const isZero = new Values(c, 'sd').isZero(x);
    const isGood = b.and(narrow.isFinite(r), b.or(narrow.isSafe(r), isZero));
    fastOrExact(c, 'cvtsd2ss', b.and(isGood, mxcsrAllows(c, SSE_FAST)), r);
  },
};

/** Packed int32 → float: exact for doubles. */
const packedFromInteger: InsnDef[] = [
  {
    mnemonic: 'cvtdq2pd',
    encodings: [enc('F3 0F E6 /r', 'w:Vx', 'r:Wq')],
    lift(c) {
      c.writeXmm(0, c.b.op('f64x2.convert_low_i32x4_s', c.b.op('i64x2.splat', c.read(1))));
    },
  },
  {
    mnemonic: 'cvtdq2ps',
    encodings: [enc('NP 0F 5B /r', 'w:Vx', 'r:Wx', { aligned: true })],
    lift(c) {
      fastOrExact(c, 'cvtdq2ps', mxcsrAllows(c, SSE_FAST), c.b.op('f32x4.convert_i32x4_s', c.read(1)));
    },
  },
];

/** CVTPS2DQ and CVTTPS2DQ: fast while all elements are in range. */
function packedToInteger(name: string, prefix: string, round: 'nearest' | 'trunc'): InsnDef {
  return {
    mnemonic: name,
    encodings: [enc(`${prefix} 0F 5B /r`, 'w:Vx', 'r:Wx', { aligned: true })],
    lift(c) {
      const { b } = c;
      const v = new Values(c, 'ps');
      const whole = v.op(round, c.read(1));
      const inRange = v.op('lt', v.op('abs', whole), v.constant(BigInt((127 + 31) << 23)));
      const isFast = b.and(v.all(inRange), mxcsrAllows(c, SSE_FAST));
      fastOrExact(c, name, isFast, b.op('i32x4.trunc_sat_f32x4_s', whole));
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
      const isPlain = v.all(v.and(v.isPlain(a), v.isPlain(x)));
      const outcomes = ['lt', 'eq', 'gt'].map((name) => v.op(name, a, x));
      const terms = outcomes.map((outcome, n) => {
        if (!isPacked) return b.and(outcome, bit(n));
        return b.op('v128.and', outcome, b.op('i32x4.splat', b.neg(bit(n))));
      });
      const any = v.or(v.or(terms[0]!, terms[1]!), terms[2]!);
      const mask = isPacked
        ? any
        : b.op(`${shape}.reinterpret_${isDouble ? 'i64' : 'i32'}`, isDouble ? b.neg(b.extendU(any)) : b.neg(any));
      const isFast = b.and(isPlain, b.ne(mxcsrAllows(c, SSE_PLAIN), b.i32(0)));
      c.fastOrExact(sseOpCode(`cmp${suffix}`), isFast, () => c.write(0, mask), predicate);
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
      const isFast = b.and(v.all(v.isPlain(x)), b.or(needsNoMxcsr, mxcsrAllows(c, SSE_FAST)));
      c.fastOrExact(sseOpCode(`round${suffix}`), isFast, () => c.write(0, r), imm);
    },
  };
}

/** Conversions between packed formats: fast while every element converts without notice. */
function packedConversion(
  name: string,
  encoding: EncodingSpec,
  convert: (c: LiftContext, x: Node) => { result: Node; isFast: Node },
): InsnDef {
  return {
    mnemonic: name,
    encodings: [encoding],
    lift(c) {
      const source = c.read(1);
      const x = source.type === 'i64' ? c.b.op('i64x2.splat', source) : source;
      const { result, isFast } = convert(c, x);
      c.fastOrExact(sseOpCode(name), isFast, () => c.writeXmm(0, result));
    },
  };
}

const truncateDoubles = (c: LiftContext, x: Node, round: 'trunc' | 'nearest'): { result: Node; isFast: Node } => {
  const v = new Values(c, 'pd');
  const whole = v.op(round, x);
  const inRange = v.op('lt', v.op('abs', whole), v.constant((1023n + 31n) << 52n));
  return {
    result: c.b.op('i32x4.trunc_sat_f64x2_s_zero', whole),
    isFast: c.b.and(v.all(inRange), mxcsrAllows(c, SSE_FAST)),
  };
};

const packedConversions: InsnDef[] = [
  packedConversion('cvtps2pd', enc('NP 0F 5A /r', 'w:Vx', 'r:Wq'), (c, x) => {
    const v = new Values(c, 'ps');
    const isPlain = c.b.ne(mxcsrAllows(c, SSE_PLAIN), c.b.i32(0));
    return { result: c.b.op('f64x2.promote_low_f32x4', x), isFast: c.b.and(v.all(v.isPlain(x)), isPlain) };
  }),
  packedConversion('cvtpd2ps', enc('66 0F 5A /r', 'w:Vx', 'r:Wx', { aligned: true }), (c, x) => {
    const wide = new Values(c, 'pd');
    const narrow = new Values(c, 'ps');
    const r = c.b.op('f32x4.demote_f64x2_zero', x);
    // Zeros must come from zeros; the two upper elements of the result are always 0.
    const zeros = c.b.eq(
      c.b.op('i32x4.bitmask', narrow.isZero(r)),
      c.b.or(c.b.op('i64x2.bitmask', wide.isZero(x)), c.b.i32(12)),
    );
    const lanes = narrow.all(narrow.and(narrow.isFinite(r), narrow.or(narrow.isSafe(r), narrow.isZero(r))));
    return { result: r, isFast: c.b.and(c.b.and(lanes, zeros), mxcsrAllows(c, SSE_FAST)) };
  }),
  packedConversion('cvtpd2dq', enc('F2 0F E6 /r', 'w:Vx', 'r:Wx', { aligned: true }), (c, x) =>
    truncateDoubles(c, x, 'nearest'),
  ),
  packedConversion('cvttpd2dq', enc('66 0F E6 /r', 'w:Vx', 'r:Wx', { aligned: true }), (c, x) =>
    truncateDoubles(c, x, 'trunc'),
  ),
];

const A = { aligned: true };
const sse4 = { immediateMask: 0xff, cpuid: 'sse4_1' };

export const sseFloat: InsnDef[] = [
  ...arithmetic('add', '58', sumRule),
  ...arithmetic('sub', '5C', sumRule),
  ...arithmetic('mul', '59', productRule),
  ...arithmetic('div', '5E', quotientRule),
  ...extremum('min', '5D'),
  ...extremum('max', '5F'),
  ...squareRoot,
  compareToFlags('ucomiss', 'ss', '2E'),
  compareToFlags('ucomisd', 'sd', '2E'),
  compareToFlags('comiss', 'ss', '2F'),
  compareToFlags('comisd', 'sd', '2F'),
  fromInteger('ss'),
  fromInteger('sd'),
  toInteger('ss', true),
  toInteger('sd', true),
  toInteger('ss', false),
  toInteger('sd', false),
  widen,
  demote,
  ...packedFromInteger,
  packedToInteger('cvtps2dq', '66', 'nearest'),
  packedToInteger('cvttps2dq', 'F3', 'trunc'),
  ...packedConversions,
  ...ALL.map((suffix) => comparison(suffix, 8)),
  ...ALL.map(roundTo),
  exact('rcpps', [enc('NP 0F 53 /r', 'w:Vx', 'r:Wx', A)]),
  exact('rcpss', [enc('F3 0F 53 /r', 'w:Vd', 'r:Wd')]),
  exact('rsqrtps', [enc('NP 0F 52 /r', 'w:Vx', 'r:Wx', A)]),
  exact('rsqrtss', [enc('F3 0F 52 /r', 'w:Vd', 'r:Wd')]),
  exact('addsubps', [enc('F2 0F D0 /r', 'rw:Vx', 'r:Wx', A)]),
  exact('addsubpd', [enc('66 0F D0 /r', 'rw:Vx', 'r:Wx', A)]),
  exact('haddps', [enc('F2 0F 7C /r', 'rw:Vx', 'r:Wx', A)]),
  exact('haddpd', [enc('66 0F 7C /r', 'rw:Vx', 'r:Wx', A)]),
  exact('hsubps', [enc('F2 0F 7D /r', 'rw:Vx', 'r:Wx', A)]),
  exact('hsubpd', [enc('66 0F 7D /r', 'rw:Vx', 'r:Wx', A)]),
  exact('dpps', [enc('66 0F 3A 40 /r', 'rw:Vx', 'r:Wx', 'r:Ib', A)], sse4),
  exact('dppd', [enc('66 0F 3A 41 /r', 'rw:Vx', 'r:Wx', 'r:Ib', A)], sse4),
  // Between MMX and XMM.
  exact('cvtpi2ps', [enc('NP 0F 2A /r', 'w:Vq', 'r:Qq')]),
  exact('cvtpi2pd', [enc('66 0F 2A /r', 'w:Vx', 'r:Qq')]),
  exact('cvtps2pi', [enc('NP 0F 2D /r', 'w:Pq', 'r:Wq')]),
  exact('cvttps2pi', [enc('NP 0F 2C /r', 'w:Pq', 'r:Wq')]),
  exact('cvtpd2pi', [enc('66 0F 2D /r', 'w:Pq', 'r:Wx', A)]),
  exact('cvttpd2pi', [enc('66 0F 2C /r', 'w:Pq', 'r:Wx', A)]),
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
