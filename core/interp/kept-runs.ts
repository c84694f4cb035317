/**
 * Decoded runs kept from one run of a program to the next: a start decodes ten thousand instructions that were the same the
 * last time. A kept run is used when the pages it was decoded from hold, byte for byte, what they held then; so nothing in
 * here has to be trusted to be about this program. Records are kept as they were decoded, before links were made.
 *
 * Layout of the kept bytes, u32 words in the order of this machine:
 *
 *     MAGIC, pages, runs, records, slots                                head
 *     number                                    × pages                 guest pages, ascending
 *     form                                      × slots                 form of each table slot that records name
 *     ip, end, first record, record count       × runs                  ascending by ip
 *     the bytes of the pages, in order; the records, 32 bytes each
 */
import { OP_HANDLER, OP_LINK, OP_SIZE } from '../ir/op-record.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import { GUEST_BASE, PAGE_SIZE, PERM_CODE, PERM_EXEC, PERM_TABLE } from '../mem/layout.ts';
import { pageOf } from './op-cache.ts';

const MAGIC = 0x454b5231;
const HEAD_WORDS = 5;
const RUN_WORDS = 4;
const RECORD_WORDS = OP_SIZE / 4;
const PAGE_WORDS = PAGE_SIZE / 4;

/** What is kept of one program at most: its start, and more than most programs ever run. */
const MAX_RECORDS = 400_000;
const MAX_PAGES = 4000;
/** New instructions that are worth a write: so many, and a share of what is kept already. */
const WORTH_RECORDS = 256;
const WORTH_SHARE = 1 / 16;

/** Handlers by form, as `Handlers` has them. */
export interface FormSlots {
  /** The form of each slot; -1 for slots that serve no form and have the same number in every run. */
  formsBySlot(): Int32Array;
  /** The slot of a form; a new one works only after `compilePending`. */
  slotOf(form: number): number;
  readonly goto: number;
}

/** A run that can be used now. */
export interface KeptRun {
  readonly end: number;
  readonly count: number;
}

export class KeptRuns {
  private readonly space: AddressSpace;
  private readonly slots: FormSlots;
  private readonly pageNumbers: Uint32Array;
  private readonly forms: Uint32Array;
  private readonly runs: Uint32Array;
  private readonly pageWords: Uint32Array;
  private readonly records: Uint32Array;
  /** Of each kept page: UNKNOWN, SAME or OTHER. */
  private readonly pageStates: Uint8Array;
  /** Kept slot → slot of this run; 0 while not asked for. */
  private readonly slotMap: Uint16Array;
  /** Index of the run that `find` found. */
  private found = 0;
  /** Runs decoded anew: `RUN_WORDS` words each, with indexes into `noted`. */
  private notedRuns: number[] = [];
  private noted = new Uint32Array(0);
  private notedCount = 0;
  /** False once slots may have been given to other forms. */
  private isNoting = true;

  /** `bytes`: what `serialize` gave, or nothing; what has another form counts as nothing. */
  constructor(space: AddressSpace, slots: FormSlots, bytes: Uint8Array<ArrayBuffer> | undefined) {
    this.space = space;
    this.slots = slots;
    const words = bytes === undefined ? new Uint32Array(HEAD_WORDS) : wordsOf(bytes);
    const [, pages, runs, records, formCount] = words as unknown as [number, number, number, number, number];
    let at = HEAD_WORDS;
    const take = (count: number): Uint32Array => {
      at += count;
      return words.subarray(at - count, at);
    };
    this.pageNumbers = take(pages);
    this.forms = take(formCount);
    this.runs = take(runs * RUN_WORDS);
    this.pageWords = take(pages * PAGE_WORDS);
    this.records = take(records * RECORD_WORDS);
    this.pageStates = new Uint8Array(pages);
    this.slotMap = new Uint16Array(formCount);
  }

  /** The kept run at an address whose page can be fetched from, when the code there is what it was. */
  find(ip: number): KeptRun | undefined {
    const { runs } = this;
    const index = search(runs, RUN_WORDS, ip);
    if (runs[index * RUN_WORDS] !== ip) return undefined;
    const end = runs[index * RUN_WORDS + 1]!;
    for (let page = pageOf(ip); page <= pageOf(end - 1); page++) if (!this.isUnchanged(page)) return undefined;
    this.found = index;
    return { end, count: runs[index * RUN_WORDS + 3]! };
  }

  /** Copies the records of the run that was found last to the op cache, from `record` on. */
  restore(record: number): void {
    const { records, slotMap, space } = this;
    const { u32, u16 } = space;
    const first = this.runs[this.found * RUN_WORDS + 2]! * RECORD_WORDS;
    const count = this.runs[this.found * RUN_WORDS + 3]!;
    const to = record >> 2;
    for (let i = 0; i < count * RECORD_WORDS; i++) u32[to + i] = records[first + i]!;
    for (let at = (record + OP_HANDLER) >> 1, end = at + count * (OP_SIZE >> 1); at < end; at += OP_SIZE >> 1) {
      const slot = u16[at]!;
      u16[at] = slotMap[slot] || this.mapSlot(slot);
    }
  }

