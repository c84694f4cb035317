/**
 * WebAssembly binary writer: bytes with LEB128, function bodies, and modules of imports, functions and exports. Knows
 * nothing of x86 or IR. WebAssembly 3.0, chapter 5.
 */
import { type LoadName, loads, type StoreName, stores, type ValueType, wasmOp } from './opcodes.ts';

const TYPE_BYTE: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const FUNCREF = 0x70;

/** A growing byte buffer. */
export class ByteWriter {
  bytes = new Uint8Array(256);
  length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }
  raw(from: Uint8Array): void {
    this.reserve(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }
  /** Unsigned LEB128 of a 32-bit value. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }
  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(byte & 0x40)) || (rest === -1 && byte & 0x40)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }
  /** Signed LEB128 of a 64-bit value. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const byte = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(byte & 0x40)) || (rest === -1n && byte & 0x40)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }
  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.raw(bytes);
  }
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** One function body under construction. Locals are numbered after the parameters. */
export class CodeWriter extends ByteWriter {
  readonly locals: ValueType[] = [];
  /** Branch hints, by offset in this code. */
  readonly hints: { at: number; isLikely: boolean }[] = [];
  readonly paramCount: number;
  constructor(paramCount: number) {
    super();
    this.paramCount = paramCount;
  }
  newLocal(type: ValueType): number {
    return this.paramCount + this.locals.push(type) - 1;
  }
  /** A numeric or vector instruction by name; `lane` for those that have one. */
  op(name: string, lane = 0): void {
    const op = wasmOp(name);
    if (op.prefix === 0) this.u8(op.code);
    else {
      this.u8(op.prefix);
      this.u32(op.code);
    }
    if (op.hasLane) this.u8(lane);
  }
  i32Const(value: number): void {
    this.u8(0x41);
    this.s32(value);
  }
  i64Const(value: bigint): void {
    this.u8(0x42);
    this.s64(value);
  }
  f32Const(bits: number): void {
    this.u8(0x43);
    for (let i = 0; i < 4; i++) this.u8((bits >>> (8 * i)) & 0xff);
  }
  f64Const(bits: bigint): void {
    this.u8(0x44);
    for (let i = 0n; i < 8n; i++) this.u8(Number((bits >> (8n * i)) & 0xffn));
  }
  v128Const(bits: bigint): void {
    this.u8(0xfd);
    this.u32(12);
    for (let i = 0n; i < 16n; i++) this.u8(Number((bits >> (8n * i)) & 0xffn));
  }
  /** i8x16.shuffle with its 16 lane indices (0..31). */
  shuffle(lanes: readonly number[]): void {
    this.u8(0xfd);
    this.u32(13);
    for (const lane of lanes) this.u8(lane);
  }
  load(name: LoadName, offset: number): void {
    this.memory(loads[name], offset);
  }
  store(name: StoreName, offset: number): void {
    this.memory(stores[name], offset);
  }
  private memory(op: { prefix: number; code: number; align: number }, offset: number): void {
    if (op.prefix === 0) this.u8(op.code);
    else {
      this.u8(op.prefix);
      this.u32(op.code);
    }
    // Guest accesses may be unaligned; a smaller alignment hint is always valid and costs nothing on V8's targets.
    this.u8(0);
    this.u32(offset);
  }
  localGet(index: number): void {
    this.u8(0x20);
    this.u32(index);
  }
  localSet(index: number): void {
    this.u8(0x21);
    this.u32(index);
  }
  localTee(index: number): void {
    this.u8(0x22);
    this.u32(index);
  }
  block(): void {
    this.u8(0x02);
    this.u8(0x40);
  }
  loop(): void {
    this.u8(0x03);
    this.u8(0x40);
  }
  /** Says of the branch (`if` or `br_if`) that comes next whether it is likely taken. */
  hint(isLikely: boolean): void {
    this.hints.push({ at: this.length, isLikely });
  }
  brTable(depths: readonly number[], other: number): void {
    this.u8(0x0e);
    this.u32(depths.length);
    for (const depth of depths) this.u32(depth);
    this.u32(other);
  }
  if(result?: ValueType): void {
    this.u8(0x04);
    this.u8(result === undefined ? 0x40 : TYPE_BYTE[result]);
  }
  else(): void {
    this.u8(0x05);
  }
  end(): void {
    this.u8(0x0b);
  }
  br(depth: number): void {
    this.u8(0x0c);
    this.u32(depth);
  }
  brIf(depth: number): void {
    this.u8(0x0d);
    this.u32(depth);
  }
  return(): void {
    this.u8(0x0f);
  }
  call(func: number): void {
    this.u8(0x10);
    this.u32(func);
  }
  callIndirect(type: number, table: number): void {
    this.u8(0x11);
    this.u32(type);
    this.u32(table);
  }
  returnCallIndirect(type: number, table: number): void {
    this.u8(0x13);
    this.u32(type);
    this.u32(table);
  }
  select(): void {
    this.u8(0x1b);
  }
  drop(): void {
    this.u8(0x1a);
  }
}

export interface FuncType {
  params: readonly ValueType[];
  results: readonly ValueType[];
}

interface Import {
  module: string;
  name: string;
  write: (w: ByteWriter) => void;
}

/** A module: imports first, then functions; indices are handed out in that order. */
export class ModuleWriter {
  private readonly types: string[] = [];
  private readonly typeBytes: FuncType[] = [];
  private readonly imports: Import[] = [];
  private readonly functions: { type: number; code: CodeWriter; name: string | undefined }[] = [];
  private readonly exports: { name: string; kind: number; index: number }[] = [];
  private readonly customs: { name: string; bytes: Uint8Array }[] = [];
  private importedFunctions = 0;

  type(type: FuncType): number {
    const key = `${type.params}>${type.results}`;
    const found = this.types.indexOf(key);
    if (found !== -1) return found;
    this.typeBytes.push(type);
    return this.types.push(key) - 1;
  }
  importFunction(module: string, name: string, type: FuncType): number {
    const index = this.type(type);
    this.imports.push({
      module,
      name,
      write: (w) => {
        w.u8(0);
        w.u32(index);
      },
    });
    return this.importedFunctions++;
  }
  /** Imports the one shared memory. */
  importMemory(module: string, name: string, minPages: number, maxPages: number): void {
    this.imports.push({
      module,
      name,
      write: (w) => {
        w.u8(2);
        w.u8(3);
        w.u32(minPages);
        w.u32(maxPages);
      },
    });
  }
  importTable(module: string, name: string, size: number): void {
    this.imports.push({
      module,
      name,
      write: (w) => {
        w.u8(1);
        w.u8(FUNCREF);
        w.u8(1);
        w.u32(size);
        w.u32(size);
      },
    });
  }
  /** Adds a function; all function imports must be declared before. Returns its index. */
  func(type: FuncType, code: CodeWriter, exportName?: string, name?: string): number {
    const index = this.importedFunctions + this.functions.push({ type: this.type(type), code, name }) - 1;
    if (exportName !== undefined) this.exports.push({ name: exportName, kind: 0, index });
    return index;
  }

  /** Adds a custom section in front of the others. */
  custom(name: string, bytes: Uint8Array): void {
    this.customs.push({ name, bytes });
  }

  /** An active element segment would tie the module to its table slots; `elements` lists (slot, function index). */
  finish(elements: readonly { slot: number; func: number }[] = []): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    for (const { name, bytes } of this.customs) {
      const body = new ByteWriter();
      body.name(name);
      body.raw(bytes);
      out.u8(0);
      out.u32(body.length);
      out.raw(body.view());
    }
    this.section(out, 1, this.typeBytes, (w, type) => {
      w.u8(0x60);
      for (const side of [type.params, type.results]) {
        w.u32(side.length);
        for (const t of side) w.u8(TYPE_BYTE[t]);
      }
    });
    this.section(out, 2, this.imports, (w, item) => {
      w.name(item.module);
      w.name(item.name);
      item.write(w);
    });
    this.section(out, 3, this.functions, (w, f) => w.u32(f.type));
    this.section(out, 7, this.exports, (w, e) => {
      w.name(e.name);
      w.u8(e.kind);
      w.u32(e.index);
    });
    this.section(out, 9, elements, (w, e) => {
      w.u8(0);
      w.u8(0x41);
      w.s32(e.slot);
      w.u8(0x0b);
      w.u32(1);
      w.u32(e.func);
    });
    this.writeHints(out);
    this.section(out, 10, this.functions, writeBody);
    this.writeNames(out);
    return out.bytes.slice(0, out.length);
  }

  /** Names of functions, for profilers and dumps (WebAssembly 3.0, appendix "Custom Sections"). */
  private writeNames(out: ByteWriter): void {
    const named = this.functions.flatMap(({ name }, i) => (name ? [{ name, index: this.importedFunctions + i }] : []));
    if (named.length === 0) return;
    const map = new ByteWriter();
    map.u32(named.length);
    for (const { name, index } of named) {
      map.u32(index);
      map.name(name);
    }
    const body = new ByteWriter();
    body.name('name');
    body.u8(1);
    body.u32(map.length);
    body.raw(map.view());
    out.u8(0);
    out.u32(body.length);
    out.raw(body.view());
  }

  /** Custom section metadata.code.branch_hint (the branch hinting proposal, now part of the standard). */
  private writeHints(out: ByteWriter): void {
    const hinted = this.functions.flatMap((f, i) =>
      f.code.hints.length > 0 ? [{ index: this.importedFunctions + i, code: f.code }] : [],
    );
    if (hinted.length === 0) return;
    const body = new ByteWriter();
    body.name('metadata.code.branch_hint');
    body.u32(hinted.length);
    for (const { index, code } of hinted) {
      // Offsets count from the start of the function's declarations of locals.
      const declarations = new ByteWriter();
      writeLocals(declarations, code.locals);
      body.u32(index);
      body.u32(code.hints.length);
      for (const { at, isLikely } of code.hints) {
        body.u32(declarations.length + at);
        body.u32(1);
        body.u8(isLikely ? 1 : 0);
      }
    }
    out.u8(0);
    out.u32(body.length);
    out.raw(body.view());
  }

  private section<T>(out: ByteWriter, id: number, items: readonly T[], write: (w: ByteWriter, item: T) => void): void {
    if (items.length === 0) return;
    const body = new ByteWriter();
    body.u32(items.length);
    for (const item of items) write(body, item);
    out.u8(id);
    out.u32(body.length);
    out.raw(body.view());
  }
}

function writeLocals(w: ByteWriter, locals: readonly ValueType[]): void {
  const groups: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = groups.at(-1);
    if (last?.type === type) last.count++;
    else groups.push({ type, count: 1 });
  }
  w.u32(groups.length);
  for (const { type, count } of groups) {
    w.u32(count);
    w.u8(TYPE_BYTE[type]);
  }
}

function writeBody(w: ByteWriter, { code }: { code: CodeWriter }): void {
  const body = new ByteWriter();
  writeLocals(body, code.locals);
  body.raw(code.view());
  body.u8(0x0b);
  w.u32(body.length);
  w.raw(body.view());
}
