/**
 * VEX forms of SSE instructions (SDM vol. 2, 2.3), derived from the SSE definitions: the same semantics with a destination
 * of its own and the rest of the YMM register cleared; 256-bit forms do it on both halves.
 *
 * - An SSE operand that is read and written becomes two: the destination, and a source in VEX.vvvv.
 * - Scalar results take the rest of their 128 bits from VEX.vvvv.
 * - Memory operands need no alignment, except those of the aligned moves.
 */
import type { Node } from '../../ir/ir.ts';
import * as st from '../../vcpu/state.ts';
import { SSE_WIDE } from '../fp/sse-ops.ts';
import type { LiftContext } from '../lift-context.ts';
import { type EncodingSpec, enc, type InsnDef, type OperandDef, parseOperand, type SizeCode } from '../notation.ts';

/** `scalar`: VEX.L does not matter. `only128`: VEX.L must be 0. `both`: either. */
type Lengths = 'scalar' | 'only128' | 'both';

export interface VexOptions {
  lengths: Lengths;
  /** Feature of the 256-bit form; the others need `avx`. */
  wide: 'avx' | 'avx2';
  /** The feature of the 128-bit form, `avx` unless told. */
  narrow?: string;
  /** Operands of the 256-bit row, where they don't just double. */
  wideOperands?: readonly string[];
  /** What the high half of a 256-bit form sees of the immediate: bits from here on. */
  immediateShift?: number;
  /** Bits of a mask to a general register for each half. */
  maskBits?: number;
}

/** Sizes of a 256-bit row by those of the 128-bit row. */
const DOUBLE: Partial<Record<SizeCode, SizeCode>> = { b: 'w', w: 'd', d: 'q', q: 'x', x: 'qq' };
const WIDTHS: Partial<Record<SizeCode, number>> = { b: 8, w: 16, d: 32, q: 64, x: 128, qq: 256, ss: 32, sd: 64 };

const isVector = (o: OperandDef): boolean => 'VWUH'.includes(o.addressing);
const isScalar = (o: OperandDef): boolean => 'VU'.includes(o.addressing) && o.size !== 'x' && !'y'.includes(o.size);
/** A scalar result that leaves the rest of an XMM register as it is. */
const merges = (o: OperandDef): boolean => o.access !== 'r' && isScalar(o);
const takesVvvv = (o: OperandDef): boolean => (isVector(o) && o.access === 'rw') || merges(o);

/** Rows and semantics of the VEX forms of one row. */
function vexRow(insn: InsnDef, spec: EncodingSpec, options: VexOptions): InsnDef {
  const legacy = spec.operands.map(parseOperand);
  const extra = takesVvvv(legacy[0]!);
  const aligned = /^mov(aps|apd|dqa|nt)/.test(insn.mnemonic);
  const rowFor = (length: string, operands: readonly string[], cpuid: string): EncodingSpec =>
    enc(vexOpcode(spec.opcode, length), ...operands, { cpuid, aligned });
  const narrow = vexOperands(legacy, extra, spec.operands);
  const encodings = [rowFor(options.lengths === 'scalar' ? 'LIG' : 'L0', narrow, options.narrow ?? 'avx')];
  if (options.lengths === 'both') {
    const wide = options.wideOperands ?? narrow.map(doubled);
    encodings.push(rowFor('L1', wide, options.wide));
  }
  return {
    mnemonic: `v${insn.mnemonic}`,
    encodings,
    ...(insn.flags ? { flags: insn.flags } : {}),
    ...(insn.test ? { test: insn.test } : {}),
    lift: (c) => new VexLift(c, insn, legacy, extra, options).run(),
  };
}

/** `66 0F 38 00 /r` → `VEX.L0.66.0F38.WIG 00 /r` */
function vexOpcode(opcode: string, length: string): string {
  const match = /^(REX\.[W0] )?(NP|66|F3|F2) 0F (38 |3A )?(.*)$/.exec(opcode)!;
  const [, rex, prefix, map, rest] = match;
  const w = rex === undefined ? 'WIG' : rex.startsWith('REX.W') ? 'W1' : 'W0';
  return `VEX.${length}.${prefix}.0F${map?.trim() ?? ''}.${w} ${rest}`;
}

