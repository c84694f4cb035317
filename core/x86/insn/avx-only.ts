/** Instructions that only VEX has: SDM vol. 2, VBROADCAST, VEXTRACTF128 .. VZEROUPPER, VPBLENDD .. VPSRLV. */
import type { Node } from '../../ir/ir.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef, type SizeCode } from '../notation.ts';

type Half = 0 | 1;

const halvesOf = (c: LiftContext): readonly Half[] => (c.width(0) === 256 ? [0, 1] : [0]);

/** Computes each 128-bit half of the destination; all sources are read before it is written. */
function vector(mnemonic: string, encodings: EncodingSpec[], compute: (c: LiftContext, half: Half) => Node): InsnDef {
  return {
    mnemonic,
    encodings,
    lift(c) {
      const results = halvesOf(c).map((half) => compute(c, half));
      results.forEach((value, half) => {
        c.writePart(0, 128, 16 * half, value);
      });
      if (results.length === 1 && !c.isMemory(0)) c.writePart(0, 128, 16, c.b.v128(0n));
    },
  };
}

/** Half of a vector operand. */
const half = (c: LiftContext, i: number, which: Half): Node => c.readPart(i, 'x', 16 * which);

const wide = (operand: string): string => operand.replace(/([VHWMU])x$/, '$1qq');

/** Rows for both lengths: `opcode` as `66.0F38.W0 0C /r`. */
function both(opcode: string, operands: string[], narrow: string, full = narrow): EncodingSpec[] {
  return [
    enc(`VEX.L0.${opcode}`, ...operands, { cpuid: narrow }),
    enc(`VEX.L1.${opcode}`, ...operands.map(wide), { cpuid: full }),
  ];
}
const only256 = (opcode: string, operands: string[], cpuid: string): EncodingSpec[] => [
  enc(`VEX.L1.${opcode}`, ...operands, { cpuid }),
];

/** A copy of the source's first element in all elements. */
function broadcast(mnemonic: string, size: SizeCode, shape: string, encodings: EncodingSpec[]): InsnDef {
  return vector(mnemonic, encodings, (c) => {
    const element = c.readPart(1, size, 0);
    return size === 'x' ? element : c.b.op(`${shape}.splat`, element);
  });
}
const integerBroadcast = (letter: string, size: SizeCode, shape: string, opcode: string): InsnDef =>
  broadcast(`vpbroadcast${letter}`, size, shape, [
    enc(`VEX.L0.66.0F38.W0 ${opcode} /r`, 'w:Vx', `r:W${size}`, { cpuid: 'avx2' }),
    enc(`VEX.L1.66.0F38.W0 ${opcode} /r`, 'w:Vqq', `r:W${size}`, { cpuid: 'avx2' }),
  ]);

const broadcasts: InsnDef[] = [
  broadcast('vbroadcastss', 'd', 'i32x4', [
    enc('VEX.L0.66.0F38.W0 18 /r', 'w:Vx', 'r:Md', { cpuid: 'avx' }),
    enc('VEX.L1.66.0F38.W0 18 /r', 'w:Vqq', 'r:Md', { cpuid: 'avx' }),
    enc('VEX.L0.66.0F38.W0 18 /r', 'w:Vx', 'r:Ud', { cpuid: 'avx2' }),
    enc('VEX.L1.66.0F38.W0 18 /r', 'w:Vqq', 'r:Ud', { cpuid: 'avx2' }),
  ]),
  broadcast('vbroadcastsd', 'q', 'i64x2', [
    ...only256('66.0F38.W0 19 /r', ['w:Vqq', 'r:Mq'], 'avx'),
    ...only256('66.0F38.W0 19 /r', ['w:Vqq', 'r:Uq'], 'avx2'),
  ]),
  broadcast('vbroadcastf128', 'x', '', only256('66.0F38.W0 1A /r', ['w:Vqq', 'r:Mx'], 'avx')),
  broadcast('vbroadcasti128', 'x', '', only256('66.0F38.W0 5A /r', ['w:Vqq', 'r:Mx'], 'avx2')),
  integerBroadcast('b', 'b', 'i8x16', '78'),
  integerBroadcast('w', 'w', 'i16x8', '79'),
  integerBroadcast('d', 'd', 'i32x4', '58'),
  integerBroadcast('q', 'q', 'i64x2', '59'),
];

const bit = (c: LiftContext, n: number): Node => c.b.and(c.b.shrU(c.immediate(), c.b.i32(n)), c.b.i32(1));

