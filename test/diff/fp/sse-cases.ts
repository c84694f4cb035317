/** Test cases of the SSE operations: their machine code, random records for native-fp.c, and our own outcome. */
import { AddressSpace } from '../../../core/mem/address-space.ts';
import * as st from '../../../core/vcpu/state.ts';
import { FLAG_CF, FLAG_PF, FLAG_ZF, Vcpu } from '../../../core/vcpu/vcpu.ts';
import { sseOp } from '../../../core/x86/fp/sse-helpers.ts';
import { type SseOp, sseOps } from '../../../core/x86/fp/sse-ops.ts';
import { type ElementName, type Random, randomInteger, randomOperands } from './random.ts';

export const SSE_RECORD = 64;
export const SSE_OUTCOME = 32;
const MXCSR = 16;
const RAX = 24;
const XMM0 = 32;
const XMM1 = 48;

const prefixes: Record<string, number[]> = { ss: [0xf3], sd: [0xf2], ps: [], pd: [0x66] };
const pp: Record<string, number> = { ps: 0, pd: 1, ss: 2, sd: 3 };
const basic: Record<string, number> = {
  add: 0x58,
  mul: 0x59,
  sub: 0x5c,
  min: 0x5d,
  div: 0x5e,
  max: 0x5f,
  sqrt: 0x51,
  rcp: 0x53,
  rsqrt: 0x52,
};
const REGISTERS = 0xc1; // reg 0, rm 1
const MOVQ_TO_MM0 = [0x48, 0x0f, 0x6e, 0xc0];
const MOVQ_FROM_MM0 = [0x48, 0x0f, 0x7e, 0xc0];

/** Operations with encodings of their own; those that end in an immediate have it appended. */
const special: Record<string, number[]> = {
  ucomiss: [0x0f, 0x2e, REGISTERS],
  ucomisd: [0x66, 0x0f, 0x2e, REGISTERS],
  comiss: [0x0f, 0x2f, REGISTERS],
  comisd: [0x66, 0x0f, 0x2f, REGISTERS],
  cvtss2sd: [0xf3, 0x0f, 0x5a, REGISTERS],
  cvtsd2ss: [0xf2, 0x0f, 0x5a, REGISTERS],
  cvtps2pd: [0x0f, 0x5a, REGISTERS],
  cvtpd2ps: [0x66, 0x0f, 0x5a, REGISTERS],
  cvtdq2ps: [0x0f, 0x5b, REGISTERS],
  cvtps2dq: [0x66, 0x0f, 0x5b, REGISTERS],
  cvttps2dq: [0xf3, 0x0f, 0x5b, REGISTERS],
  cvtdq2pd: [0xf3, 0x0f, 0xe6, REGISTERS],
  cvtpd2dq: [0xf2, 0x0f, 0xe6, REGISTERS],
  cvttpd2dq: [0x66, 0x0f, 0xe6, REGISTERS],
  cvtpi2ps: [...MOVQ_TO_MM0, 0x0f, 0x2a, 0xc0],
  cvtpi2pd: [...MOVQ_TO_MM0, 0x66, 0x0f, 0x2a, 0xc0],
  cvtps2pi: [0x0f, 0x2d, REGISTERS, ...MOVQ_FROM_MM0],
  cvtpd2pi: [0x66, 0x0f, 0x2d, REGISTERS, ...MOVQ_FROM_MM0],
  cvttps2pi: [0x0f, 0x2c, REGISTERS, ...MOVQ_FROM_MM0],
  cvttpd2pi: [0x66, 0x0f, 0x2c, REGISTERS, ...MOVQ_FROM_MM0],
  cvtsi2ss: [0xf3, 0x0f, 0x2a, 0xc0],
  cvtsi2sd: [0xf2, 0x0f, 0x2a, 0xc0],
  cvtsi2ss64: [0xf3, 0x48, 0x0f, 0x2a, 0xc0],
  cvtsi2sd64: [0xf2, 0x48, 0x0f, 0x2a, 0xc0],
  addsubpd: [0x66, 0x0f, 0xd0, REGISTERS],
  addsubps: [0xf2, 0x0f, 0xd0, REGISTERS],
  haddpd: [0x66, 0x0f, 0x7c, REGISTERS],
  haddps: [0xf2, 0x0f, 0x7c, REGISTERS],
  hsubpd: [0x66, 0x0f, 0x7d, REGISTERS],
  hsubps: [0xf2, 0x0f, 0x7d, REGISTERS],
  roundps: [0x66, 0x0f, 0x3a, 0x08, REGISTERS],
  roundpd: [0x66, 0x0f, 0x3a, 0x09, REGISTERS],
  roundss: [0x66, 0x0f, 0x3a, 0x0a, REGISTERS],
  roundsd: [0x66, 0x0f, 0x3a, 0x0b, REGISTERS],
  dpps: [0x66, 0x0f, 0x3a, 0x40, REGISTERS],
  dppd: [0x66, 0x0f, 0x3a, 0x41, REGISTERS],
};

/** cvt[t]ss2si and friends: eax or rax from xmm1. */
function toGeneral(name: string): number[] | undefined {
  const match = /^cvt(t?)(ss|sd)2si(64)?$/.exec(name);
  if (!match) return undefined;
  const [, truncates, format, wide] = match;
  return [...prefixes[format!]!, ...(wide ? [0x48] : []), 0x0f, truncates ? 0x2c : 0x2d, REGISTERS];
}

