/** Packed integers of SSSE3, SSE4.1 and SSE4.2: SDM vol. 2, PABSB .. PCMPGTQ, blends, inserts, extracts. */
import type { Node } from '../../ir/ir.ts';
import { compareStringsHelper } from '../helpers/declared.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';
import { type Combine, field, IOTA8, lane32Indices, packed, readVector, writeVector } from './packed.ts';
import { multiplyEven, narrow } from './sse-integer.ts';

const SSSE3 = { cpuid: 'ssse3' };
const SSE41 = { aligned: true, cpuid: 'sse4_1' };
const SSE42 = { aligned: true, cpuid: 'sse4_2' };

/** MMX and SSE encodings in the 0F38 map. */
function ssse3(opcode: string, access = 'rw'): EncodingSpec[] {
  return [
    enc(`NP 0F 38 ${opcode} /r`, `${access}:Pq`, 'r:Qq', SSSE3),
    enc(`66 0F 38 ${opcode} /r`, `${access}:Vx`, 'r:Wx', { ...SSSE3, aligned: true }),
  ];
}
const sse41 = (opcode: string): EncodingSpec[] => [enc(`66 0F 38 ${opcode} /r`, 'rw:Vx', 'r:Wx', SSE41)];

const isMmx = (c: LiftContext): boolean => c.width(0) === 64;

/** Even and odd lanes of both operands, so that one lane-wise operation makes the horizontal one. */
function pairs(c: LiftContext, a: Node, x: Node, bytes: 2 | 4): [even: Node, odd: Node] {
  const pick = (odd: number): number[] => {
    const indices: number[] = [];
    // For MMX the two operands lie side by side in the first 16 bytes of the result's sources.
    const [firstSize, second] = isMmx(c) ? [8, 16] : [16, 16];
    for (const from of [0, second]) {
      for (let at = 0; at < firstSize; at += 2 * bytes) {
        for (let k = 0; k < bytes; k++) indices.push(from + at + odd * bytes + k);
      }
    }
    return [...indices, ...indices].slice(0, 16);
  };
  return [c.b.shuffle(a, x, pick(0)), c.b.shuffle(a, x, pick(1))];
}

function horizontal(mnemonic: string, opcode: string, bytes: 2 | 4, op: string): InsnDef {
  return packed(mnemonic, ssse3(opcode), (c, a, x) => {
    const [even, odd] = pairs(c, a, x, bytes);
    return c.b.op(op, even, odd);
  });
}

/** PSIGNx: negates, keeps or clears a by the sign of x. */
function sign(mnemonic: string, opcode: string, shape: string): InsnDef {
  return packed(mnemonic, ssse3(opcode), (c, a, x) => {
    const { b } = c;
    const zero = b.v128(0n);
    const negated = b.op('v128.bitselect', b.op(`${shape}.neg`, a), a, b.op(`${shape}.lt_s`, x, zero));
    return b.op('v128.andnot', negated, b.op(`${shape}.eq`, x, zero));
  });
}

function absolute(mnemonic: string, opcode: string, shape: string): InsnDef {
  return {
    mnemonic,
    encodings: ssse3(opcode, 'w'),
    lift(c) {
      writeVector(c, 0, c.b.op(`${shape}.abs`, readVector(c, 1)));
    },
  };
}

/** PSHUFB: bit 7 of an index clears the byte; swizzle does that for any index above 15. */
const shuffleBytes: Combine = (c, a, x) => {
  const mask = isMmx(c) ? 0x87 : 0x8f;
  return c.b.op('i8x16.swizzle', a, c.b.op('v128.and', x, c.b.op('i8x16.splat', c.b.i32(mask))));
};

/** PMADDUBSW: unsigned bytes of a times signed bytes of x, neighbours added with saturation. */
const multiplyAddBytes: Combine = (c, a, x) => {
  const { b } = c;
  const evenA = b.op('v128.and', a, b.v128(0x00ff00ff_00ff00ff_00ff00ff_00ff00ffn));
  const oddA = b.op('i16x8.shr_u', a, b.i32(8));
  const evenX = b.op('i16x8.shr_s', b.op('i16x8.shl', x, b.i32(8)), b.i32(8));
  const oddX = b.op('i16x8.shr_s', x, b.i32(8));
  return b.op('i16x8.add_sat_s', b.op('i16x8.mul', evenA, evenX), b.op('i16x8.mul', oddA, oddX));
};

