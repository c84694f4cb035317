/** Makes a random program from a seed: functions of nested control flow around random instructions. */
import { Random } from '../isa/random.ts';
import { BASE, type Context, type Feature, freeRegister, GS_OFFSET, lockAlso, RBP, RSP } from './context.ts';
import { FIRST_CELL, RECURSION_CELL, RECURSION_LIMIT } from './emit.ts';
import {
  ACTION_NONE,
  ACTION_POKE,
  ACTION_PROTECT,
  ACTION_REMAP,
  DATA_MIDDLE,
  DATA_PAGES,
  layoutOf,
  PAGE,
  READ,
  type Region,
  type Registers,
  STACK_PAGES,
  WRITE,
} from './layout.ts';
import type { Op } from './ops.ts';
import { makePatches, nearPatch, PATCH_REGISTERS, type Patches, patchNode } from './patches.ts';
import type { Rows } from './rows.ts';
import { based, op } from './shapes.ts';
import type { Counter, Func, Node, Probe, Program, Switch } from './tree.ts';
import * as units from './units.ts';

/** Instructions that a program may run at most, about; and a function that is called. */
const PROGRAM_COST = 60_000;
const FUNCTION_COST = 4_000;

export interface GenerateOptions {
  /** What programs may contain; each has a part of it. */
  readonly features: readonly Feature[];
}

export function generateProgram(seed: number, rows: Rows, options: GenerateOptions): Program {
  return new ProgramMaker(new Random(seed), rows, options).make(seed);
}

/** Where in the program a node stands. */
interface Site {
  readonly c: Context;
  readonly depth: number;
  /** How often this place runs. */
  readonly times: number;
  readonly loops: number;
  readonly canCall: boolean;
}

class ProgramMaker {
  private readonly r: Random;
  private readonly base: Context;
  private readonly patches: Patches | undefined;
  private readonly costs: number[] = [];
  private readonly functions: Func[] = [];
  private readonly catchCells: number[];
  private nextCell = FIRST_CELL;
  private function = 0;
  /** Instructions that the function runs, about. */
  private cost = 0;
  private limit = 0;
  private losesData = false;

  constructor(r: Random, rows: Rows, options: GenerateOptions) {
    this.r = r;
    const features = new Set(options.features.filter((f) => r.chance(f === 'high' || f === 'unmasked' ? 20 : 60)));
    const layout = layoutOf(features.has('high'));
    const hot = (r.below(DATA_PAGES * PAGE - 128) & ~15) + r.pick([0, 0, 8, 15]);
    this.base = { r, rows, layout, features, locked: new Set([BASE, RSP, RBP]), hot };
    this.patches = features.has('patch') ? makePatches(this.base) : undefined;
    this.catchCells = features.has('catch') ? [this.takeCell(24), this.takeCell(24)] : [];
  }

  private takeCell(bytes = 8): number {
    const cell = this.nextCell;
    this.nextCell += bytes;
    return cell;
  }

  make(seed: number): Program {
    const { r, base } = this;
    const count = base.features.has('call') ? 2 + r.below(5) : 1;
    for (let i = count - 1; i >= 0; i--) {
      this.function = i;
      this.functions[i] = this.makeFunction(i === 0);
      this.costs[i] = this.cost;
    }
    return {
      seed,
      layout: base.layout,
      isWritableCode: base.features.has('nearPatch'),
      registers: this.registers(),
      functions: this.functions,
      patchFunctions: this.patches?.functions ?? [],
      data: this.data(),
      templates: this.patches?.templates ?? new Uint8Array(0),
      losesData: this.losesData,
      catchCells: this.catchCells,
    };
  }

  private makeFunction(isMain: boolean): Func {
    const { r, base } = this;
    this.cost = 10;
    this.limit = isMain ? PROGRAM_COST : FUNCTION_COST;
    const canSave = !isMain && base.features.has('stack');
    const saves = canSave && r.chance(60) ? [3, 12, 13, 15, 5].slice(0, 1 + r.below(5)) : [];
    const hasFrame = canSave && r.chance(40);
    const c: Context = {
      ...base,
      locked: new Set([BASE, RSP, ...(saves.includes(RBP) && !hasFrame ? [] : [RBP])]),
    };
    const later = this.functions.length > this.function + 1;
    const body = this.sequence({ c, depth: 0, times: 1, loops: 0, canCall: true }, isMain ? 6 : 4);
    return {
      hasFrame,
      saves,
      takesFlags: r.chance(50),
      givesFlags: r.chance(50),
      argumentWords: !isMain && canSave && r.chance(30) ? 1 + r.below(3) : 0,
      body,
      ...(later && !isMain && r.chance(15) ? { tail: this.function + 1 } : {}),
    };
  }

