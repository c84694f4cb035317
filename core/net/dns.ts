/**
 * DNS messages, RFC 1035, with AAAA (RFC 3596), SRV (RFC 2782) and the size of EDNS (RFC 6891): queries in, answers out. Names
 * are lower case and without the dot at the end.
 */
import { strToBytes } from '../base/bytes.ts';
import { type Address, isV4, v4Part } from './address.ts';

export const TYPE_A = 1;
export const TYPE_NS = 2;
export const TYPE_CNAME = 5;
export const TYPE_PTR = 12;
export const TYPE_MX = 15;
export const TYPE_TXT = 16;
export const TYPE_AAAA = 28;
export const TYPE_SRV = 33;
export const TYPE_ANY = 255;
const TYPE_OPT = 41;
const CLASS_IN = 1;

export const NO_ERROR = 0;
export const FORMAT_ERROR = 1;
export const SERVER_FAILURE = 2;
export const NAME_ERROR = 3;
export const NOT_IMPLEMENTED = 4;
export const REFUSED = 5;

const HEADER_BYTES = 12;
const MAX_NAME = 255;
/** Without EDNS. */
const UDP_SIZE = 512;
/** What we send over UDP at most: no fragment on any common path. */
const MAX_UDP_SIZE = 1232;

const QR = 0x8000;
const OPCODE = 0x7800;
const AA = 0x0400;
const TC = 0x0200;
const RD = 0x0100;
const RA = 0x0080;

export interface Query {
  readonly id: number;
  readonly flags: number;
  readonly name: string;
  readonly type: number;
  /** The question as it came. */
  readonly question: Uint8Array;
  /** Largest answer over UDP. */
  readonly maxBytes: number;
  readonly hasEdns: boolean;
}

export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

/** A query with one question of the Internet's class; else the response code to answer with, or undefined for silence. */
export function parseQuery(bytes: Uint8Array): Query | number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  const flags = word(2);
  if (flags & QR) return undefined;
  if (flags & OPCODE) return NOT_IMPLEMENTED;
  if (word(4) !== 1) return FORMAT_ERROR;
  const name = readName(bytes, HEADER_BYTES);
  if (name === undefined || name.end + 4 > bytes.length) return FORMAT_ERROR;
  if (word(name.end + 2) !== CLASS_IN) return NOT_IMPLEMENTED;
  const end = name.end + 4;
  // The OPT record is the first additional one of a query that has no other sections.
  const hasEdns = word(6) === 0 && word(8) === 0 && word(10) > 0 && bytes[end] === 0 && word(end + 1) === TYPE_OPT;
  const size = hasEdns && end + 5 <= bytes.length ? word(end + 3) : UDP_SIZE;
  return {
    id: word(0),
    flags,
    name: name.name,
    type: word(name.end),
    question: bytes.slice(HEADER_BYTES, end),
    maxBytes: Math.min(MAX_UDP_SIZE, Math.max(UDP_SIZE, size)),
    hasEdns,
  };
}

/** A name without compression, as questions have them. */
function readName(bytes: Uint8Array, from: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = from;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at - from > MAX_NAME) return undefined;
    at++;
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: at };
    if (at + length > bytes.length) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(at, at + length)));
    at += length;
  }
}

/** Undefined when the text is too long for a name. */
export function nameBytes(name: string): Uint8Array | undefined {
  const labels = name === '' ? [] : name.split('.');
  const parts = labels.flatMap((label) => [label.length, ...strToBytes(label)]);
  if (labels.some(({ length }) => length === 0 || length > 63) || parts.length >= MAX_NAME) return undefined;
  return Uint8Array.from([...parts, 0]);
}

export const addressRecord = (name: string, address: Address, ttl: number): ResourceRecord => ({
  name,
  type: isV4(address) ? TYPE_A : TYPE_AAAA,
  ttl,
  data: strToBytes(isV4(address) ? v4Part(address) : address),
});

/** A record whose data is numbers and then a name: MX, SRV, CNAME, NS, PTR. */
export function nameRecord(
  name: string,
  type: number,
  ttl: number,
  target: string,
  ...numbers: number[]
): ResourceRecord {
  const words = numbers.flatMap((number) => [number >> 8, number & 0xff]);
  return { name, type, ttl, data: Uint8Array.from([...words, ...(nameBytes(target) ?? [0])]) };
}

export function textRecord(name: string, ttl: number, chunks: readonly string[]): ResourceRecord {
  const data = chunks.flatMap((chunk) => {
    const bytes = new TextEncoder().encode(chunk).subarray(0, 255);
    return [bytes.length, ...bytes];
  });
  return { name, type: TYPE_TXT, ttl, data: Uint8Array.from(data) };
}

/** The answer to a query. What does not fit is left out, and the answer says so (TC). */
export function answer(query: Query, code: number, records: readonly ResourceRecord[], maxBytes: number): Uint8Array {
  const out: number[] = [];
  const word = (value: number): void => void out.push((value >> 8) & 0xff, value & 0xff);
  word(query.id);
  word(QR | AA | RA | (query.flags & RD) | code);
  word(1);
  word(0);
  word(0);
  word(query.hasEdns ? 1 : 0);
  out.push(...query.question);
  const room = maxBytes - (query.hasEdns ? 11 : 0);
  let count = 0;
  for (const record of records) {
    const name = record.name === query.name ? [0xc0, HEADER_BYTES] : [...(nameBytes(record.name) ?? [0])];
    if (out.length + name.length + 10 + record.data.length > room) {
      out[2]! |= TC >> 8;
      break;
    }
    out.push(...name);
    word(record.type);
    word(CLASS_IN);
    word(record.ttl >>> 16);
    word(record.ttl & 0xffff);
    word(record.data.length);
    out.push(...record.data);
    count++;
  }
  out[6] = count >> 8;
  out[7] = count & 0xff;
  if (query.hasEdns) out.push(0, 0, TYPE_OPT, MAX_UDP_SIZE >> 8, MAX_UDP_SIZE & 0xff, 0, 0, 0, 0, 0, 0);
  return Uint8Array.from(out);
}

/** The answer to what is no proper query. */
export function failure(bytes: Uint8Array, code: number): Uint8Array {
  const flags = QR | (bytes[2]! << 8) | RA | code;
  return Uint8Array.of(bytes[0]!, bytes[1]!, flags >> 8, flags & 0xff, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** The address that a name below in-addr.arpa or ip6.arpa stands for, as text in its usual form; undefined when none. */
export function reverseAddress(name: string): string | undefined {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (v4 !== null) return v4.slice(1).reverse().join('.');
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (v6 === null) return undefined;
  const digits = v6[1]!.split('.').reverse().join('');
  return digits.match(/.{4}/g)!.join(':');
}
