/**
 * The vCPU state: one list of fields, in the first page of the address space's memory. Emitted code reads and writes them
 * at these offsets, TypeScript through `Vcpu` (vcpu.ts); snapshots and the debugger walk the list.
 *
 * Flags are lazy: each of the six status flags has a word of its own from which it is computed when read, so that an
 * arithmetic instruction only stores values it has anyway and dead ones are dropped (SDM vol. 1, 3.4.3.1):
 *
 * | flag | holds when               |
 * |------|--------------------------|
 * | CF   | `cf` is 1 (else it is 0) |
 * | PF   | parity of `pf` bits 0..7 is even |
 * | AF   | `af` bit 4 is set        |
 * | ZF   | `zf` is 0                |
 * | SF   | `sf` is negative         |
 * | OF   | `of` is negative         |
 */
import { STATE_BASE } from '../mem/layout.ts';

export type FieldType = 'i32' | 'i64' | 'f64' | 'v128' | 'bytes';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Absolute offset in the memory. */
  readonly offset: number;
  readonly count: number;
  readonly stride: number;
  /** Part of a thread's register context (saved at a switch), or of the engine. */
  readonly scope: 'thread' | 'engine';
}

const sizes: Record<Exclude<FieldType, 'bytes'>, number> = { i32: 4, i64: 8, f64: 8, v128: 16 };
const list: Field[] = [];
// Below it lies nothing, so that a stray zero offset is found.
let next = STATE_BASE + 64;
let scope: Field['scope'] = 'thread';

function field(name: string, type: Exclude<FieldType, 'bytes'>, count = 1, stride = sizes[type]): Field {
  const align = Math.min(16, stride & -stride);
  next = (next + align - 1) & -align;
  const f: Field = { name, type, offset: next, count, stride, scope };
  next += stride * count;
  list.push(f);
  return f;
}

export const CONTEXT_START = next;
/** RAX RCX RDX RBX RSP RBP RSI RDI R8..R15. */
export const gpr = field('gpr', 'i64', 16);
export const rip = field('rip', 'i64');
export const fsBase = field('fsBase', 'i64');
export const gsBase = field('gsBase', 'i64');
export const cf = field('cf', 'i32');
export const pf = field('pf', 'i32');
export const af = field('af', 'i32');
/** 0 when strings go up, 1 when they go down. */
export const df = field('df', 'i32');
export const zf = field('zf', 'i64');
export const sf = field('sf', 'i64');
export const of = field('of', 'i64');
/** The other RFLAGS bits that user mode can change: TF 8, NT 14, AC 18, ID 21; IF 9 and bit 1 always read as set. */
export const systemFlags = field('systemFlags', 'i32');
export const mxcsr = field('mxcsr', 'i32');
/**
 * What MXCSR allows to do with wasm's own arithmetic: bit 1 while it asks for nothing unusual (all exceptions masked, round
 * to nearest); bit 0 when moreover PE is sticky already, so that inexact results change nothing. DAZ and FTZ don't matter:
 * denormal operands and results always take the exact way.
 */
export const sseFast = field('sseFast', 'i32');
/** x87: control word, status word without TOP, TOP, and one bit for each physical register that is empty. */
export const fcw = field('fcw', 'i32');
export const fsw = field('fsw', 'i32');
export const fpTop = field('fpTop', 'i32');
export const fpEmpty = field('fpEmpty', 'i32');
export const fpOpcode = field('fpOpcode', 'i32');
export const fpIp = field('fpIp', 'i64');
export const fpDp = field('fpDp', 'i64');
/** Physical x87 registers R0..R7, 80 bits each in 16 bytes; MMn is the low half of Rn. */
export const fpr = field('fpr', 'v128', 8);
/** YMM0..15; XMMn is the low half. */
export const ymm = field('ymm', 'v128', 16, 32);
export const CONTEXT_END = next;

scope = 'engine';
/** Reads as zero: stands for "no base", "no index", "no segment". */
export const zero = field('zero', 'i64');
export const exitReason = field('exitReason', 'i32');
/** Exception of an EXIT_EXCEPTION: vector, error code, faulting address (CR2), and its cause for #PF. */
export const excVector = field('excVector', 'i32');
export const excError = field('excError', 'i32');
export const excCause = field('excCause', 'i32');
export const excAddress = field('excAddress', 'i64');
/** Address of the link slot that the next look-up may fill in, or 0. */
export const linkSlot = field('linkSlot', 'i32');
/** Record of the indirect branch that left for a look-up: it, not its target, faults when that is not canonical. */
export const branchRecord = field('branchRecord', 'i32');
/**
 * Return address that the innermost nested call of translated code waits for (core/jit): a return there goes back through
 * the host's stack. RETURN_NEVER while none waits; RETURNED tells the caller that it has happened. With RETURN_FLAGS in it, the
 * caller reads the flags that the callee leaves.
 */
export const expectedReturn = field('expectedReturn', 'i64');
export const RETURN_NEVER = 2n;
export const RETURNED = 1n;
export const RETURN_FLAGS = -(1n << 63n);
/** How many calls of translated code are nested. */
export const nesting = field('nesting', 'i32');
/** Operands and results of helpers that don't fit their parameters. */
export const scratch = field('scratch', 'v128', 8);
/** State components that XSAVE knows beyond x87 and SSE, which it always does: the CPU model's XCR0. */
export const xcr0 = field('xcr0', 'i32');
export const STATE_END = next;

export const fields: readonly Field[] = list;

/** Name of the state at an offset, for dumps: `zf`, `gpr[4]`, `gpr[0]+1`. */
export function fieldName(offset: number): string | undefined {
  const found = list.find((f) => offset >= f.offset && offset < f.offset + f.stride * f.count);
  if (found === undefined) return undefined;
  const index = Math.floor((offset - found.offset) / found.stride);
  const rest = (offset - found.offset) % found.stride;
  return `${found.name}${found.count > 1 ? `[${index}]` : ''}${rest === 0 ? '' : `+${rest}`}`;
}

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

/** Offset of a general register. */
export const gprOffset = (index: number): number => gpr.offset + index * 8;
/** Offset of XMMn. */
export const xmmOffset = (index: number): number => ymm.offset + index * ymm.stride;
/** Offset of physical x87 register Rn. */
export const fprOffset = (index: number): number => fpr.offset + index * fpr.stride;
