/**
 * The vDSO: a shared object of one page that the kernel maps into every process (vdso(7)), built when first asked for.
 * Clocks are read by a hint instruction that has a meaning here only (core/x86/insn/system.ts); where it has none, or the
 * clock is a thread's own, the function makes the system call. glibc, musl and Go look the functions up by DT_HASH or
 * DT_GNU_HASH with version LINUX_2.6.
 */

import { strToBytes } from '../../base/bytes.ts';
import { PAGE_SIZE } from '../../mem/layout.ts';
import * as elf from '../abi/elf.ts';

const SONAME = 'linux-vdso.so.1';
const VERSION = 'LINUX_2.6';

/** Where only the kernel can answer: `mov eax, NR; syscall; ret`. */
const systemCall = (nr: number): number[] => [0xb8, nr, nr >> 8, 0, 0, 0x0f, 0x05, 0xc3];

/** `mov eax, NR; test eax, eax` clears ZF; the hint sets it when seconds are in RAX and the fraction is in RDX; `jne +AHEAD`. */
const readClock = (nr: number, ahead: number): number[] => [
  ...[0xb8, nr, 0, 0, 0, 0x85, 0xc0],
  ...[0x0f, 0x1e, 0xc0],
  ...[0x75, ahead],
];

/** `mov [REGISTER], rax; mov [REGISTER+8], rdx; xor eax, eax; ret`, with the low ModRM bits of RSI or RDI. */
const storePair = (register: number): number[] => [
  ...[0x48, 0x89, register, 0x48, 0x89, 0x50 | register, 0x08],
  ...[0x31, 0xc0, 0xc3],
];
const RSI = 6;
const RDI = 7;

/** Exported functions with their code. */
const functions: readonly (readonly [name: string, code: readonly number[]])[] = [
  ['__vdso_clock_gettime', [...readClock(228, 10), ...storePair(RSI), ...systemCall(228)]],
  [
    '__vdso_gettimeofday',
    // test rsi, rsi; jne; test rdi, rdi; je: a time zone asked for, or nothing to fill in, is the kernel's business.
    [
      0x48,
      0x85,
      0xf6,
      0x75,
      27,
      0x48,
      0x85,
      0xff,
      0x74,
      22,
      ...readClock(96, 10),
      ...storePair(RDI),
      ...systemCall(96),
    ],
  ],
  // test rdi, rdi; je +3; mov [rdi], rax; ret
  ['__vdso_time', [...readClock(201, 9), 0x48, 0x85, 0xff, 0x74, 3, 0x48, 0x89, 0x07, 0xc3, ...systemCall(201)]],
  ['__vdso_getcpu', systemCall(309)],
  ['__vdso_clock_getres', systemCall(229)],
];

/** Room for the longest of them. */
const FUNCTION_SIZE = 48;
const INT3 = 0xcc;

/** Version indices (gABI extension by Sun): 1 is the object itself. */
const VERSION_INDEX = 2;
const VER_FLG_BASE = 1;

/** Strings of .dynstr, each once. */
class StringTable {
  private text = '\0';
  offsetOf(name: string): number {
    const known = this.text.indexOf(`\0${name}\0`);
    if (known >= 0) return known + 1;
    const offset = this.text.length;
    this.text += `${name}\0`;
    return offset;
  }
  bytes(): Uint8Array {
    return strToBytes(this.text);
  }
}

/** Places sections one after the other in the page. */
class Image {
  readonly view = new DataView(new ArrayBuffer(PAGE_SIZE));
  private next: number;
  constructor(start: number) {
    this.next = start;
  }
  place(size: number, align = 8): number {
    const at = Math.ceil(this.next / align) * align;
    this.next = at + size;
    return at;
  }
  words(values: readonly number[]): number {
    const at = this.place(values.length * 4);
    for (const [i, value] of values.entries()) this.view.setUint32(at + i * 4, value, true);
    return at;
  }
  longs(values: readonly number[]): number {
    const at = this.place(values.length * 8);
    for (const [i, value] of values.entries()) this.long(at + i * 8, value);
    return at;
  }
  long(at: number, value: number): void {
    this.view.setBigUint64(at, BigInt(value), true);
  }
  get end(): number {
    return this.next;
  }
}

let built: Uint8Array | undefined;

/** The image, of one page. */
export function vdsoImage(): Uint8Array {
  built ??= build();
  return built;
}

function build(): Uint8Array {
  const headerCount = 2;
  const image = new Image(elf.EHDR_SIZE + headerCount * elf.PHDR_SIZE);
  const strings = new StringTable();
  const soname = strings.offsetOf(SONAME);
  const names = functions.map(([name]) => strings.offsetOf(name));
  const version = strings.offsetOf(VERSION);
  const text = writeText(image);
  const symbols = writeSymbols(image, names, text);
  const hash = writeHash(image);
  const gnuHash = writeGnuHash(image);
  const versionOfSymbol = writeVersionOfSymbols(image);
  const definitions = writeVersionDefinitions(image, soname, version);
  const stringBytes = strings.bytes();
  const stringTable = image.place(stringBytes.length, 1);
  new Uint8Array(image.view.buffer).set(stringBytes, stringTable);
  const dynamic = image.longs([
    ...[elf.DT_SONAME, soname],
    ...[elf.DT_HASH, hash],
    ...[elf.DT_GNU_HASH, gnuHash],
    ...[elf.DT_STRTAB, stringTable],
    ...[elf.DT_SYMTAB, symbols],
    ...[elf.DT_STRSZ, stringBytes.length],
    ...[elf.DT_SYMENT, elf.SYM_SIZE],
    ...[elf.DT_VERSYM, versionOfSymbol],
    ...[elf.DT_VERDEF, definitions],
    ...[elf.DT_VERDEFNUM, 2],
    ...[0, 0],
  ]);
  writeHeader(image, headerCount);
  writeProgramHeader(image, 0, elf.PT_LOAD, elf.PF_R | elf.PF_X, 0, image.end, PAGE_SIZE);
  writeProgramHeader(image, 1, elf.PT_DYNAMIC, elf.PF_R, dynamic, image.end - dynamic, 8);
  return new Uint8Array(image.view.buffer);
}