/** PMULHRSW: like q15mulr_sat_s, but -1 times -1 wraps to 8000h instead of saturating. */
const multiplyRound: Combine = (c, a, x) => {
  const { b } = c;
  const min = b.v128(0x80008000_80008000_80008000_80008000n);
  const wraps = b.op('v128.and', b.op('i16x8.eq', a, min), b.op('i16x8.eq', x, min));
  return b.op('v128.xor', b.op('i16x8.q15mulr_sat_s', a, x), wraps);
};

const alignRight: InsnDef = {
  mnemonic: 'palignr',
  encodings: [
    enc('NP 0F 3A 0F /r', 'rw:Pq', 'r:Qq', 'r:Ib', SSSE3),
    enc('66 0F 3A 0F /r', 'rw:Vx', 'r:Wx', 'r:Ib', { ...SSSE3, aligned: true }),
  ],
  lift(c) {
    const { b } = c;
    const bytes = isMmx(c) ? 8 : 16;
    const count = b.and(c.immediate(), b.i32(0xff));
    const clamped = b.select(b.gtU(count, b.i32(2 * bytes)), b.i32(2 * bytes), count);
    let high = readVector(c, 0);
    let low = readVector(c, 1);
    if (isMmx(c)) {
      // Both operands in one vector, zeros behind.
      low = b.shuffle(low, high, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
      high = b.v128(0n);
    }
    const indices = b.op('i8x16.add', b.v128(IOTA8), b.op('i8x16.splat', clamped));
    const fromLow = b.op('i8x16.swizzle', low, indices);
    const fromHigh = b.op('i8x16.swizzle', high, b.op('i8x16.sub', indices, b.op('i8x16.splat', b.i32(16))));
    writeVector(c, 0, b.op('v128.or', fromLow, fromHigh));
  },
};

/** Blends by the sign of each lane of XMM0. */
function variableBlend(mnemonic: string, opcode: string, shape: string): InsnDef {
  return {
    mnemonic,
    encodings: sse41(opcode),
    lift(c) {
      const { b } = c;
      const mask = b.op(`${shape}.lt_s`, c.xmm(0), b.v128(0n));
      c.write(0, b.op('v128.bitselect', c.read(1), c.read(0), mask));
    },
  };
}

/** Blends by immediate bits: a lane's bit, isolated and compared, makes its mask. */
function immediateBlend(mnemonic: string, opcode: string, shape: string, lanes: number): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`66 0F 3A ${opcode} /r`, 'rw:Vx', 'r:Wx', 'r:Ib', SSE41)],
    lift(c) {
      const { b } = c;
      const width = BigInt(128 / lanes);
      let bits = 0n;
      for (let i = 0n; i < lanes; i++) bits |= (1n << i) << (i * width);
      const imm = shape === 'i64x2' ? b.extendU(c.immediate()) : c.immediate();
      const selected = b.op('v128.and', b.op(`${shape}.splat`, imm), b.v128(bits));
      const mask = b.op(`${shape}.eq`, selected, b.v128(bits));
      c.write(0, b.op('v128.bitselect', c.read(1), c.read(0), mask));
    },
  };
}

const extendSteps: Record<string, string[]> = {
  bw: ['i16x8.extend_low_i8x16'],
  bd: ['i16x8.extend_low_i8x16', 'i32x4.extend_low_i16x8'],
  bq: ['i16x8.extend_low_i8x16', 'i32x4.extend_low_i16x8', 'i64x2.extend_low_i32x4'],
  wd: ['i32x4.extend_low_i16x8'],
  wq: ['i32x4.extend_low_i16x8', 'i64x2.extend_low_i32x4'],
  dq: ['i64x2.extend_low_i32x4'],
};

