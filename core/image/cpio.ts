/**
 * cpio archives in the "newc" format, with and without checksums (cpio(5); Linux: buffer-format of initramfs). Reading is
 * strict and made for hostile input: every size is checked against the archive, nothing is interpreted. Contents are
 * views of the archive. Archives may follow each other, with zeros between, and a gzip-compressed one may be the last.
 *
 *   archive = { header name contents } trailer     header = magic, 13 fields of 8 hex digits
 *   name: with a NUL, padded so that contents begin at a multiple of 4; contents padded to a multiple of 4
 */
import { bytesToStr } from '../base/bytes.ts';

export interface CpioEntry {
  /** As stored: a byte string, usually relative. */
  name: string;
  ino: number;
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Seconds. */
  mtime: number;
  devMajor: number;
  devMinor: number;
  rdevMajor: number;
  rdevMinor: number;
  /** Contents of a file, target of a symlink. */
  data: Uint8Array;
}

export class CpioError extends Error {
  override name = 'CpioError';
  /** Byte offset in the (uncompressed) archive. */
  readonly position: number;
  constructor(message: string, position: number) {
    super(`${message} at byte ${position}`);
    this.position = position;
  }
}

/** Uncompresses gzip data; throws on damage or on more than it is willing to make. */
export type Gunzip = (bytes: Uint8Array) => Uint8Array;

const HEADER_LEN = 110;
const MAX_NAME = 4096;
const TRAILER = 'TRAILER!!!';
const MAGIC_PLAIN = '070701';
const MAGIC_SUM = '070702';
/** Index of each field after the magic. */
const FIELDS = [
  'ino',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'size',
  'devMajor',
  'devMinor',
  'rdevMajor',
  'rdevMinor',
  'nameLen',
  'sum',
] as const;
type Header = Record<(typeof FIELDS)[number], number>;

const align4 = (n: number): number => (n + 3) & ~3;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** True when it looks like an archive that `readCpio` accepts. */
export function isCpio(bytes: Uint8Array): boolean {
  const magic = bytesToStr(bytes, 0, Math.min(6, bytes.length));
  return magic === MAGIC_PLAIN || magic === MAGIC_SUM;
}

function hexField(archive: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const c = archive[i]!;
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
    if (digit < 0) throw new CpioError('header field is not hexadecimal', i);
    value = value * 16 + digit;
  }
  return value;
}

function readHeader(archive: Uint8Array, at: number): Header & { hasSum: boolean } {
  if (at + HEADER_LEN > archive.length) throw new CpioError('archive ends within a header', at);
  const magic = bytesToStr(archive, at, at + 6);
  if (magic !== MAGIC_PLAIN && magic !== MAGIC_SUM) throw new CpioError('no cpio header (070701)', at);
  const header: Partial<Header> = {};
  for (const [index, field] of FIELDS.entries()) header[field] = hexField(archive, at + 6 + 8 * index);
  return { ...(header as Header), hasSum: magic === MAGIC_SUM };
}

function checkSum(data: Uint8Array, expected: number, position: number): void {
  let sum = 0;
  for (const byte of data) sum = (sum + byte) >>> 0;
  if (sum !== expected) throw new CpioError('wrong checksum of the contents', position);
}

/** The entries in the order they are stored, trailers left out. Throws CpioError. */
export function* readCpio(archive: Uint8Array, gunzip?: Gunzip): Generator<CpioEntry> {
  if (isGzip(archive)) {
    yield* readCpio(uncompress(archive, 0, gunzip));
    return;
  }
  let at = 0;
  for (;;) {
    const end = yield* readMembers(archive, at);
    at = end;
    while (at < archive.length && archive[at] === 0) at++;
    if (at === archive.length) return;
    if (isGzip(archive.subarray(at))) {
      yield* readCpio(uncompress(archive.subarray(at), at, gunzip));
      return;
    }
    // Some writers pad their last block with what they like; only another archive means something.
    if (!isCpio(archive.subarray(at))) return;
  }
}

function uncompress(bytes: Uint8Array, position: number, gunzip: Gunzip | undefined): Uint8Array {
  if (gunzip === undefined) throw new CpioError('compressed archives are not supported here', position);
  let plain: Uint8Array;
  try {
    plain = gunzip(bytes);
  } catch (cause) {
    throw new CpioError(`compressed data can not be unpacked (${(cause as Error).message})`, position);
  }
  if (isGzip(plain)) throw new CpioError('archive is compressed twice', position);
  return plain;
}

/** Reads up to a trailer; returns where it ends. */
function* readMembers(archive: Uint8Array, start: number): Generator<CpioEntry, number> {
  let at = start;
  for (;;) {
    const { size, nameLen, sum, hasSum, ...fields } = readHeader(archive, at);
    if (nameLen < 2 || nameLen > MAX_NAME) throw new CpioError(`name of ${nameLen} bytes`, at + 94);
    const nameAt = at + HEADER_LEN;
    const dataAt = align4(nameAt + nameLen - start) + start;
    const end = dataAt + size;
    if (dataAt > archive.length || end > archive.length) throw new CpioError('archive ends within an entry', at);
    if (archive[nameAt + nameLen - 1] !== 0) throw new CpioError('name without NUL', nameAt);
    const name = bytesToStr(archive, nameAt, nameAt + nameLen - 1);
    if (name.includes('\0')) throw new CpioError('name with a NUL in it', nameAt);
    at = Math.min(align4(end - start) + start, archive.length);
    if (name === TRAILER) return at;
    const data = archive.subarray(dataAt, end);
    if (hasSum) checkSum(data, sum, dataAt);
    yield { ...fields, name, data };
  }
}

/** An entry to write: its contents are filled into the archive when its place is known. */
export interface CpioSource extends Omit<CpioEntry, 'data'> {
  size: number;
  /** Fills all of `into`, which is zero. */
  fill(into: Uint8Array): void;
}

function writeHeader(archive: Uint8Array, at: number, source: Omit<CpioSource, 'fill'>): void {
  const nameLen = source.name.length + 1;
  const values: Header = { ...source, nameLen, sum: 0 };
  const text = MAGIC_PLAIN + FIELDS.map((field) => values[field].toString(16).padStart(8, '0')).join('') + source.name;
  for (let i = 0; i < text.length; i++) archive[at + i] = text.charCodeAt(i);
}

const lengthOf = ({ name, size }: { name: string; size: number }): number =>
  align4(HEADER_LEN + name.length + 1) + align4(size);

const trailer: Omit<CpioSource, 'fill'> = {
  name: TRAILER,
  ino: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  nlink: 1,
  mtime: 0,
  devMajor: 0,
  devMinor: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  size: 0,
};

/** One archive of the entries. Every field must be an unsigned 32-bit number. */
export function writeCpio(sources: readonly CpioSource[]): Uint8Array<ArrayBuffer> {
  const total = sources.reduce((sum, source) => sum + lengthOf(source), lengthOf(trailer));
  const archive = new Uint8Array(total);
  let at = 0;
  for (const source of sources) {
    writeHeader(archive, at, source);
    const dataAt = at + align4(HEADER_LEN + source.name.length + 1);
    source.fill(archive.subarray(dataAt, dataAt + source.size));
    at += lengthOf(source);
  }
  writeHeader(archive, at, trailer);
  return archive;
}
