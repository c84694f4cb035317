/** AES-NI, PCLMULQDQ and SHA: SDM vol. 2. AES and carry-less products are helpers, SHA is arithmetic on lanes. */
import type { Node } from '../../ir/ir.ts';
import { aesHelper, carrylessHelper } from '../helpers/declared.ts';
import type { LiftContext } from '../lift-context.ts';
import { enc, type InsnDef } from '../notation.ts';

/** Operations of the AES helper, by number. */
export const AES_OPERATIONS = ['aesenc', 'aesenclast', 'aesdec', 'aesdeclast', 'aesimc', 'aeskeygenassist'] as const;

const AES = { aligned: true, cpuid: 'aes' };
const SHA = { aligned: true, cpuid: 'sha_ni' };

function aes(mnemonic: (typeof AES_OPERATIONS)[number], opcode: string, access: string): InsnDef {
  const isAssist = mnemonic === 'aeskeygenassist';
  return {
    mnemonic,
    encodings: isAssist
      ? [enc(`66 0F 3A ${opcode} /r`, `${access}:Vx`, 'r:Wx', 'r:Ib', AES)]
      : [enc(`66 0F 38 ${opcode} /r`, `${access}:Vx`, 'r:Wx', AES)],
    lift(c) {
      const { b } = c;
      const imm = isAssist ? b.and(c.immediate(), b.i32(0xff)) : b.i32(0);
      b.call(aesHelper, b.i32(AES_OPERATIONS.indexOf(mnemonic)), c.operandOffset(0), c.operandOffset(1), imm);
    },
  };
}

const lane = (c: LiftContext, v: Node, i: number): Node => c.b.lane('i32x4.extract_lane', i, v);

/** A vector from its lanes, lowest first. */
function vector(c: LiftContext, lanes: readonly Node[]): Node {
  return lanes
    .slice(1)
    .reduce((v, x, i) => c.b.lane('i32x4.replace_lane', i + 1, v, x), c.b.op('i32x4.splat', lanes[0]!));
}

const sum = (c: LiftContext, ...terms: Node[]): Node => terms.reduce((a, x) => c.b.add(a, x));
const xor = (c: LiftContext, ...terms: Node[]): Node => terms.reduce((a, x) => c.b.xor(a, x));
const rotr = (c: LiftContext, x: Node, n: number): Node => c.b.op('i32.rotr', x, c.b.i32(n));
const rotl = (c: LiftContext, x: Node, n: number): Node => c.b.op('i32.rotl', x, c.b.i32(n));
const shr = (c: LiftContext, x: Node, n: number): Node => c.b.shrU(x, c.b.i32(n));
const choose = (c: LiftContext, e: Node, f: Node, g: Node): Node => c.b.xor(c.b.and(c.b.xor(f, g), e), g);
const majority = (c: LiftContext, a: Node, x: Node, y: Node): Node => c.b.or(c.b.and(a, x), c.b.and(y, c.b.or(a, x)));

/** Writes the result of a function of both operands' lanes. */
function sha(mnemonic: string, opcode: string, compute: (c: LiftContext, a: Node[], x: Node[]) => Node[]): InsnDef {
  return {
    mnemonic,
    encodings: [enc(`NP 0F 38 ${opcode} /r`, 'rw:Vx', 'r:Wx', SHA)],
    lift(c) {
      const a = c.read(0);
      const x = c.read(1);
      const all = (v: Node): Node[] => [0, 1, 2, 3].map((i) => lane(c, v, i));
      c.write(0, vector(c, compute(c, all(a), all(x))));
    },
  };
}

const smallSigma0 = (c: LiftContext, x: Node): Node => xor(c, rotr(c, x, 7), rotr(c, x, 18), shr(c, x, 3));
const smallSigma1 = (c: LiftContext, x: Node): Node => xor(c, rotr(c, x, 17), rotr(c, x, 19), shr(c, x, 10));

