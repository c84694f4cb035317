/**
 * The SSE floating-point operations as one table (SDM vol. 1, chapters 10 to 12). A row says how an operation's
 * elements are laid out and what is done to each; the driver in sse-helpers.ts does the rest.
 */
import { add, sub } from './add.ts';
import { reciprocal, reciprocalRoot } from './approximate.ts';
import { compare, EQUAL, GREATER, LESS, max, min, UNORDERED } from './compare.ts';
import { convert, roundToIntegral, toInteger } from './convert.ts';
import { div, sqrt } from './div.ts';
import {
  loadF16,
  loadF32,
  loadF64,
  loadI32,
  loadI64,
  storeF16,
  storeF32,
  storeF64,
  storeI32,
  storeI64,
} from './encoding.ts';
import { mul } from './mul.ts';
import { BINARY16, BINARY32, BINARY64, type FpContext, type FpNumber, PE, ROUND_ZERO, type Target } from './number.ts';

/** How an element is encoded. */
export interface Element {
  readonly bytes: number;
  /** What results are rounded to; undefined for integers. */
  readonly target: Target | undefined;
  readonly load: (dv: DataView, off: number, n: FpNumber) => void;
  readonly store: (dv: DataView, off: number, n: FpNumber) => void;
}

const F16: Element = { bytes: 2, target: BINARY16, load: loadF16, store: storeF16 };
export const F32: Element = { bytes: 4, target: BINARY32, load: loadF32, store: storeF32 };
export const F64: Element = { bytes: 8, target: BINARY64, load: loadF64, store: storeF64 };
const I32: Element = { bytes: 4, target: undefined, load: loadI32, store: storeI32 };
const I64: Element = { bytes: 8, target: undefined, load: loadI64, store: storeI64 };

/** Computes one element of the result from one of each source; `imm` is the immediate byte. */
export type LaneFunction = (a: FpNumber, b: FpNumber, r: FpNumber, ctx: FpContext, imm: number, lane: number) => void;

/**
 * Where the operands of lane i come from, and what becomes of the result:
 *
 * | shape  | operands                                            |
 * |--------|-----------------------------------------------------|
 * | unary  | b[i]; the first source is not read                  |
 * | binary | a[i] and b[i]                                       |
 * | pairs  | neighbours: (a0,a1) (a2,a3).. then (b0,b1)..        |
 * | dot    | a[i] and b[i]; the products are summed (DPPS, DPPD) |
 * | flags  | a[0] and b[0]; the outcome goes to ZF PF CF         |
 */
export type Shape = 'unary' | 'binary' | 'pairs' | 'dot' | 'flags';

export interface SseOp {
  readonly name: string;
  readonly shape: Shape;
  readonly lanes: number;
  readonly from: Element;
  readonly to: Element;
  readonly run: LaneFunction;
  /** Bytes of the destination that are written: zeros behind the results. */
  readonly width: number;
}

const addLane: LaneFunction = (a, b, r, ctx) => add(a, b, r, ctx);
const subLane: LaneFunction = (a, b, r, ctx) => sub(a, b, r, ctx);
const mulLane: LaneFunction = (a, b, r, ctx) => mul(a, b, r, ctx);
const divLane: LaneFunction = (a, b, r, ctx) => div(a, b, r, ctx);
const minLane: LaneFunction = (a, b, r, ctx) => min(a, b, r, ctx);
const maxLane: LaneFunction = (a, b, r, ctx) => max(a, b, r, ctx);
const sqrtLane: LaneFunction = (_a, b, r, ctx) => sqrt(b, r, ctx);
const addsubLane: LaneFunction = (a, b, r, ctx, _imm, lane) => (lane & 1 ? add(a, b, r, ctx) : sub(a, b, r, ctx));
/** From an integer (exact in FpNumber) or between formats. */
const convertLane: LaneFunction = (_a, b, r, ctx) => convert(b, r, ctx);
/** VCVTPS2PH: imm bits 0..1 rounding, bit 2 take MXCSR's instead; FTZ does not matter. */
const halfLane: LaneFunction = (_a, b, r, ctx, imm) => {
  const { rounding, ftz } = ctx;
  if (!(imm & 4)) ctx.rounding = imm & 3;
  ctx.ftz = false;
  convert(b, r, ctx);
  ctx.rounding = rounding;
  ctx.ftz = ftz;
};
const reciprocalLane: LaneFunction = (_a, b, r) => reciprocal(b, r);
const reciprocalRootLane: LaneFunction = (_a, b, r) => reciprocalRoot(b, r);
const orderedLane: LaneFunction = (a, b, r, ctx) => {
  r.lo = compare(a, b, true, ctx);
};
const unorderedLane: LaneFunction = (a, b, r, ctx) => {
  r.lo = compare(a, b, false, ctx);
};
const integerLane =
  (bits: 32 | 64, truncates: boolean): LaneFunction =>
  (_a, b, r, ctx) =>
    toInteger(b, bits, truncates ? ROUND_ZERO : ctx.rounding, r, ctx);

/** ROUNDxx: imm bits 0..1 rounding, bit 2 take MXCSR's instead, bit 3 no PE. Denormals are not reported. */
const roundLane: LaneFunction = (_a, b, r, ctx, imm) => {
  const saved = ctx.rounding;
  if (!(imm & 4)) ctx.rounding = imm & 3;
  b.denormal = 0;
  roundToIntegral(b, r, ctx);
  ctx.rounding = saved;
  if (imm & 8) ctx.flags &= ~PE;
};

