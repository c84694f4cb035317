/**
 * x86 → IR for one instruction: operand access, flags and stack around the definition's own `lift`. Memory operands are
 * checked first, so that nothing is half-done when one faults (SDM vol. 3, 6.5 "faults").
 */
import { Builder } from '../ir/builder.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node, Place, Statement } from '../ir/ir.ts';
import { GUEST_BASE } from '../mem/layout.ts';
import { VEC_GP, VEC_MF } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { MXCSR_PE, SSE_FAST, SSE_PLAIN } from '../vcpu/vcpu.ts';
import type { LoadName, StoreName } from '../wasm/opcodes.ts';
import { sseHelper } from '../x86/helpers/declared.ts';
import type { Condition, ExactOptions, LiftContext, Width } from '../x86/lift-context.ts';
import type { Encoding, OperandDef, SizeCode } from '../x86/notation.ts';
import { type CompareMemory, FlagsLifter } from './flags.ts';
import type { OperandSource } from './operand-source.ts';

export type { CompareMemory } from './flags.ts';

/** A row with everything chosen that shapes its code: one handler of tier 0. */
export interface InsnForm {
  readonly encoding: Encoding;
  readonly size: 16 | 32 | 64;
  readonly addressSize: 32 | 64;
  readonly repeat: 'none' | 'rep' | 'repne';
}

/** Lifts one instruction and returns its statements; they end with a terminator only if the instruction jumps. */
export function liftInsn(form: InsnForm, source: OperandSource): Statement[] {
  const lifter = new InsnLifter(form, source);
  lifter.checkOperands();
  form.encoding.insn.lift(lifter);
  return lifter.b.statements;
}

const LOADS: Record<number, LoadName> = {
  8: 'i32.load8_u',
  16: 'i32.load16_u',
  32: 'i32.load',
  64: 'i64.load',
  128: 'v128.load',
};
const STORES: Record<number, StoreName> = {
  8: 'i32.store8',
  16: 'i32.store16',
  32: 'i32.store',
  64: 'i64.store',
  128: 'v128.store',
};

/** Loads of parts of vector operands. */
const PART_LOADS: Partial<Record<SizeCode, LoadName>> = {
  b: 'i32.load8_u',
  w: 'i32.load16_u',
  d: 'i32.load',
  q: 'i64.load',
  x: 'v128.load',
  ss: 'f32.load',
  sd: 'f64.load',
};

/** FSW.ES: an unmasked x87 exception is pending. */
const FSW_ES = 0x80;

const fixed = (offset: number): Place => ({ kind: 'fixed', offset });
const isMmx = (o: OperandDef): boolean => 'PQN'.includes(o.addressing);

/** Lifts one instruction into a builder that has its own way with state (tier 1). `compare` lives across instructions. */
export function liftInsnWith(form: InsnForm, source: OperandSource, b: Builder, compare: CompareMemory): void {
  const lifter = new InsnLifter(form, source, b, compare);
  lifter.checkOperands();
  form.encoding.insn.lift(lifter);
}

class InsnLifter implements LiftContext {
  readonly b: Builder;
  readonly size: Width;
  readonly addressSize: 32 | 64;
  readonly repeat: 'none' | 'rep' | 'repne';
  private readonly encoding: Encoding;
  private readonly source: OperandSource;
  private readonly flags: FlagsLifter;
  private effective: Node | undefined;

  constructor(form: InsnForm, source: OperandSource, b = new Builder(), compare?: CompareMemory) {
    this.b = b;
    this.encoding = form.encoding;
    this.size = form.size;
    this.addressSize = form.addressSize;
    this.repeat = form.repeat;
    this.source = source;
    this.flags = new FlagsLifter(this.b, compare);
  }

