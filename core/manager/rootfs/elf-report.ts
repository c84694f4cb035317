/** Explains an ELF file of a root file system: headers, and the libraries its loader would find there or miss (ld.so(8)). */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ElfReport } from '../../contract/api/rootfs.ts';
import { VmError } from '../../contract/errors.ts';
import { type ElfInfo, elfInfoOf } from './elf-info.ts';
import { findInside } from './inside.ts';

const defaultDirectories = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/usr/local/lib',
];
const segmentTypes = new Map<number, string>([
  [0, 'NULL'],
  [1, 'LOAD'],
  [2, 'DYNAMIC'],
  [3, 'INTERP'],
  [4, 'NOTE'],
  [6, 'PHDR'],
  [7, 'TLS'],
  [0x6474e550, 'GNU_EH_FRAME'],
  [0x6474e551, 'GNU_STACK'],
  [0x6474e552, 'GNU_RELRO'],
  [0x6474e553, 'GNU_PROPERTY'],
]);
const sectionTypes: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'PROGBITS',
  2: 'SYMTAB',
  3: 'STRTAB',
  4: 'RELA',
  5: 'HASH',
  6: 'DYNAMIC',
  7: 'NOTE',
  8: 'NOBITS',
  9: 'REL',
  11: 'DYNSYM',
  14: 'INIT_ARRAY',
  15: 'FINI_ARRAY',
};
const MAX_HEADERS = 4096;
const MAX_LIBRARIES = 2000;
const ET_EXEC = 2;

/** `root` is a folder of the host, `path` a guest path in it. Throws VmError for what is no ELF file. */
export function elfReport(root: string, path: string): ElfReport {
  const file = findInside(root, path);
  if (file === undefined) throw new VmError('host.file', `there is no ${path} in the root file system`, { path });
  const headers = readHeaders(file, path);
  const base: ElfReport = {
    type: 'other',
    entry: hex(headers.entry),
    segments: headers.segments,
    sections: headers.sections,
    libraries: [],
    runpath: [],
  };
  let info: ElfInfo;
  try {
    info = elfInfoOf(file);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    return { ...base, problem: error.message.replace(file, path) };
  }
  const isLibrary = info.interpreter === undefined && /\.so(\.|$)/.test(basename(path));
  return {
    ...base,
    type: isLibrary ? 'shared-library' : typeOf(headers.type, info),
    ...(info.interpreter === undefined
      ? {}
      : { interpreter: { path: info.interpreter, isFound: findInside(root, info.interpreter) !== undefined } }),
    libraries: librariesOf(root, path, info),
    runpath: [...info.rpath, ...info.runpath],
  };
}

function typeOf(type: number, info: ElfInfo): ElfReport['type'] {
  if (type === ET_EXEC) return 'executable';
  return info.interpreter === undefined && info.needed.length === 0 ? 'static-pie' : 'pie';
}

/** Breadth first, as the loader opens them. */
function librariesOf(root: string, path: string, program: ElfInfo): ElfReport['libraries'] {
  const found: ElfReport['libraries'] = [];
  const loader = program.interpreter === undefined ? '' : basename(program.interpreter);
  const seen = new Set<string>([loader]);
  const queue: { name: string; by: string; info: ElfInfo }[] = program.needed.map((name) => ({
    name,
    by: path,
    info: program,
  }));
  for (let next = queue.shift(); next !== undefined && found.length < MAX_LIBRARIES; next = queue.shift()) {
    if (seen.has(next.name)) continue;
    seen.add(next.name);
    const { name, by } = next;
    const place = searchPath(next, program)
      .map((folder) => join(folder, name))
      .find((p) => findInside(root, p) !== undefined);
    if (place === undefined) {
      found.push({ name, neededBy: by, fix: fixFor(root, name) });
      continue;
    }
    found.push({ name, neededBy: by, path: place });
    const info = infoIfElf(findInside(root, place)!);
    for (const needed of info?.needed ?? []) queue.push({ name: needed, by: place, info: info! });
  }
  return found;
}

function searchPath({ by, info }: { by: string; info: ElfInfo }, program: ElfInfo): string[] {
  const origin = (text: string): string => text.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(by));
  const rpath = info.runpath.length > 0 ? [] : [...info.rpath, ...(program.runpath.length > 0 ? [] : program.rpath)];
  return [...[...rpath, ...info.runpath].map(origin), ...defaultDirectories];
}

