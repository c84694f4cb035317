/**
 * Tier 1 beside the interpreter: finds hot code, has it translated, and puts the translation in the place of the op record
 * at its entry, so that every way there (links, the jump cache, falling through) leads into it. Runs on the vCPU's thread.
 *
 * Hot code is found by samples: the engine comes back after every `period` instructions, at the target of a branch. That
 * costs tier 0 nothing, finds loops where they begin, and also finds inner loops of translated regions, which V8 would
 * leave in its baseline code for ever (it has no on-stack replacement for wasm).
 */
import type { InterpreterEngine, Tier1 } from '../interp/engine.ts';
import { HANDLER_SLOTS, REGION_SLOTS } from '../interp/handler-code.ts';
import { OP_COUNT, OP_ENTRY, OP_HANDLER, OP_SIZE, OP_TARGET } from '../ir/op-record.ts';
import { PAGE_SHIFT } from '../mem/layout.ts';
import type { TranslatorStatistics } from '../vcpu/engine.ts';
import type { CodeSource } from './region.ts';
import { type Translation, translateRegion } from './translate.ts';

/** `auto` hot code · `always` everything that runs, at once, with the flags of tier 0 at every exit · `off` nothing. */
export type JitMode = 'auto' | 'always' | 'off';

/** An address is hot when the samples that met it stand for so many instructions. */
const HOT_INSNS = 200_000;
/** Exits of regions are looked at after so many samples; one is hot that was taken so often, and at least so often per insn. */
const SCAN_SAMPLES = 16;
const HOT_EXITS = 20;
const INSNS_PER_EXIT = 3000;
const MAX_REBUILDS = 6;
/** Addresses inside a region must be so many times hotter to become entries: they are soon left for one. */
const COVERED_FACTOR = 4;
const FIRST_PERIOD = 10_000;
const LONGEST_PERIOD = 200_000;
/** Guest instructions in one region at most. */
const MAX_INSNS = 1000;
/** Translations that give up so often at one instruction are made anew, with its rare cases inside. */
const GIVE_UP_LIMIT = 200;

/** An op record that leads into a region, and what it held before. */
interface TakenRecord {
  readonly ip: number;
  readonly record: number;
  readonly saved: Uint8Array;
}

interface Installed {
  /** Where it was hot first. */
  readonly entry: number;
  readonly slot: number;
  readonly taken: readonly TakenRecord[];
  readonly exits: readonly number[];
  readonly firstExit: number;
  readonly pages: readonly number[];
  readonly ranges: Translation['ranges'];
  readonly insns: number;
}

export class Translator implements Tier1 {
  period = FIRST_PERIOD;
  readonly statistics: TranslatorStatistics = {
    regions: 0,
    live: 0,
    insns: 0,
    wasmBytes: 0,
    dropped: 0,
    giveUps: 0,
    coldSamples: 0,
    hotSamples: 0,
    translateMs: 0,
    compileMs: 0,
  };
  private readonly engine: InterpreterEngine;
  private readonly mode: JitMode;
  private readonly now: () => number;
  private readonly samples = new Map<number, number>();
  private readonly regions = new Set<Installed>();
  private readonly byEntry = new Map<number, Installed>();
  private readonly byPage = new Map<number, Set<Installed>>();
  /** Addresses that can't be translated, or aren't worth it. */
  private readonly refused = new Set<number>();
  private readonly giveUps = new Map<number, number>();
  private readonly freeSlots: number[] = [];
  private nextSlot = HANDLER_SLOTS;
  private jitter = 1;
  private sinceScan = 0;
  private samplesSinceScan = 0;
  private readonly rebuilds = new Map<number, number>();
  private readonly source: CodeSource;

  constructor(engine: InterpreterEngine, mode: JitMode, now: () => number = () => 0) {
    this.engine = engine;
    this.mode = mode;
    engine.statistics.translator = this.statistics;
    this.now = now;
    this.source = {
      decode: (ip) => engine.decodeAt(ip),
      isKnown: (ip) => engine.findRecord(ip) !== 0,
      exactSites: this.exactSites,
      exactFlags: mode === 'always',
    };
  }

