/**
 * Tier 1 beside the interpreter: finds hot code, has it translated, and puts the translation in the place of the op record
 * at its entry, so that every way there (links, the jump cache, falling through) leads into it. Runs on the vCPU's thread.
 *
 * Hot code is found by samples: the engine comes back after every `period` instructions, at the target of a branch. That
 * costs tier 0 nothing, finds loops where they begin, and also finds inner loops of translated regions, which V8 would
 * leave in its baseline code for ever (it has no on-stack replacement for wasm).
 */
import { concatBytes } from '../base/bytes.ts';
import type { InterpreterEngine, Tier1 } from '../interp/engine.ts';
import { HANDLER_SLOTS, REGION_SLOTS } from '../interp/handler-code.ts';
import { OP_COUNT, OP_ENTRY, OP_HANDLER, OP_SIZE, OP_TARGET } from '../ir/op-record.ts';
import { PAGE_SHIFT } from '../mem/layout.ts';
import type { TranslatorStatistics } from '../vcpu/engine.ts';
import { type KeptRegion, KeptRegions } from './kept-regions.ts';
import type { CodeSource } from './region.ts';
import { FUNCTION, type Translation, translateRegion } from './translate.ts';

/** `auto` hot code · `always` everything that runs, at once, with the flags of tier 0 at every exit · `off` nothing. */
export type JitMode = 'auto' | 'always' | 'off';

/** An address is hot when the samples that met it stand for so many instructions. */
const HOT_INSNS = 200_000;
/** Exits of regions are looked at after so many samples; one is hot that was taken so often, and at least so often per insn. */
const SCAN_SAMPLES = 16;
const MAX_SCAN_SAMPLES = 512;
const HOT_EXITS = 20;
const INSNS_PER_EXIT = 3000;
const MAX_REBUILDS = 6;
/** Addresses inside a region must be so many times hotter to become entries: they are soon left for one. */
const COVERED_FACTOR = 4;
const FIRST_PERIOD = 10_000;
const LONGEST_PERIOD = 400_000;
/** Guest instructions in one region at most. */
const MAX_INSNS = 1000;
/** Parts of an interpreter: what counts as one, how many make a region of their own, how far they are apart, and its size. */
const MIN_PART_INSNS = 3;
const MIN_PARTS = 6;
const PART_GAP = 0x2000;
const MAX_GATHERED = 2500;
/** Translations that give up so often at one instruction are made anew, with its rare cases inside. */
const GIVE_UP_LIMIT = 200;

/** An op record that leads into a region, and what it held before. */
interface TakenRecord {
  readonly ip: number;
  readonly record: number;
  readonly saved: Uint8Array;
}

interface Installed {
  readonly kept: KeptRegion;
  readonly slot: number;
  readonly taken: TakenRecord[];
  /** Address of the first exit record. */
  readonly firstExit: number;
  readonly pages: readonly number[];
}

interface LateEntry {
  readonly ip: number;
  readonly region: Installed;
  readonly selector: number;
}

/** Where the region was hot first. */
const entryOf = ({ kept }: Installed): number => kept.translation.entries[0]!;
const rootsOf = ({ kept: { translation } }: Installed): number[] => translation.entries.slice(0, translation.roots);

