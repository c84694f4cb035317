/**
 * What the dynamic loader reads of an ELF file: the headers as the kernel's loader reads them, then the dynamic section
 * (gABI chapter 5) for the libraries it needs and where they are looked for.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { bytesToStr } from '../../base/bytes.ts';
import { VmError } from '../../contract/errors.ts';
import { hostReason } from '../../host/services.ts';
import * as abi from '../../kernel/abi/elf.ts';
import { type Elf, type ProgramSource, parseElf } from '../../kernel/loader/elf.ts';
import { elfErrorCodes } from '../../machine/elf-codes.ts';

export interface ElfInfo {
  /** DT_NEEDED, in order. */
  needed: string[];
  rpath: string[];
  runpath: string[];
  interpreter: string | undefined;
}

/** BINPRM_BUF_SIZE */
const SCRIPT_LINE = 256;
const MAX_DYNAMIC = 1 << 16;
const MAX_STRINGS = 1 << 24;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

/** Throws VmError `elf.*` or `host.file` that names the file. */
export function elfInfoOf(path: string): ElfInfo {
  return withFile(path, (source) => {
    const parsed = parseElf(source);
    if (!parsed.ok) throw new VmError(elfErrorCodes[parsed.error.kind], `${path} ${parsed.error.message}`, { path });
    const info: ElfInfo = { needed: [], rpath: [], runpath: [], interpreter: parsed.elf.interpreter };
    if (parsed.elf.isDynamic) readDynamic(new Reader(path, source), parsed.elf, info);
    return info;
  });
}

/** Whether a program needs nothing beside it. */
export function elfKindOf(path: string): 'static-pie' | 'other' {
  const { interpreter, needed } = elfInfoOf(path);
  return interpreter === undefined && needed.length === 0 ? 'static-pie' : 'other';
}

/** The interpreter that the first line of a script names (execve(2)), or undefined. */
export function scriptInterpreter(path: string): string | undefined {
  const line = new Uint8Array(SCRIPT_LINE);
  withFile(path, (source) => source.read(line, 0));
  return /^#![ \t]*([^ \t\n\0]+)/.exec(bytesToStr(line))?.[1];
}

/** True when the file begins with the ELF magic number. */
export function isElfFile(path: string): boolean {
  try {
    return withFile(path, (source) => {
      const magic = new Uint8Array(4);
      return source.read(magic, 0) === 4 && bytesToStr(magic) === '\x7fELF';
    });
  } catch (error) {
    if (error instanceof VmError) return false;
    throw error;
  }
}

function withFile<T>(path: string, use: (source: ProgramSource) => T): T {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return use(sourceOf(fd));
  } catch (error) {
    if (error instanceof VmError) throw error;
    throw new VmError('host.file', `cannot read ${path}: ${hostReason(error)}`, { path }, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function sourceOf(fd: number): ProgramSource {
  const { size } = fstatSync(fd);
  return {
    read: (into, offset) => (offset < size ? readSync(fd, into, 0, into.length, offset) : 0),
    size: () => size,
  };
}

/** Reads whole pieces, or fails in the file's name. */
class Reader {
  private readonly path: string;
  private readonly source: ProgramSource;
  constructor(path: string, source: ProgramSource) {
    this.path = path;
    this.source = source;
  }
  bytes(offset: number, len: number, limit: number): DataView {
    const bytes = new Uint8Array(len > limit ? 0 : len);
    if (len > limit || this.source.read(bytes, offset) < len) this.refuse();
    return new DataView(bytes.buffer);
  }
  refuse(): never {
    throw new VmError('elf.malformed', `${this.path} is a damaged ELF file: its dynamic section makes no sense`, {
      path: this.path,
    });
  }
}

function readDynamic(reader: Reader, elf: Elf, info: ElfInfo): void {
  const { offset, size } = findDynamic(reader);
  const view = reader.bytes(offset, size, MAX_DYNAMIC);
  const entries: [tag: number, value: number][] = [];
  for (let at = 0; at + 16 <= size; at += 16) {
    const tag = Number(view.getBigInt64(at, true));
    if (tag === 0) break;
    entries.push([tag, Number(view.getBigUint64(at + 8, true))]);
  }
  const valueFor = (tag: number): number | undefined => entries.find(([t]) => t === tag)?.[1];
  const [stringsAt, stringsSize] = [valueFor(DT_STRTAB), valueFor(DT_STRSZ)];
  if (stringsAt === undefined || stringsSize === undefined) return;
  const segment = elf.segments.find((s) => stringsAt >= s.address && stringsAt < s.address + s.fileSize);
  if (segment === undefined) reader.refuse();
  const strings = reader.bytes(stringsAt - segment.address + segment.offset, stringsSize, MAX_STRINGS);
  for (const [tag, value] of entries) {
    const text = (): string => cString(new Uint8Array(strings.buffer), value) ?? reader.refuse();
    if (tag === DT_NEEDED) info.needed.push(text());
    else if (tag === DT_RPATH) info.rpath.push(...splitPath(text()));
    else if (tag === DT_RUNPATH) info.runpath.push(...splitPath(text()));
  }
}

/** Place of the PT_DYNAMIC segment; the headers have been checked already. */
function findDynamic(reader: Reader): { offset: number; size: number } {
  const header = reader.bytes(0, abi.EHDR_SIZE, abi.EHDR_SIZE);
  const count = header.getUint16(56, true);
  const headers = reader.bytes(Number(header.getBigUint64(32, true)), count * abi.PHDR_SIZE, 1 << 20);
  for (let at = 0; at < headers.byteLength; at += abi.PHDR_SIZE) {
    if (headers.getUint32(at, true) !== abi.PT_DYNAMIC) continue;
    return { offset: Number(headers.getBigUint64(at + 8, true)), size: Number(headers.getBigUint64(at + 32, true)) };
  }
  return reader.refuse();
}

const splitPath = (text: string): string[] => text.split(':').filter((part) => part !== '');

function cString(bytes: Uint8Array, start: number): string | undefined {
  const end = start < bytes.length ? bytes.indexOf(0, start) : -1;
  return end === -1 ? undefined : bytesToStr(bytes, start, end);
}
