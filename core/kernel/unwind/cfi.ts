/**
 * Call frame information in .eh_frame (DWARF 5, 6.4; LSB Core, 10.6): which rule restores each register at an
 * instruction. Addresses are those of the ELF file.
 */
import type { ElfFile } from '../symbols.ts';
import { ByteReader } from './reader.ts';

/** How a register of the caller is found. */
export type Rule =
  | { kind: 'offset'; offset: number }
  | { kind: 'value-offset'; offset: number }
  | { kind: 'register'; register: number }
  | { kind: 'expression'; expression: () => ByteReader }
  | { kind: 'value-expression'; expression: () => ByteReader }
  | { kind: 'undefined' };

/** How the canonical frame address is found. */
export type CfaRule = { register: number; offset: number } | { expression: () => ByteReader };

export interface FrameRules {
  cfa: CfaRule;
  /** By DWARF register; those without a rule are unchanged. */
  registers: Map<number, Rule>;
  returnRegister: number;
  /** The frame of a signal trampoline: the return address is exact, not behind a call. */
  isSignalFrame: boolean;
}

interface Cie {
  codeAlign: number;
  dataAlign: number;
  returnRegister: number;
  pointerEncoding: number;
  hasAugmentation: boolean;
  isSignalFrame: boolean;
  program: ByteReader;
}

/** Most bytes of one entry that are read. */
const MAX_ENTRY = 65536;

/** Rules at `address`, undefined when the file has none for it. */
export function frameRules(elf: ElfFile, address: number): FrameRules | undefined {
  const fdeAddress = findFde(elf, address);
  if (fdeAddress === undefined) return undefined;
  const fde = entryAt(elf, fdeAddress);
  const ciePointerAt = fde.address;
  const cie = readCie(elf, ciePointerAt - fde.u32());
  const start = fde.pointer(cie.pointerEncoding);
  const len = fde.pointer(cie.pointerEncoding & 15);
  if (address < start || address >= start + len) return undefined;
  if (cie.hasAugmentation) fde.skip(fde.uleb());
  return run(cie, fde, start, address);
}

/** Address of the entry for `address`: by the sorted table of .eh_frame_hdr, which static programs lack. */
function findFde(elf: ElfFile, address: number): number | undefined {
  const header = elf.ehFrameHeader;
  if (header === undefined) return findInIndex(indexOf(elf), address);
  const view = elf.viewAt(header.address, header.size);
  const reader = new ByteReader(view, header.address);
  const isKnown = reader.u8() === 1;
  const frameEncoding = reader.u8();
  const countEncoding = reader.u8();
  const tableEncoding = reader.u8();
  // Every linker writes this table: pairs of signed 32-bit offsets from the header.
  if (!isKnown || tableEncoding !== 0x3b) return undefined;
  reader.pointer(frameEncoding, header.address);
  const count = reader.pointer(countEncoding, header.address);
  const table = reader.address - header.address;
  const entry = (index: number, word: number): number =>
    header.address + view.getInt32(table + index * 8 + word * 4, true);
  const found = lastNotAbove(count, (i) => entry(i, 0), address);
  return found < 0 ? undefined : entry(found, 1);
}

/** Index of the last of `count` ascending keys that is not above `key`, or -1. */
function lastNotAbove(count: number, keyAt: (index: number) => number, key: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(middle) > key) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

/** First instruction and address of each FDE, ascending. */
type FdeIndex = readonly (readonly [start: number, fde: number])[];
const indexes = new WeakMap<ElfFile, FdeIndex>();

function findInIndex(index: FdeIndex, address: number): number | undefined {
  return index[lastNotAbove(index.length, (i) => index[i]![0], address)]?.[1];
}

/** The index of .eh_frame, made by reading all of it once. */
function indexOf(elf: ElfFile): FdeIndex {
  let index = indexes.get(elf);
  if (index === undefined) {
    index = scan(elf).sort((a, b) => a[0] - b[0]);
    indexes.set(elf, index);
  }
  return index;
}

