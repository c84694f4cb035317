/** Moves of MMX, SSE and SSE2, and the bitwise and unpacking instructions on floats: SDM vol. 2, MOVAPS .. UNPCKHPD. */
import type { Node } from '../../ir/ir.ts';
import { RDI } from '../../vcpu/state.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef, type TestHints } from '../notation.ts';
import { type Combine, field, lane32Indices, lanes32, packed } from './packed.ts';

const ALIGNED = { aligned: true };
const STORES_MMX: TestHints = { varies: 'storeMmx' };

/** Operand 1 to operand 0, at the width they have. */
function move(mnemonic: string, ...encodings: EncodingSpec[]): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.write(0, c.read(1));
    },
  };
}

/** Moves of one float, which stays a float on the way. */
function moveFloat(mnemonic: string, size: 'ss' | 'sd', ...encodings: EncodingSpec[]): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.write(0, c.readAs(1, size));
    },
  };
}
function loadFloat(mnemonic: string, size: 'ss' | 'sd', ...encodings: EncodingSpec[]): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.writeXmm(0, zeroExtended(c, c.readAs(1, size)));
    },
  };
}

const SHAPES = { i32: 'i32x4', i64: 'i64x2', f32: 'f32x4', f64: 'f64x2', v128: '' };

/** A number in the low bits of a vector of zeros. */
function zeroExtended(c: LiftContext, value: Node): Node {
  return c.b.lane(`${SHAPES[value.type]}.replace_lane`, 0, c.b.v128(0n), value);
}

/** Loads that clear the rest of the XMM register. */
function load(mnemonic: string, ...encodings: EncodingSpec[]): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.writeXmm(0, zeroExtended(c, c.read(1)));
    },
  };
}

/** Halves are floats to us, which stay in vector registers. */
const low = (c: LiftContext, vector: Node): Node => c.b.lane('f64x2.extract_lane', 0, vector);
const high = (c: LiftContext, vector: Node): Node => c.b.lane('f64x2.extract_lane', 1, vector);

/** Replaces one half of the XMM destination by what `pick` makes of the source. */
function half(mnemonic: string, encodings: EncodingSpec[], lane: 0 | 1, pick: (c: LiftContext) => Node): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.writeXmm(0, c.b.lane('f64x2.replace_lane', lane, c.readXmm(0), pick(c)));
    },
  };
}

/** Writes `pick` of the source to a 64-bit memory operand. */
function storeHalf(mnemonic: string, encodings: EncodingSpec[], pick: (c: LiftContext, v: Node) => Node): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      c.write(0, pick(c, c.readXmm(1)));
    },
  };
}

function shuffled(mnemonic: string, encodings: EncodingSpec[], indices: readonly number[]): InsnDef {
  return packed(mnemonic, encodings, (c, a, x) => c.b.shuffle(a, x, indices));
}

/** A copy of the source with its 32-bit lanes rearranged. */
function duplicate(mnemonic: string, encoding: EncodingSpec, lanes: readonly number[]): InsnDef {
  return {
    mnemonic,
    encodings: [encoding],
    lift(c) {
      const x = c.read(1);
      c.write(
        0,
        c.b.shuffle(
          x,
          x,
          lanes.flatMap((lane) => [0, 1, 2, 3].map((k) => lane * 4 + k)),
        ),
      );
    },
  };
}

/** Bytes whose mask has the top bit set go to [RDI]; only those are checked. */
function maskedMove(mnemonic: string, encoding: EncodingSpec): InsnDef {
  return {
    mnemonic,
    encodings: [encoding],
    test: { setup: 'string' },
    lift(c) {
      const { b } = c;
      const toVector = (v: Node): Node => (v.type === 'i64' ? b.op('i64x2.splat', v) : v);
      const data = toVector(c.read(0));
      const mask = toVector(c.read(1));
      const pointer = b.extendU(c.gpr(RDI, c.addressSize));
      const address = c.withSegment(pointer);
      for (let i = 0; i < c.width(0) / 8; i++) {
        b.if(b.ltS(b.lane('i8x16.extract_lane_s', i, mask), b.i32(0)), () =>
          c.storeAt(b.add(address, b.i64(i)), 8, b.lane('i8x16.extract_lane_u', i, data)),
        );
      }
    },
  };
}

const single = (opcode: string): EncodingSpec => enc(`NP 0F ${opcode} /r`, 'rw:Vx', 'r:Wx', ALIGNED);
const double = (opcode: string): EncodingSpec => enc(`66 0F ${opcode} /r`, 'rw:Vx', 'r:Wx', ALIGNED);

