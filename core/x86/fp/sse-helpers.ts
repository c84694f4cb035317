/**
 * SSE arithmetic done exactly: what tier 0 calls when MXCSR or an operand asks for more than wasm's own f32 and f64
 * operations give (SDM vol. 1, chapter 11.5). Operands and results lie in the address space's memory: state fields or
 * guest memory that the caller has checked.
 */
import type { AddressSpace } from '../../mem/address-space.ts';
import { VEC_XF } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { Vcpu } from '../../vcpu/vcpu.ts';
import { add } from './add.ts';
import { DE, FINITE, FpContext, FpNumber, PRE_COMPUTATION, setZero } from './number.ts';
import { type Element, exactOps, SSE_WIDE, type SseOp } from './sse-ops.ts';
import { setComparisonFlags } from './status-flags.ts';

/** MXCSR (SDM vol. 1, figure 10-3). */
const MXCSR_DAZ = 1 << 6;
const MASK_SHIFT = 7;
const RC_SHIFT = 13;
const MXCSR_FTZ = 1 << 15;

const ctx = new FpContext(false);
const a = new FpNumber();
const b = new FpNumber();
const r = new FpNumber();
const partial = new FpNumber();
const products = [new FpNumber(), new FpNumber(), new FpNumber(), new FpNumber()] as const;
/** Results wait here until no unmasked exception is left to find; the destination may be a source too. */
const pending = new DataView(new ArrayBuffer(32));
/** Exceptions of all elements so far. */
let found = 0;

/**
 * Runs operation `code` (sse-ops.ts) on the operands at offsets `srcA` and `srcB`, writes the destination at `dst`, and
 * sets the sticky flags. Scalar operations write only their element. Returns 0, or the vector of the exception to raise
 * (#XF): then the destination is unchanged. With SSE_WIDE in the code, operands have 256 bits, or results or sources of
 * conversions 128. Operations to RFLAGS ignore `dst`, those on one operand `srcA`.
 */
export function sseOp(space: AddressSpace, code: number, dst: number, srcA: number, srcB: number, imm: number): number {
  const op = exactOps[code & (SSE_WIDE - 1)]!;
  const halves = code & SSE_WIDE ? 2 : 1;
  const mxcsr = space.i32[st.mxcsr.offset >> 2]!;
  ctx.rounding = (mxcsr >> RC_SHIFT) & 3;
  ctx.masks = (mxcsr >> MASK_SHIFT) & 0x3f;
  ctx.daz = (mxcsr & MXCSR_DAZ) !== 0;
  ctx.ftz = (mxcsr & MXCSR_FTZ) !== 0;
  if (op.to.target !== undefined) ctx.target = op.to.target;
  found = 0;
  const { dv } = space;
  for (let half = 0; half < 16 * halves; half += 16) {
    if (op.shape === 'dot') dotProduct(op, dv, srcA + half, srcB + half, imm, half);
    else if (op.shape === 'pairs') pairs(op, dv, srcA + half, srcB + half, half);
    else if (half === 0) elements(op, dv, srcA, srcB, imm, op.lanes * halves);
  }
  const unmasked = report(space, op, mxcsr);
  if (unmasked) return VEC_XF;
  if (op.shape === 'flags') setComparisonFlags(space, r.lo);
  else commit(Math.max(op.width, op.lanes * op.to.bytes * halves), op.lanes * op.to.bytes * halves, dv, dst);
  return 0;
}

function load(element: Element, dv: DataView, off: number, n: FpNumber): void {
  element.load(dv, off, n);
  if (n.denormal !== 0 && ctx.daz) setZero(n, n.sign);
}

function elements(op: SseOp, dv: DataView, srcA: number, srcB: number, imm: number, lanes: number): void {
  const { from, to, run } = op;
  const isUnary = op.shape === 'unary';
  for (let i = 0; i < lanes; i++) {
    if (!isUnary) load(from, dv, srcA + i * from.bytes, a);
    load(from, dv, srcB + i * from.bytes, b);
    ctx.begin();
    run(a, b, r, ctx, imm, i);
    found |= ctx.flags;
    to.store(pending, i * to.bytes, r);
  }
}

function pairs(op: SseOp, dv: DataView, srcA: number, srcB: number, at: number): void {
  const { from, to, run, lanes } = op;
  for (let i = 0; i < lanes; i++) {
    const source = i < lanes / 2 ? srcA + 2 * i * from.bytes : srcB + (2 * i - lanes) * from.bytes;
    load(from, dv, source, a);
    load(from, dv, source + from.bytes, b);
    ctx.begin();
    run(a, b, r, ctx, 0, i);
    found |= ctx.flags;
    to.store(pending, at + i * to.bytes, r);
  }
}

/** DPPS, DPPD: imm bits 4.. choose the products (others are +0), bits 0.. the elements that receive the sum. */
function dotProduct(op: SseOp, dv: DataView, srcA: number, srcB: number, imm: number, at: number): void {
  const { from, to, run, lanes } = op;
  for (let i = 0; i < lanes; i++) {
    const product = products[i]!;
    setZero(product, 0);
    if (!(imm & (16 << i))) continue;
    load(from, dv, srcA + i * from.bytes, a);
    load(from, dv, srcB + i * from.bytes, b);
    ctx.begin();
    run(a, b, product, ctx, imm, i);
    found |= ctx.flags;
    reload(product);
  }
  found = reported();
  addStage(products[0], products[1], r);
  if (lanes === 4) {
    addStage(products[2], products[3], partial);
    addStage(r, partial, products[0]);
  }
  const sum = lanes === 4 ? products[0] : r;
  for (let i = 0; i < lanes; i++) {
    if (!(imm & (1 << i))) setZero(partial, 0);
    to.store(pending, at + i * to.bytes, imm & (1 << i) ? sum : partial);
  }
}

/** Makes the result of one stage an operand of the next. */
function reload(n: FpNumber): void {
  if (n.kind !== FINITE || n.exp >= ctx.target.emin) return;
  if (ctx.daz) setZero(n, n.sign);
  else n.denormal = DE;
}

/** One addition of a dot product; nothing happens once an unmasked exception is found. */
function addStage(x: FpNumber, y: FpNumber, sum: FpNumber): void {
  if (found & ~ctx.masks) return;
  const before = found;
  ctx.begin();
  add(x, y, sum, ctx);
  found = ctx.flags;
  found = before | reported();
  reload(sum);
}

/** What of the exceptions found shows: an unmasked one that comes before computation hides those that come after it. */
function reported(): number {
  return found & ~ctx.masks & PRE_COMPUTATION ? found & PRE_COMPUTATION : found;
}

/** Makes the exceptions found sticky, and returns those that are unmasked. */
function report(space: AddressSpace, op: SseOp, mxcsr: number): number {
  const unmasked = found & ~ctx.masks;
  const flags = op.shape === 'dot' ? found : reported();
  if (flags & ~mxcsr) new Vcpu(space).mxcsr = mxcsr | flags;
  return unmasked;
}

/** Writes the first `done` bytes of the results, and zeros up to `width`. */
function commit(width: number, done: number, dv: DataView, dst: number): void {
  for (let i = 0; i < width; i += 4) dv.setInt32(dst + i, i < done ? pending.getInt32(i, true) : 0, true);
}