function scan(elf: ElfFile): (readonly [number, number])[] {
  const section = elf.section('.eh_frame');
  if (section === undefined) return [];
  const reader = new ByteReader(elf.viewAt(section.address, section.size), section.address);
  const found: (readonly [number, number])[] = [];
  const encodings = new Map<number, number>();
  while (!reader.isAtEnd) {
    const { address } = reader;
    const len = reader.u32();
    if (len === 0) break;
    const entry = reader.block(len);
    const pointerAt = entry.address;
    const distance = entry.u32();
    if (distance === 0) continue;
    const cieAddress = pointerAt - distance;
    const encoding = encodings.get(cieAddress) ?? readCie(elf, cieAddress).pointerEncoding;
    encodings.set(cieAddress, encoding);
    found.push([entry.pointer(encoding), address]);
  }
  return found;
}

/** The content of a CIE or FDE behind its length. */
function entryAt(elf: ElfFile, address: number): ByteReader {
  const len = elf.viewAt(address, 4).getUint32(0, true);
  if (len === 0 || len > MAX_ENTRY) throw new RangeError('bad length of a frame entry');
  return new ByteReader(elf.viewAt(address + 4, len), address + 4);
}

function readCie(elf: ElfFile, address: number): Cie {
  const reader = entryAt(elf, address);
  if (reader.u32() !== 0) throw new RangeError('not a common frame entry');
  const version = reader.u8();
  const augmentation = reader.string();
  const codeAlign = reader.uleb();
  const dataAlign = reader.sleb();
  const returnRegister = version === 1 ? reader.u8() : reader.uleb();
  let pointerEncoding = 0;
  let isSignalFrame = false;
  const hasAugmentation = augmentation.startsWith('z');
  if (hasAugmentation) {
    const data = reader.block(reader.uleb());
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = data.u8();
      else if (letter === 'L') data.u8();
      else if (letter === 'P') data.pointer(data.u8() & 0x7f);
      else if (letter === 'S') isSignalFrame = true;
      else break;
    }
  }
  return { codeAlign, dataAlign, returnRegister, pointerEncoding, hasAugmentation, isSignalFrame, program: reader };
}

interface Row {
  cfa: CfaRule;
  registers: Map<number, Rule>;
}

/** Runs the instructions of the CIE, then those of the FDE up to `address`. */
function run(cie: Cie, fde: ByteReader, start: number, address: number): FrameRules {
  const machine = new CfaMachine(cie, start);
  machine.run(cie.program, Number.POSITIVE_INFINITY);
  machine.initial = copyRow(machine.row);
  machine.run(fde, address);
  return { ...machine.row, returnRegister: cie.returnRegister, isSignalFrame: cie.isSignalFrame };
}

const copyRow = (row: Row): Row => ({ cfa: row.cfa, registers: new Map(row.registers) });

class CfaMachine {
  row: Row = { cfa: { register: 7, offset: 8 }, registers: new Map() };
  initial: Row = this.row;
  private location: number;
  private readonly cie: Cie;
  private readonly stack: Row[] = [];

  constructor(cie: Cie, start: number) {
    this.cie = cie;
    this.location = start;
  }

  /** Until the row for `address` is complete. */
  run(program: ByteReader, address: number): void {
    while (!program.isAtEnd && this.location <= address) {
      const op = program.u8();
      if (op >= 0x40 && op < 0x80) this.advance(op & 63, address);
      else if (op >= 0x80 && op < 0xc0) this.setOffset(op & 63, program.uleb());
      else if (op >= 0xc0) this.restore(op & 63);
      else this.extended(op, program, address);
    }
  }

