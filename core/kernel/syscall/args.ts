/**
 * Argument and result types of system calls. `decode` turns a register into the handler's value, `format` into strace
 * text in Unikraft's style (`fd:3`, `va:0x1000`, `<out>"..."`). Pointers stay guest addresses (numbers): handlers go
 * through `task.memory`, which checks.
 */
import { bytesToStr } from '../../base/bytes.ts';
import { EFAULT, ENAMETOOLONG } from '../abi/errno.ts';
import type { NameTable } from '../abi/names.ts';
import { signalNames } from '../abi/signal.ts';
import { fail } from '../errors.ts';
import type { Task } from '../task.ts';
import type { ArgKind, ArgType, FormatContext, RawArgs, ResultType } from './define.ts';

/** Unsigned 64-bit register as a number; exact below 2^53, above it stays out of every valid range. */
export function unsigned(raw: RawArgs, index: number): number {
  return (raw.hi(index) >>> 0) * 0x1_0000_0000 + (raw.lo(index) >>> 0);
}

/** Signed 64-bit register as a number; exact within ±2^53. */
export function signed(raw: RawArgs, index: number): number {
  return raw.hi(index) * 0x1_0000_0000 + (raw.lo(index) >>> 0);
}

/** An address: one that no number holds exactly keeps whether it is page-aligned. It is out of range anyway. */
export function address(raw: RawArgs, index: number): number {
  const hi = raw.hi(index) >>> 0;
  const lo = raw.lo(index) >>> 0;
  if (hi < 0x20_0000) return hi * 0x1_0000_0000 + lo;
  const offset = lo & 0xfff;
  return hi * 0x1_0000_0000 + (lo - offset) + (offset === 0 ? 0 : 0x800);
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const typed = (context: FormatContext, prefix: string, text: string): string =>
  context.printType ? `${prefix}:${text}` : text;

function make<T>(
  name: string,
  decode: (task: Task, raw: RawArgs, index: number) => T,
  format: (value: T, context: FormatContext) => string,
  phase: 'entry' | 'exit' = 'entry',
  kind: ArgKind = 'other',
): ArgType<T> {
  return { name, kind, decode, format, phase };
}

const lo = (_task: Task, raw: RawArgs, index: number): number => raw.lo(index);
const uns = (_task: Task, raw: RawArgs, index: number): number => unsigned(raw, index);
const formatAddress = (value: number, context: FormatContext): string =>
  value === 0 ? 'NULL' : typed(context, 'va', hex(value));

/** Bytes shown of a buffer. */
const SHOWN = 24;

/** Quotes bytes as strace does; at most 24 and then `...`. */
export function quoteBytes(bytes: Uint8Array, isCut = bytes.length > SHOWN): string {
  let s = '';
  for (const c of bytes.subarray(0, SHOWN)) s += escapeByte(c);
  return `"${s}"${isCut ? '...' : ''}`;
}

/** Quotes a whole byte string (core/base/bytes.ts): paths are never cut. */
export function quoteString(text: string): string {
  let s = '';
  for (let i = 0; i < text.length; i++) s += escapeByte(text.charCodeAt(i));
  return `"${s}"`;
}

function escapeByte(c: number): string {
  if (c === 0x22 || c === 0x5c) return `\\${String.fromCharCode(c)}`;
  if (c === 10) return '\\n';
  if (c === 13) return '\\r';
  if (c === 9) return '\\t';
  if (c >= 0x20 && c < 0x7f) return String.fromCharCode(c);
  return `\\x${c.toString(16).toUpperCase().padStart(2, '0')}`;
}

function formatBuffer(gva: number, len: number, context: FormatContext): string {
  if (gva === 0) return 'NULL';
  const shown = Math.min(len, SHOWN);
  const { memory } = context.task;
  if (shown < 0 || memory.accessible(gva, shown, 'r') < shown) return formatAddress(gva, context);
  return quoteBytes(memory.readBytes(gva, shown), len > SHOWN);
}

export type { NameTable } from '../abi/names.ts';

/** `O_RDONLY|O_CLOEXEC`; unknown bits as hex. */
export function formatFlags(value: number, table: NameTable): string {
  const words: string[] = [];
  let rest = value;
  for (const [name, bits, mask] of table) {
    if (mask === undefined ? bits !== 0 && (rest & bits) === bits : (value & mask) === bits) {
      words.push(name);
      rest &= ~bits;
    }
  }
  if (rest !== 0) words.push(hex(rest >>> 0));
  if (words.length === 0) return table.find(([, bits]) => bits === 0)?.[0] ?? '0';
  return words.join('|');
}

const AT_FDCWD = -100;
const formatFd = (value: number, context: FormatContext): string => typed(context, 'fd', String(value));

function formatTimespec(gva: number, context: FormatContext): string {
  const { memory } = context.task;
  if (gva === 0 || memory.accessible(gva, 16, 'r') < 16) return formatAddress(gva, context);
  return `{tv_sec=${memory.getLong(gva)}, tv_nsec=${memory.getLong(gva + 8)}}`;
}

export const arg = {
  /** Signed 32-bit value. */
  int: (name: string) => make(name, lo, (v) => String(v)),
  /** Unsigned 32-bit value. */
  uint: (name: string) =>
    make(
      name,
      (_t, raw, i) => raw.lo(i) >>> 0,
      (v) => String(v),
    ),
  /** Unsigned 32-bit value shown in hex or octal. */
  hex: (name: string) => make(name, (_t, raw, i) => raw.lo(i) >>> 0, hex),
  mode: (name: string) =>
    make(
      name,
      (_t, raw, i) => raw.lo(i) >>> 0,
      (v) => `0${v.toString(8)}`,
    ),
  fd: (name: string) => make(name, lo, formatFd, 'entry', 'fd'),
  /** Directory descriptor of an *at call. */
  dirFd: (name: string) => make(name, lo, (v, c) => (v === AT_FDCWD ? 'AT_FDCWD' : formatFd(v, c)), 'entry', 'fd'),
  pid: (name: string) => make(name, lo, (v, c) => typed(c, 'pid', String(v))),
  uid: (name: string) => make(name, lo, (v) => String(v)),
  signal: (name: string) => make(name, lo, (v) => signalNames.find(([, value]) => value === v)?.[0] ?? String(v)),
  /** Guest address. */
  pointer: (name: string) => make(name, (_t, raw, i) => address(raw, i), formatAddress),
  /** Address of a struct timespec that the call reads, or NULL. */
  timespec: (name: string) => make(name, uns, formatTimespec),
  /** Length or count: unsigned 64 bits. */
  size: (name: string) => make(name, uns, (v) => String(v)),
  /** Signed 64 bits as a number: offsets, times. */
  long: (name: string) =>
    make(
      name,
      (_t, raw, i) => signed(raw, i),
      (v) => String(v),
    ),
  /** All 64 bits. */
  u64: (name: string) =>
    make(
      name,
      (_t, raw, i) => (BigInt(raw.hi(i) >>> 0) << 32n) | BigInt(raw.lo(i) >>> 0),
      (v) => `0x${v.toString(16)}`,
    ),
  /** Bit set shown by name. */
  flags: (name: string, table: NameTable) => make(name, lo, (v) => formatFlags(v, table)),
  /** One of several values shown by name. */
  oneOf: (name: string, table: NameTable) =>
    make(name, lo, (v) => table.find(([, value]) => value === v)?.[0] ?? String(v)),
  /** NUL-terminated path, decoded to a byte string: EFAULT, ENAMETOOLONG when it can't be read. */
  path: (name: string) =>
    make(
      name,
      (task, raw, i) => task.memory.readCString(unsigned(raw, i), 4096) ?? fail(ENAMETOOLONG),
      quoteString,
      'entry',
      'path',
    ),
  /** Like `path`, but NULL is allowed and gives undefined. */
  optionalPath: (name: string) =>
    make(
      name,
      (task, raw, i) => {
        const gva = unsigned(raw, i);
        return gva === 0 ? undefined : (task.memory.readCString(gva, 4096) ?? fail(ENAMETOOLONG));
      },
      (v) => (v === undefined ? 'NULL' : quoteString(v)),
      'entry',
      'path',
    ),
  /** NUL-terminated string of at most `max` bytes. */
  string: (name: string, max = 4096) =>
    make(name, (task, raw, i) => task.memory.readCString(unsigned(raw, i), max) ?? fail(EFAULT), quoteString),
  /** Address of a buffer the call reads; `len` names the argument with its length. */
  inBuffer: (name: string, { len }: { len: string }) =>
    make(name, uns, (v, c) => formatBuffer(v, c.values[c.indexOf(len)] as number, c)),
  /** Address of a buffer the call fills; shows what it filled (its result's length). */
  outBuffer: (name: string, _options: { len: string }) =>
    make(name, uns, (v, c) => (c.result < 0 ? formatAddress(v, c) : `<out>${formatBuffer(v, c.result, c)}`), 'exit'),
};

const formatNumber = (value: number): string => String(value);

/** Result types. */
export const result = {
  int: { format: formatNumber },
  size: { format: formatNumber },
  /** 0 shows as `OK`. */
  ok: { format: (v) => (v === 0 ? 'OK' : String(v)) },
  fd: { format: (v, c) => typed(c, 'fd', String(v)) },
  pid: { format: (v, c) => typed(c, 'pid', String(v)) },
  address: { format: (v, c) => typed(c, 'va', hex(v)) },
  /** Does not return. */
  never: { format: () => '?' },
} satisfies Record<string, ResultType>;

/** A byte string of guest memory for messages: never faults. */
export function peekString(task: Task, gva: number, max: number): string {
  const len = task.memory.accessible(gva, max, 'r');
  return bytesToStr(task.memory.readBytes(gva, len));
}