  private mapSlot(kept: number): number {
    const form = this.forms[kept]!;
    const slot = form === NO_FORM ? kept : this.slots.slotOf(form);
    this.slotMap[kept] = slot;
    return slot;
  }

  private isUnchanged(page: number): boolean {
    const { pageNumbers, pageStates, space } = this;
    const index = search(pageNumbers, 1, page);
    if (pageNumbers[index] !== page || !(space.u8[PERM_TABLE + page]! & PERM_EXEC)) return false;
    if (pageStates[index] === UNKNOWN) pageStates[index] = this.isEqual(index) ? SAME : OTHER;
    return pageStates[index] === SAME;
  }

  private isEqual(index: number): boolean {
    const { space, pageWords, pageNumbers } = this;
    const { u32 } = space;
    const start = (GUEST_BASE + pageNumbers[index]! * PAGE_SIZE) >> 2;
    const kept = index * PAGE_WORDS;
    for (let i = 0; i < PAGE_WORDS; i++) if (u32[start + i] !== pageWords[kept + i]) return false;
    return true;
  }

  /** Notes a run that was decoded anew, before anything was linked to it. */
  note(ip: number, end: number, record: number, count: number): void {
    if (!this.isNoting || this.notedCount + count > MAX_RECORDS) return;
    const { u32 } = this.space;
    const needed = (this.notedCount + count) * RECORD_WORDS;
    if (needed > this.noted.length) {
      const grown = new Uint32Array(Math.max(needed, this.noted.length * 2, 1 << 14));
      grown.set(this.noted);
      this.noted = grown;
    }
    this.notedRuns.push(ip, end, this.notedCount, count);
    const to = this.notedCount * RECORD_WORDS;
    for (let i = 0; i < count * RECORD_WORDS; i++) this.noted[to + i] = u32[(record >> 2) + i]!;
    this.notedCount += count;
  }

  /** The code of these pages is about to change or go away. */
  changed(firstPage: number, pageCount: number): void {
    const end = firstPage + pageCount;
    // Whatever comes there will be looked at anew.
    for (let i = search(this.pageNumbers, 1, firstPage); this.pageNumbers[i]! < end; i++) this.pageStates[i] = UNKNOWN;
    if (this.notedRuns.length > 0) this.dropNoted((run) => pageOf(run.end - 1) < firstPage || pageOf(run.ip) >= end);
  }

  private dropNoted(isKept: (run: { ip: number; end: number }) => boolean): void {
    const kept: number[] = [];
    for (let i = 0; i < this.notedRuns.length; i += RUN_WORDS) {
      const [ip, end, first, count] = this.notedRuns.slice(i, i + RUN_WORDS) as [number, number, number, number];
      if (isKept({ ip, end })) kept.push(ip, end, first, count);
    }
    this.notedRuns = kept;
  }

  /** Slots may be given to other forms from now on: nothing more is noted, and nothing kept is used. */
  stop(): void {
    this.isNoting = false;
    this.notedRuns = [];
    this.slotMap.fill(0);
  }

  /** What to keep for the next run; undefined when that is about what was kept before. */
  serialize(): Uint8Array<ArrayBuffer> | undefined {
    const keptRecords = this.records.length / RECORD_WORDS;
    const news = this.notedRuns.reduce((sum, value, i) => sum + (i % RUN_WORDS === 3 ? value : 0), 0);
    if (news < WORTH_RECORDS || news < keptRecords * WORTH_SHARE) return undefined;
    const { space } = this;
    const isCode = (page: number): boolean => (space.u8[PERM_TABLE + page]! & PERM_CODE) !== 0;
    const writer = new KeptWriter(this.slots.goto);
    for (const run of this.notedRunsToWrite()) {
      const pages = [pageOf(run.ip), pageOf(run.end - 1)];
      if (!pages.every(isCode)) continue;
      // Settles what is true of the page: kept runs of other content must not be kept with this one.
      for (const page of pages) this.isUnchanged(page);
      writer.add(run, (page) => space.u32.subarray((GUEST_BASE + page * PAGE_SIZE) >> 2));
    }
    for (const run of this.keptRunsToWrite()) writer.add(run, (page) => this.keptPage(page));
    return writer.finish();
  }

  private stateOf(page: number): number {
    return this.pageStates[search(this.pageNumbers, 1, page)]!;
  }

  private keptPage(page: number): Uint32Array {
    return this.pageWords.subarray(search(this.pageNumbers, 1, page) * PAGE_WORDS);
  }

  private *notedRunsToWrite(): Generator<RunToWrite> {
    const { noted, notedRuns } = this;
    const forms = this.slots.formsBySlot();
    for (let i = 0; i < notedRuns.length; i += RUN_WORDS) {
      const [ip, end, first, count] = notedRuns.slice(i, i + RUN_WORDS) as [number, number, number, number];
      const records = noted.subarray(first * RECORD_WORDS, (first + count) * RECORD_WORDS);
      yield { ip, end, records, formOf: (slot) => forms[slot]! };
    }
  }

