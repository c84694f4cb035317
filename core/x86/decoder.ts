/**
 * x86-64 decoder, 64-bit mode (SDM vol. 2, chapter 2). Driven by the instruction table: an opcode selects a short list of
 * rows, the first whose prefixes and ModRM fit is the instruction.
 *
 * Differences from the manual: prefixes may come in any number up to the 15-byte limit; CS, DS, ES and SS overrides are
 * accepted and without effect, as in 64-bit mode.
 */
import { type Encoding, type EncodingSpec, type InsnDef, opcodePlace, parseEncoding } from './notation.ts';

/** A decoded instruction; the decoder reuses one object, so copy what must last. */
export interface Insn {
  enc: Encoding;
  length: number;
  /** 16, 32 or 64. */
  operandSize: 16 | 32 | 64;
  addressSize: 32 | 64;
  segment: 'none' | 'fs' | 'gs';
  hasRex: boolean;
  rexW: boolean;
  lock: boolean;
  repeat: 'none' | 'rep' | 'repne';
  mod: number;
  /** ModRM.reg with REX.R. */
  reg: number;
  /** ModRM.rm with REX.B (register form). */
  rm: number;
  /** Register in the opcode's low bits, with REX.B. */
  opcodeReg: number;
  opcodeByte: number;
  /** VEX.vvvv and VEX.L. */
  vvvv: number;
  vexL: 0 | 1;
  /** Memory operand: register numbers, -1 for none; `isRipRelative` has no registers. */
  base: number;
  index: number;
  scale: number;
  displacement: number;
  isRipRelative: boolean;
  /** Immediate: low and high 32 bits, sign-extended. */
  immLow: number;
  immHigh: number;
}

/** Why bytes are not an instruction: unknown (#UD), or longer than 15 bytes (#GP), or the bytes ran out (#PF on fetch). */
export type DecodeFailure = 'unknown' | 'too-long' | 'truncated';

/** Slots of VEX opcode maps come behind those of the legacy maps. */
const VEX_MAPS = 4;

interface Slot {
  rows: Encoding[];
  hasModrm: boolean;
  /** Rows that have not been parsed yet: numbers in the table's list. */
  pending: number[];
}

/**
 * All rows of an instruction set, indexed by opcode map and opcode. Rows are parsed when their opcode is first met: a program
 * meets few of them, and a start can't wait for all.
 */
export class DecodeTable {
  private readonly specs: { insn: InsnDef; spec: EncodingSpec }[] = [];
  private readonly parsed: (Encoding | undefined)[] = [];
  /** Legacy opcode maps, then the VEX ones. */
  private readonly slots: (Slot | undefined)[] = new Array(2 * VEX_MAPS * 256).fill(undefined);

  /** Rows of a feature that is not there are left out: their bytes are #UD, or what other rows make of them. */
  constructor(insns: readonly InsnDef[], hasFeature: (cpuid: string) => boolean = () => true) {
    for (const insn of insns) {
      for (const spec of insn.encodings) {
        const { cpuid } = spec.options;
        if (cpuid === undefined || hasFeature(cpuid)) this.add(insn, spec);
      }
    }
  }

  private add(insn: InsnDef, spec: EncodingSpec): void {
    const id = this.specs.push({ insn, spec }) - 1;
    const { map, opcode, plusR, isVex } = opcodePlace(spec.opcode);
    const key = (map + (isVex ? VEX_MAPS : 0)) * 256 + opcode;
    for (let at = key; at <= (plusR ? key + 7 : key); at++) {
      const slot = this.slots[at];
      if (slot) slot.pending.push(id);
      else this.slots[at] = { rows: [], hasModrm: false, pending: [id] };
    }
  }

  /** How many rows there are: their numbers are 0 to this - 1. */
  get size(): number {
    return this.specs.length;
  }

  /** The row with a number. */
  encoding(id: number): Encoding {
    const { insn, spec } = this.specs[id]!;
    const encoding = this.parsed[id] ?? parseEncoding(insn, spec, id);
    this.parsed[id] = encoding;
    return encoding;
  }

  /** All rows. */
  get encodings(): Encoding[] {
    return this.specs.map((_, id) => this.encoding(id));
  }

  slot(map: number, opcode: number): Slot | undefined {
    const slot = this.slots[map * 256 + opcode];
    if (slot !== undefined && slot.pending.length > 0) {
      slot.rows = slot.pending.map((id) => this.encoding(id));
      slot.hasModrm = slot.rows.some((row) => row.hasModrm);
      // A row that asks for more is tried first.
      slot.rows.sort((a, b) => specificity(b) - specificity(a) || a.id - b.id);
      slot.pending = [];
    }
    return slot;
  }
}