  private sequence(site: Site, length: number): Node {
    const body: Node[] = [];
    for (let i = 1 + this.r.below(length); i > 0; i--) body.push(...this.nodes(site));
    return { kind: 'sequence', body };
  }

  /** A piece of straight code, then perhaps something that branches. */
  private nodes(site: Site): Node[] {
    const { r } = this;
    const nodes: Node[] = [];
    const count = r.below(5);
    for (let i = 0; i < count; i++) nodes.push(this.straight(site.c));
    this.cost += 2 * count * site.times;
    if (site.depth < 4 && this.cost < this.limit && r.chance(75)) nodes.push(this.branching(site));
    return nodes;
  }

  private straight(c: Context): Node {
    const { r } = this;
    const { features } = c;
    const kind = r.below(40);
    if (kind === 0 && features.has('divide')) return units.divideUnit(c);
    if (kind <= 2 && features.has('string')) return units.stringUnit(c);
    if (kind === 3) return units.bitsUnit(c);
    if (kind === 4) return units.doubleShiftUnit(c);
    if (kind === 5 && features.has('stack')) return units.flagsUnit(c);
    if (kind === 6) return units.controlUnit(c);
    if (kind === 7 && features.has('fault') && r.chance(50)) return units.faultUnit(c);
    if (kind === 8) return units.crossingUnit(c);
    if (kind === 9 && features.has('string')) return units.pointerUnit(c);
    if (kind === 10 && features.has('probe') && r.chance(40)) return this.probe(c);
    if (kind === 11 && features.has('nearPatch')) return nearPatch(c);
    if (kind === 12 && this.patches) return patchNode(c, this.patches);
    return units.plainUnit(c);
  }

  private branching(site: Site): Node {
    const { r } = this;
    const { features } = this.base;
    const inner = { ...site, depth: site.depth + 1 };
    switch (r.below(12)) {
      case 0:
      case 1:
        return { kind: 'if', condition: r.below(16), body: this.sequence(inner, 2) };
      case 2:
        return {
          kind: 'if',
          condition: r.below(16),
          body: this.sequence(inner, 2),
          otherwise: this.sequence(inner, 2),
        };
      case 3:
      case 4:
      case 5:
        return this.loop(site);
      case 6:
        return this.switch(inner);
      case 7:
        if (site.loops > 0)
          return { kind: 'leave', condition: r.below(16), depth: r.below(2), isContinue: r.chance(30) };
        return this.loop(site);
      case 8:
      case 9:
        return features.has('call') && site.canCall ? this.call(site) : this.straight(site.c);
      case 10:
        return features.has('tangle') ? this.tangle(site) : this.saved(inner);
      default:
        if (features.has('catch')) return this.catchOrThrow(inner);
        return this.saved(inner);
    }
  }

  private loop(site: Site): Node {
    const { r } = this;
    const room = Math.floor(Math.max(2, Math.min(300, (this.limit - this.cost) / (site.times * 30))));
    const count = r.chance(50) ? 1 + r.below(Math.min(8, room)) : 1 + r.below(room);
    const inRegister = r.chance(60);
    let counter: Counter;
    let c = site.c;
    let { canCall } = site;
    if (inRegister && r.chance(80)) {
      const register = freeRegister(c, ...PATCH_REGISTERS);
      counter = { in: 'register', register, size: r.pick([16, 32, 32, 64]), latch: r.below(4) };
      c = lockAlso(c, register);
      canCall = false;
    } else if (inRegister && !c.locked.has(1)) {
      counter = { in: 'rcx' };
      c = lockAlso(c, 1);
      canCall = false;
    } else counter = r.chance(50) ? { in: 'cell', cell: this.takeCell() } : { in: 'stack' };
    const times = site.times * count;
    const inner = { c, depth: site.depth + 1, times, loops: site.loops + 1, canCall };
    this.cost += 3 * times;
    return { kind: 'loop', counter, count, body: this.sequence(inner, 3), carriesFlags: r.chance(50) };
  }

