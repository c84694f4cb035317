/**
 * The vDSO: a shared object of one page that the kernel maps into every process (vdso(7)), built when first asked for.
 * Its functions make the plain system call: reading the clock costs an exit either way, and programs that insist on the
 * symbols find them. glibc, musl and Go look them up by DT_HASH or DT_GNU_HASH with version LINUX_2.6.
 */

import { strToBytes } from '../../base/bytes.ts';
import { PAGE_SIZE } from '../../mem/layout.ts';
import * as elf from '../abi/elf.ts';

const SONAME = 'linux-vdso.so.1';
const VERSION = 'LINUX_2.6';

/** Exported functions and the system calls they make. */
const functions: readonly (readonly [name: string, nr: number])[] = [
  ['__vdso_clock_gettime', 228],
  ['__vdso_gettimeofday', 96],
  ['__vdso_time', 201],
  ['__vdso_getcpu', 309],
  ['__vdso_clock_getres', 229],
];

/** `mov eax, NR; syscall; ret`, padded. */
const FUNCTION_SIZE = 16;

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
  for (const [i, [, nr]] of functions.entries()) {
    const start = at + i * FUNCTION_SIZE;
    image.view.setUint8(start, 0xb8);
    image.view.setUint32(start + 1, nr, true);
    image.view.setUint16(start + 5, 0x050f, true);
    image.view.setUint8(start + 7, 0xc3);
    for (let pad = 8; pad < FUNCTION_SIZE; pad++) image.view.setUint8(start + pad, 0xcc);
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
    image.long(symbol + 16, 8);
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