  sample(ip: number): void {
    this.sinceScan += this.period;
    if (++this.samplesSinceScan >= SCAN_SAMPLES) this.scanExits();
    // Not always the same distance: loops would hide between samples.
    this.jitter = (Math.imul(this.jitter, 1103515245) + 12345) >>> 0;
    if (this.byEntry.has(ip) || this.refused.has(ip)) {
      this.statistics.hotSamples++;
      this.period = Math.min(LONGEST_PERIOD, this.period + (this.period >> 3) + (this.jitter >>> 26));
      return;
    }
    this.statistics.coldSamples++;
    const insns = (this.samples.get(ip) ?? 0) + this.period;
    this.period = Math.max(FIRST_PERIOD, this.period >> 1) + (this.jitter >>> 24);
    this.samples.set(ip, insns);
    if (insns < HOT_INSNS) return;
    const around = this.regionAround(ip);
    if (around === undefined) this.translate(ip);
    else if (insns >= HOT_INSNS * COVERED_FACTOR) this.rebuild(around, ip);
  }
  /** The region that has the address, though not as an entry. */
  private regionAround(ip: number): Installed | undefined {
    for (const region of this.byPage.get(ip >>> PAGE_SHIFT) ?? []) {
      if (region.ranges.some(({ start, end }) => start <= ip && ip < end)) return region;
    }
    return undefined;
  }

  /**
   * Looks for exits that are taken often: the code behind them was not known when the region was made. The region is made
   * anew with it, or where that does not help, the code gets a region of its own.
   */
  private scanExits(): void {
    const { u32 } = this.engine.space;
    const limit = Math.max(HOT_EXITS, this.sinceScan / INSNS_PER_EXIT);
    this.sinceScan = 0;
    this.samplesSinceScan = 0;
    for (const region of [...this.regions]) {
      // A translation made meanwhile may have taken all its entries.
      if (!this.regions.has(region)) continue;
      let isHot = false;
      region.exits.forEach((target, i) => {
        const at = (region.firstExit + i * OP_SIZE + OP_COUNT) >> 2;
        const count = u32[at]!;
        u32[at] = 0;
        if (count < limit || this.byEntry.has(target)) return;
        if ((this.rebuilds.get(region.entry) ?? 0) < MAX_REBUILDS) isHot = true;
        else this.translate(target);
      });
      if (isHot && this.regions.has(region)) this.rebuild(region);
    }
  }
  /** Translates a region anew, with an entry more if there is a reason for one. */
  private rebuild(region: Installed, wanted = region.entry): void {
    const count = this.rebuilds.get(region.entry) ?? 0;
    this.rebuilds.set(region.entry, count + 1);
    if (count >= MAX_REBUILDS) {
      if (wanted !== region.entry) this.translate(wanted);
      return;
    }
    const entries = new Set([...region.taken.map(({ ip }) => ip), wanted]);
    this.drop(region);
    this.translate(region.entry, entries);
  }

  decoded(ip: number): void {
    if (this.mode === 'always') this.translate(ip);
  }

  interpreted(ip: number): void {
    this.statistics.giveUps++;
    const count = (this.giveUps.get(ip) ?? 0) + 1;
    this.giveUps.set(ip, count);
    if (count !== GIVE_UP_LIMIT || this.exactSites.has(ip)) return;
    this.exactSites.add(ip);
    const page = ip >>> PAGE_SHIFT;
    for (const region of [...(this.byPage.get(page) ?? [])]) {
      if (!this.regions.has(region) || !region.ranges.some(({ start, end }) => start <= ip && ip < end)) continue;
      this.drop(region);
      this.translate(region.entry, new Set(region.taken.map((t) => t.ip)));
    }
  }
  /** Instructions whose helper is called inside regions, since leaving for it happened often. */
  private readonly exactSites = new Set<number>();