/** The PS and the PD form of a bitwise operation, which do the same. */
function bitwise(name: string, opcode: string, combine: Combine): InsnDef[] {
  return [packed(`${name}ps`, [single(opcode)], combine), packed(`${name}pd`, [double(opcode)], combine)];
}

export const sseMove: InsnDef[] = [
  move('movaps', enc('NP 0F 28 /r', 'w:Vx', 'r:Wx', ALIGNED), enc('NP 0F 29 /r', 'w:Wx', 'r:Vx', ALIGNED)),
  move('movapd', enc('66 0F 28 /r', 'w:Vx', 'r:Wx', ALIGNED), enc('66 0F 29 /r', 'w:Wx', 'r:Vx', ALIGNED)),
  move('movups', enc('NP 0F 10 /r', 'w:Vx', 'r:Wx'), enc('NP 0F 11 /r', 'w:Wx', 'r:Vx')),
  move('movupd', enc('66 0F 10 /r', 'w:Vx', 'r:Wx'), enc('66 0F 11 /r', 'w:Wx', 'r:Vx')),
  move('movdqa', enc('66 0F 6F /r', 'w:Vx', 'r:Wx', ALIGNED), enc('66 0F 7F /r', 'w:Wx', 'r:Vx', ALIGNED)),
  move('movdqu', enc('F3 0F 6F /r', 'w:Vx', 'r:Wx'), enc('F3 0F 7F /r', 'w:Wx', 'r:Vx')),
  move('lddqu', enc('F2 0F F0 /r', 'w:Vx', 'r:Mx')),
  move('movntps', enc('NP 0F 2B /r', 'w:Mx', 'r:Vx', ALIGNED)),
  move('movntpd', enc('66 0F 2B /r', 'w:Mx', 'r:Vx', ALIGNED)),
  move('movntdq', enc('66 0F E7 /r', 'w:Mx', 'r:Vx', ALIGNED)),
  { ...move('movntq', enc('NP 0F E7 /r', 'w:Mq', 'r:Pq')), test: STORES_MMX },
  move('movntdqa', enc('66 0F 38 2A /r', 'w:Vx', 'r:Mx', { aligned: true, cpuid: 'sse4_1' })),
  // Scalar moves: registers merge, loads clear the rest.
  moveFloat('movss', 'ss', enc('F3 0F 10 /r', 'w:Vd', 'r:Ud'), enc('F3 0F 11 /r', 'w:Wd', 'r:Vd')),
  loadFloat('movss', 'ss', enc('F3 0F 10 /r', 'w:Vx', 'r:Md')),
  moveFloat('movsd', 'sd', enc('F2 0F 10 /r', 'w:Vq', 'r:Uq'), enc('F2 0F 11 /r', 'w:Wq', 'r:Vq')),
  loadFloat('movsd', 'sd', enc('F2 0F 10 /r', 'w:Vx', 'r:Mq')),
  // General registers and MMX.
  load('movd', enc('66 0F 6E /r', 'w:Vx', 'r:Ey')),
  move('movd', enc('66 0F 7E /r', 'w:Ey', 'r:Vy')),
  { ...move('movd', enc('NP 0F 7E /r', 'w:Ey', 'r:Py')), test: STORES_MMX },
  {
    mnemonic: 'movd',
    encodings: [enc('NP 0F 6E /r', 'w:Pq', 'r:Ey')],
    lift(c) {
      c.write(0, c.b.extendU(c.read(1)));
    },
  },
  move('movq', enc('NP 0F 6F /r', 'w:Pq', 'r:Qq')),
  { ...move('movq', enc('NP 0F 7F /r', 'w:Qq', 'r:Pq')), test: STORES_MMX },
  load('movq', enc('F3 0F 7E /r', 'w:Vx', 'r:Wq')),
  move('movq', enc('66 0F D6 /r', 'w:Mq', 'r:Vq')),
  load('movq', enc('66 0F D6 /r', 'w:Ux', 'r:Vq')),
  load('movq2dq', enc('F3 0F D6 /r', 'w:Vx', 'r:Nq')),
  move('movdq2q', enc('F2 0F D6 /r', 'w:Pq', 'r:Uq')),
  // Halves.
  half('movlps', [enc('NP 0F 12 /r', 'rw:Vx', 'r:Mq')], 0, (c) => c.readAs(1, 'sd')),
  half('movlpd', [enc('66 0F 12 /r', 'rw:Vx', 'r:Mq')], 0, (c) => c.readAs(1, 'sd')),
  half('movhps', [enc('NP 0F 16 /r', 'rw:Vx', 'r:Mq')], 1, (c) => c.readAs(1, 'sd')),
  half('movhpd', [enc('66 0F 16 /r', 'rw:Vx', 'r:Mq')], 1, (c) => c.readAs(1, 'sd')),
  half('movhlps', [enc('NP 0F 12 /r', 'rw:Vx', 'r:Ux')], 0, (c) => high(c, c.readXmm(1))),
  half('movlhps', [enc('NP 0F 16 /r', 'rw:Vx', 'r:Ux')], 1, (c) => low(c, c.readXmm(1))),
  storeHalf('movlps', [enc('NP 0F 13 /r', 'w:Mq', 'r:Vx')], low),
  storeHalf('movlpd', [enc('66 0F 13 /r', 'w:Mq', 'r:Vx')], low),
  storeHalf('movhps', [enc('NP 0F 17 /r', 'w:Mq', 'r:Vx')], high),
  storeHalf('movhpd', [enc('66 0F 17 /r', 'w:Mq', 'r:Vx')], high),
  {
    mnemonic: 'movddup',
    encodings: [enc('F2 0F 12 /r', 'w:Vx', 'r:Wq')],
    lift(c) {
      c.writeXmm(0, c.b.op('f64x2.splat', c.readAs(1, 'sd')));
    },
  },
  duplicate('movsldup', enc('F3 0F 12 /r', 'w:Vx', 'r:Wx', ALIGNED), [0, 0, 2, 2]),
  duplicate('movshdup', enc('F3 0F 16 /r', 'w:Vx', 'r:Wx', ALIGNED), [1, 1, 3, 3]),
  // Bitwise on floats.
  ...bitwise('and', '54', (c, a, x) => c.b.op('v128.and', a, x)),
  ...bitwise('andn', '55', (c, a, x) => c.b.op('v128.andnot', x, a)),
  ...bitwise('or', '56', (c, a, x) => c.b.op('v128.or', a, x)),
  ...bitwise('xor', '57', (c, a, x) => c.b.op('v128.xor', a, x)),
  shuffled('unpcklps', [single('14')], [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]),
  shuffled('unpckhps', [single('15')], [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]),
  shuffled('unpcklpd', [double('14')], [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
  shuffled('unpckhpd', [double('15')], [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]),
  {
    mnemonic: 'shufps',
    encodings: [enc('NP 0F C6 /r', 'rw:Vx', 'r:Wx', 'r:Ib', ALIGNED)],
    lift(c) {
      const { b } = c;
      const imm = c.immediate();
      const none = b.i32(-1);
      const lane = (at: number): Node => lane32Indices(c, field(c, imm, at, 2));
      const fromFirst = b.op('i8x16.swizzle', c.read(0), lanes32(c, [lane(0), lane(2), none, none]));
      const fromSecond = b.op('i8x16.swizzle', c.read(1), lanes32(c, [none, none, lane(4), lane(6)]));
      c.write(0, b.op('v128.or', fromFirst, fromSecond));
    },
  },
  {
    mnemonic: 'shufpd',
    encodings: [enc('66 0F C6 /r', 'rw:Vx', 'r:Wx', 'r:Ib', ALIGNED)],
    lift(c) {
      const { b } = c;
      const imm = c.immediate();
      const pick = (v: Node, at: number): Node => b.select(field(c, imm, at, 1), high(c, v), low(c, v));
      const first = b.op('f64x2.splat', pick(c.read(0), 0));
      c.write(0, b.lane('f64x2.replace_lane', 1, first, pick(c.read(1), 1)));
    },
  },
  {
    mnemonic: 'movmskps',
    encodings: [enc('NP 0F 50 /r', 'w:Gd', 'r:Ux')],
    lift(c) {
      c.write(0, c.b.op('i32x4.bitmask', c.read(1)));
    },
  },
  {
    mnemonic: 'movmskpd',
    encodings: [enc('66 0F 50 /r', 'w:Gd', 'r:Ux')],
    lift(c) {
      c.write(0, c.b.op('i64x2.bitmask', c.read(1)));
    },
  },
  maskedMove('maskmovdqu', enc('66 0F F7 /r', 'r:Vx', 'r:Ux')),
  maskedMove('maskmovq', enc('NP 0F F7 /r', 'r:Pq', 'r:Nq')),
];