  checkOperands(): void {
    const { operands, aligned } = this.encoding;
    const usesMmx = operands.some((o, i) => isMmx(o) && o.access !== '-' && !this.isMemory(i));
    if (usesMmx) this.checkPendingX87();
    operands.forEach((o, i) => {
      if (!this.isMemory(i) || o.access === '-') return;
      const address = this.address(i);
      if (aligned) this.checkAligned(address, this.width(i) / 8);
      this.b.check(address, this.width(i) / 8, o.access === 'r' ? 'r' : 'w');
    });
    if (usesMmx) this.enterMmx();
  }

  private checkAligned(address: Node, bytes: number): void {
    const { b } = this;
    b.if(b.and(b.wrap(address), b.i32(bytes - 1)), () => b.raise(VEC_GP));
  }

  /** An MMX instruction is a waiting one: a pending x87 exception comes first. */
  private checkPendingX87(): void {
    const { b } = this;
    b.if(b.and(this.field(st.fsw), b.i32(FSW_ES)), () => b.raise(VEC_MF));
  }

  /** Touching an MMX register makes all x87 registers valid and TOP 0 (SDM vol. 1, 9.5.1). */
  private enterMmx(): void {
    this.setField(st.fpTop, this.b.i32(0));
    this.setField(st.fpEmpty, this.b.i32(0));
  }

  private def(i: number): OperandDef {
    return this.encoding.operands[i]!;
  }

  width(i: number): number {
    const { size } = this.def(i);
    switch (size) {
      case 'b':
        return this.def(i).isSignExtended ? this.size : 8;
      case 'w':
        return 16;
      case 'd':
      case 'ss':
        return 32;
      case 'q':
      case 'sd':
        return 64;
      case 'v':
        return this.size;
      case 'y':
        return this.size === 64 ? 64 : 32;
      case 'z':
        return this.size;
      case 'x':
        return 128;
      case 'qq':
        return 256;
      case 't':
        return 80;
      case '':
        return 8;
    }
  }

  isMemory(i: number): boolean {
    const { addressing } = this.def(i);
    return addressing === 'M' || addressing === 'O' || ('EWQ'.includes(addressing) && this.source.form !== 'none');
  }

  offset(_i: number): Node {
    if (this.def(_i).addressing === 'O') return this.source.immediate64(this.b);
    return this.source.offset(this.b);
  }

  address(i: number): Node {
    if (this.effective) return this.effective;
    const { form } = this.source;
    let address = this.offset(i);
    if (form === 'full' || form === 'full32') address = this.b.add(address, this.source.segmentBase(this.b));
    this.effective = address;
    return address;
  }

  private place(i: number): Place {
    const o = this.def(i);
    return o.addressing === 'fixed' ? fixed(st.gprOffset(o.fixed)) : this.source.register(i);
  }

  private loadName(i: number): LoadName {
    const { size } = this.def(i);
    return size === 'ss' ? 'f32.load' : size === 'sd' ? 'f64.load' : LOADS[this.width(i)]!;
  }

  read(i: number): Node {
    const o = this.def(i);
    if (o.addressing === 'I') return this.readImmediate(i);
    if (o.text === '1') return this.b.i32(1);
    if (this.isMemory(i)) return this.b.load(this.loadName(i), this.address(i));
    return this.b.state(this.loadName(i), this.place(i));
  }

  readAs(i: number, size: 'ss' | 'sd'): Node {
    return this.readPart(i, size, 0);
  }

  private readImmediate(i: number): Node {
    const width = this.width(i);
    if (width === 64) return this.source.immediate64(this.b);
    const low = this.source.immediate32(this.b);
    if (width === 32) return low;
    return this.b.and(low, this.b.i32(width === 8 ? 0xff : 0xffff));
  }

  write(i: number, value: Node): void {
    const o = this.def(i);
    const width = this.width(i);
    if (this.isMemory(i)) {
      this.b.store(storeName(value, width), this.address(i), value);
      return;
    }
    const place = this.place(i);
    if (isMmx(o)) {
      this.b.put('i64.store', place, value);
      this.markMmxWritten(i);
    } else if (width === 32 && (o.addressing === 'fixed' || 'EGRZB'.includes(o.addressing))) {
      this.b.put('i64.store', place, this.b.extendU(value));
    } else {
      this.b.put(storeName(value, width), place, value);
    }
  }