function extension(kind: string, index: number, isSigned: boolean): InsnDef {
  const size = { bw: 'q', bd: 'd', bq: 'w', wd: 'q', wq: 'd', dq: 'q' }[kind]!;
  const opcode = ((isSigned ? 0x20 : 0x30) + index).toString(16).toUpperCase();
  return {
    mnemonic: `pmov${isSigned ? 's' : 'z'}x${kind}`,
    encodings: [enc(`66 0F 38 ${opcode} /r`, 'w:Vx', `r:W${size}`, { cpuid: 'sse4_1' })],
    lift(c) {
      const { b } = c;
      const source = c.read(1);
      const start = b.op(source.type === 'i64' ? 'i64x2.splat' : 'i32x4.splat', source);
      c.writeXmm(
        0,
        extendSteps[kind]!.reduce((v, step) => b.op(`${step}_${isSigned ? 's' : 'u'}`, v), start),
      );
    },
  };
}

/** PTEST: ZF when a AND x is 0, CF when x AND NOT a is. */
const test: InsnDef = {
  mnemonic: 'ptest',
  encodings: [enc('66 0F 38 17 /r', 'r:Vx', 'r:Wx', SSE41)],
  flags: { writes: 'oszapc' },
  lift(c) {
    const { b } = c;
    const a = c.read(0);
    const x = c.read(1);
    c.setZf(b.eqz(b.op('v128.any_true', b.op('v128.and', a, x))));
    c.setCf(b.eqz(b.op('v128.any_true', b.op('v128.andnot', x, a))));
    for (const set of [c.setOf, c.setSf, c.setPf, c.setAf]) set.call(c, b.i32(0));
  },
};

/** The smallest word and its index. */
const smallestWord: InsnDef = {
  mnemonic: 'phminposuw',
  encodings: [enc('66 0F 38 41 /r', 'w:Vx', 'r:Wx', SSE41)],
  lift(c) {
    const { b } = c;
    const x = c.read(1);
    // The index in the low half breaks ties for the first.
    const keys = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
      b.or(b.shl(b.lane('i16x8.extract_lane_u', i, x), b.i32(16)), b.i32(i)),
    );
    const least = keys.reduce((m, key) => b.select(b.ltU(key, m), key, m));
    c.write(0, b.lane('i32x4.replace_lane', 0, b.v128(0n), b.op('i32.rotl', least, b.i32(16))));
  },
};

/** MPSADBW: eight sums of four absolute differences. */
const sumsOfDifferences: InsnDef = {
  mnemonic: 'mpsadbw',
  encodings: [enc('66 0F 3A 42 /r', 'rw:Vx', 'r:Wx', 'r:Ib', SSE41)],
  lift(c) {
    const { b } = c;
    const imm = c.immediate();
    const block = b.op('i8x16.swizzle', c.read(1), b.op('i32x4.splat', lane32Indices(c, field(c, imm, 0, 2))));
    const start = b.op('i8x16.splat', b.shl(field(c, imm, 2, 1), b.i32(2)));
    const window = (first: number): Node => {
      const indices: number[] = [];
      for (let i = 0; i < 4; i++) for (let k = 0; k < 4; k++) indices.push(first + i + k);
      const constant = indices.reduce((sum, index, at) => sum | (BigInt(index) << BigInt(8 * at)), 0n);
      const bytes = b.op('i8x16.swizzle', c.read(0), b.op('i8x16.add', b.v128(constant), start));
      const difference = b.op('v128.or', b.op('i8x16.sub_sat_u', bytes, block), b.op('i8x16.sub_sat_u', block, bytes));
      return b.op('i32x4.extadd_pairwise_i16x8_u', b.op('i16x8.extadd_pairwise_i8x16_u', difference));
    };
    c.write(0, b.op('i16x8.narrow_i32x4_u', window(0), window(4)));
  },
};

/** PINSRB, PINSRD, PINSRQ: the lane is chosen by comparing lane numbers with the immediate. */
function insert(mnemonic: string, encodings: EncodingSpec[], shape: string, numbers: bigint, count: number): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      const { b } = c;
      const index = b.and(c.immediate(), b.i32(count - 1));
      const splatIndex = shape === 'i64x2' ? b.extendU(index) : index;
      const mask = b.op(`${shape}.eq`, b.v128(numbers), b.op(`${shape}.splat`, splatIndex));
      c.writeXmm(0, b.op('v128.bitselect', b.op(`${shape}.splat`, c.read(1)), c.readXmm(0), mask));
    },
  };
}