export class Translator implements Tier1 {
  period = FIRST_PERIOD;
  readonly statistics: TranslatorStatistics = {
    regions: 0,
    kept: 0,
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
  /** Longer when the last scan found nothing. */
  private scanSamples = SCAN_SAMPLES;
  private readonly rebuilds = new Map<number, number>();
  private readonly source: CodeSource;
  private kept: KeptRegions;

  constructor(engine: InterpreterEngine, mode: JitMode, now: () => number = () => 0) {
    this.engine = engine;
    this.mode = mode;
    engine.statistics.translator = this.statistics;
    this.now = now;
    this.kept = new KeptRegions(engine.space, undefined);
    this.source = {
      decode: (ip) => engine.decodeAt(ip),
      isKnown: (ip) => engine.findRecord(ip) !== 0,
      exactSites: this.exactSites,
      exactFlags: mode === 'always',
    };
  }

  sample(ip: number): void {
    this.sinceScan += this.period;
    if (++this.samplesSinceScan >= this.scanSamples) this.scanExits();
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
    const [around] = this.regionsAround(ip);
    if (around === undefined) this.translateAt(ip);
    else if (insns >= HOT_INSNS * COVERED_FACTOR) this.rebuild(around, ip);
  }
  /** The regions that have the address, be it as an entry or not. */
  private regionsAround(ip: number): Installed[] {
    return [...(this.byPage.get(ip >>> PAGE_SHIFT) ?? [])].filter(({ kept }) =>
      kept.translation.ranges.some(({ start, end }) => start <= ip && ip < end),
    );
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
    const { regions } = this.statistics;
    for (const region of [...this.regions]) {
      // A translation made meanwhile may have taken all its entries.
      if (!this.regions.has(region)) continue;
      let isHot = false;
      region.kept.translation.exits.forEach((target, i) => {
        const at = (region.firstExit + i * OP_SIZE + OP_COUNT) >> 2;
        const count = u32[at]!;
        u32[at] = 0;
        if (count < limit || this.byEntry.has(target)) return;
        // One that was full would leave it out again.
        const { insns, roots } = region.kept.translation;
        const hasRoom = roots === 1 && insns < MAX_INSNS;
        if (hasRoom && (this.rebuilds.get(entryOf(region)) ?? 0) < MAX_REBUILDS) isHot = true;
        else this.translateAt(target);
      });
      if (isHot && this.regions.has(region)) this.rebuild(region);
    }
    const hasFound = this.statistics.regions > regions;
    this.scanSamples = hasFound ? SCAN_SAMPLES : Math.min(MAX_SCAN_SAMPLES, 2 * this.scanSamples);
  }
  /** Translates a region anew, with an entry more if there is a reason for one. */
  private rebuild(region: Installed, wanted = entryOf(region)): void {
    const entry = entryOf(region);
    const count = this.rebuilds.get(entry) ?? 0;
    this.rebuilds.set(entry, count + 1);
    if (count >= MAX_REBUILDS) {
      if (wanted !== entry) this.translateAt(wanted);
      return;
    }
    const entries = new Set([...region.taken.map(({ ip }) => ip), wanted]);
    this.drop(region);
    this.translate(rootsOf(region), entries);
  }

  decoded(ip: number, end: number): void {
    if (this.mode === 'always') this.translateAt(ip);
    for (const region of this.kept.take(ip, end)) this.useKept(region);
    for (let page = ip >>> PAGE_SHIFT; page <= (end - 1) >>> PAGE_SHIFT; page++) this.takeLate(page, ip, end);
  }
  begin(kept: Uint8Array<ArrayBuffer> | undefined): void {
    // What is proven is made anew each time.
    if (this.mode === 'always') return;
    this.kept = new KeptRegions(this.engine.space, kept);
    for (const ip of this.kept.exactSites) this.exactSites.add(ip);
  }
  end(): Uint8Array | undefined {
    const live = [...this.regions].map((region) => ({
      ...region.kept,
      entries: region.kept.translation.entries.filter(
        (ip) =>
          this.byEntry.get(ip) === region ||
          this.lateOn(ip >>> PAGE_SHIFT).some((e) => e.ip === ip && e.region === region),
      ),
    }));
    return this.kept.serialize(live, this.statistics.regions, this.exactSites);
  }
  private useKept(region: KeptRegion): void {
    if (this.engine.handlers.isStrict || !this.install(region)) return;
    this.statistics.kept++;
    // It has been made anew in the run before, as often as that helped.
    this.rebuilds.set(region.translation.entries[0]!, MAX_REBUILDS - 1);
  }

  interpreted(ip: number): void {
    this.statistics.giveUps++;
    const count = (this.giveUps.get(ip) ?? 0) + 1;
    this.giveUps.set(ip, count);
    if (count !== GIVE_UP_LIMIT || this.exactSites.has(ip)) return;
    this.exactSites.add(ip);
    for (const region of this.regionsAround(ip)) {
      if (!this.regions.has(region)) continue;
      this.drop(region);
      this.translate(rootsOf(region), new Set(region.taken.map((t) => t.ip)));
    }
  }
  /** Instructions whose helper is called inside regions, since leaving for it happened often. */
  private readonly exactSites = new Set<number>();

  private translateAt(ip: number): void {
    this.samples.delete(ip);
    if (this.byEntry.has(ip) || !this.translate([ip])) return;
    const { translation } = this.byEntry.get(ip)!.kept;
    if (translation.hasIndirect) this.gather(ip);
  }

  /**
   * Parts of an interpreter end with an indirect jump to the next one. When there are many, they become one region, in which
   * such jumps stay; again when it has half as many neighbours more.
   */
  private gather(ip: number): void {
    const parts = [...this.regions]
      .filter(({ kept: { translation } }) => translation.hasIndirect && translation.insns >= MIN_PART_INSNS)
      .sort((a, b) => entryOf(a) - entryOf(b));
    const middle = parts.findIndex((part) => entryOf(part) === ip);
    if (middle < 0) return;
    const isNear = (i: number): boolean => i >= 0 && i + 1 < parts.length && gap(parts[i]!, parts[i + 1]!) <= PART_GAP;
    let [first, last] = [middle, middle];
    while (isNear(first - 1)) first--;
    while (isNear(last)) last++;
    const near = parts.slice(first, last + 1);
    const known = near.filter((part) => part.kept.translation.roots > 1).flatMap(rootsOf);
    const fresh = near.filter((part) => part.kept.translation.roots === 1).map(entryOf);
    if (fresh.length >= Math.max(MIN_PARTS, known.length / 2)) this.translate([...known, ...fresh]);
  }

  /** `wanted`: addresses that should be entries, besides those that are some region's now. False when nothing came of it. */
  private translate(roots: readonly number[], wanted?: ReadonlySet<number>): boolean {
    const { engine, statistics } = this;
    if (engine.findRecord(roots[0]!) === 0 || engine.handlers.isStrict) return false;
    const startMs = this.now();
    const isWanted = (at: number): boolean => wanted?.has(at) || this.byEntry.has(at);
    const limit = roots.length > 1 ? MAX_GATHERED : MAX_INSNS;
    const translation = translateRegion(roots, isWanted, this.source, limit);
    const endMs = this.now();
    statistics.translateMs += endMs - startMs;
    if (!translation || !this.install({ translation, entries: translation.entries, code: this.codeOf(translation) })) {
      this.refused.add(roots[0]!);
      return false;
    }
    statistics.compileMs += this.now() - endMs;
    statistics.regions++;
    statistics.insns += translation.insns;
    statistics.wasmBytes += translation.bytes.length;
    return true;
  }
  private codeOf({ ranges }: Translation): Uint8Array {
    return concatBytes(ranges.map(({ start, end }) => this.engine.space.raw(start, end - start)));
  }

  /** Puts a translation where its code is; false when there is no room for it. */
  private install(kept: KeptRegion): boolean {
    const { engine, byPage, statistics } = this;
    const { translation } = kept;
    const slot = this.freeSlots.pop() ?? (this.nextSlot < HANDLER_SLOTS + REGION_SLOTS ? this.nextSlot++ : -1);
    if (slot < 0) return false;
    const firstExit = engine.allocateExits(translation.exits);
    if (firstExit === undefined) {
      this.freeSlots.push(slot);
      return false;
    }
    const { exports } = engine.handlers.instantiate(new WebAssembly.Module(translation.bytes));
    engine.handlers.table.set(slot, exports[FUNCTION]);
    const region: Installed = { kept, slot, taken: [], firstExit, pages: pagesOf(translation) };
    this.regions.add(region);
    for (const page of region.pages) {
      engine.space.markCode(page);
      const set = byPage.get(page);
      if (set) set.add(region);
      else byPage.set(page, new Set([region]));
    }
    for (const ip of kept.entries) this.take(region, ip, translation.entries.indexOf(ip));
    statistics.live++;
    return true;
  }

  /** By page: entries of regions that have no record yet, since nothing has been there. */
  private readonly late = new Map<number, LateEntry[]>();
  private lateOn(page: number): readonly LateEntry[] {
    return this.late.get(page) ?? [];
  }
  /** Those on a page that lie in [from, to) have a record now. */
  private takeLate(page: number, from: number, to: number): void {
    const entries = this.lateOn(page);
    const isMet = ({ ip }: LateEntry): boolean => from <= ip && ip < to;
    if (!entries.some(isMet)) return;
    this.late.set(
      page,
      entries.filter((entry) => !isMet(entry)),
    );
    for (const { ip, region, selector } of entries.filter(isMet)) {
      if (this.regions.has(region) && !this.byEntry.has(ip)) this.take(region, ip, selector);
    }
  }

  /** Lets a record lead into a region, instead of the one that it leads to so far. */
  private take(region: Installed, ip: number, selector: number): void {
    const { space } = this.engine;
    const before = this.byEntry.get(ip);
    if (before) this.giveBack(before, ip);
    const record = this.engine.findRecord(ip);
    if (record === 0) {
      const page = ip >>> PAGE_SHIFT;
      this.late.set(page, [...this.lateOn(page), { ip, region, selector }]);
      return;
    }
    region.taken.push({ ip, record, saved: space.u8.slice(record, record + OP_SIZE) });
    this.byEntry.set(ip, region);
    space.u16[(record + OP_HANDLER) >> 1] = region.slot;
    space.u32[(record + OP_ENTRY) >> 2] = selector;
    space.u32[(record + OP_TARGET) >> 2] = region.firstExit;
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
    this.late.clear();
    for (const region of [...this.regions]) this.drop(region);
    this.samples.clear();
    this.refused.clear();
  }
}

const gap = (a: Installed, b: Installed): number => entryOf(b) - entryOf(a);

function pagesOf({ ranges }: Translation): number[] {
  const pages = new Set<number>();
  for (const { start, end } of ranges) {
    for (let page = start >>> PAGE_SHIFT; page <= Math.max(start, end - 1) >>> PAGE_SHIFT; page++) pages.add(page);
  }
  return [...pages];
}
