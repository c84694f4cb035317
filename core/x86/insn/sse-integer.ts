/** Packed integers of MMX and SSE2: SDM vol. 2, PADDx .. PXOR, shifts, packs, unpacks, shuffles. */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef } from '../notation.ts';
import { direct, field, IOTA8, lane32Indices, lanes32, mmxAndSse, packed, readVector, writeVector } from './packed.ts';

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** mnemonic, opcode, wasm operation */
const DIRECT: readonly (readonly [string, number, string])[] = [
  ['paddb', 0xfc, 'i8x16.add'],
  ['paddw', 0xfd, 'i16x8.add'],
  ['paddd', 0xfe, 'i32x4.add'],
  ['paddq', 0xd4, 'i64x2.add'],
  ['paddsb', 0xec, 'i8x16.add_sat_s'],
  ['paddsw', 0xed, 'i16x8.add_sat_s'],
  ['paddusb', 0xdc, 'i8x16.add_sat_u'],
  ['paddusw', 0xdd, 'i16x8.add_sat_u'],
  ['psubb', 0xf8, 'i8x16.sub'],
  ['psubw', 0xf9, 'i16x8.sub'],
  ['psubd', 0xfa, 'i32x4.sub'],
  ['psubq', 0xfb, 'i64x2.sub'],
  ['psubsb', 0xe8, 'i8x16.sub_sat_s'],
  ['psubsw', 0xe9, 'i16x8.sub_sat_s'],
  ['psubusb', 0xd8, 'i8x16.sub_sat_u'],
  ['psubusw', 0xd9, 'i16x8.sub_sat_u'],
  ['pand', 0xdb, 'v128.and'],
  ['por', 0xeb, 'v128.or'],
  ['pxor', 0xef, 'v128.xor'],
  ['pcmpeqb', 0x74, 'i8x16.eq'],
  ['pcmpeqw', 0x75, 'i16x8.eq'],
  ['pcmpeqd', 0x76, 'i32x4.eq'],
  ['pcmpgtb', 0x64, 'i8x16.gt_s'],
  ['pcmpgtw', 0x65, 'i16x8.gt_s'],
  ['pcmpgtd', 0x66, 'i32x4.gt_s'],
  ['pmaxub', 0xde, 'i8x16.max_u'],
  ['pmaxsw', 0xee, 'i16x8.max_s'],
  ['pminub', 0xda, 'i8x16.min_u'],
  ['pminsw', 0xea, 'i16x8.min_s'],
  ['pavgb', 0xe0, 'i8x16.avgr_u'],
  ['pavgw', 0xe3, 'i16x8.avgr_u'],
  ['pmullw', 0xd5, 'i16x8.mul'],
  ['pmaddwd', 0xf5, 'i32x4.dot_i16x8_s'],
];

/** High halves of 16-bit products. */
function multiplyHigh(c: LiftContext, a: Node, x: Node, sign: 's' | 'u'): Node {
  const { b } = c;
  const low = b.op(`i32x4.extmul_low_i16x8_${sign}`, a, x);
  const high = b.op(`i32x4.extmul_high_i16x8_${sign}`, a, x);
  return b.shuffle(low, high, [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]);
}

/** Products of the even 32-bit lanes. */
export function multiplyEven(c: LiftContext, a: Node, x: Node, sign: 's' | 'u'): Node {
  const { b } = c;
  const even = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
  return b.op(`i64x2.extmul_low_i32x4_${sign}`, b.shuffle(a, a, even), b.shuffle(x, x, even));
}

function sumOfDifferences(c: LiftContext, a: Node, x: Node): Node {
  const { b } = c;
  const difference = b.op('v128.or', b.op('i8x16.sub_sat_u', a, x), b.op('i8x16.sub_sat_u', x, a));
  const words = b.op('i16x8.extadd_pairwise_i8x16_u', difference);
  const quarters = b.op('i32x4.extadd_pairwise_i16x8_u', words);
  const high = b.op('i64x2.shr_u', quarters, b.i32(32));
  return b.op('v128.and', b.op('i64x2.add', quarters, high), b.v128(0xffffffff_00000000_ffffffffn));
}