function writeText(image: Image): number {
  const at = image.place(functions.length * FUNCTION_SIZE, FUNCTION_SIZE);
  const bytes = new Uint8Array(image.view.buffer);
  for (const [i, [, code]] of functions.entries()) {
    const start = at + i * FUNCTION_SIZE;
    bytes.fill(INT3, start, start + FUNCTION_SIZE);
    bytes.set(code, start);
  }
  return at;
}

/** .dynsym: the null symbol, then the functions as global functions of section 1. */
function writeSymbols(image: Image, names: readonly number[], text: number): number {
  const at = image.place((functions.length + 1) * elf.SYM_SIZE);
  for (const i of functions.keys()) {
    const symbol = at + (i + 1) * elf.SYM_SIZE;
    image.view.setUint32(symbol, names[i]!, true);
    image.view.setUint8(symbol + 4, 0x12);
    image.view.setUint16(symbol + 6, 1, true);
    image.long(symbol + 8, text + i * FUNCTION_SIZE);
    image.long(symbol + 16, functions[i]![1].length);
  }
  return at;
}

/** DT_HASH with one bucket: all symbols on one chain. */
function writeHash(image: Image): number {
  const count = functions.length + 1;
  const chain = Array.from({ length: count }, (_, i) => (i === 0 || i === count - 1 ? 0 : i + 1));
  return image.words([1, count, 1, ...chain]);
}

/** DT_GNU_HASH with one bucket and a one-word Bloom filter. */
function writeGnuHash(image: Image): number {
  const shift = 6;
  const hashes = functions.map(([name]) => gnuHash(name));
  let bloom = 0n;
  for (const hash of hashes) bloom |= (1n << BigInt(hash % 64)) | (1n << BigInt((hash >>> shift) % 64));
  const at = image.words([1, 1, 1, shift, Number(bloom & 0xffff_ffffn), Number(bloom >> 32n), 1]);
  // The chain must follow at once; bit 0 marks its end.
  const chain = image.place(hashes.length * 4, 4);
  for (const [i, hash] of hashes.entries()) {
    image.view.setUint32(chain + i * 4, i === hashes.length - 1 ? (hash | 1) >>> 0 : (hash & ~1) >>> 0, true);
  }
  return at;
}

function writeVersionOfSymbols(image: Image): number {
  const at = image.place((functions.length + 1) * 2);
  for (const i of functions.keys()) image.view.setUint16(at + (i + 1) * 2, VERSION_INDEX, true);
  return at;
}

/** Two Verdef entries, each with one Verdaux: the object, and its one version. */
function writeVersionDefinitions(image: Image, soname: number, version: number): number {
  const size = 28;
  const at = image.place(size * 2);
  const rows = [
    { flags: VER_FLG_BASE, index: 1, name: SONAME, offset: soname, next: size },
    { flags: 0, index: VERSION_INDEX, name: VERSION, offset: version, next: 0 },
  ];
  for (const [i, row] of rows.entries()) {
    const entry = at + i * size;
    image.view.setUint16(entry, 1, true);
    image.view.setUint16(entry + 2, row.flags, true);
    image.view.setUint16(entry + 4, row.index, true);
    image.view.setUint16(entry + 6, 1, true);
    image.view.setUint32(entry + 8, elfHash(row.name), true);
    image.view.setUint32(entry + 12, 20, true);
    image.view.setUint32(entry + 16, row.next, true);
    image.view.setUint32(entry + 20, row.offset, true);
  }
  return at;
}

function writeHeader(image: Image, headerCount: number): void {
  const { view } = image;
  new Uint8Array(view.buffer).set([0x7f, 0x45, 0x4c, 0x46, elf.ELFCLASS64, elf.ELFDATA2LSB, 1]);
  view.setUint16(16, elf.ET_DYN, true);
  view.setUint16(18, elf.EM_X86_64, true);
  view.setUint32(20, 1, true);
  image.long(32, elf.EHDR_SIZE);
  view.setUint16(52, elf.EHDR_SIZE, true);
  view.setUint16(54, elf.PHDR_SIZE, true);
  view.setUint16(56, headerCount, true);
  view.setUint16(58, 64, true);
}

function writeProgramHeader(
  image: Image,
  index: number,
  type: number,
  flags: number,
  offset: number,
  size: number,
  align: number,
): void {
  const at = elf.EHDR_SIZE + index * elf.PHDR_SIZE;
  image.view.setUint32(at, type, true);
  image.view.setUint32(at + 4, flags, true);
  for (const field of [8, 16, 24]) image.long(at + field, offset);
  image.long(at + 32, size);
  image.long(at + 40, size);
  image.long(at + 48, align);
}

/** The gABI's hash function. */
function elfHash(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) {
    hash = (hash << 4) + name.charCodeAt(i);
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

function gnuHash(name: string): number {
  let hash = 5381;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) + name.charCodeAt(i)) >>> 0;
  return hash;
}