/** Moves the byte, word, double or quadword that the immediate names to the front. */
function extract(mnemonic: string, encodings: EncodingSpec[], bytes: number, lane: string): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      const { b } = c;
      const start = b.mul(b.and(c.immediate(), b.i32(16 / bytes - 1)), b.i32(bytes));
      const indices = b.op('i8x16.add', b.v128(IOTA8), b.op('i8x16.splat', start));
      c.write(0, b.lane(lane, 0, b.op('i8x16.swizzle', c.readXmm(1), indices)));
    },
  };
}

/** INSERTPS: an element of the source to an element of the destination, then some cleared. */
function insertFloat(c: LiftContext, element: Node): void {
  const { b } = c;
  const imm = c.immediate();
  const lane = b.op('i32x4.splat', field(c, imm, 4, 2));
  const mask = b.op('i32x4.eq', b.v128(0x00000003_00000002_00000001_00000000n), lane);
  const inserted = b.op('v128.bitselect', b.op('i32x4.splat', element), c.readXmm(0), mask);
  const bits = b.v128(0x00000008_00000004_00000002_00000001n);
  const cleared = b.op('i32x4.eq', b.op('v128.and', b.op('i32x4.splat', imm), bits), bits);
  c.writeXmm(0, b.op('v128.andnot', inserted, cleared));
}

const insertps: InsnDef[] = [
  {
    mnemonic: 'insertps',
    encodings: [enc('66 0F 3A 21 /r', 'rw:Vx', 'r:Ux', 'r:Ib', { cpuid: 'sse4_1' })],
    lift(c) {
      const { b } = c;
      const indices = b.op('i32x4.splat', lane32Indices(c, field(c, c.immediate(), 6, 2)));
      insertFloat(c, b.lane('i32x4.extract_lane', 0, b.op('i8x16.swizzle', c.read(1), indices)));
    },
  },
  {
    mnemonic: 'insertps',
    encodings: [enc('66 0F 3A 21 /r', 'rw:Vx', 'r:Md', 'r:Ib', { cpuid: 'sse4_1' })],
    lift(c) {
      insertFloat(c, c.read(1));
    },
  },
];

/** PCMPxSTRx: by a helper; results go to ECX or XMM0. The last operand only tells the size of the length registers. */
const compareStrings: InsnDef[] = ['pcmpestrm', 'pcmpestri', 'pcmpistrm', 'pcmpistri'].map((mnemonic, number) => ({
  mnemonic,
  encodings: [enc(`66 0F 3A ${(0x60 + number).toString(16)} /r`, 'r:Vx', 'r:Wx', 'r:Ib', '-:By', { cpuid: 'sse4_2' })],
  flags: { writes: 'oszapc' },
  lift(c) {
    const { b } = c;
    const imm = b.and(c.immediate(), b.i32(0xff));
    const isWide = c.width(3) === 64 ? 4 : 0;
    b.call(compareStringsHelper, b.i32(number | isWide), c.operandOffset(0), c.operandOffset(1), imm);
  },
}));

const CPUID41 = { cpuid: 'sse4_1' };