/** Moves of whole halves: the same for floats and integers. */
function halfMoves(suffix: string, cpuid: string, opcodes: [string, string, string]): InsnDef[] {
  const [insert, extract, permute] = opcodes;
  return [
    vector(
      `vinsert${suffix}`,
      only256(`66.0F3A.W0 ${insert} /r`, ['w:Vqq', 'r:Hqq', 'r:Wx', 'r:Ib'], cpuid),
      (c, h) => {
        const isHigh = bit(c, 0);
        const takes = h === 1 ? isHigh : c.b.eqz(isHigh);
        return c.b.select(takes, c.readPart(2, 'x', 0), half(c, 1, h));
      },
    ),
    vector(`vextract${suffix}`, only256(`66.0F3A.W0 ${extract} /r`, ['w:Wx', 'r:Vqq', 'r:Ib'], cpuid), (c) =>
      c.b.select(bit(c, 0), half(c, 1, 1), half(c, 1, 0)),
    ),
    vector(
      `vperm2${suffix}`,
      only256(`66.0F3A.W0 ${permute} /r`, ['w:Vqq', 'r:Hqq', 'r:Wqq', 'r:Ib'], cpuid),
      (c, h) => {
        const { b } = c;
        const pick = (i: number): Node => b.select(bit(c, 4 * h), half(c, i, 1), half(c, i, 0));
        const value = b.select(bit(c, 4 * h + 1), pick(2), pick(1));
        return b.select(bit(c, 4 * h + 3), b.v128(0n), value);
      },
    ),
  ];
}

/** Byte indices of the 32-bit lanes that an index vector (values 0 to 7) names. */
function byteIndices(c: LiftContext, indices: Node): Node {
  const { b } = c;
  const scaled = b.op('i32x4.mul', indices, b.op('i32x4.splat', b.i32(0x04040404)));
  return b.op('i32x4.add', scaled, b.op('i32x4.splat', b.i32(0x03020100)));
}
const masked = (c: LiftContext, v: Node, mask: number): Node =>
  c.b.op('v128.and', v, c.b.op('i32x4.splat', c.b.i32(mask)));

/** VPERMD, VPERMPS: any 32-bit element of the source, by the indices in operand 1. */
function permute32(mnemonic: string, opcode: string): InsnDef {
  return vector(mnemonic, only256(`66.0F38.W0 ${opcode} /r`, ['w:Vqq', 'r:Hqq', 'r:Wqq'], 'avx2'), (c, h) => {
    const { b } = c;
    const indices = byteIndices(c, masked(c, half(c, 1, h), 7));
    const low = b.op('i8x16.swizzle', half(c, 2, 0), indices);
    const high = b.op('i8x16.swizzle', half(c, 2, 1), b.op('i8x16.sub', indices, b.op('i8x16.splat', b.i32(16))));
    return b.op('v128.or', low, high);
  });
}

/** VPERMQ, VPERMPD: any 64-bit element, by the immediate. */
function permute64(mnemonic: string, opcode: string): InsnDef {
  return vector(mnemonic, only256(`66.0F3A.W1 ${opcode} /r`, ['w:Vqq', 'r:Wqq', 'r:Ib'], 'avx2'), (c, h) => {
    const { b } = c;
    const q = (n: number): Node => c.readPart(1, 'q', 8 * n);
    const pick = (at: number): Node =>
      b.select(bit(c, at + 1), b.select(bit(c, at), q(3), q(2)), b.select(bit(c, at), q(1), q(0)));
    const first = b.op('i64x2.splat', pick(4 * h));
    return b.lane('i64x2.replace_lane', 1, first, pick(4 * h + 2));
  });
}

const pickFrom = (c: LiftContext, v: Node, lane: Node): Node => {
  const { b } = c;
  return b.select(lane, b.lane('i64x2.extract_lane', 1, v), b.lane('i64x2.extract_lane', 0, v));
};
function pairOf(c: LiftContext, v: Node, first: Node, second: Node): Node {
  const { b } = c;
  return b.lane('i64x2.replace_lane', 1, b.op('i64x2.splat', pickFrom(c, v, first)), pickFrom(c, v, second));
}