function vexOperands(legacy: readonly OperandDef[], extra: boolean, texts: readonly string[]): string[] {
  const rest = texts.slice(1).map((text) => text.replace(/^-:By$/, '-:Gy'));
  const [first] = legacy;
  if (!extra) return [texts[0]!, ...rest];
  // Shifts by an immediate: the destination is VEX.vvvv, the source ModRM.rm.
  if (first!.addressing === 'U' && first!.access === 'rw') return [`w:Hx`, `r:Ux`, ...rest];
  return [texts[0]!.replace(/^rw/, 'w'), 'r:Hx', ...rest];
}

function doubled(text: string): string {
  const o = parseOperand(text);
  if (!isVector(o) && o.addressing !== 'M') return text;
  return text.replace(new RegExp(`${o.size}$`), DOUBLE[o.size]!);
}

interface Pending {
  half: 0 | 1;
  width: number;
  value: Node;
}

/** Lifts one VEX instruction by the SSE definition, which sees a context of its own for each half. */
class VexLift {
  private readonly c: LiftContext;
  private readonly insn: InsnDef;
  private readonly legacy: readonly OperandDef[];
  /** 1 when VEX.vvvv is a source, else 0. */
  private readonly extra: number;
  private readonly options: VexOptions;
  private readonly isWide: boolean;
  /** Results wait until all sources are read. */
  private pending: Pending[] = [];
  /** What the halves ask for: the fast way is for both or none. */
  private readonly fast: { isFast: Node | undefined; write: () => void; code: number; imm: Node | undefined }[] = [];
  private usesScratch = false;

  constructor(c: LiftContext, insn: InsnDef, legacy: readonly OperandDef[], extra: boolean, options: VexOptions) {
    this.c = c;
    this.insn = insn;
    this.legacy = legacy;
    this.extra = extra ? 1 : 0;
    this.options = options;
    const widthOf = (i: number): number => c.width(i === 0 ? 0 : this.map(i));
    this.isWide = legacy.some((o, i) => (isVector(o) || o.addressing === 'M') && widthOf(i) > WIDTHS[o.size]!);
  }

  run(): void {
    for (const half of this.isWide ? ([0, 1] as const) : ([0] as const)) this.insn.lift(this.context(half));
    this.finishFast();
    this.flush();
    if (this.usesScratch) this.c.writePart(0, 128, 0, this.c.field(st.scratch));
    this.finishDestination();
  }

  private vexWidth(i: number): number {
    return this.c.width(this.map(i));
  }
  /** The VEX row's operand for operand `i` of the SSE row, as a source. */
  private map(i: number): number {
    return i + this.extra;
  }
  /** Bytes from the one half's part of operand `i` to the other's. */
  private stride(i: number): number {
    const width = this.vexWidth(i);
    return width === WIDTHS[this.legacy[i]!.size] ? 0 : width / 16;
  }

  private isPart(i: number): boolean {
    return isVector(this.legacy[i]!) || this.legacy[i]!.addressing === 'M';
  }

  private context(half: 0 | 1): LiftContext {
    const { c } = this;
    const part = (i: number, size: SizeCode): Node =>
      this.isPart(i) ? c.readPart(this.map(i), size, half * this.stride(i)) : c.read(this.map(i));
    const overrides: Partial<LiftContext> = {
      width: (i) => WIDTHS[this.legacy[i]!.size] ?? c.width(this.map(i)),
      isMemory: (i) => c.isMemory(this.map(i)),
      read: (i) => part(i, this.sizeOf(i)),
      readXmm: (i) => part(i, 'x'),
      write: (i, value) => this.write(i, half, this.legacy[i]!.addressing === 'G' ? 0 : this.widthOf(i), value),
      writeXmm: (i, value) => this.write(i, half, 128, value),
      operandOffset: (i) => this.helperOperand(i),
      immediate: () => this.immediate(half),
      readAs: (i, size) => part(i, size),
      fastOrExact: (code, isFast, write, options) => {
        this.fast.push({ code, isFast, write, imm: options?.imm });
      },
    };
    return Object.assign(Object.create(c) as LiftContext, overrides);
  }

  private sizeOf(i: number): SizeCode {
    const { size } = this.legacy[i]!;
    return size === 'y' ? (this.c.width(this.map(i)) === 64 ? 'q' : 'd') : size;
  }
  private widthOf(i: number): number {
    return WIDTHS[this.sizeOf(i)] ?? this.c.width(i);
  }