  markMmxWritten(i: number): void {
    this.b.put('i32.store16', addTo(this.place(i), 8), this.b.i32(0xffff));
  }

  xmm(index: number): Node {
    return this.b.state('v128.load', fixed(st.xmmOffset(index)));
  }
  readXmm(i: number): Node {
    if (this.isMemory(i)) return this.b.load('v128.load', this.address(i));
    return this.b.state('v128.load', this.place(i));
  }
  writeXmm(i: number, value: Node): void {
    this.b.put('v128.store', this.place(i), value);
  }

  readPart(i: number, size: SizeCode, at: number): Node {
    const name = PART_LOADS[size]!;
    if (this.isMemory(i)) return this.b.load(name, this.addressOfPart(i, at));
    return this.b.state(name, addTo(this.place(i), at));
  }
  writePart(i: number, width: number, at: number, value: Node): void {
    const store = storeName(value, width);
    if (this.isMemory(i)) this.b.store(store, this.addressOfPart(i, at), value);
    else this.b.put(store, addTo(this.place(i), at), value);
  }
  private addressOfPart(i: number, at: number): Node {
    return at === 0 ? this.address(i) : this.b.add(this.address(i), this.b.i64(at));
  }

  fastOrExact(code: number, isFast: Node | undefined, write: () => void, options: ExactOptions = {}): void {
    const { b } = this;
    const exact = (): void => {
      const destination = this.operandOffset(0);
      this.exactSse(code, destination, destination, this.operandOffset(1), options.imm ?? b.i32(0));
    };
    const otherwise = (): void => {
      const isInexact = options.isInexact?.();
      if (isInexact) b.if(isInexact, () => this.writeInexact(write), exact);
      else exact();
    };
    if (isFast) b.usually(isFast, write, otherwise);
    else exact();
  }

  /** The first inexact result since PE was cleared. */
  private writeInexact(write: () => void): void {
    const { b } = this;
    this.setField(st.mxcsr, b.or(this.field(st.mxcsr), b.i32(MXCSR_PE)));
    this.setField(st.sseFast, b.i32(SSE_FAST | SSE_PLAIN));
    write();
  }

  exactSse(code: number, destination: Node, first: Node, second: Node, imm: Node): void {
    this.b.callChecked(sseHelper, this.b.i32(code), destination, first, second, imm);
  }
  clearHigh(index: number, isAll = false): void {
    if (isAll) this.b.put('v128.store', fixed(st.xmmOffset(index)), this.b.v128(0n));
    this.b.put('v128.store', fixed(st.xmmOffset(index) + 16), this.b.v128(0n));
  }

  operandOffset(i: number): Node {
    const { b } = this;
    if (this.isMemory(i)) return b.add(b.wrap(this.address(i)), b.i32(GUEST_BASE));
    const place = this.place(i);
    return place.kind === 'fixed' ? b.i32(place.offset) : b.record('i32.load16_u', place.record);
  }
  immediate(): Node {
    return this.source.immediate32(this.b);
  }

  secondImmediate(): Node {
    return this.source.immediateHigh(this.b);
  }
  withSegment(address: Node): Node {
    return this.b.add(address, this.source.segmentBase(this.b));
  }