const inLane: InsnDef[] = [
  vector('vpermilps', both('66.0F38.W0 0C /r', ['w:Vx', 'r:Hx', 'r:Wx'], 'avx'), (c, h) =>
    c.b.op('i8x16.swizzle', half(c, 1, h), byteIndices(c, masked(c, half(c, 2, h), 3))),
  ),
  vector('vpermilps', both('66.0F3A.W0 04 /r', ['w:Vx', 'r:Wx', 'r:Ib'], 'avx'), (c, h) => {
    const { b } = c;
    const lane = (i: number): Node => b.and(b.shrU(c.immediate(), b.i32(2 * i)), b.i32(3));
    let indices = b.op('i32x4.splat', lane(0));
    for (let i = 1; i < 4; i++) indices = b.lane('i32x4.replace_lane', i, indices, lane(i));
    return b.op('i8x16.swizzle', half(c, 1, h), byteIndices(c, indices));
  }),
  vector('vpermilpd', both('66.0F38.W0 0D /r', ['w:Vx', 'r:Hx', 'r:Wx'], 'avx'), (c, h) => {
    const { b } = c;
    const control = half(c, 2, h);
    const lane = (i: number): Node => b.and(b.shrU(b.lane('i32x4.extract_lane', 2 * i, control), b.i32(1)), b.i32(1));
    return pairOf(c, half(c, 1, h), lane(0), lane(1));
  }),
  vector('vpermilpd', both('66.0F3A.W0 05 /r', ['w:Vx', 'r:Wx', 'r:Ib'], 'avx'), (c, h) =>
    pairOf(c, half(c, 1, h), bit(c, 2 * h), bit(c, 2 * h + 1)),
  ),
  vector('vpblendd', both('66.0F3A.W0 02 /r', ['w:Vx', 'r:Hx', 'r:Wx', 'r:Ib'], 'avx2'), (c, h) => {
    const { b } = c;
    const bits = b.v128(0x00000008_00000004_00000002_00000001n << (h === 1 ? 4n : 0n));
    const selected = b.op('v128.and', b.op('i32x4.splat', c.immediate()), bits);
    return b.op('v128.bitselect', half(c, 2, h), half(c, 1, h), b.op('i32x4.eq', selected, bits));
  }),
  ...(
    [
      ['vblendvps', '4A', 'i32x4', 'avx'],
      ['vblendvpd', '4B', 'i64x2', 'avx'],
      ['vpblendvb', '4C', 'i8x16', 'avx2'],
    ] as const
  ).map(([mnemonic, opcode, shape, full]) =>
    vector(mnemonic, both(`66.0F3A.W0 ${opcode} /r`, ['w:Vx', 'r:Hx', 'r:Wx', 'r:Lx'], 'avx', full), (c, h) => {
      const { b } = c;
      const mask = b.op(`${shape}.lt_s`, half(c, 3, h), b.v128(0n));
      return b.op('v128.bitselect', half(c, 2, h), half(c, 1, h), mask);
    }),
  ),
];

/** Shifts with a count for each element; counts from the element's width on give zeros, or signs. */
function variableShift(mnemonic: string, opcode: string, w: string, op: 'shl' | 'shr_u' | 'shr_s'): InsnDef {
  const [shape, type, bits, lanes] = w === 'W1' ? ['i64x2', 'i64', 64, 2] : ['i32x4', 'i32', 32, 4];
  return vector(mnemonic, both(`66.0F38.${w} ${opcode} /r`, ['w:Vx', 'r:Hx', 'r:Wx'], 'avx2'), (c, h) => {
    const { b } = c;
    let result = half(c, 1, h);
    const counts = half(c, 2, h);
    for (let i = 0; i < Number(lanes); i++) {
      const value = b.lane(`${shape}.extract_lane`, i, result);
      const count = b.lane(`${shape}.extract_lane`, i, counts);
      const isLarge = b.geU(count, b.like(count, Number(bits)));
      const last = b.like(count, Number(bits) - 1);
      const shifted =
        op === 'shr_s'
          ? b.shrS(value, b.select(isLarge, last, count))
          : b.select(isLarge, b.like(value, 0), b.op(`${type}.${op}`, value, count));
      result = b.lane(`${shape}.replace_lane`, i, result, shifted);
    }
    return result;
  });
}

/** Runs `each` for the elements whose mask (operand `i`) has the top bit set: (number, byte offset). */
function forMasked(c: LiftContext, i: number, isWideElement: boolean, each: (n: number, at: number) => void): void {
  const { b } = c;
  const bytes = isWideElement ? 8 : 4;
  for (let n = 0; n < c.width(i) / 8 / bytes; n++) {
    const top = c.readPart(i, 'd', n * bytes + bytes - 4);
    b.if(b.ltS(top, b.i32(0)), () => each(n, n * bytes));
  }
}