const ORDERED = LESS | EQUAL | GREATER;
const SIGNALLING = 16;
/** The outcomes for which each predicate of CMPxx holds (SDM vol. 2, table 3-1); 16..31 only flip the signalling. */
const PREDICATES = [
  EQUAL,
  LESS | SIGNALLING,
  LESS | EQUAL | SIGNALLING,
  UNORDERED,
  LESS | GREATER | UNORDERED,
  EQUAL | GREATER | UNORDERED | SIGNALLING,
  GREATER | UNORDERED | SIGNALLING,
  ORDERED,
  EQUAL | UNORDERED,
  LESS | UNORDERED | SIGNALLING,
  LESS | EQUAL | UNORDERED | SIGNALLING,
  0,
  LESS | GREATER,
  EQUAL | GREATER | SIGNALLING,
  GREATER | SIGNALLING,
  ORDERED | UNORDERED,
];

const compareLane: LaneFunction = (a, b, r, ctx, imm) => {
  const predicate = PREDICATES[imm & 15]! ^ (imm & 16);
  const holds = compare(a, b, (predicate & SIGNALLING) !== 0, ctx) & predicate;
  r.hi = holds ? -1 : 0;
  r.lo = r.hi;
};

/** Added to an operation's code: twice the elements, for 256-bit operands. */
export const SSE_WIDE = 0x1000;

const list: SseOp[] = [];

function op(name: string, shape: Shape, lanes: number, from: Element, to: Element, run: LaneFunction, width = 0): void {
  list.push({ name, shape, lanes, from, to, run, width: Math.max(width, lanes * to.bytes) });
}

/** The packed forms of an operation. */
function packed(name: string, shape: Shape, run: LaneFunction): void {
  op(`${name}ps`, shape, 4, F32, F32, run);
  op(`${name}pd`, shape, 2, F64, F64, run);
}

/** The scalar and packed forms of an operation. */
function all(name: string, shape: Shape, run: LaneFunction): void {
  op(`${name}ss`, shape, 1, F32, F32, run);
  op(`${name}sd`, shape, 1, F64, F64, run);
  packed(name, shape, run);
}

all('add', 'binary', addLane);
all('sub', 'binary', subLane);
all('mul', 'binary', mulLane);
all('div', 'binary', divLane);
all('min', 'binary', minLane);
all('max', 'binary', maxLane);
all('sqrt', 'unary', sqrtLane);
all('round', 'unary', roundLane);
packed('addsub', 'binary', addsubLane);
packed('hadd', 'pairs', addLane);
packed('hsub', 'pairs', subLane);
packed('dp', 'dot', mulLane);
op('rcpss', 'unary', 1, F32, F32, reciprocalLane);
op('rcpps', 'unary', 4, F32, F32, reciprocalLane);
op('rsqrtss', 'unary', 1, F32, F32, reciprocalRootLane);
op('rsqrtps', 'unary', 4, F32, F32, reciprocalRootLane);

op('cmpss', 'binary', 1, F32, I32, compareLane);
op('cmpsd', 'binary', 1, F64, I64, compareLane);
op('cmpps', 'binary', 4, F32, I32, compareLane);
op('cmppd', 'binary', 2, F64, I64, compareLane);
op('ucomiss', 'flags', 1, F32, I32, unorderedLane);
op('ucomisd', 'flags', 1, F64, I32, unorderedLane);
op('comiss', 'flags', 1, F32, I32, orderedLane);
op('comisd', 'flags', 1, F64, I32, orderedLane);

op('cvtss2sd', 'unary', 1, F32, F64, convertLane);
op('cvtsd2ss', 'unary', 1, F64, F32, convertLane);
op('cvtps2pd', 'unary', 2, F32, F64, convertLane);
op('cvtpd2ps', 'unary', 2, F64, F32, convertLane, 16);
op('cvtdq2ps', 'unary', 4, I32, F32, convertLane);
op('cvtdq2pd', 'unary', 2, I32, F64, convertLane);
op('cvtpi2ps', 'unary', 2, I32, F32, convertLane);
op('cvtpi2pd', 'unary', 2, I32, F64, convertLane);
op('cvtsi2ss', 'unary', 1, I32, F32, convertLane);
op('cvtsi2sd', 'unary', 1, I32, F64, convertLane);
op('cvtsi2ss64', 'unary', 1, I64, F32, convertLane);
op('cvtsi2sd64', 'unary', 1, I64, F64, convertLane);
for (const [t, truncates] of [
  ['', false],
  ['t', true],
] as const) {
  const to32 = integerLane(32, truncates);
  const to64 = integerLane(64, truncates);
  op(`cvt${t}ps2dq`, 'unary', 4, F32, I32, to32);
  op(`cvt${t}pd2dq`, 'unary', 2, F64, I32, to32, 16);
  op(`cvt${t}ps2pi`, 'unary', 2, F32, I32, to32);
  op(`cvt${t}pd2pi`, 'unary', 2, F64, I32, to32);
  // To a general register: 32-bit results zero-extend.
  op(`cvt${t}ss2si`, 'unary', 1, F32, I32, to32, 8);
  op(`cvt${t}sd2si`, 'unary', 1, F64, I32, to32, 8);
  op(`cvt${t}ss2si64`, 'unary', 1, F32, I64, to64);
  op(`cvt${t}sd2si64`, 'unary', 1, F64, I64, to64);
}

/** The operations of SSE. */
export const sseOps: readonly SseOp[] = [...list];

// Those that only VEX has come behind.
op('cvtph2ps', 'unary', 4, F16, F32, convertLane);
op('cvtps2ph', 'unary', 4, F32, F16, halfLane);

/** All operations; the index is the code that `sseOp` takes. */
export const exactOps: readonly SseOp[] = list;

const codes = new Map(list.map((row, code) => [row.name, code]));

/** The code of an operation, by the name in its row. */
export function sseOpCode(name: string): number {
  const code = codes.get(name);
  if (code === undefined) throw new Error(`no SSE operation is named ${name}`);
  return code;
}
