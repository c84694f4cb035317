/**
 * SSE and SSE2 conversions between floats and integers, and between float formats: SDM vol. 1, 11.4.1.6 and 11.4.1.7; their
 * fast way is that of sse-float.ts.
 */
import type { Node } from '../../ir/ir.ts';
import { sseOpCode } from '../fp/sse-ops.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef, type TestHints } from '../notation.ts';
import { FORMS, isInexactFine, mayBeInexact, Values } from './float-values.ts';

/** Instructions that always take the exact way. */
export function exact(
  name: string,
  encodings: EncodingSpec[],
  options: { immediateMask?: number; cpuid?: string; test?: TestHints } = {},
): InsnDef {
  return {
    mnemonic: name,
    encodings: options.cpuid
      ? encodings.map((e) => ({ ...e, options: { ...e.options, cpuid: options.cpuid! } }))
      : encodings,
    ...(options.test ? { test: options.test } : {}),
    lift(c) {
      const imm = options.immediateMask ? c.b.and(c.immediate(), c.b.i32(options.immediateMask)) : undefined;
      c.fastOrExact(sseOpCode(name), undefined, () => {}, { imm });
      if (encodings[0]!.operands[0]!.endsWith(':Pq')) c.markMmxWritten(0);
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
      const code = sseOpCode(`cvtsi2${suffix}${is64 ? '64' : ''}`);
      c.fastOrExact(code, b.or(isSmall, isInexactFine(c)), () => c.write(0, r));
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
      const isFast = b.and(inRange, b.or(isInexactFine(c), isExact));
      const integer = b.op(`${is64 ? 'i64' : 'i32'}.trunc_sat_${shape}_s`, whole);
      c.fastOrExact(sseOpCode(`${name}${is64 ? '64' : ''}`), isFast, () => c.write(0, integer));
    },
  };
}

const widen: InsnDef = {
  mnemonic: 'cvtss2sd',
  encodings: [enc('F3 0F 5A /r', 'w:Vsd', 'r:Wss')],
  lift(c) {
    const v = new Values(c, 'ss');
    const x = c.read(1);
    const r = c.b.op('f64.promote_f32', x);
    c.fastOrExact(sseOpCode('cvtss2sd'), v.isNumber(x), () => c.write(0, r));
  },
};

const demote: InsnDef = {
  mnemonic: 'cvtsd2ss',
  encodings: [enc('F2 0F 5A /r', 'w:Vss', 'r:Wsd')],
  lift(c) {
    const { b } = c;
    const x = c.read(1);
    const r = b.op('f32.demote_f64', x);
    const isOrdinary = new Values(c, 'ss').isOrdinary(r, new Values(c, 'sd').isZero(x));
    const isExact = b.op('f64.eq', b.op('f64.promote_f32', r), x);
    c.fastOrExact(sseOpCode('cvtsd2ss'), b.and(isOrdinary, mayBeInexact(c, isExact)), () => c.write(0, r));
  },
};

/** Packed int32 → float: exact for doubles. */
const packedFromInteger: InsnDef[] = [
  {
    mnemonic: 'cvtdq2pd',
    encodings: [enc('F3 0F E6 /r', 'w:Vx', 'r:Wq')],
    lift(c) {
      c.writeXmm(0, c.b.op('f64x2.convert_low_i32x4_s', c.b.op('f64x2.splat', c.readAs(1, 'sd'))));
    },
  },
  {
    mnemonic: 'cvtdq2ps',
    encodings: [enc('NP 0F 5B /r', 'w:Vx', 'r:Wx', { aligned: true })],
    lift(c) {
      const { b } = c;
      const x = c.read(1);
      const r = b.op('f32x4.convert_i32x4_s', x);
      const large = b.op('i32x4.gt_s', b.op('i32x4.abs', x), b.op('i32x4.splat', b.i32(1 << 24)));
      const isExact = b.eqz(b.op('v128.any_true', large));
      c.fastOrExact(sseOpCode('cvtdq2ps'), mayBeInexact(c, isExact), () => c.write(0, r));
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
      const x = c.read(1);
      const whole = v.op(round, x);
      const inRange = v.all(v.op('lt', v.op('abs', whole), v.constant(BigInt((127 + 31) << 23))));
      const isFast = b.and(inRange, mayBeInexact(c, v.all(v.op('eq', whole, x))));
      const r = b.op('i32x4.trunc_sat_f32x4_s', whole);
      c.fastOrExact(sseOpCode(name), isFast, () => c.write(0, r));
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
      const x = c.width(1) === 64 ? c.b.op('f64x2.splat', c.readAs(1, 'sd')) : c.read(1);
      const { result, isFast } = convert(c, x);
      c.fastOrExact(sseOpCode(name), isFast, () => c.writeXmm(0, result));
    },
  };
}

const truncateDoubles = (c: LiftContext, x: Node, round: 'trunc' | 'nearest'): { result: Node; isFast: Node } => {
  const v = new Values(c, 'pd');
  const whole = v.op(round, x);
  const inRange = v.all(v.op('lt', v.op('abs', whole), v.constant((1023n + 31n) << 52n)));
  return {
    result: c.b.op('i32x4.trunc_sat_f64x2_s_zero', whole),
    isFast: c.b.and(inRange, mayBeInexact(c, v.all(v.op('eq', whole, x)))),
  };
};

const packedConversions: InsnDef[] = [
  packedConversion('cvtps2pd', enc('NP 0F 5A /r', 'w:Vx', 'r:Wq'), (c, x) => {
    return { result: c.b.op('f64x2.promote_low_f32x4', x), isFast: new Values(c, 'ps').isNumber(x) };
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
    const isExact = wide.all(wide.op('eq', c.b.op('f64x2.promote_low_f32x4', r), x));
    const isGood = c.b.and(narrow.isOrdinary(r), zeros);
    return { result: r, isFast: c.b.and(isGood, mayBeInexact(c, isExact)) };
  }),
  packedConversion('cvtpd2dq', enc('F2 0F E6 /r', 'w:Vx', 'r:Wx', { aligned: true }), (c, x) =>
    truncateDoubles(c, x, 'nearest'),
  ),
  packedConversion('cvttpd2dq', enc('66 0F E6 /r', 'w:Vx', 'r:Wx', { aligned: true }), (c, x) =>
    truncateDoubles(c, x, 'trunc'),
  ),
];

const A = { aligned: true };

export const sseConvert: InsnDef[] = [
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
  // Between MMX and XMM.
  exact('cvtpi2ps', [enc('NP 0F 2A /r', 'w:Vq', 'r:Qq')]),
  exact('cvtpi2pd', [enc('66 0F 2A /r', 'w:Vx', 'r:Qq')]),
  exact('cvtps2pi', [enc('NP 0F 2D /r', 'w:Pq', 'r:Wq')]),
  exact('cvttps2pi', [enc('NP 0F 2C /r', 'w:Pq', 'r:Wq')]),
  exact('cvtpd2pi', [enc('66 0F 2D /r', 'w:Pq', 'r:Wx', A)]),
  exact('cvttpd2pi', [enc('66 0F 2C /r', 'w:Pq', 'r:Wx', A)]),
];
