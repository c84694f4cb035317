/**
 * Reads the headers of an x86-64 ELF executable or shared object (gABI chapters 4 and 5) from anything that can be read
 * at an offset. Strict: whatever passes can be mapped without looking at the file again, and what does not pass is
 * refused with one line that says why. Nothing here trusts a number from the file.
 */
import { bytesToStr } from '../../base/bytes.ts';
import { GUEST_TOP, MMAP_MIN_ADDR, PAGE_SIZE } from '../../mem/layout.ts';
import * as abi from '../abi/elf.ts';
import { EACCES, EINVAL, EIO, ENOEXEC, ENOMEM } from '../abi/errno.ts';

/** Something that holds a program: bytes read at `offset`, 0 at the end, or -errno. */
export interface ProgramSource {
  read(into: Uint8Array, offset: number): number;
  size(): number;
}

/** A PT_LOAD entry. Addresses are relative to the load bias for ET_DYN. */
export interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memSize: number;
  /** PROT_* bits. */
  readonly prot: number;
}

export interface Elf {
  readonly isDynamic: boolean;
  /** True for ET_EXEC: the addresses are absolute. */
  readonly isFixed: boolean;
  readonly entry: number;
  /** In ascending order, without overlaps; at least one. */
  readonly segments: readonly Segment[];
  /** Page-aligned range that the segments need. */
  readonly start: number;
  readonly end: number;
  /** Largest alignment that a segment asks for, at least a page. */
  readonly align: number;
  /** Path of the program interpreter. */
  readonly interpreter: string | undefined;
  readonly hasExecutableStack: boolean;
  /** Address of the program headers in memory, 0 when no segment holds them, and how many. */
  readonly headersAddress: number;
  readonly headerCount: number;
}

export type ElfErrorKind =
  | 'not-elf'
  | 'wrong-class'
  | 'wrong-machine'
  | 'wrong-type'
  | 'truncated'
  | 'bad-headers'
  | 'bad-segments'
  | 'too-large'
  | 'unreadable';

/** Why a file can't be loaded. `message` completes "FILE ...". */
export interface ElfError {
  readonly kind: ElfErrorKind;
  readonly errno: number;
  readonly message: string;
}

export type ElfResult = { readonly ok: true; readonly elf: Elf } | { readonly ok: false; readonly error: ElfError };

const errnoOf: Readonly<Record<ElfErrorKind, number>> = {
  'not-elf': ENOEXEC,
  'wrong-class': ENOEXEC,
  'wrong-machine': ENOEXEC,
  'wrong-type': ENOEXEC,
  truncated: ENOEXEC,
  'bad-headers': ENOEXEC,
  'bad-segments': EINVAL,
  'too-large': ENOMEM,
  unreadable: EIO,
};

/** Carries an ElfError out of the parser's depths; never leaves this file. */
class Refusal extends Error {
  readonly error: ElfError;
  constructor(error: ElfError) {
    super(error.message);
    this.error = error;
  }
}

