/**
 * The op cache: records of decoded instructions in the address space's memory (layout: core/ir/op-record.ts), found by
 * guest address. Records of a page that changes become stale: their handler sends control back to a look-up, so that links
 * to them heal by themselves. When the cache is full it is emptied as a whole.
 */
import { OP_HANDLER, OP_IP, OP_LINK, OP_SIZE } from '../ir/op-record.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import { JUMP_CACHE, JUMP_CACHE_ENTRIES, OP_CACHE, OP_CACHE_END, PAGE_SHIFT } from '../mem/layout.ts';

const NO_IP = 0xffff_ffff;

export class OpCache {
  private readonly space: AddressSpace;
  /** Two records that never hold cached code: for one instruction and what follows it. */
  readonly stepRecord = OP_CACHE_END - 2 * OP_SIZE;
  private end = this.stepRecord;
  private next = OP_CACHE;
  /** Open addressing, linear probing: guest address (0 is never code) → record. */
  private keys = new Uint32Array(1 << 14);
  private values = new Uint32Array(1 << 14);
  private used = 0;
  /** Leaves as many bits of a hash as a place in `keys` has. */
  private shift = Math.clz32(this.keys.length - 1);
  /** Page → starts and ends of record runs that decode bytes of it. */
  private readonly pages = new Map<number, number[]>();
  /** Counts how often everything was dropped; links made across a change are void. */
  generation = 0;

  constructor(space: AddressSpace) {
    this.space = space;
    // The rest of a new memory is zero; to touch it would cost half a megabyte.
    this.closeFirstJump();
  }

  /** Room for `count` more records; false when the cache must be flushed first. */
  hasRoom(count: number): boolean {
    return this.next + count * OP_SIZE <= this.end;
  }
  allocate(count = 1): number {
    const record = this.next;
    this.next += count * OP_SIZE;
    return record;
  }
  /** Gives back the records from `record` on, the last ones allocated. */
  releaseFrom(record: number): void {
    this.next = record;
  }
  /** How many records there are from `record` on. */
  countFrom(record: number): number {
    return (this.next - record) / OP_SIZE;
  }
  get bytesUsed(): number {
    return this.next - OP_CACHE;
  }

  find(ip: number): number {
    const mask = this.keys.length - 1;
    for (let i = hash(ip) >>> this.shift; ; i = (i + 1) & mask) {
      const key = this.keys[i]!;
      if (key === ip) return this.values[i]!;
      if (key === 0) return 0;
    }
  }

  insert(ip: number, record: number): void {
    if (this.used * 2 > this.keys.length) this.grow();
    const mask = this.keys.length - 1;
    let i = hash(ip) >>> this.shift;
    while (this.keys[i] !== 0 && this.keys[i] !== ip) i = (i + 1) & mask;
    if (this.keys[i] === 0) this.used++;
    this.keys[i] = ip;
    this.values[i] = record;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.values = new Uint32Array(keys.length * 2);
    this.shift = Math.clz32(this.keys.length - 1);
    this.used = 0;
    for (let i = 0; i < keys.length; i++) if (values[i] !== 0) this.insert(keys[i]!, values[i]!);
  }

  /** Notes that the records `[start, end)` decode bytes of `page`. */
  registerRun(page: number, start: number, end: number): void {
    const runs = this.pages.get(page);
    if (runs) runs.push(start, end);
    else this.pages.set(page, [start, end]);
    this.space.markCode(page);
  }

  /** Makes an entry for indirect jumps. */
  cacheJump(ip: number, record: number): void {
    const at = (JUMP_CACHE >> 2) + (ip & (JUMP_CACHE_ENTRIES - 1)) * 2;
    this.space.u32[at] = ip;
    this.space.u32[at + 1] = record;
  }

  /** Makes the records of these pages stale. */
  invalidate(firstPage: number, pageCount: number, gotoSlot: number): void {
    const visit = (page: number, runs: number[]): void => {
      this.pages.delete(page);
      for (let i = 0; i < runs.length; i += 2) this.staleRun(runs[i]!, runs[i + 1]!, gotoSlot);
    };
    if (pageCount > this.pages.size) {
      for (const [page, runs] of this.pages) if (page >= firstPage && page < firstPage + pageCount) visit(page, runs);
      return;
    }
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const runs = this.pages.get(page);
      if (runs) visit(page, runs);
    }
  }

  private staleRun(start: number, end: number, gotoSlot: number): void {
    for (let record = start; record < end; record += OP_SIZE) {
      // Goes on by its link, which the next look-up fills in.
      this.space.u16[(record + OP_HANDLER) >> 1] = gotoSlot;
      this.space.u32[(record + OP_LINK) >> 2] = 0;
      const ip = this.space.u32[(record + OP_IP) >> 2]!;
      if (this.find(ip) === record) this.insert(ip, 0);
    }
  }

  /** Makes room for so many records only, and drops everything. */
  limit(records: number): void {
    this.end = Math.min(OP_CACHE + records * OP_SIZE, this.stepRecord);
    this.flush();
  }

  /** Drops everything; only between runs of emitted code. */
  flush(): void {
    this.next = OP_CACHE;
    this.keys.fill(0);
    this.values.fill(0);
    this.used = 0;
    this.pages.clear();
    this.generation++;
    this.clearJumpCache();
  }

  private clearJumpCache(): void {
    this.space.u32.fill(0, JUMP_CACHE >> 2, (JUMP_CACHE >> 2) + JUMP_CACHE_ENTRIES * 2);
    this.closeFirstJump();
  }

  /** An entry of zeros fits no jump but the one to address 0, which looks at the first. */
  private closeFirstJump(): void {
    this.space.u32[JUMP_CACHE >> 2] = NO_IP;
  }
}

/** Its high bits are the good ones. */
const hash = (ip: number): number => Math.imul(ip, 0x9e3779b1);

export const pageOf = (gva: number): number => gva >>> PAGE_SHIFT;