function infoIfElf(file: string): ElfInfo | undefined {
  try {
    return elfInfoOf(file);
  } catch (error) {
    if (error instanceof VmError) return undefined;
    throw error;
  }
}

/** Where this computer has the library, when it has it. */
function fixFor(root: string, name: string): string {
  const here = defaultDirectories.map((folder) => join(folder, name)).find((path) => infoIfElf(path) !== undefined);
  if (process.platform !== 'linux' || here === undefined)
    return `put ${name} into ${join('/usr/lib', name)} of the root file system, from the system the program was made on`;
  return `copy it from this computer: elfdeck rootfs make ${JSON.stringify(root)} ${here}`;
}

interface Headers {
  type: number;
  entry: bigint;
  segments: ElfReport['segments'];
  sections: ElfReport['sections'];
}

/** Reads what the file says; tables that lie outside of it are left out. */
function readHeaders(file: string, path: string): Headers {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const read = (offset: number, len: number): DataView | undefined => {
      if (offset + len > size || len < 0) return undefined;
      const bytes = new Uint8Array(len);
      return readSync(fd, bytes, 0, len, offset) === len ? new DataView(bytes.buffer) : undefined;
    };
    const header = read(0, 64);
    if (header === undefined || header.getUint32(0) !== 0x7f454c46) throw notElf(path);
    // A 32-bit or big-endian file: the loader's words for it are in the report.
    if (header.getUint8(4) !== 2 || header.getUint8(5) !== 1) return { type: 0, entry: 0n, segments: [], sections: [] };
    return {
      type: header.getUint16(16, true),
      entry: header.getBigUint64(24, true),
      segments: segments(header, read),
      sections: sections(header, read),
    };
  } finally {
    closeSync(fd);
  }
}

type Read = (offset: number, len: number) => DataView | undefined;

function segments(header: DataView, read: Read): ElfReport['segments'] {
  const count = Math.min(header.getUint16(56, true), MAX_HEADERS);
  const table = read(Number(header.getBigUint64(32, true)), count * 56);
  if (table === undefined) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = i * 56;
    const type = table.getUint32(at, true);
    const flags = table.getUint32(at + 4, true);
    return {
      type: segmentTypes.get(type) ?? `0x${type.toString(16)}`,
      address: hex(table.getBigUint64(at + 16, true)),
      fileSizeBytes: Number(table.getBigUint64(at + 32, true)),
      memorySizeBytes: Number(table.getBigUint64(at + 40, true)),
      flags: `${flags & 4 ? 'r' : '-'}${flags & 2 ? 'w' : '-'}${flags & 1 ? 'x' : '-'}`,
    };
  });
}

function sections(header: DataView, read: Read): ElfReport['sections'] {
  const count = Math.min(header.getUint16(60, true), MAX_HEADERS);
  const namesIndex = header.getUint16(62, true);
  const table = read(Number(header.getBigUint64(40, true)), count * 64);
  if (table === undefined || namesIndex >= count) return [];
  const names = read(
    Number(table.getBigUint64(namesIndex * 64 + 24, true)),
    Math.min(Number(table.getBigUint64(namesIndex * 64 + 32, true)), 1 << 20),
  );
  return Array.from({ length: count }, (_, i) => {
    const at = i * 64;
    const type = table.getUint32(at + 4, true);
    return {
      name: names === undefined ? '' : cString(names, table.getUint32(at, true)),
      type: sectionTypes[type] ?? `0x${type.toString(16)}`,
      address: hex(table.getBigUint64(at + 16, true)),
      sizeBytes: Number(table.getBigUint64(at + 32, true)),
    };
  });
}

function cString(view: DataView, start: number): string {
  const bytes = new Uint8Array(view.buffer);
  const end = bytes.indexOf(0, start);
  return start >= bytes.length
    ? ''
    : Buffer.from(bytes.subarray(start, end === -1 ? undefined : end)).toString('latin1');
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const notElf = (path: string): VmError => new VmError('elf.not-elf', `${path} is not an ELF file`, { path });