export const sseExtended: InsnDef[] = [
  packed('pshufb', ssse3('00'), shuffleBytes),
  horizontal('phaddw', '01', 2, 'i16x8.add'),
  horizontal('phaddd', '02', 4, 'i32x4.add'),
  horizontal('phaddsw', '03', 2, 'i16x8.add_sat_s'),
  packed('pmaddubsw', ssse3('04'), multiplyAddBytes),
  horizontal('phsubw', '05', 2, 'i16x8.sub'),
  horizontal('phsubd', '06', 4, 'i32x4.sub'),
  horizontal('phsubsw', '07', 2, 'i16x8.sub_sat_s'),
  sign('psignb', '08', 'i8x16'),
  sign('psignw', '09', 'i16x8'),
  sign('psignd', '0A', 'i32x4'),
  packed('pmulhrsw', ssse3('0B'), multiplyRound),
  absolute('pabsb', '1C', 'i8x16'),
  absolute('pabsw', '1D', 'i16x8'),
  absolute('pabsd', '1E', 'i32x4'),
  alignRight,
  variableBlend('pblendvb', '10', 'i8x16'),
  variableBlend('blendvps', '14', 'i32x4'),
  variableBlend('blendvpd', '15', 'i64x2'),
  immediateBlend('blendps', '0C', 'i32x4', 4),
  immediateBlend('blendpd', '0D', 'i64x2', 2),
  immediateBlend('pblendw', '0E', 'i16x8', 8),
  test,
  ...['bw', 'bd', 'bq', 'wd', 'wq', 'dq'].flatMap((kind, i) => [extension(kind, i, true), extension(kind, i, false)]),
  packed('pmuldq', sse41('28'), (c, a, x) => multiplyEven(c, a, x, 's')),
  packed('pcmpeqq', sse41('29'), (c, a, x) => c.b.op('i64x2.eq', a, x)),
  narrow('packusdw', sse41('2B'), 'i16x8.narrow_i32x4_u'),
  ...(
    [
      ['pminsb', '38', 'i8x16.min_s'],
      ['pminsd', '39', 'i32x4.min_s'],
      ['pminuw', '3A', 'i16x8.min_u'],
      ['pminud', '3B', 'i32x4.min_u'],
      ['pmaxsb', '3C', 'i8x16.max_s'],
      ['pmaxsd', '3D', 'i32x4.max_s'],
      ['pmaxuw', '3E', 'i16x8.max_u'],
      ['pmaxud', '3F', 'i32x4.max_u'],
      ['pmulld', '40', 'i32x4.mul'],
    ] as const
  ).map(([mnemonic, opcode, op]) => packed(mnemonic, sse41(opcode), (c, a, x) => c.b.op(op, a, x))),
  smallestWord,
  sumsOfDifferences,
  packed('pcmpgtq', [enc('66 0F 38 37 /r', 'rw:Vx', 'r:Wx', SSE42)], (c, a, x) => c.b.op('i64x2.gt_s', a, x)),
  insert(
    'pinsrb',
    [enc('66 0F 3A 20 /r', 'rw:Vx', 'r:Rd', 'r:Ib', CPUID41), enc('66 0F 3A 20 /r', 'rw:Vx', 'r:Mb', 'r:Ib', CPUID41)],
    'i8x16',
    IOTA8,
    16,
  ),
  insert(
    'pinsrd',
    [enc('REX.0 66 0F 3A 22 /r', 'rw:Vx', 'r:Ed', 'r:Ib', CPUID41)],
    'i32x4',
    0x00000003_00000002_00000001_00000000n,
    4,
  ),
  insert('pinsrq', [enc('REX.W 66 0F 3A 22 /r', 'rw:Vx', 'r:Eq', 'r:Ib', CPUID41)], 'i64x2', 1n << 64n, 2),
  extract(
    'pextrb',
    [enc('66 0F 3A 14 /r', 'w:Rd', 'r:Vx', 'r:Ib', CPUID41), enc('66 0F 3A 14 /r', 'w:Mb', 'r:Vx', 'r:Ib', CPUID41)],
    1,
    'i8x16.extract_lane_u',
  ),
  extract(
    'pextrw',
    [enc('66 0F 3A 15 /r', 'w:Rd', 'r:Vx', 'r:Ib', CPUID41), enc('66 0F 3A 15 /r', 'w:Mw', 'r:Vx', 'r:Ib', CPUID41)],
    2,
    'i16x8.extract_lane_u',
  ),
  extract('pextrd', [enc('REX.0 66 0F 3A 16 /r', 'w:Ed', 'r:Vx', 'r:Ib', CPUID41)], 4, 'i32x4.extract_lane'),
  extract('pextrq', [enc('REX.W 66 0F 3A 16 /r', 'w:Eq', 'r:Vx', 'r:Ib', CPUID41)], 8, 'i64x2.extract_lane'),
  extract('extractps', [enc('66 0F 3A 17 /r', 'w:Ed', 'r:Vx', 'r:Ib', CPUID41)], 4, 'i32x4.extract_lane'),
  ...insertps,
  ...compareStrings,
];