/** Masked loads and stores touch only the elements chosen. */
function maskedMoves(mnemonic: string, w: string, load: string, store: string, cpuid: string, isWide: boolean) {
  const width = isWide ? 64 : 32;
  const size = isWide ? 'q' : 'd';
  const shape = isWide ? 'i64x2' : 'i32x4';
  const lanes = 128 / width;
  const address = (c: LiftContext, i: number, at: number): Node => c.b.add(c.address(i), c.b.i64(at));
  const loads: InsnDef = {
    mnemonic,
    encodings: both(`66.0F38.${w} ${load} /r`, ['w:Vx', 'r:Hx', '-:Mx'], cpuid),
    lift(c) {
      const { b } = c;
      // Values built in a branch are not for the others: the address comes before them.
      c.address(2);
      const results = halvesOf(c).map(() => b.variable(b.v128(0n)));
      forMasked(c, 1, isWide, (n, at) => {
        const result = results[Math.floor(n / lanes)]!;
        const value = c.loadAt(address(c, 2, at), width);
        b.assign(result, b.lane(`${shape}.replace_lane`, n % lanes, b.get(result), value));
      });
      results.forEach((result, h) => {
        c.writePart(0, 128, 16 * h, b.get(result));
      });
      if (results.length === 1) c.writePart(0, 128, 16, b.v128(0n));
    },
  };
  const stores: InsnDef = {
    mnemonic,
    encodings: both(`66.0F38.${w} ${store} /r`, ['-:Mx', 'r:Hx', 'r:Vx'], cpuid),
    lift(c) {
      const { b } = c;
      c.address(0);
      // Nothing is stored when one of the elements faults.
      forMasked(c, 1, isWide, (_n, at) => b.check(address(c, 0, at), width / 8, 'w'));
      forMasked(c, 1, isWide, (_n, at) => {
        b.store(isWide ? 'i64.store' : 'i32.store', address(c, 0, at), c.readPart(2, size, at));
      });
    },
  };
  return [loads, stores];
}

/** VPTEST, VTESTPS, VTESTPD: ZF when a AND x has none of the bits that count, CF when x AND NOT a has none. */
function test(mnemonic: string, opcode: string, any: (c: LiftContext, v: Node) => Node, w: string): InsnDef {
  return {
    mnemonic,
    encodings: both(`66.0F38.${w} ${opcode} /r`, ['r:Vx', 'r:Wx'], 'avx'),
    flags: { writes: 'oszapc' },
    lift(c) {
      const { b } = c;
      const some = (combine: (a: Node, x: Node) => Node): Node =>
        halvesOf(c)
          .map((h) => any(c, combine(half(c, 0, h), half(c, 1, h))))
          .reduce((x, y) => b.or(x, y));
      const both = some((a, x) => b.op('v128.and', a, x));
      const rest = some((a, x) => b.op('v128.andnot', x, a));
      c.setZf(b.eqz(both));
      c.setCf(b.eqz(rest));
      for (const set of [c.setOf, c.setSf, c.setPf, c.setAf]) set.call(c, b.i32(0));
    },
  };
}

/** VZEROUPPER, VZEROALL. */
function zero(mnemonic: string, length: string, isAll: boolean): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`VEX.${length}.NP.0F.WIG 77`, { cpuid: 'avx' })],
    lift(c) {
      for (let i = 0; i < 16; i++) c.clearHigh(i, isAll);
    },
  };
}

export const avxOnly: InsnDef[] = [
  ...broadcasts,
  ...halfMoves('f128', 'avx', ['18', '19', '06']),
  ...halfMoves('i128', 'avx2', ['38', '39', '46']),
  permute32('vpermd', '36'),
  permute32('vpermps', '16'),
  permute64('vpermq', '00'),
  permute64('vpermpd', '01'),
  ...inLane,
  variableShift('vpsllvd', '47', 'W0', 'shl'),
  variableShift('vpsllvq', '47', 'W1', 'shl'),
  variableShift('vpsrlvd', '45', 'W0', 'shr_u'),
  variableShift('vpsrlvq', '45', 'W1', 'shr_u'),
  variableShift('vpsravd', '46', 'W0', 'shr_s'),
  ...maskedMoves('vmaskmovps', 'W0', '2C', '2E', 'avx', false),
  ...maskedMoves('vmaskmovpd', 'W0', '2D', '2F', 'avx', true),
  ...maskedMoves('vpmaskmovd', 'W0', '8C', '8E', 'avx2', false),
  ...maskedMoves('vpmaskmovq', 'W1', '8C', '8E', 'avx2', true),
  test('vptest', '17', (c, v) => c.b.op('v128.any_true', v), 'WIG'),
  test('vtestps', '0E', (c, v) => c.b.op('i32x4.bitmask', v), 'W0'),
  test('vtestpd', '0F', (c, v) => c.b.op('i64x2.bitmask', v), 'W0'),
  zero('vzeroupper', 'L0', false),
  zero('vzeroall', 'L1', true),
];
