/**
 * What the files mapped into a process say about its code: segments and the symbol table of an ELF file (gABI chapters 4
 * and 5), read from the file itself. For reports only: a malformed file gives fewer names, never an error to the guest.
 * Reading beyond the file throws RangeError, which the report's writer catches.
 */
import { bytesToStr } from '../base/bytes.ts';
import { EHDR_SIZE, PHDR_SIZE, PT_LOAD, SYM_SIZE } from './abi/elf.ts';
import type { Backing } from './mm/backing.ts';
import type { Process } from './process.ts';

const SHDR_SIZE = 64;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const SHN_UNDEF = 0;
/** Symbol types that name code: NOTYPE (assembly), FUNC, GNU_IFUNC. */
const CODE_TYPES = new Set([0, 2, 10]);
const PT_GNU_EH_FRAME = 0x6474e550;
/** Larger tables are not worth reading for a report. */
const MAX_TABLE = 128 * 1024 * 1024;

interface LoadSegment {
  offset: number;
  address: number;
  fileSize: number;
}

interface Section {
  nameAt: number;
  type: number;
  address: number;
  link: number;
  offset: number;
  size: number;
}

export interface CodeSymbol {
  name: string;
  /** ELF address and size, 0 when unknown. */
  value: number;
  size: number;
}

/** Addresses here are those of the ELF file: what objdump shows and addr2line takes. */
export class ElfFile {
  readonly segments: readonly LoadSegment[];
  /** Place of .eh_frame_hdr, when there is one. */
  readonly ehFrameHeader: { address: number; size: number } | undefined;
  private readonly backing: Backing;
  private symbols: CodeSymbol[] | undefined = undefined;

  /** Undefined when the file is no ELF file. */
  static read(backing: Backing): ElfFile | undefined {
    const magic = new Uint8Array(4);
    return backing.read(magic, 0) === 4 && bytesToStr(magic) === '\x7fELF' ? new ElfFile(backing) : undefined;
  }

  private constructor(backing: Backing) {
    this.backing = backing;
    const header = this.view(0, EHDR_SIZE);
    const count = header.getUint16(56, true);
    const table = this.view(u64(header, 32), count * PHDR_SIZE);
    const segments: LoadSegment[] = [];
    let ehFrameHeader: { address: number; size: number } | undefined;
    for (let at = 0; at < count * PHDR_SIZE; at += PHDR_SIZE) {
      const type = table.getUint32(at, true);
      const address = u64(table, at + 16);
      const fileSize = u64(table, at + 32);
      if (type === PT_LOAD) segments.push({ offset: u64(table, at + 8), address, fileSize });
      if (type === PT_GNU_EH_FRAME) ehFrameHeader = { address, size: fileSize };
    }
    this.segments = segments;
    this.ehFrameHeader = ehFrameHeader;
  }

  /** `len` bytes at a file offset; RangeError when the file does not have them. */
  view(offset: number, len: number): DataView {
    if (len > MAX_TABLE || offset + len > this.backing.size()) throw new RangeError('beyond the end of the file');
    const bytes = new Uint8Array(len);
    const error = this.backing.fill(bytes, offset);
    if (error < 0) throw new RangeError('the file can not be read');
    return new DataView(bytes.buffer);
  }

  /** `len` bytes at an ELF address, fewer at the end of a segment. */
  viewAt(address: number, len: number): DataView {
    const segment = this.segments.find((s) => address >= s.address && address < s.address + s.fileSize);
    if (segment === undefined) throw new RangeError('address in no segment');
    const within = address - segment.address;
    return this.view(segment.offset + within, Math.min(len, segment.fileSize - within));
  }

  /** ELF address of a byte of the file, undefined when no segment maps it. */
  addressOf(offset: number): number | undefined {
    // Segments are mapped in whole pages: the bytes around them belong to them too.
    const segment =
      this.segments.find((s) => offset >= s.offset && offset < s.offset + s.fileSize) ??
      this.segments.find((s) => offset >= s.offset - (s.offset % 4096) && offset < s.offset + s.fileSize + 4096);
    return segment && offset - segment.offset + segment.address;
  }