function specificity(e: Encoding): number {
  return (
    (e.modrm !== -1 ? 64 : 0) +
    (e.mandatory === 'F2' || e.mandatory === 'F3' ? 32 : 0) +
    (e.mandatory === '66' || e.mandatory === 'NP' ? 16 : 0) +
    (e.digit !== -1 ? 8 : 0) +
    (e.rexW !== undefined ? 4 : 0) +
    (e.mod !== 'any' ? 2 : 0) +
    (e.noRexB ? 1 : 0)
  );
}

export class Decoder {
  readonly table: DecodeTable;
  readonly insn: Insn = {
    enc: undefined!,
    length: 0,
    operandSize: 32,
    addressSize: 64,
    segment: 'none',
    hasRex: false,
    rexW: false,
    lock: false,
    repeat: 'none',
    mod: 3,
    reg: 0,
    rm: 0,
    opcodeReg: 0,
    opcodeByte: 0,
    vvvv: 0,
    vexL: 0,
    base: -1,
    index: -1,
    scale: 0,
    displacement: 0,
    isRipRelative: false,
    immLow: 0,
    immHigh: 0,
  };
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;

  constructor(table: DecodeTable) {
    this.table = table;
  }

  /**
   * Decodes the instruction at `bytes[start]`; reads no byte at or behind `end`. The result is in `insn`.
   */
  decode(bytes: Uint8Array, start: number, end: number): DecodeFailure | undefined {
    this.bytes = bytes;
    this.at = start;
    // One byte more than the longest instruction, so that too long ones are told from truncated ones.
    this.end = Math.min(end, start + 16);
    const failure = this.decodeAt();
    this.insn.length = this.at - start;
    // Missing bytes were taken for 0, so what they made counts for nothing.
    if (this.at > this.end) return this.end - start >= 15 ? 'too-long' : 'truncated';
    return this.insn.length > 15 ? 'too-long' : failure;
  }

  private next(): number {
    const byte = this.at < this.end ? this.bytes[this.at]! : 0;
    this.at++;
    return byte;
  }
  private s32(): number {
    const a = this.next();
    const b = this.next();
    const c = this.next();
    return a | (b << 8) | (c << 16) | (this.next() << 24);
  }
  private s16(): number {
    const a = this.next();
    return ((a | (this.next() << 8)) << 16) >> 16;
  }

  private decodeAt(): DecodeFailure | undefined {
    const { insn } = this;
    let rex = 0;
    let has66 = false;
    let has67 = false;
    let repeat = 0;
    insn.lock = false;
    insn.segment = 'none';
    let byte = this.next();
    for (let count = 0; count < 15; count++, byte = this.next()) {
      if ((byte & 0xf0) === 0x40) {
        rex = byte;
        continue;
      }
      if (byte === 0x66) has66 = true;
      else if (byte === 0xf2 || byte === 0xf3) repeat = byte;
      else if (byte === 0x67) has67 = true;
      else if (byte === 0xf0) insn.lock = true;
      else if (byte === 0x64) insn.segment = 'fs';
      else if (byte === 0x65) insn.segment = 'gs';
      else if (byte !== 0x2e && byte !== 0x36 && byte !== 0x3e && byte !== 0x26) break;
      // A REX prefix only counts directly before the opcode.
      rex = 0;
    }
    let map = 0;
    if (byte === 0xc4 || byte === 0xc5) {
      // VEX replaces REX and the mandatory prefixes; with any of them before it, it is #UD.
      if (rex || has66 || repeat || insn.lock) return 'unknown';
      const first = this.next();
      const second = byte === 0xc4 ? this.next() : first;
      map = VEX_MAPS + (byte === 0xc4 ? first & 31 : 1);
      rex = 0x40 | ((~first >> 5) & 4) | (byte === 0xc4 ? ((~first >> 5) & 3) | ((second >> 4) & 8) : 0);
      insn.vvvv = (~second >> 3) & 15;
      insn.vexL = ((second >> 2) & 1) as 0 | 1;
      has66 = (second & 3) === 1;
      repeat = [0, 0, 0xf3, 0xf2][second & 3]!;
      if (map > VEX_MAPS + 3) return 'unknown';
      byte = this.next();
    } else if (byte === 0x0f) {
      byte = this.next();
      map = 1;
      if (byte === 0x38 || byte === 0x3a) {
        map = byte === 0x38 ? 2 : 3;
        byte = this.next();
      }
    }
    insn.hasRex = rex !== 0;
    insn.rexW = (rex & 8) !== 0;
    insn.opcodeByte = byte;
    insn.opcodeReg = (byte & 7) | ((rex & 1) << 3);
    insn.addressSize = has67 ? 32 : 64;
    insn.repeat = repeat === 0xf3 ? 'rep' : repeat === 0xf2 ? 'repne' : 'none';
    const slot = this.table.slot(map, byte);
    if (slot === undefined) return 'unknown';
    insn.base = insn.index = -1;
    insn.isRipRelative = false;
    insn.mod = 3;
    let modrm = 0;
    if (slot.hasModrm) {
      modrm = this.next();
      this.decodeModrm(modrm, rex);
    }
    const enc = select(slot.rows, modrm, has66, repeat, insn);
    if (enc === undefined) return 'unknown';
    insn.enc = enc;
    const is66 = has66 && !enc.ignore66 && enc.mandatory !== '66';
    insn.operandSize = insn.rexW ? 64 : is66 ? 16 : enc.default64 ? 64 : 32;
    if (insn.lock && !isLockable(enc, insn.mod)) return 'unknown';
    if (enc.vex !== 'none' && insn.vvvv !== 0 && !enc.usesVvvv) return 'unknown';
    this.decodeImmediate(enc);
    return undefined;
  }