type ShiftKind = 'shl' | 'shr_u' | 'shr_s';

/** Counts at or above the lane width give zeros, or the sign for arithmetic shifts. */
function shiftLanes(c: LiftContext, kind: ShiftKind, shape: string, bits: number, value: Node, count: Node): Node {
  const { b } = c;
  const isLarge = b.op('i64.gt_u', count, b.i64(bits - 1));
  if (kind === 'shr_s') {
    return b.op(`${shape}.shr_s`, value, b.select(isLarge, b.i32(bits - 1), b.wrap(count)));
  }
  return b.select(isLarge, b.v128(0n), b.op(`${shape}.${kind}`, value, b.wrap(count)));
}

function shift(
  mnemonic: string,
  opcode: number,
  group: number,
  digit: number,
  kind: ShiftKind,
  shape: string,
): InsnDef[] {
  const bits = { i16x8: 16, i32x4: 32, i64x2: 64 }[shape]!;
  return [
    {
      mnemonic,
      encodings: mmxAndSse(hex(opcode)),
      test: { setup: 'shift' },
      lift(c) {
        const source = c.read(1);
        const count = source.type === 'i64' ? source : c.b.lane('i64x2.extract_lane', 0, source);
        writeVector(c, 0, shiftLanes(c, kind, shape, bits, readVector(c, 0), count));
      },
    },
    {
      mnemonic,
      encodings: [
        enc(`NP 0F ${hex(group)} /${digit}`, 'rw:Nq', 'r:Ib'),
        enc(`66 0F ${hex(group)} /${digit}`, 'rw:Ux', 'r:Ib'),
      ],
      lift(c) {
        writeVector(c, 0, shiftLanes(c, kind, shape, bits, readVector(c, 0), c.b.extendU(c.read(1))));
      },
    },
  ];
}

/** PSLLDQ, PSRLDQ: byte shifts of the whole register. */
function byteShift(mnemonic: string, digit: number, isLeft: boolean): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`66 0F 73 /${digit}`, 'rw:Ux', 'r:Ib')],
    lift(c) {
      const { b } = c;
      // Swizzle gives 0 for indices outside 0..15; a count above 16 must not wrap around.
      const wanted = c.read(1);
      const count = b.op('i8x16.splat', b.select(b.gtU(wanted, b.i32(16)), b.i32(16), wanted));
      const indices = b.op(isLeft ? 'i8x16.sub' : 'i8x16.add', b.v128(IOTA8), count);
      c.write(0, b.op('i8x16.swizzle', c.read(0), indices));
    },
  };
}

/** Interleaves the low or high lanes of `bytes` bytes. */
function unpackIndices(bytes: number, start: number, total: number): number[] {
  const indices: number[] = [];
  for (let i = 0; indices.length < total; i++) {
    for (const from of [0, 16]) for (let k = 0; k < bytes; k++) indices.push(from + start + i * bytes + k);
  }
  return indices;
}

function unpack(mnemonic: string, opcode: number, bytes: number, isHigh: boolean): InsnDef {
  const encodings: EncodingSpec[] =
    bytes === 8
      ? [enc(`66 0F ${hex(opcode)} /r`, 'rw:Vx', 'r:Wx', { aligned: true })]
      : [
          enc(`NP 0F ${hex(opcode)} /r`, 'rw:Pq', isHigh ? 'r:Qq' : 'r:Qd'),
          enc(`66 0F ${hex(opcode)} /r`, 'rw:Vx', 'r:Wx', { aligned: true }),
        ];
  return {
    mnemonic,
    encodings,
    lift(c) {
      const { b } = c;
      const source = c.read(1);
      const x =
        source.type === 'i32'
          ? b.op('i32x4.splat', source)
          : source.type === 'i64'
            ? b.op('i64x2.splat', source)
            : source;
      const isMmx = c.width(0) === 64;
      const indices = unpackIndices(bytes, isHigh ? (isMmx ? 4 : 8) : 0, isMmx ? 8 : 16);
      const padded = [...indices, ...indices].slice(0, 16);
      writeVector(c, 0, b.shuffle(readVector(c, 0), x, padded));
    },
  };
}