  /** Those of the last time, unless other code has taken their place: this run may just not have come there. */
  private *keptRunsToWrite(): Generator<RunToWrite> {
    for (let i = 0; i < this.runs.length; i += RUN_WORDS) {
      const [ip, end, first, count] = this.runs.subarray(i, i + RUN_WORDS) as unknown as [
        number,
        number,
        number,
        number,
      ];
      if (this.stateOf(pageOf(ip)) === OTHER || this.stateOf(pageOf(end - 1)) === OTHER) continue;
      const records = this.records.subarray(first * RECORD_WORDS, (first + count) * RECORD_WORDS);
      yield { ip, end, records, formOf: (slot) => (this.forms[slot] === NO_FORM ? -1 : this.forms[slot]!) };
    }
  }
}

/** What is known of the code in a kept page. */
const UNKNOWN = 0;
const SAME = 1;
const OTHER = 2;

/** Stands for a slot that serves no form. */
const NO_FORM = 0xffff_ffff;

interface RunToWrite {
  readonly ip: number;
  readonly end: number;
  readonly records: Uint32Array;
  readonly formOf: (slot: number) => number;
}

/** Gathers pages, forms and runs, and lays them out. */
class KeptWriter {
  private readonly goto: number;
  private readonly pages = new Map<number, Uint32Array>();
  private readonly runs = new Map<number, RunToWrite>();
  private recordCount = 0;
  private readonly slotOfForm = new Map<number, number>();
  private readonly forms: number[] = new Array(FIRST_FORM_SLOT).fill(NO_FORM);

  constructor(goto: number) {
    this.goto = goto;
  }

  /** Takes a run unless there is one at its address already, or there are too many. `contentOf` starts with a page's words. */
  add(run: RunToWrite, contentOf: (page: number) => Uint32Array): void {
    const count = run.records.length / RECORD_WORDS;
    if (this.runs.has(run.ip) || this.recordCount + count > MAX_RECORDS || this.pages.size + 2 > MAX_PAGES) return;
    this.recordCount += count;
    this.runs.set(run.ip, run);
    for (const page of [pageOf(run.ip), pageOf(run.end - 1)])
      if (!this.pages.has(page)) this.pages.set(page, contentOf(page).subarray(0, PAGE_WORDS));
  }

  finish(): Uint8Array<ArrayBuffer> {
    const runs = [...this.runs.values()].sort((a, b) => a.ip - b.ip);
    const records = runs.map((run) => this.recordsOf(run));
    const pages = [...this.pages].sort(([a], [b]) => a - b);
    let next = 0;
    const table = runs.flatMap(({ ip, end, records: { length } }) => {
      const first = next;
      next += length / RECORD_WORDS;
      return [ip, end, first, length / RECORD_WORDS];
    });
    const head = [MAGIC, pages.length, runs.length, next, this.forms.length];
    const sections = [
      head,
      pages.map(([page]) => page),
      this.forms,
      table,
      ...pages.map(([, words]) => words),
      ...records,
    ];
    const words = new Uint32Array(sections.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const section of sections) {
      words.set(section, at);
      at += section.length;
    }
    return new Uint8Array(words.buffer);
  }

  /** A run's records with slots renumbered and without links. */
  private recordsOf({ records, formOf }: RunToWrite): Uint32Array {
    const copy = records.slice();
    for (let at = 0; at < copy.length; at += RECORD_WORDS) {
      const word = copy[at + (OP_HANDLER >> 2)]!;
      const slot = word & 0xffff;
      const form = formOf(slot);
      copy[at] = (word & 0xffff_0000) | this.keptSlot(slot, form);
      if (slot === this.goto) copy[at + (OP_LINK >> 2)] = 0;
    }
    return copy;
  }

  private keptSlot(slot: number, form: number): number {
    if (form < 0) return slot;
    let kept = this.slotOfForm.get(form);
    if (kept === undefined) {
      kept = this.forms.push(form) - 1;
      this.slotOfForm.set(form, kept);
    }
    return kept;
  }
}

/** Table slots below this one serve no form. */
const FIRST_FORM_SLOT = 16;

/** The words of kept bytes; the head of nothing when their sizes don't fit together. */
function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  const nothing = new Uint32Array(HEAD_WORDS);
  if (bytes.length < HEAD_WORDS * 4 || bytes.length % 4 !== 0 || bytes.byteOffset % 4 !== 0) return nothing;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [magic, pages, runs, records, forms] = words as unknown as [number, number, number, number, number];
  const size = HEAD_WORDS + pages * (1 + PAGE_WORDS) + forms + runs * RUN_WORDS + records * RECORD_WORDS;
  return magic === MAGIC && size === words.length ? words : nothing;
}

/** Index of the first of ascending entries, `stride` words each, whose first word is not below `value`. */
function search(words: Uint32Array, stride: number, value: number): number {
  let low = 0;
  let high = words.length / stride;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[middle * stride]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