/** Machine code of an operation on xmm0 (also the destination) and xmm1. */
function machineCode(op: SseOp, imm: number): number[] {
  const format = op.name.slice(-2);
  const stem = op.name.slice(0, -2);
  if (stem === 'cmp') return [0xc5, 0xf8 | pp[format]!, 0xc2, REGISTERS, imm];
  if (basic[stem] !== undefined) return [...prefixes[format]!, 0x0f, basic[stem], REGISTERS];
  const code = special[op.name] ?? toGeneral(op.name);
  if (code === undefined) throw new Error(`no encoding for ${op.name}`);
  return stem === 'round' || stem === 'dp' ? [...code, imm] : code;
}

/** Results that processors give differently: element-wise equal within 1.5·2^-12, checked by `isNearSse`. */
export const isApproximate = (op: SseOp): boolean => /^r(cp|sqrt)/.test(op.name);
const hasImmediate = (op: SseOp): boolean => /^(cmp|round|dp)[ps][sd]$/.test(op.name);
/** The destination is RAX: a general register, or MM0 carried over. */
const writesRax = (op: SseOp): boolean => /2(si|pi)(64)?$/.test(op.name);
const readsRax = (op: SseOp): boolean => /^cvt(si|pi)2/.test(op.name);

function elementName(op: SseOp): ElementName {
  return op.from.target === undefined ? (op.from.bytes === 8 ? 'i64' : 'i32') : op.from.bytes === 8 ? 'f64' : 'f32';
}

function randomMxcsr(rnd: Random): number {
  const masks = rnd.oneIn(3) ? rnd.below(64) : 63;
  const daz = rnd.oneIn(4) ? 0x40 : 0;
  const ftz = rnd.oneIn(4) ? 0x8000 : 0;
  const sticky = rnd.oneIn(2) ? 0 : rnd.below(64);
  return (masks << 7) | daz | ftz | sticky | ((rnd.oneIn(2) ? 0 : rnd.below(4)) << 13);
}

/** Writes a random case of operation `code` at `off`; returns its immediate. */
export function randomSseCase(rnd: Random, code: number, dv: DataView, off: number): void {
  const op = sseOps[code]!;
  const imm = hasImmediate(op) ? rnd.below(op.name.startsWith('cmp') ? 32 : op.name.startsWith('round') ? 16 : 256) : 0;
  const bytes = machineCode(op, imm);
  dv.setUint8(off, bytes.length);
  for (let i = 0; i < 15; i++) dv.setUint8(off + 1 + i, bytes[i] ?? 0);
  dv.setUint32(off + MXCSR, randomMxcsr(rnd), true);
  dv.setUint32(off + MXCSR + 4, imm, true);
  randomInteger(rnd, dv, off + RAX, 'i64');
  if (op.from.target === undefined && op.from.bytes === 4 && readsRax(op)) {
    randomInteger(rnd, dv, off + RAX, 'i32');
    randomInteger(rnd, dv, off + RAX + 4, 'i32');
  }
  randomOperands(rnd, dv, off + XMM0, off + XMM1, 16, elementName(op));
}

const space = new AddressSpace(0);
const vcpu = new Vcpu(space);

/** Runs our implementation on the record at `off` and writes its outcome in the form of native-fp.c. */
export function runSseCase(code: number, record: DataView, off: number, out: DataView, outOff: number): void {
  const op = sseOps[code]!;
  const { dv } = space;
  for (let i = 0; i < 32; i += 4) dv.setInt32(scratchXmm(i), record.getInt32(off + XMM0 + i, true), true);
  vcpu.setU64(st.gpr, record.getBigUint64(off + RAX, true));
  vcpu.mxcsr = record.getUint32(off + MXCSR, true);
  vcpu.rflags = 0;
  const srcB = readsRax(op) ? st.gprOffset(0) : st.xmmOffset(1);
  const dst = writesRax(op) ? st.gprOffset(0) : st.xmmOffset(0);
  const vector = sseOp(space, code, dst, st.xmmOffset(0), srcB, record.getUint32(off + MXCSR + 4, true));
  for (let i = 0; i < 16; i += 4) out.setInt32(outOff + i, dv.getInt32(st.xmmOffset(0) + i, true), true);
  out.setBigUint64(outOff + 16, vcpu.gpr(0), true);
  out.setUint32(outOff + 24, vcpu.mxcsr, true);
  out.setUint16(outOff + 28, op.shape === 'flags' ? vcpu.rflags & (FLAG_CF | FLAG_PF | FLAG_ZF) : 0, true);
  out.setUint16(outOff + 30, vector, true);
}

function scratchXmm(i: number): number {
  return i < 16 ? st.xmmOffset(0) + i : st.xmmOffset(1) + i - 16;
}

/** Brings a native outcome into the form ours has: only the flags that the operation defines, a vector for a signal. */
export function normaliseSseOutcome(code: number, out: DataView, off: number): void {
  const op = sseOps[code]!;
  const flags = op.shape === 'flags' ? FLAG_CF | FLAG_PF | FLAG_ZF : 0;
  out.setUint16(off + 28, out.getUint16(off + 28, true) & flags, true);
  out.setUint16(off + 30, out.getUint16(off + 30, true) ? 19 : 0, true);
  if (flags && out.getUint16(off + 30, true)) out.setUint16(off + 28, 0, true);
}

/** Whether an approximate outcome is close enough to the native one, whose own error may be as large. */
export function isNearSse(ours: DataView, native: DataView, off: number): boolean {
  for (let i = 0; i < 16; i += 4) {
    if (ours.getUint32(i, true) === native.getUint32(off + i, true)) continue;
    const x = ours.getFloat32(i, true);
    const y = native.getFloat32(off + i, true);
    // At the edge of underflow one may be zero.
    const bound = Math.max(Math.abs(y) * 1.5 * 2 ** -12, 2 ** -126);
    if (!(Math.abs(x - y) <= bound)) return false;
  }
  return ours.getUint32(24, true) === native.getUint32(off + 24, true);
}