/** Narrows both operands with saturation; MMX joins them to one vector first. */
export function narrow(mnemonic: string, encodings: EncodingSpec[], op: string): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      const { b } = c;
      const a = readVector(c, 0);
      const x = readVector(c, 1);
      if (c.width(0) === 64) {
        const both = b.shuffle(a, x, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
        writeVector(c, 0, b.op(op, both, both));
      } else c.write(0, b.op(op, a, x));
    },
  };
}

/** Byte indices that select 16-bit lane `lane` in both halves of an i32. */
function lane16Pair(c: LiftContext, low: Node, high: Node): Node {
  const { b } = c;
  const one = (lane: Node): Node => b.add(b.mul(lane, b.i32(0x0202)), b.i32(0x0100));
  return b.or(one(low), b.shl(one(high), b.i32(16)));
}

/** Indices for the four 16-bit lanes that an immediate picks from lanes `first`..`first + 3`. */
function shuffleWords(c: LiftContext, first: number): [Node, Node] {
  const { b } = c;
  const imm = c.immediate();
  const lane = (i: number): Node => b.add(field(c, imm, i * 2, 2), b.i32(first));
  return [lane16Pair(c, lane(0), lane(1)), lane16Pair(c, lane(2), lane(3))];
}

const shuffles: InsnDef[] = [
  {
    mnemonic: 'pshufd',
    encodings: [enc('66 0F 70 /r', 'w:Vx', 'r:Wx', 'r:Ib', { aligned: true })],
    lift(c) {
      const imm = c.immediate();
      const indices = lanes32(
        c,
        [0, 2, 4, 6].map((at) => lane32Indices(c, field(c, imm, at, 2))),
      );
      c.write(0, c.b.op('i8x16.swizzle', c.read(1), indices));
    },
  },
  {
    mnemonic: 'pshufhw',
    encodings: [enc('F3 0F 70 /r', 'w:Vx', 'r:Wx', 'r:Ib', { aligned: true })],
    lift(c) {
      const { b } = c;
      const [low, high] = shuffleWords(c, 4);
      const indices = lanes32(c, [b.i32(0x03020100), b.i32(0x07060504), low, high]);
      c.write(0, b.op('i8x16.swizzle', c.read(1), indices));
    },
  },
  {
    mnemonic: 'pshuflw',
    encodings: [enc('F2 0F 70 /r', 'w:Vx', 'r:Wx', 'r:Ib', { aligned: true })],
    lift(c) {
      const { b } = c;
      const [low, high] = shuffleWords(c, 0);
      const indices = lanes32(c, [low, high, b.i32(0x0b0a0908), b.i32(0x0f0e0d0c)]);
      c.write(0, b.op('i8x16.swizzle', c.read(1), indices));
    },
  },
  {
    mnemonic: 'pshufw',
    encodings: [enc('NP 0F 70 /r', 'w:Pq', 'r:Qq', 'r:Ib')],
    lift(c) {
      const [low, high] = shuffleWords(c, 0);
      writeVector(c, 0, c.b.op('i8x16.swizzle', readVector(c, 1), lanes32(c, [low, high, low, high])));
    },
  },
];

