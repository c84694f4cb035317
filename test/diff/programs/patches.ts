/**
 * Code that changes: functions in writable pages whose immediates and opcodes the program stores to, code that it copies
 * there, and instructions of a function that are written over just before they run.
 */
import { type Context, freeRegister, lockAlso } from './context.ts';
import { PAGE } from './layout.ts';
import { definedAfter, encode, flagEffect, type Op } from './ops.ts';
import { randomInsn } from './plain.ts';
import { absolute, based, op } from './shapes.ts';
import type { NearPatch, Node, PatchCall, PatchFunction, Unit } from './tree.ts';

const [RCX, RSI, RDI] = [1, 6, 7] as const;

/** The only registers that patch functions and copied code change; no loop counts in them. */
export const PATCH_REGISTERS: readonly number[] = [0, 2, 8, 11];

/** A place in a patch function that stores may change, and the values that make an instruction of it. */
interface Spot {
  readonly address: number;
  readonly bytes: 1 | 4;
  /** Any value, or one of these. */
  readonly values?: readonly number[];
}

export interface Patches {
  readonly functions: readonly PatchFunction[];
  readonly spots: readonly Spot[];
  /** Code to copy: where it is, how long, and the free place for it. */
  readonly templates: Uint8Array;
  readonly templateStarts: readonly number[];
  readonly copyTo: number;
}

const sizeOf = (o: Op): number => encode(o, 0, () => 0).length;

/**
 * Straight code without anything that may fault or needs its own address. The emitter can put nothing between these
 * instructions, so those that would read an undefined flag are left out; `before` are the instructions before them.
 */
function simpleOps(c: Context, count: number, before: readonly Op[]): Op[] {
  const ops: Op[] = [];
  let defined = before.reduce((flags, o) => definedAfter(o, flags, false), 0);
  for (let tries = 0; ops.length < count && tries < 100; tries++) {
    const some = randomInsn(c);
    const isPlaceBound = some.some((o) => o.assembly.memory?.ripTarget !== undefined);
    let after = defined;
    let isGood = !isPlaceBound;
    for (const o of some) {
      isGood &&= (flagEffect(o).reads & ~after) === 0;
      after = definedAfter(o, after, false);
    }
    if (!isGood) continue;
    ops.push(...some);
    defined = after;
  }
  return ops;
}

/** INC and DEC of a register differ in one byte, ADD and SUB of an immediate too. */
function spotOps(c: Context): { op: Op; offset: number; bytes: 1 | 4; values?: readonly number[] }[] {
  const { r, rows } = c;
  const rm = freeRegister(c, 4, 5, 6, 7);
  const modrm = (digit: number): number => 0xc0 | (digit << 3) | (rm & 7);
  const load = op(rows, 'mov Zv Iv', 32, { rm, immediate: r.u32() });
  const step = op(rows, 'inc Ev', 64, { rm });
  const arithmetic = op(rows, 'add Ev sIz', 64, { rm, immediate: r.u32() | 0 });
  return [
    { op: load, offset: sizeOf(load) - 4, bytes: 4 },
    { op: step, offset: sizeOf(step) - 1, bytes: 1, values: [modrm(0), modrm(1)] },
    { op: arithmetic, offset: sizeOf(arithmetic) - 5, bytes: 1, values: [0, 1, 4, 5, 6].map(modrm) },
    { op: arithmetic, offset: sizeOf(arithmetic) - 4, bytes: 4 },
  ];
}

export function makePatches(outer: Context): Patches {
  const c = lockAlso(outer, ...Array.from({ length: 16 }, (_, i) => i).filter((i) => !PATCH_REGISTERS.includes(i)));
  const { r, layout } = c;
  const functions: PatchFunction[] = [];
  const spots: Spot[] = [];
  // One in the first page, one across the boundary, one in the second page.
  for (const start of [16, PAGE - 24, PAGE + 512]) {
    const ops: Op[] = [];
    let at = layout.patch + start;
    for (let i = 1 + r.below(3); i > 0; i--) {
      const spot = r.pick(spotOps(c));
      ops.push(spot.op);
      spots.push({ address: at + spot.offset, bytes: spot.bytes, ...(spot.values ? { values: spot.values } : {}) });
      at += sizeOf(spot.op);
      for (const o of simpleOps(c, r.below(2), ops)) {
        ops.push(o);
        at += sizeOf(o);
      }
    }
    functions.push({ address: layout.patch + start, ops });
  }
  return { functions, spots, ...makeTemplates(c), copyTo: layout.patch + PAGE + 1024 };
}