  /** `wanted`: addresses that should be entries, besides those that are some region's now. */
  private translate(ip: number, wanted?: ReadonlySet<number>): void {
    this.samples.delete(ip);
    const { engine } = this;
    const record = engine.findRecord(ip);
    if (record === 0 || this.byEntry.has(ip) || engine.handlers.isStrict) return;
    const slot = this.freeSlots.pop() ?? (this.nextSlot < HANDLER_SLOTS + REGION_SLOTS ? this.nextSlot++ : -1);
    if (slot < 0) return;
    const startMs = this.now();
    const translation = translateRegion(
      ip,
      (at) => wanted?.has(at) || this.byEntry.has(at),
      this.source,
      MAX_INSNS,
      slot,
    );
    const exits = translation && engine.allocateExits(translation.exits);
    if (translation === undefined || exits === undefined) {
      this.refused.add(ip);
      this.freeSlots.push(slot);
      return;
    }
    const translatedMs = this.now();
    engine.handlers.instantiate(new WebAssembly.Module(translation.bytes));
    this.install(translation, slot, exits);
    this.statistics.translateMs += translatedMs - startMs;
    this.statistics.compileMs += this.now() - translatedMs;
  }

  private install(translation: Translation, slot: number, exits: number): void {
    const { space } = this.engine;
    const pages = pagesOf(translation);
    const taken = translation.entries.flatMap((ip, selector) => this.take(ip, selector, slot, exits) ?? []);
    const region: Installed = {
      entry: translation.entries[0]!,
      slot,
      taken,
      exits: translation.exits,
      firstExit: exits,
      pages,
      ranges: translation.ranges,
      insns: translation.insns,
    };
    this.regions.add(region);
    for (const { ip } of taken) this.byEntry.set(ip, region);
    for (const page of pages) {
      space.markCode(page);
      const set = this.byPage.get(page);
      if (set) set.add(region);
      else this.byPage.set(page, new Set([region]));
    }
    const { statistics } = this;
    statistics.regions++;
    statistics.live++;
    statistics.insns += translation.insns;
    statistics.wasmBytes += translation.bytes.length;
  }

  /** Lets a record lead into a region, instead of the one that it leads to so far. */
  private take(ip: number, selector: number, slot: number, exits: number): TakenRecord | undefined {
    const { space } = this.engine;
    const before = this.byEntry.get(ip);
    if (before) this.giveBack(before, ip);
    const record = this.engine.findRecord(ip);
    if (record === 0) return undefined;
    const saved = space.u8.slice(record, record + OP_SIZE);
    space.u16[(record + OP_HANDLER) >> 1] = slot;
    space.u32[(record + OP_ENTRY) >> 2] = selector;
    space.u32[(record + OP_TARGET) >> 2] = exits;
    return { ip, record, saved };
  }
  /** A region loses one of its entries; one without any goes. */
  private giveBack(region: Installed, ip: number): void {
    this.restore(region, region.taken.find((t) => t.ip === ip)!);
    if (region.taken.every((t) => this.byEntry.get(t.ip) !== region)) this.drop(region);
  }
  /** Gives a record back what it held, unless it has gone stale itself. */
  private restore(region: Installed, { ip, record, saved }: TakenRecord): void {
    const { space } = this.engine;
    this.byEntry.delete(ip);
    if (space.u16[(record + OP_HANDLER) >> 1] === region.slot) space.u8.set(saved, record);
  }

  invalidate(firstPage: number, pageCount: number): void {
    if (pageCount > this.byPage.size) {
      for (const page of [...this.byPage.keys()])
        if (page >= firstPage && page < firstPage + pageCount) this.dropPage(page);
      return;
    }
    for (let page = firstPage; page < firstPage + pageCount; page++) this.dropPage(page);
  }
  private dropPage(page: number): void {
    const regions = this.byPage.get(page);
    if (regions === undefined) return;
    for (const region of [...regions]) this.drop(region);
  }

  private drop(region: Installed): void {
    this.regions.delete(region);
    for (const page of region.pages) this.byPage.get(page)?.delete(region);
    for (const taken of region.taken) if (this.byEntry.get(taken.ip) === region) this.restore(region, taken);
    this.engine.handlers.table.set(region.slot, null);
    this.freeSlots.push(region.slot);
    this.statistics.live--;
    this.statistics.dropped++;
  }

  dropAll(): void {
    for (const region of [...this.regions]) this.drop(region);
    this.samples.clear();
    this.refused.clear();
  }
}

function pagesOf({ ranges }: Translation): number[] {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = start >>> PAGE_SHIFT; page <= Math.max(start, end - 1) >>> PAGE_SHIFT; page++) pages.add(page);
  }
  return [...pages];
}