  gpr(index: number, width: Width): Node {
    return this.b.state(LOADS[width]!, fixed(st.gprOffset(index)));
  }
  setGpr(index: number, width: Width, value: Node): void {
    const place = fixed(st.gprOffset(index));
    if (width === 32) this.b.put('i64.store', place, this.b.extendU(value));
    else this.b.put(storeName(value, width), place, value);
  }
  field(field: st.Field): Node {
    return this.b.state(
      field.type === 'i32' ? 'i32.load' : field.type === 'v128' ? 'v128.load' : 'i64.load',
      fixed(field.offset),
    );
  }
  setField(field: st.Field, value: Node): void {
    this.b.put(
      field.type === 'i32' ? 'i32.store' : field.type === 'v128' ? 'v128.store' : 'i64.store',
      fixed(field.offset),
      value,
    );
  }
  nextIp(): Node {
    return this.source.nextIp(this.b);
  }
  thisIp(): Node {
    return this.source.thisIp(this.b);
  }

  loadAt(address: Node, width: Width): Node {
    this.b.check(address, width / 8, 'r');
    return this.b.load(LOADS[width]!, address);
  }
  storeAt(address: Node, width: Width, value: Node): void {
    this.b.check(address, width / 8, 'w');
    this.b.store(storeName(value, width), address, value);
  }
  push(value: Node, width: Width): void {
    const { b } = this;
    const top = b.sub(this.gpr(st.RSP, 64), b.i64(width / 8));
    this.storeAt(top, width, value);
    this.setGpr(st.RSP, 64, top);
  }
  pop(width: Width): Node {
    const { b } = this;
    const top = this.gpr(st.RSP, 64);
    const value = this.loadAt(top, width);
    this.setGpr(st.RSP, 64, b.add(top, b.i64(width / 8)));
    return value;
  }

  flagsAdd(width: Width, a: Node, b: Node, sum: Node, carryIn?: Node): void {
    this.flags.add(width, a, b, sum, carryIn);
  }
  flagsSub(width: Width, a: Node, b: Node, difference: Node, borrowIn?: Node): void {
    this.flags.sub(width, a, b, difference, borrowIn);
  }
  flagsLogic(width: Width, value: Node): void {
    this.flags.logic(width, value);
  }
  flagsResult(width: Width, value: Node): void {
    this.flags.result(width, value);
  }
  setCf(bit: Node): void {
    this.setField(st.cf, bit);
  }
  setOf(bit: Node): void {
    this.setField(st.of, this.b.neg(this.b.extendU(bit)));
  }
  setZf(bit: Node): void {
    this.setField(st.zf, this.b.extendU(this.b.eqz(bit)));
  }
  setSf(bit: Node): void {
    this.setField(st.sf, this.b.neg(this.b.extendU(bit)));
  }
  setPf(bit: Node): void {
    this.setField(st.pf, this.b.eqz(bit));
  }
  setAf(bit: Node): void {
    this.setField(st.af, this.b.shl(bit, this.b.i32(4)));
  }
  getCf(): Node {
    return this.flags.get('c');
  }
  getZf(): Node {
    return this.flags.get('z');
  }
  getSf(): Node {
    return this.flags.get('s');
  }
  getOf(): Node {
    return this.flags.get('o');
  }
  getPf(): Node {
    return this.flags.get('p');
  }
  getAf(): Node {
    return this.flags.get('a');
  }
  condition(code: Condition): Node {
    return this.flags.condition(code);
  }

  jump(): void {
    this.b.jump(this.source.jumpTarget);
  }
  jumpIndirect(target: Node): void {
    this.b.jumpIndirect(target, false);
  }
  returnTo(target: Node): void {
    this.b.jumpIndirect(target, true);
  }
  callChecked(helper: Helper, ...args: Node[]): void {
    this.b.callChecked(helper, ...args);
  }
}

function addTo(place: Place, add: number): Place {
  return place.kind === 'fixed' ? fixed(place.offset + add) : { ...place, add: place.add + add };
}

/** The store for `width` bits of a value of whatever type it has. */
function storeName(value: Node, width: number): StoreName {
  if (value.type === 'f32' || value.type === 'f64') return `${value.type}.store`;
  if (value.type === 'i64' && width < 64) return `i64.store${width}` as StoreName;
  return STORES[width]!;
}