  private decodeModrm(modrm: number, rex: number): void {
    const { insn } = this;
    insn.mod = modrm >> 6;
    insn.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
    insn.rm = (modrm & 7) | ((rex & 1) << 3);
    if (insn.mod === 3) return;
    insn.scale = 0;
    insn.displacement = 0;
    if ((modrm & 7) === 4) {
      const sib = this.next();
      const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
      insn.index = index === 4 ? -1 : index;
      insn.scale = sib >> 6;
      if ((sib & 7) === 5 && insn.mod === 0) insn.displacement = this.s32();
      else insn.base = (sib & 7) | ((rex & 1) << 3);
    } else if ((modrm & 7) === 5 && insn.mod === 0) {
      insn.isRipRelative = true;
      insn.displacement = this.s32();
    } else {
      insn.base = insn.rm;
    }
    if (insn.mod === 1) insn.displacement = (this.next() << 24) >> 24;
    else if (insn.mod === 2) insn.displacement = this.s32();
  }

  private decodeImmediate(enc: Encoding): void {
    const { insn } = this;
    switch (enc.immediate) {
      case '':
        insn.immLow = insn.immHigh = 0;
        return;
      case 'b':
        insn.immLow = (this.next() << 24) >> 24;
        break;
      case 'w':
        insn.immLow = this.s16();
        break;
      case 'wb':
        insn.immLow = this.s16() & 0xffff;
        insn.immHigh = this.next();
        return;
      case 'z':
        insn.immLow = insn.operandSize === 16 ? this.s16() : this.s32();
        break;
      case 'v':
        insn.immLow = insn.operandSize === 16 ? this.s16() : this.s32();
        if (insn.operandSize === 64) {
          insn.immHigh = this.s32();
          return;
        }
        break;
      case 'o':
        insn.immLow = this.s32();
        insn.immHigh = insn.addressSize === 64 ? this.s32() : 0;
        return;
    }
    insn.immHigh = insn.immLow >> 31;
  }
}

/** LOCK needs an instruction that allows it, with a memory destination. */
function isLockable(enc: Encoding, mod: number): boolean {
  const destination = enc.operands[0];
  return enc.insn.lock === true && mod !== 3 && destination !== undefined && 'EM'.includes(destination.addressing);
}

function select(
  rows: readonly Encoding[],
  modrm: number,
  has66: boolean,
  repeat: number,
  insn: Insn,
): Encoding | undefined {
  const isRegister = modrm >> 6 === 3;
  for (const row of rows) {
    if (row.modrm !== -1) {
      if (row.modrm !== modrm) continue;
    } else if (row.hasModrm) {
      if (row.digit !== -1 && row.digit !== ((modrm >> 3) & 7)) continue;
      if (row.mod !== 'any' && (row.mod === 'reg') !== isRegister) continue;
    }
    if (row.rexW !== undefined && (row.rexW === 1) !== insn.rexW) continue;
    if (row.noRexB && insn.opcodeReg !== 0) continue;
    if (row.vex === 'L0' || row.vex === 'L1') {
      if ((row.vex === 'L1' ? 1 : 0) !== insn.vexL) continue;
    }
    switch (row.mandatory) {
      case 'any':
        return row;
      case 'NP':
        if (has66 || repeat) continue;
        return row;
      case '66':
        if (!has66 || repeat) continue;
        return row;
      case 'F3':
        if (repeat !== 0xf3) continue;
        return row;
      case 'F2':
        if (repeat !== 0xf2) continue;
        return row;
    }
  }
  return undefined;
}