const TEMPLATE_BYTES = 128;

function makeTemplates(c: Context): { templates: Uint8Array; templateStarts: number[] } {
  const templates = new Uint8Array(3 * TEMPLATE_BYTES).fill(0x90);
  const templateStarts = [0, 1, 2].map((i) => i * TEMPLATE_BYTES);
  for (const start of templateStarts) {
    let at = start;
    for (const o of simpleOps(c, 2 + c.r.below(4), [])) {
      const bytes = encode(o, 0, () => 0);
      if (at + bytes.length >= start + TEMPLATE_BYTES) break;
      templates.set(bytes, at);
      at += bytes.length;
    }
    templates[at] = 0xc3;
  }
  return { templates, templateStarts };
}

/** Changes patch functions and calls them. */
export function patchNode(c: Context, patches: Patches): Node {
  const { r } = c;
  const nodes: Node[] = [];
  if (r.chance(25) && [RCX, RSI, RDI].every((n) => !c.locked.has(n)))
    nodes.push(copyUnit(c, patches), call(c, patches.copyTo));
  else {
    for (let i = 1 + r.below(2); i > 0; i--) nodes.push(spotUnit(c, r.pick(patches.spots)));
    nodes.push(call(c, r.pick(patches.functions).address));
  }
  return { kind: 'sequence', body: nodes };
}

const call = (c: Context, address: number): PatchCall => ({ kind: 'patchCall', address, register: freeRegister(c) });

/** Stores a new immediate, that of a register mostly, or one of the opcodes. */
function spotUnit(c: Context, spot: Spot): Unit {
  const { r, rows } = c;
  const pointer = freeRegister(c);
  const setUp = op(rows, 'mov Zv Iv', 64, { rm: pointer, immediate: spot.address });
  const memory = based(pointer, 0);
  const values = spot.values ?? [r.u32() | 0];
  const store =
    spot.bytes === 1
      ? op(rows, 'mov Eb Ib', 32, { memory, immediate: r.pick(values) })
      : r.chance(60)
        ? op(rows, 'mov Ev Gv', 32, { memory, reg: r.below(16) })
        : op(rows, 'add Ev sIz', 32, { memory, immediate: r.pick(values) });
  return { kind: 'unit', ops: [setUp, store], isLoose: false };
}

function copyUnit(c: Context, patches: Patches): Unit {
  const { r, rows, layout } = c;
  const source = layout.tables + r.pick(patches.templateStarts);
  const o = (register: number, immediate: number): Op => op(rows, 'mov Zv Iv', 64, { rm: register, immediate });
  return {
    kind: 'unit',
    ops: [o(RSI, source), o(RDI, patches.copyTo), o(RCX, TEMPLATE_BYTES / 8), op(rows, 'movs', 64, { repeat: 'rep' })],
    isLoose: false,
  };
}

/** An instruction whose immediate or opcode is stored directly before it runs. */
export function nearPatch(c: Context): NearPatch {
  const { r, rows } = c;
  const spot = r.pick(spotOps(c));
  const source = r.below(16);
  const store =
    spot.bytes === 4
      ? op(rows, 'mov Ev Gv', 32, { memory: absolute(0), reg: source })
      : op(rows, 'mov Eb Ib', 32, { memory: absolute(0), immediate: r.pick(spot.values!) });
  return {
    kind: 'nearPatch',
    before: r.chance(30) ? randomInsn(lockAlso(c, source)) : [],
    store,
    plus: spot.offset,
    hasJump: r.chance(60),
    target: spot.op,
  };
}