function refuse(kind: ElfErrorKind, message: string): never {
  throw new Refusal({ kind, errno: errnoOf[kind], message });
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Linux reads at most this much of program headers (65536 bytes). */
const MAX_HEADERS = Math.floor(65536 / abi.PHDR_SIZE);
const PATH_MAX = 4096;

export function parseElf(source: ProgramSource): ElfResult {
  try {
    return { ok: true, elf: parse(source) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.error };
    throw error;
  }
}

/** Exactly `len` bytes, or a refusal that names `what`. */
function readExactly(source: ProgramSource, offset: number, len: number, what: string): DataView {
  const bytes = new Uint8Array(len);
  let done = 0;
  while (done < len) {
    const n = source.read(bytes.subarray(done), offset + done);
    if (n === -EACCES) refuse('unreadable', 'may not be read');
    if (n < 0) refuse('unreadable', 'can not be read (input/output error)');
    if (n === 0)
      refuse('truncated', `is a truncated ELF file: its ${what} end at ${offset + len}, the file at ${offset + done}`);
    done += n;
  }
  return new DataView(bytes.buffer);
}

/** 64-bit field as a number. Values above 2^53 lose low bits, but they are out of every valid range anyway. */
const u64 = (view: DataView, offset: number): number => Number(view.getBigUint64(offset, true));

function parse(source: ProgramSource): Elf {
  const ident = new Uint8Array(4);
  const got = source.read(ident, 0);
  if (got < 0) refuse('unreadable', got === -EACCES ? 'may not be read' : 'can not be read (input/output error)');
  if (got < 4 || bytesToStr(ident) !== '\x7fELF') refuse('not-elf', describeOther(ident.subarray(0, got)));
  const header = readExactly(source, 0, abi.EHDR_SIZE, 'headers');
  checkIdentity(header);
  const type = header.getUint16(16, true);
  const headerOffset = u64(header, 32);
  const entrySize = header.getUint16(54, true);
  const headerCount = header.getUint16(56, true);
  if (entrySize !== abi.PHDR_SIZE)
    refuse('bad-headers', `has program headers of ${entrySize} bytes, not ${abi.PHDR_SIZE}`);
  if (headerCount === 0) refuse('bad-headers', 'has no program headers: it is not a program');
  if (headerCount > MAX_HEADERS) refuse('bad-headers', `has too many program headers (${headerCount})`);
  const headersSize = headerCount * abi.PHDR_SIZE;
  if (headerOffset > source.size())
    refuse('truncated', `is a truncated ELF file: its program headers start at ${hex(headerOffset)}, beyond the end`);
  const headers = readExactly(source, headerOffset, headersSize, 'program headers');
  const isFixed = type === abi.ET_EXEC;
  const facts = readHeaders(source, headers, isFixed, headerOffset);
  return assemble(facts, u64(header, 24), isFixed, headerCount);
}

function describeOther(ident: Uint8Array): string {
  if (ident.length === 0) return 'is empty';
  const shown = [...ident].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `is not an ELF file (it starts with ${shown})`;
}

function checkIdentity(header: DataView): void {
  const machine = header.getUint16(18, true);
  const machineName = abi.machineNames[machine] ?? `machine ${machine}`;
  if (header.getUint8(5) !== abi.ELFDATA2LSB)
    refuse('wrong-machine', 'is a big-endian ELF file; only x86-64 programs run here');
  if (machine !== abi.EM_X86_64) refuse('wrong-machine', `is built for ${machineName}; only x86-64 programs run here`);
  if (header.getUint8(4) !== abi.ELFCLASS64)
    refuse('wrong-class', 'is a 32-bit (x32) ELF file; only 64-bit programs run here');
  const type = header.getUint16(16, true);
  if (type === abi.ET_REL) refuse('wrong-type', 'is an object file (.o), not a linked program');
  if (type === abi.ET_CORE) refuse('wrong-type', 'is a core dump, not a program');
  if (type !== abi.ET_EXEC && type !== abi.ET_DYN)
    refuse('wrong-type', `is an ELF file of type ${type}, not a program`);
}

/** What the program headers say, without the sums over all segments. */
interface HeaderFacts {
  segments: Segment[];
  align: number;
  interpreter: string | undefined;
  isDynamic: boolean;
  hasExecutableStack: boolean;
  headersAddress: number;
}

function readHeaders(source: ProgramSource, headers: DataView, isFixed: boolean, headerOffset: number): HeaderFacts {
  const facts: HeaderFacts = {
    segments: [],
    align: PAGE_SIZE,
    interpreter: undefined,
    isDynamic: false,
    hasExecutableStack: false,
    headersAddress: 0,
  };
  for (let at = 0; at < headers.byteLength; at += abi.PHDR_SIZE) {
    const type = headers.getUint32(at, true);
    const flags = headers.getUint32(at + 4, true);
    if (type === abi.PT_LOAD) {
      const segment = readSegment(source, headers, at, flags, facts.segments.at(-1), isFixed);
      if (segment === undefined) continue;
      facts.segments.push(segment);
      facts.align = Math.max(facts.align, alignmentOf(headers, at));
      const within = headerOffset - segment.offset;
      if (within >= 0 && within < segment.fileSize) facts.headersAddress = segment.address + within;
    } else if (type === abi.PT_INTERP) {
      facts.interpreter ??= readInterpreter(source, u64(headers, at + 8), u64(headers, at + 32));
    } else if (type === abi.PT_DYNAMIC) {
      facts.isDynamic = true;
    } else if (type === abi.PT_GNU_STACK) {
      facts.hasExecutableStack = (flags & abi.PF_X) !== 0;
    }
  }
  return facts;
}

function assemble(facts: HeaderFacts, entry: number, isFixed: boolean, headerCount: number): Elf {
  const [first] = facts.segments;
  const last = facts.segments.at(-1);
  if (first === undefined || last === undefined) refuse('bad-segments', 'has no loadable segment: it is not a program');
  const start = Math.floor(first.address / PAGE_SIZE) * PAGE_SIZE;
  const end = Math.ceil((last.address + last.memSize) / PAGE_SIZE) * PAGE_SIZE;
  // A shared library without an entry point can be loaded, and crashes at address 0 as on Linux.
  if (entry !== 0 && (entry < start || entry >= end))
    refuse('bad-headers', `has its entry point ${hex(entry)} outside its segments`);
  return { ...facts, isFixed, entry, start, end, headerCount };
}

/** p_align when it is a power of two that placing can honour, else a page. */
function alignmentOf(headers: DataView, at: number): number {
  const align = u64(headers, at + 48);
  const isUsable = align >= PAGE_SIZE && align <= 0x4000_0000 && Number.isInteger(Math.log2(align));
  return isUsable ? align : PAGE_SIZE;
}

/** One PT_LOAD entry, checked against the file, the address space and the one before; undefined when it is empty. */
function readSegment(
  source: ProgramSource,
  headers: DataView,
  at: number,
  flags: number,
  before: Segment | undefined,
  isFixed: boolean,
): Segment | undefined {
  const offset = u64(headers, at + 8);
  const address = u64(headers, at + 16);
  const fileSize = u64(headers, at + 32);
  const memSize = u64(headers, at + 40);
  const name = `segment at ${hex(address)}`;
  if (fileSize > memSize) refuse('bad-segments', `has a ${name} that is larger in the file than in memory`);
  if (memSize === 0) return undefined;
  if (address + memSize > GUEST_TOP) {
    refuse('too-large', `has a ${name} of ${memSize} bytes; the guest's address space ends at ${hex(GUEST_TOP)}`);
  }
  if (isFixed && address < MMAP_MIN_ADDR)
    refuse('bad-segments', `has a ${name}; the lowest usable address is ${hex(MMAP_MIN_ADDR)}`);
  if (fileSize > 0 && offset % PAGE_SIZE !== address % PAGE_SIZE)
    refuse(
      'bad-segments',
      `has a ${name} whose file offset ${hex(offset)} is not congruent to it modulo the page size`,
    );
  if (fileSize > 0 && offset + fileSize > source.size()) {
    refuse(
      'truncated',
      `is a truncated ELF file: a segment ends at ${offset + fileSize}, the file at ${source.size()}`,
    );
  }
  if (before !== undefined && address < before.address + before.memSize) {
    refuse('bad-segments', `has overlapping or unordered segments (${hex(before.address)} and ${hex(address)})`);
  }
  const prot = (flags & abi.PF_R ? 1 : 0) | (flags & abi.PF_W ? 2 : 0) | (flags & abi.PF_X ? 4 : 0);
  return { offset, address, fileSize, memSize, prot };
}

function readInterpreter(source: ProgramSource, offset: number, size: number): string {
  if (size < 2 || size > PATH_MAX) refuse('bad-headers', `names its program interpreter in ${size} bytes`);
  if (offset > source.size())
    refuse('truncated', 'is a truncated ELF file: the name of its interpreter is beyond the end');
  const view = readExactly(source, offset, size, 'interpreter name');
  const text = bytesToStr(new Uint8Array(view.buffer));
  if (text.charCodeAt(size - 1) !== 0) refuse('bad-headers', 'has an interpreter name without an end');
  return text.slice(0, text.indexOf('\0'));
}