  private switch(site: Site): Switch {
    const { r } = this;
    const cases = Array.from({ length: r.pick([2, 4, 4, 8]) }, () => this.sequence(site, 1));
    return {
      kind: 'switch',
      selector: r.below(16),
      index: freeRegister(site.c),
      how: r.pick(['memory', 'register', 'relative'] as const),
      cases,
    };
  }

  private call(site: Site): Node {
    const { r } = this;
    const isRecursive = this.function !== 0 && r.chance(25);
    const callees = this.costs.map((_, i) => i).filter((i) => this.costs[i] !== undefined && i > this.function);
    const callee = isRecursive ? this.function : callees.length > 0 ? r.pick(callees) : -1;
    const cost = isRecursive ? FUNCTION_COST / site.times : (this.costs[callee] ?? 0);
    if (callee <= 0 || this.cost + cost * site.times > this.limit * 2) return this.straight(site.c);
    this.cost += cost * site.times;
    return {
      kind: 'call',
      callee,
      how: r.pick(['direct', 'direct', 'direct', 'register', 'memory', 'table', 'pushed'] as const),
      isLimited: isRecursive,
      register: freeRegister(site.c),
    };
  }

  /** Blocks that branch to each other at will, with two ways in. */
  private tangle(site: Site): Node {
    const { r } = this;
    const count = 2 + r.below(12);
    const blocks = 2 + r.below(4);
    const inner: Site = { ...site, depth: site.depth + 2, times: site.times * count, loops: 0 };
    this.cost += 4 * inner.times;
    return {
      kind: 'tangle',
      cell: this.takeCell(),
      count,
      entryCondition: r.below(16),
      blocks: Array.from({ length: blocks }, (_, i) => ({
        body: this.sequence(inner, 1),
        condition: r.below(16),
        to: r.below(blocks),
        next: r.chance(60) ? (i + 1) % blocks : r.below(blocks),
      })),
    };
  }

  private saved(site: Site): Node {
    const { r } = this;
    if (!this.base.features.has('stack')) return this.sequence(site, 2);
    const count = 1 + r.below(4);
    const { rows } = this.base;
    const push = (): Op =>
      r.pick([
        () => op(rows, 'push Zv', 64, { rm: r.below(16) }),
        () => op(rows, 'push Zv', 64, { rm: r.below(16) }),
        () => op(rows, 'push sIz', 64, { immediate: r.u32() | 0 }),
        () => op(rows, 'push sIb', 64, { immediate: r.below(256) }),
        () => op(rows, 'push Ev', 64, { memory: based(BASE, r.below(1024)) }),
        () => op(rows, 'push Ev', 64, { memory: based(RSP, 8) }),
      ])();
    const pop = (): Op =>
      r.chance(80)
        ? op(rows, 'pop Zv', 64, { rm: freeRegister(site.c) })
        : op(rows, 'pop Ev', 64, { memory: based(BASE, r.below(1024)) });
    const isShort = r.chance(15);
    const short = (o: Op): Op[] => Array.from({ length: isShort ? 4 : 1 }, () => asShort(o, isShort));
    return {
      kind: 'saved',
      pushes: Array.from({ length: count }, push).flatMap(short),
      body: this.sequence(site, 2),
      pops: Array.from({ length: count }, pop).flatMap(short),
    };
  }

  private catchOrThrow(site: Site): Node {
    const { r } = this;
    const cell = r.pick(this.catchCells);
    if (site.canCall && this.function < 2 && r.chance(50)) {
      const body = this.sequence({ ...site, loops: 0 }, 2);
      return { kind: 'catch', cell, register: freeRegister(site.c), body };
    }
    return { kind: 'throw', cell, condition: r.below(16) };
  }