  private advance(delta: number, address: number): void {
    this.location += delta * this.cie.codeAlign;
    // The instructions behind belong to later rows.
    if (this.location > address) this.location = Number.POSITIVE_INFINITY;
  }
  private setOffset(register: number, factored: number): void {
    this.row.registers.set(register, { kind: 'offset', offset: factored * this.cie.dataAlign });
  }
  private restore(register: number): void {
    const rule = this.initial.registers.get(register);
    if (rule === undefined) this.row.registers.delete(register);
    else this.row.registers.set(register, rule);
  }

  private extended(op: number, program: ByteReader, address: number): void {
    const { cie, row } = this;
    switch (op) {
      case 0x00: // DW_CFA_nop
        return;
      case 0x01: // DW_CFA_set_loc
        this.location = program.pointer(cie.pointerEncoding);
        this.advance(0, address);
        return;
      case 0x02: // DW_CFA_advance_loc1, 2, 4
        this.advance(program.u8(), address);
        return;
      case 0x03:
        this.advance(program.u16(), address);
        return;
      case 0x04:
        this.advance(program.u32(), address);
        return;
      case 0x0a: // DW_CFA_remember_state
        this.stack.push(copyRow(row));
        return;
      case 0x0b: // DW_CFA_restore_state
        this.row = this.stack.pop() ?? row;
        return;
      case 0x2e: // DW_CFA_GNU_args_size
        program.uleb();
        return;
    }
    if (op >= 0x0c && op <= 0x13 && op !== 0x10 && op !== 0x11) this.defineCfa(op, program);
    else this.defineRule(op, program);
  }

  private defineCfa(op: number, program: ByteReader): void {
    const { dataAlign } = this.cie;
    const { cfa } = this.row;
    const now = 'register' in cfa ? cfa : { register: 7, offset: 0 };
    switch (op) {
      case 0x0c: // DW_CFA_def_cfa
        this.row.cfa = { register: program.uleb(), offset: program.uleb() };
        return;
      case 0x0d: // DW_CFA_def_cfa_register
        this.row.cfa = { register: program.uleb(), offset: now.offset };
        return;
      case 0x0e: // DW_CFA_def_cfa_offset
        this.row.cfa = { register: now.register, offset: program.uleb() };
        return;
      case 0x0f: // DW_CFA_def_cfa_expression
        this.row.cfa = { expression: readExpression(program) };
        return;
      case 0x12: // DW_CFA_def_cfa_sf
        this.row.cfa = { register: program.uleb(), offset: program.sleb() * dataAlign };
        return;
      case 0x13: // DW_CFA_def_cfa_offset_sf
        this.row.cfa = { register: now.register, offset: program.sleb() * dataAlign };
        return;
    }
  }

  private defineRule(op: number, program: ByteReader): void {
    const register = program.uleb();
    const { registers } = this.row;
    const { dataAlign } = this.cie;
    switch (op) {
      case 0x05: // DW_CFA_offset_extended
        this.setOffset(register, program.uleb());
        return;
      case 0x06: // DW_CFA_restore_extended
        this.restore(register);
        return;
      case 0x07:
        registers.set(register, { kind: 'undefined' });
        return;
      case 0x08: // DW_CFA_same_value
        registers.delete(register);
        return;
      case 0x09:
        registers.set(register, { kind: 'register', register: program.uleb() });
        return;
      case 0x10:
        registers.set(register, { kind: 'expression', expression: readExpression(program) });
        return;
      case 0x11: // DW_CFA_offset_extended_sf
        this.setOffset(register, program.sleb());
        return;
      case 0x14:
        registers.set(register, { kind: 'value-offset', offset: program.uleb() * dataAlign });
        return;
      case 0x15:
        registers.set(register, { kind: 'value-offset', offset: program.sleb() * dataAlign });
        return;
      case 0x16:
        registers.set(register, { kind: 'value-expression', expression: readExpression(program) });
        return;
    }
    throw new RangeError(`frame instruction 0x${op.toString(16)}`);
  }
}

/** Each evaluation reads the block from its start. */
function readExpression(program: ByteReader): () => ByteReader {
  const block = program.block(program.uleb());
  return () => block.copy();
}