const sha256: InsnDef[] = [
  sha('sha256rnds2', 'CB', (c, [h, g, d, cc], [f, e, b2, a]) => {
    let state = [a!, b2!, cc!, d!, e!, f!, g!, h!];
    for (let i = 0; i < 2; i++) {
      const [a0, b0, c0, d0, e0, f0, g0, h0] = state as [Node, Node, Node, Node, Node, Node, Node, Node];
      const s1 = xor(c, rotr(c, e0, 6), rotr(c, e0, 11), rotr(c, e0, 25));
      const s0 = xor(c, rotr(c, a0, 2), rotr(c, a0, 13), rotr(c, a0, 22));
      const t = sum(c, choose(c, e0, f0, g0), s1, lane(c, c.xmm(0), i), h0);
      state = [sum(c, t, majority(c, a0, b0, c0), s0), a0, b0, c0, c.b.add(t, d0), e0, f0, g0];
    }
    const [a1, b1, , , e1, f1] = state;
    return [f1!, e1!, b1!, a1!];
  }),
  sha('sha256msg1', 'CC', (c, w, x) => {
    const next = [w[1]!, w[2]!, w[3]!, x[0]!];
    return w.map((v, i) => c.b.add(v, smallSigma0(c, next[i]!)));
  }),
  sha('sha256msg2', 'CD', (c, w, x) => {
    const w16 = c.b.add(w[0]!, smallSigma1(c, x[2]!));
    const w17 = c.b.add(w[1]!, smallSigma1(c, x[3]!));
    const w18 = c.b.add(w[2]!, smallSigma1(c, w16));
    return [w16, w17, w18, c.b.add(w[3]!, smallSigma1(c, w17))];
  }),
];

const SHA1_K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

/** SHA1RNDS4: four rounds; the immediate picks function and constant. */
const sha1Rounds: InsnDef = {
  mnemonic: 'sha1rnds4',
  encodings: [enc('NP 0F 3A CC /r', 'rw:Vx', 'r:Wx', 'r:Ib', SHA)],
  lift(c) {
    const { b } = c;
    const kind = b.and(c.immediate(), b.i32(3));
    const first = c.read(0);
    const words = c.read(1);
    const is = (n: number): Node => b.eq(kind, b.i32(n));
    const k = [1, 2, 3].reduce((v, n) => b.select(is(n), b.i32(SHA1_K[n]! | 0), v), b.i32(SHA1_K[0]!));
    let [d, cc, b2, a] = [0, 1, 2, 3].map((i) => lane(c, first, i)) as [Node, Node, Node, Node];
    let e: Node = b.i32(0);
    for (let i = 0; i < 4; i++) {
      const parity = xor(c, b2, cc, d);
      const f = b.select(is(0), choose(c, b2, cc, d), b.select(is(2), majority(c, b2, cc, d), parity));
      const next = sum(c, f, rotl(c, a, 5), lane(c, words, 3 - i), e, k);
      [e, d, cc, b2, a] = [d, cc, rotl(c, b2, 30), a, next];
    }
    c.write(0, vector(c, [d, cc, b2, a]));
  },
};

const sha1: InsnDef[] = [
  sha1Rounds,
  sha('sha1nexte', 'C8', (c, a, x) => [x[0]!, x[1]!, x[2]!, c.b.add(x[3]!, rotl(c, a[3]!, 30))]),
  sha('sha1msg1', 'C9', (c, w, x) => [
    c.b.xor(w[0]!, x[2]!),
    c.b.xor(w[1]!, x[3]!),
    c.b.xor(w[2]!, w[0]!),
    c.b.xor(w[3]!, w[1]!),
  ]),
  sha('sha1msg2', 'CA', (c, w, x) => {
    const w16 = rotl(c, c.b.xor(w[3]!, x[2]!), 1);
    const w17 = rotl(c, c.b.xor(w[2]!, x[1]!), 1);
    const w18 = rotl(c, c.b.xor(w[1]!, x[0]!), 1);
    return [rotl(c, c.b.xor(w[0]!, w16), 1), w18, w17, w16];
  }),
];

export const crypto: InsnDef[] = [
  aes('aesenc', 'DC', 'rw'),
  aes('aesenclast', 'DD', 'rw'),
  aes('aesdec', 'DE', 'rw'),
  aes('aesdeclast', 'DF', 'rw'),
  aes('aesimc', 'DB', 'w'),
  aes('aeskeygenassist', 'DF', 'w'),
  {
    mnemonic: 'pclmulqdq',
    encodings: [enc('66 0F 3A 44 /r', 'rw:Vx', 'r:Wx', 'r:Ib', { aligned: true, cpuid: 'pclmulqdq' })],
    lift(c) {
      c.b.call(carrylessHelper, c.operandOffset(0), c.operandOffset(1), c.immediate());
    },
  },
  ...sha256,
  ...sha1,
];