  /** The function that holds `address`, else the nearest one before it. */
  symbolAt(address: number): CodeSymbol | undefined {
    this.symbols ??= this.readSymbols();
    let low = 0;
    let high = this.symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.symbols[middle]!.value > address) high = middle;
      else low = middle + 1;
    }
    return this.symbols[low - 1];
  }

  /** .symtab, which has everything, or .dynsym, which survives stripping. */
  private readSymbols(): CodeSymbol[] {
    const sections = this.readSections();
    const table =
      sections.find((section) => section.type === SHT_SYMTAB) ??
      sections.find((section) => section.type === SHT_DYNSYM);
    const strings = table && sections[table.link];
    if (table === undefined || strings === undefined) return [];
    const entries = this.view(table.offset, table.size);
    const names = this.view(strings.offset, strings.size);
    const symbols: CodeSymbol[] = [];
    for (let at = 0; at + SYM_SIZE <= table.size; at += SYM_SIZE) {
      const isCode = CODE_TYPES.has(entries.getUint8(at + 4) & 15) && entries.getUint16(at + 6, true) !== SHN_UNDEF;
      const nameAt = entries.getUint32(at, true);
      if (!isCode || nameAt === 0) continue;
      symbols.push({ name: cString(names, nameAt), value: u64(entries, at + 8), size: u64(entries, at + 16) });
    }
    // Of several names for one place the last one wins below: prefer those with a size, then the shortest.
    return symbols.sort((a, b) => a.value - b.value || a.size - b.size || b.name.length - a.name.length);
  }

  /** Place of the section with that name, when the file has section headers. */
  section(name: string): { address: number; size: number } | undefined {
    const sections = this.readSections();
    const strings = sections[this.view(0, EHDR_SIZE).getUint16(62, true)];
    if (strings === undefined) return undefined;
    const names = this.view(strings.offset, strings.size);
    return sections.find((section) => cString(names, section.nameAt) === name);
  }

  private readSections(): Section[] {
    const header = this.view(0, EHDR_SIZE);
    const offset = u64(header, 40);
    const count = header.getUint16(60, true);
    if (offset === 0 || header.getUint16(58, true) !== SHDR_SIZE) return [];
    const table = this.view(offset, count * SHDR_SIZE);
    return Array.from({ length: count }, (_, i) => ({
      nameAt: table.getUint32(i * SHDR_SIZE, true),
      type: table.getUint32(i * SHDR_SIZE + 4, true),
      address: u64(table, i * SHDR_SIZE + 16),
      link: table.getUint32(i * SHDR_SIZE + 40, true),
      offset: u64(table, i * SHDR_SIZE + 24),
      size: u64(table, i * SHDR_SIZE + 32),
    }));
  }
}

/** Above 2^53 it loses low bits, but such values are out of every valid range. */
const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

function cString(view: DataView, at: number): string {
  let end = at;
  while (end < view.byteLength && view.getUint8(end) !== 0) end++;
  return bytesToStr(new Uint8Array(view.buffer, at, Math.max(0, end - at)));
}

/** A guest address in terms of the file that is mapped there. */
export interface CodePlace {
  file: string;
  /** Address in the ELF file, or offset in a file of another kind. */
  address: number;
  symbol: CodeSymbol | undefined;
  elf: ElfFile | undefined;
  /** Guest address minus ELF address. */
  bias: number;
}

/** Finds files and symbols by guest address; reads each file once. */
export class Symbolizer {
  private readonly process: Process;
  private readonly files = new Map<Backing | string, ElfFile | undefined>();

  constructor(process: Process) {
    this.process = process;
  }

  /** Undefined when no file is mapped at `gva`. */
  place(gva: number): CodePlace | undefined {
    const vma = this.process.mm.vmas.at(gva);
    if (vma?.backing === undefined) return undefined;
    const offset = vma.offset + (gva - vma.start);
    const file = vma.pathname;
    const elf = this.elfOf(vma.backing);
    const address = elf?.addressOf(offset);
    if (elf === undefined || address === undefined) {
      return { file, address: offset, symbol: undefined, elf: undefined, bias: gva - offset };
    }
    return { file, address, symbol: elf.symbolAt(address), elf, bias: gva - address };
  }

  /** One path is one file, however often it is mapped. */
  private elfOf(backing: Backing): ElfFile | undefined {
    const key = backing.file === undefined ? backing : backing.describe();
    if (!this.files.has(key)) this.files.set(key, readElf(backing));
    return this.files.get(key);
  }
}

/** Undefined for what is not an ELF file, or is a malformed one. */
function readElf(backing: Backing): ElfFile | undefined {
  try {
    return ElfFile.read(backing);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
