/**
 * Translations kept from one run of a program to the next. One is used when the guest code that it was made from is there
 * again, byte for byte, at the same addresses; so nothing in here has to be trusted to be about this program.
 *
 * Layout of the kept bytes: u32 MAGIC, u32 length of the head; the head as JSON; then for each region in the head's order its
 * guest code (its ranges one after the other) and its wasm module.
 */
import { concatBytes } from '../base/bytes.ts';
import type { AddressSpace } from '../mem/address-space.ts';
import { PAGE_SHIFT } from '../mem/layout.ts';
import type { Translation } from './translate.ts';

const MAGIC = 0x454b5452;
const HEAD_BYTES = 8;
/** What is kept of one program at most. */
const MAX_BYTES = 24 << 20;
/** New translations that are worth a write: a share of what is kept already. */
const WORTH_SHARE = 1 / 16;

/** A translation and the guest code that it was made from. */
export interface KeptRegion {
  readonly translation: Translation;
  /** Those of the translation's entries that lead to it; later translations have the others. */
  readonly entries: readonly number[];
  readonly code: Uint8Array;
}

interface Head {
  regions: {
    entries: readonly number[];
    used: readonly number[];
    exits: readonly number[];
    ranges: Translation['ranges'];
    roots: number;
    insns: number;
    hasIndirect: boolean;
    code: number;
    wasm: number;
  }[];
  exactSites: readonly number[];
}

export class KeptRegions {
  /** Instructions whose rare cases turned out not to be rare. */
  readonly exactSites: readonly number[];
  private readonly space: AddressSpace;
  private readonly count: number;
  private readonly byEntry = new Map<number, KeptRegion>();
  /** Entries not used yet, ascending. */
  private readonly entries: readonly number[];
  private readonly unused: Set<KeptRegion>;

  /** `bytes`: what `serialize` gave, or nothing; what has another form counts as nothing. */
  constructor(space: AddressSpace, bytes: Uint8Array<ArrayBuffer> | undefined) {
    this.space = space;
    const { regions, exactSites } = bytes === undefined ? { regions: [], exactSites: [] } : parse(bytes);
    this.exactSites = exactSites;
    this.count = regions.length;
    this.unused = new Set(regions);
    for (const region of regions) for (const ip of region.entries) this.byEntry.set(ip, region);
    this.entries = [...this.byEntry.keys()].sort((a, b) => a - b);
  }

  /** The kept regions that can be entered in [from, to) and whose code is what it was; each is given once. */
  take(from: number, to: number): KeptRegion[] {
    const { entries } = this;
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]! < from) low = middle + 1;
      else high = middle;
    }
    const found: KeptRegion[] = [];
    for (; low < entries.length && entries[low]! < to; low++) {
      const region = this.byEntry.get(entries[low]!)!;
      if (!this.unused.has(region) || !this.isUnchanged(region)) continue;
      this.unused.delete(region);
      found.push(region);
    }
    return found;
  }

  private isUnchanged({ translation, code }: KeptRegion): boolean {
    let at = 0;
    for (const { start, end } of translation.ranges) {
      if (!isFetchable(this.space, start, end)) return false;
      const now = this.space.raw(start, end - start);
      for (let i = 0; i < now.length; i++) if (now[i] !== code[at + i]) return false;
      at += now.length;
    }
    return true;
  }

  /** Bytes to keep: what lives, and what this run had no use for. Undefined when little has changed. */
  serialize(live: readonly KeptRegion[], newCount: number, exactSites: ReadonlySet<number>): Uint8Array | undefined {
    if (newCount <= this.count * WORTH_SHARE) return undefined;
    const regions: KeptRegion[] = [];
    let total = 0;
    for (const region of [...live, ...this.unused]) {
      total += region.code.length + region.translation.bytes.length;
      if (total > MAX_BYTES) break;
      regions.push(region);
    }
    const head: Head = {
      regions: regions.map(
        ({ translation: { entries, exits, ranges, roots, insns, hasIndirect, bytes }, entries: used, code }) => ({
          entries,
          used,
          exits,
          ranges,
          roots,
          insns,
          hasIndirect,
          code: code.length,
          wasm: bytes.length,
        }),
      ),
      exactSites: [...exactSites],
    };
    const json = new TextEncoder().encode(JSON.stringify(head));
    return concatBytes([
      new Uint8Array(Uint32Array.of(MAGIC, json.length).buffer),
      json,
      ...regions.flatMap(({ translation, code }) => [code, translation.bytes]),
    ]);
  }
}

/** True when code can be fetched from all of [start, end); reads pages in that are read on demand. */
function isFetchable(space: AddressSpace, start: number, end: number): boolean {
  for (let page = start >>> PAGE_SHIFT; page <= (end - 1) >>> PAGE_SHIFT; page++) {
    if (space.resolve(page, 'x') !== 'ok') return false;
  }
  return true;
}

function parse(bytes: Uint8Array<ArrayBuffer>): { regions: KeptRegion[]; exactSites: readonly number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES || view.getUint32(0, true) !== MAGIC) return { regions: [], exactSites: [] };
  let at = HEAD_BYTES + view.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_BYTES, at))) as Head;
  const take = (length: number): Uint8Array<ArrayBuffer> => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const regions = head.regions.map(({ entries, used, exits, ranges, roots, insns, hasIndirect, code, wasm }) => ({
    entries: used,
    code: take(code),
    translation: { entries, exits, ranges, roots, insns, hasIndirect, bytes: take(wasm) },
  }));
  return { regions, exactSites: head.exactSites };
}
