/**
 * Where a random program and its data lie, and the binary form in which they go to the native runner (runner.c reads it).
 * Everything lies below GUEST_TOP; `high` layouts lie above 2 GiB, where addresses are negative as 32-bit numbers.
 */

export const PAGE = 4096;

export const READ = 1;
export const WRITE = 2;
export const EXEC = 4;

export interface Layout {
  readonly code: number;
  /** Pages that are writable and executable: functions that the program changes. */
  readonly patch: number;
  /** Scratch data of the program; unmapped on both sides. */
  readonly data: number;
  readonly readOnly: number;
  readonly none: number;
  readonly stack: number;
  /** Loop counters and other cells that random stores must not reach; always below 2 GiB. */
  readonly control: number;
  /** Jump tables, constants and code to copy; read-only, always below 2 GiB. */
  readonly tables: number;
}

export const CODE_PAGES = 16;
export const PATCH_PAGES = 2;
export const DATA_PAGES = 3;
export const STACK_PAGES = 4;
export const TABLE_PAGES = 4;
/** R14 holds this place in the scratch data throughout. */
export const DATA_MIDDLE = 0x1800;

export function layoutOf(isHigh: boolean): Layout {
  const base = isHigh ? 0xb000_0000 : 0;
  return {
    code: base + 0x40_0000,
    patch: base + 0x50_0000,
    data: base + 0x60_0000,
    readOnly: base + 0x62_0000,
    none: base + 0x63_0000,
    stack: base + 0x70_0000,
    control: 0x64_0000,
    tables: 0x66_0000,
  };
}

/** A page range with its first content. */
export interface Region {
  readonly address: number;
  readonly pages: number;
  readonly prot: number;
  readonly content: Uint8Array;
  /** Compared when the program has ended. */
  readonly isOutput: boolean;
}

/** What the host does to the program's memory when a fault stops it. */
export const ACTION_NONE = 0;
/** mprotect(`address`, a page, `value`). */
export const ACTION_PROTECT = 1;
/** Unmaps the page at `address` and maps a zero page with rights `value`. */
export const ACTION_REMAP = 2;
/** Stores the byte `value` at `address`, as a debugger would. */
export const ACTION_POKE = 3;

/** What follows an exception at `ip`. */
export interface Resume {
  readonly ip: number;
  readonly next: number;
  readonly action: number;
  readonly address: number;
  readonly value: number;
}

/** All that decides what a program does. */
export interface Image {
  readonly regions: readonly Region[];
  readonly entry: number;
  readonly resumes: readonly Resume[];
  /** Exceptions at addresses without a `Resume` go on at the address in this cell; 0 there ends the program. */
  readonly landingCell: number;
  /** Reaching it ends the program. */
  readonly end: number;
  readonly registers: Registers;
}

export interface Registers {
  readonly gpr: readonly bigint[];
  readonly flags: number;
  readonly gsBase: number;
  /** FXSAVE image. */
  readonly fx: Uint8Array;
  /** High halves of YMM0..15. */
  readonly high: Uint8Array;
}

/** Exceptions that are recorded before a program is ended. */
export const STOPS = 40;

/** Offsets in struct header of runner.c. */
const HEADER = {
  counts: 0,
  entry: 16,
  landing: 24,
  end: 32,
  gs: 40,
  flags: 48,
  gpr: 56,
  fx: 184,
  high: 696,
  size: 952,
};

/** The image as runner.c reads it: its size, header, resumes, regions, content. */
export function serialize(image: Image): Uint8Array {
  const { regions, resumes, registers } = image;
  const contents = regions.reduce((sum, r) => sum + r.content.length, 0);
  const size = HEADER.size + resumes.length * 40 + regions.length * 32 + contents;
  const bytes = new Uint8Array(size + 8);
  const dv = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number): void => {
    dv.setUint32(at, value >>> 0, true);
    dv.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    at += 8;
  };
  word(size);
  [resumes.length, regions.length, STOPS, 0].forEach((count, i) => {
    dv.setUint32(8 + 4 * i, count, true);
  });
  at = 8 + HEADER.entry;
  for (const value of [image.entry, image.landingCell, image.end, registers.gsBase, registers.flags]) word(value);
  for (const value of registers.gpr) {
    dv.setBigUint64(at, value, true);
    at += 8;
  }
  bytes.set(registers.fx, 8 + HEADER.fx);
  bytes.set(registers.high, 8 + HEADER.high);
  at = 8 + HEADER.size;
  for (const r of resumes) for (const value of [r.ip, r.next, r.action, r.address, r.value]) word(value);
  for (const r of regions) {
    for (const value of [r.address, r.pages * PAGE, r.prot | (r.isOutput ? 8 : 0), r.content.length]) word(value);
  }
  for (const r of regions) {
    bytes.set(r.content, at);
    at += r.content.length;
  }
  return bytes;
}

/** Offsets in struct stop of runner.c: the machine at an exception. */
export const STOP = {
  gpr: 0,
  flags: 128,
  rip: 136,
  vector: 144,
  error: 152,
  address: 160,
  fx: 168,
  high: 680,
  size: 936,
};

/** How a program ended, with all the exceptions on the way; the last one is its end. */
export interface Outcome {
  /** `end`, `stops` (too many exceptions), `time`, or `died` (of a signal that has no handler). */
  readonly how: string;
  readonly stops: readonly Uint8Array[];
  /** Content of the output regions, in order. */
  readonly memory: Uint8Array;
}