  private probe(c: Context): Probe {
    const { r } = this;
    const { layout } = c;
    const nothing = { action: ACTION_NONE, address: 0, value: 0 };
    const how = r.pick(['ud2', 'ud2', 'int3', 'syscall', 'fetch'] as const);
    if (how === 'fetch')
      return { kind: 'probe', how, ...nothing, address: r.pick([layout.data + 64, layout.none + 1, 0x20, 0x7f_0000]) };
    if (how === 'syscall' && [0, 1, 11].some((n) => c.locked.has(n))) return { kind: 'probe', how: 'ud2', ...nothing };
    if (how === 'syscall' || r.chance(40)) return { kind: 'probe', how, ...nothing };
    const address = layout.data + PAGE * r.below(DATA_PAGES);
    switch (r.below(4)) {
      case 0:
        this.losesData = true;
        return { kind: 'probe', how, action: ACTION_PROTECT, address, value: r.pick([READ, 0, READ | WRITE]) };
      case 1:
        return { kind: 'probe', how, action: ACTION_REMAP, address, value: READ | WRITE };
      case 2:
        if (this.patches) {
          const spot = r.pick(this.patches.spots);
          const value = spot.values ? r.pick(spot.values) : r.below(256);
          return { kind: 'probe', how, action: ACTION_POKE, address: spot.address, value };
        }
    }
    return { kind: 'probe', how, action: ACTION_PROTECT, address, value: READ | WRITE };
  }

  private registers(): Registers {
    const { r } = this;
    const { layout } = this.base;
    const gpr = Array.from({ length: 16 }, () => r.integer());
    gpr[BASE] = BigInt(layout.data + DATA_MIDDLE);
    gpr[RSP] = BigInt(layout.stack + STACK_PAGES * PAGE - 256);
    const fx = new Uint8Array(512);
    const dv = new DataView(fx.buffer);
    dv.setUint16(0, 0x7f | (r.pick([0, 2, 3, 3, 3]) << 8) | (r.chance(70) ? 0 : r.below(4) << 10), true);
    dv.setUint8(4, r.chance(60) ? 0 : r.below(256));
    dv.setUint32(24, 0x1f80 | (r.chance(70) ? 0 : r.below(4) << 13) | (r.chance(50) ? 0x20 : 0), true);
    for (let i = 0; i < 8; i++) put(dv, 32 + 16 * i, r.extended());
    for (let i = 0; i < 16; i++) put(dv, 160 + 16 * i, r.vector());
    const high = new Uint8Array(256);
    for (let at = 0; at < 256; at += 16) put(new DataView(high.buffer), at, r.vector());
    return { gpr, flags: (r.u32() & 0x8d5) | 0x202, gsBase: layout.data + DATA_MIDDLE + GS_OFFSET, fx, high };
  }

  private data(): Region[] {
    const { layout } = this.base;
    const control = new Uint8Array(PAGE);
    new DataView(control.buffer).setUint32(RECURSION_CELL, RECURSION_LIMIT, true);
    const rw = READ | WRITE;
    const region = (address: number, pages: number, prot: number, content: Uint8Array, isOutput = true): Region => ({
      address,
      pages,
      prot,
      content,
      isOutput,
    });
    const none = new Uint8Array(0);
    return [
      region(layout.data, DATA_PAGES, rw, this.values(DATA_PAGES * PAGE)),
      region(layout.stack, STACK_PAGES, rw, none),
      region(layout.control, 1, rw, control),
      region(layout.readOnly, 1, READ, this.values(PAGE), false),
      region(layout.none, 1, 0, none, false),
    ];
  }

  private values(bytes: number): Uint8Array {
    const { r } = this;
    const content = new Uint8Array(bytes);
    const dv = new DataView(content.buffer);
    // The same kilobyte of corner cases over and over: making them takes time.
    for (let at = 0; at < Math.min(bytes, 1024); at += 16) put(dv, at, r.chance(15) ? r.extended() : r.vector());
    for (let at = 1024; at < bytes; at += 1024) content.copyWithin(at, 0, 1024);
    return content;
  }
}

function put(dv: DataView, at: number, value: bigint): void {
  dv.setBigUint64(at, value & 0xffff_ffff_ffff_ffffn, true);
  dv.setBigUint64(at + 8, value >> 64n, true);
}

/** Pushes and pops of 16 bits. */
const asShort = (o: Op, isShort: boolean): Op => (isShort ? { ...o, assembly: { ...o.assembly, operandSize: 16 } } : o);