  private immediate(half: 0 | 1): Node {
    const { b } = this.c;
    const shift = half * (this.options.immediateShift ?? 0);
    return shift === 0 ? this.c.immediate() : b.shrU(this.c.immediate(), b.i32(shift));
  }

  /** Helpers that know two operands work on a copy. */
  private helperOperand(i: number): Node {
    const { c } = this;
    if (i !== 0 || this.extra === 0) return c.operandOffset(this.map(i));
    if (!this.usesScratch) c.setField(st.scratch, c.readPart(1, 'x', 0));
    this.usesScratch = true;
    return c.b.i32(st.scratch.offset);
  }

  private write(i: number, half: 0 | 1, width: number, value: Node): void {
    if (i !== 0) throw new Error(`${this.insn.mnemonic} writes operand ${i}`);
    this.pending.push({ half, width, value });
  }

  private flush(): void {
    const { c } = this;
    const { b } = c;
    const { pending } = this;
    this.pending = [];
    if (pending.length === 0) return;
    if (!this.isPart(0)) {
      const { maskBits } = this.options;
      const [low, high] = pending;
      c.write(0, high && maskBits ? b.or(low!.value, b.shl(high.value, b.i32(maskBits))) : low!.value);
      return;
    }
    const width = c.width(0);
    for (const { half, width: size, value } of pending) {
      // A 256-bit source with a 128-bit result: each half gives 64 bits.
      if (half === 1 && width === 128) c.writePart(0, 64, 8, b.lane('i64x2.extract_lane', 0, value));
      else c.writePart(0, size, half * (width === WIDTHS[this.legacy[0]!.size] ? 0 : width / 16), value);
    }
  }

  private finishFast(): void {
    const [first, second] = this.fast;
    if (first === undefined) return;
    const { b } = this.c;
    const exact = (): void => this.exact(first.code, first.imm);
    if (first.isFast === undefined) {
      exact();
      return;
    }
    const isFast = second ? b.and(first.isFast, second.isFast!) : first.isFast;
    const write = (): void => {
      for (const { write } of this.fast) write();
      this.flush();
    };
    b.usually(isFast, write, exact);
  }

  private exact(code: number, imm: Node | undefined): void {
    const { c } = this;
    const { b } = c;
    c.exactSse(
      code | (this.isWide ? SSE_WIDE : 0),
      c.operandOffset(0),
      c.operandOffset(this.extra),
      c.operandOffset(this.map(1)),
      imm ?? b.i32(0),
    );
  }

  /** Merges a scalar result with VEX.vvvv, and clears the rest of the register. */
  private finishDestination(): void {
    const { c } = this;
    const { b } = c;
    const [first] = this.legacy;
    if (/^pcmp.str.$/.test(this.insn.mnemonic)) {
      if (this.insn.mnemonic.endsWith('m')) this.c.clearHigh(0);
      return;
    }
    if (!isVector(first!) || first!.access === 'r' || c.isMemory(0)) return;
    if (merges(first!)) {
      const rest = c.readPart(1, 'x', 0);
      const isSingle = WIDTHS[first!.size] === 32;
      const lane = c.readPart(0, isSingle ? 'ss' : 'sd', 0);
      c.writePart(0, 128, 0, b.lane(`${isSingle ? 'f32x4' : 'f64x2'}.replace_lane`, 0, rest, lane));
    }
    if (c.width(0) !== 256) c.writePart(0, 128, 16, b.v128(0n));
  }
}

/** The VEX forms of an instruction; rows without XMM operands have none. */
export function vexForms(insn: InsnDef, options: VexOptions): InsnDef[] {
  return insn.encodings.flatMap((spec) => {
    const usesMmx = spec.operands.some((text) => /:[PQN]/.test(text));
    if (usesMmx) return [];
    return splitStores(insn, spec).map((row) => vexRow(insn, row, options));
  });
}

/** MOVSS and MOVSD to ModRM.rm: a register merges, memory does not. */
function splitStores(insn: InsnDef, spec: EncodingSpec): EncodingSpec[] {
  if (!/^movs[sd]$/.test(insn.mnemonic) || !spec.operands[0]!.startsWith('w:W')) return [spec];
  return ['w:M', 'w:U'].map((to) => ({
    ...spec,
    operands: [spec.operands[0]!.replace('w:W', to), ...spec.operands.slice(1)],
  }));
}