/** Word insert and extract with an index from the immediate. */
const words: InsnDef[] = [
  {
    mnemonic: 'pinsrw',
    encodings: [
      enc('NP 0F C4 /r', 'rw:Pq', 'r:Rd', 'r:Ib'),
      enc('66 0F C4 /r', 'rw:Vx', 'r:Rd', 'r:Ib'),
      enc('NP 0F C4 /r', 'rw:Pq', 'r:Mw', 'r:Ib'),
      enc('66 0F C4 /r', 'rw:Vx', 'r:Mw', 'r:Ib'),
    ],
    lift(c) {
      const { b } = c;
      const index = b.and(c.immediate(), b.i32(c.width(0) === 64 ? 3 : 7));
      const mask = b.op('i16x8.eq', b.v128(0x0007_0006_0005_0004_0003_0002_0001_0000n), b.op('i16x8.splat', index));
      writeVector(c, 0, b.op('v128.bitselect', b.op('i16x8.splat', c.read(1)), readVector(c, 0), mask));
    },
  },
  {
    mnemonic: 'pextrw',
    encodings: [enc('NP 0F C5 /r', 'w:Gd', 'r:Nq', 'r:Ib'), enc('66 0F C5 /r', 'w:Gd', 'r:Ux', 'r:Ib')],
    lift(c) {
      const { b } = c;
      const index = b.and(c.immediate(), b.i32(c.width(1) === 64 ? 3 : 7));
      const at = b.add(b.mul(index, b.i32(0x0202)), b.i32(0x0100));
      const picked = b.op('i8x16.swizzle', readVector(c, 1), b.op('i16x8.splat', at));
      c.write(0, b.lane('i16x8.extract_lane_u', 0, picked));
    },
  },
  {
    mnemonic: 'pmovmskb',
    encodings: [enc('NP 0F D7 /r', 'w:Gd', 'r:Nq'), enc('66 0F D7 /r', 'w:Gd', 'r:Ux')],
    lift(c) {
      const { b } = c;
      const mask = b.op('i8x16.bitmask', readVector(c, 1));
      c.write(0, c.width(1) === 64 ? b.and(mask, b.i32(0xff)) : mask);
    },
  },
];

export const sseInteger: InsnDef[] = [
  ...DIRECT.map(([mnemonic, opcode, op]) => direct(mnemonic, mmxAndSse(hex(opcode)), op)),
  packed('pandn', mmxAndSse('DF'), (c, a, x) => c.b.op('v128.andnot', x, a)),
  packed('pmulhw', mmxAndSse('E5'), (c, a, x) => multiplyHigh(c, a, x, 's')),
  packed('pmulhuw', mmxAndSse('E4'), (c, a, x) => multiplyHigh(c, a, x, 'u')),
  packed('pmuludq', mmxAndSse('F4'), (c, a, x) => multiplyEven(c, a, x, 'u')),
  packed('psadbw', mmxAndSse('F6'), sumOfDifferences),
  ...shift('psllw', 0xf1, 0x71, 6, 'shl', 'i16x8'),
  ...shift('pslld', 0xf2, 0x72, 6, 'shl', 'i32x4'),
  ...shift('psllq', 0xf3, 0x73, 6, 'shl', 'i64x2'),
  ...shift('psrlw', 0xd1, 0x71, 2, 'shr_u', 'i16x8'),
  ...shift('psrld', 0xd2, 0x72, 2, 'shr_u', 'i32x4'),
  ...shift('psrlq', 0xd3, 0x73, 2, 'shr_u', 'i64x2'),
  ...shift('psraw', 0xe1, 0x71, 4, 'shr_s', 'i16x8'),
  ...shift('psrad', 0xe2, 0x72, 4, 'shr_s', 'i32x4'),
  byteShift('psrldq', 3, false),
  byteShift('pslldq', 7, true),
  unpack('punpcklbw', 0x60, 1, false),
  unpack('punpcklwd', 0x61, 2, false),
  unpack('punpckldq', 0x62, 4, false),
  unpack('punpcklqdq', 0x6c, 8, false),
  unpack('punpckhbw', 0x68, 1, true),
  unpack('punpckhwd', 0x69, 2, true),
  unpack('punpckhdq', 0x6a, 4, true),
  unpack('punpckhqdq', 0x6d, 8, true),
  narrow('packsswb', mmxAndSse('63'), 'i8x16.narrow_i16x8_s'),
  narrow('packuswb', mmxAndSse('67'), 'i8x16.narrow_i16x8_u'),
  narrow('packssdw', mmxAndSse('6B'), 'i16x8.narrow_i32x4_s'),
  ...shuffles,
  ...words,
];
