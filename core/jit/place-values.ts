/**
 * What each cached place holds at a point of a translation.
 *
 * A stretch of blocks (an extended basic block) begins at a `Root`, whose entry state is known only when all ways there
 * are: `undefined` stands for "as at the root". Invariant: a place that is not dirty has the same value in memory.
 * Copies share their values until one of them changes: there is a copy for every exit.
 */
import type { Node } from '../ir/ir.ts';
import { PLACE_COUNT, places } from './places.ts';

/** In the place of a value: it is in memory, and no value has been read from there yet. */
export const IN_MEMORY = 'memory';
export type PlaceValue = Node | typeof IN_MEMORY | undefined;

/** A set of places. */
export class PlaceSet {
  private a = 0;
  private b = 0;
  private c = 0;

  copy(): PlaceSet {
    const set = new PlaceSet();
    set.a = this.a;
    set.b = this.b;
    set.c = this.c;
    return set;
  }
  get isEmpty(): boolean {
    return (this.a | this.b | this.c) === 0;
  }
  has(p: number): boolean {
    const word = p < 32 ? this.a : p < 64 ? this.b : this.c;
    return ((word >>> (p & 31)) & 1) === 1;
  }
  add(p: number): void {
    const bit = 1 << (p & 31);
    if (p < 32) this.a |= bit;
    else if (p < 64) this.b |= bit;
    else this.c |= bit;
  }
  delete(p: number): void {
    const bit = ~(1 << (p & 31));
    if (p < 32) this.a &= bit;
    else if (p < 64) this.b &= bit;
    else this.c &= bit;
  }
  addAll(other: PlaceSet): void {
    this.a |= other.a;
    this.b |= other.b;
    this.c |= other.c;
  }
  /** Calls `visit` with each place in the set. */
  forEach(visit: (place: number) => void): void {
    for (let word = this.a, p = 0; word !== 0; word &= word - 1) visit(p + 31 - Math.clz32(word & -word));
    for (let word = this.b, p = 32; word !== 0; word &= word - 1) visit(p + 31 - Math.clz32(word & -word));
    for (let word = this.c, p = 64; word !== 0; word &= word - 1) visit(p + 31 - Math.clz32(word & -word));
  }
  clear(): void {
    this.a = 0;
    this.b = 0;
    this.c = 0;
  }
}
/** Where a stretch of blocks begins. */
export class Root {
  /** Live-in values that something has asked for, by place. */
  readonly ins: (Node | undefined)[] = [];
  /** Flags that a write-back for a helper finds as they were here: what comes behind it may read them from memory. */
  readonly flushedFlags = new PlaceSet();

  in(place: number): Node {
    let node = this.ins[place];
    if (node === undefined) {
      node = {
        kind: { op: 'in', place, root: this },
        type: places[place]!.type,
        args: [],
        uses: 0,
        local: -1,
        exitUses: 0,
      };
      this.ins[place] = node;
    }
    return node;
  }
}

if (PLACE_COUNT > 96) throw new Error('a PlaceSet has 96 bits');

const UNTOUCHED: readonly PlaceValue[] = new Array(PLACE_COUNT).fill(undefined);

export class PlaceValues {
  readonly root: Root;
  private list: readonly PlaceValue[];
  private isOwn = false;
  readonly dirty: PlaceSet;
  /** Places that have been written, or may have been by a helper, since the root. */
  readonly written: PlaceSet;
  /** True once places that are as at the root have been written back. */
  isRootFlushed: boolean;

  constructor(root: Root, from?: PlaceValues) {
    this.root = root;
    this.list = from ? from.list : UNTOUCHED;
    this.dirty = from ? from.dirty.copy() : new PlaceSet();
    this.written = from ? from.written.copy() : new PlaceSet();
    this.isRootFlushed = from?.isRootFlushed ?? false;
    if (from) from.isOwn = false;
  }
  copy(): PlaceValues {
    return new PlaceValues(this.root, this);
  }

  get(place: number): PlaceValue {
    return this.list[place];
  }
  /** Says what a place holds, without a change of it. */
  note(place: number, value: PlaceValue): void {
    if (this.list[place] === value) return;
    if (!this.isOwn) {
      this.list = this.list.slice();
      this.isOwn = true;
    }
    (this.list as PlaceValue[])[place] = value;
  }
  /** Changes what a place holds. */
  set(place: number, value: Node): void {
    if (this.list[place] === value) return;
    this.note(place, value);
    this.dirty.add(place);
    this.written.add(place);
  }
  /** A helper may have changed the place in memory. */
  forget(place: number): void {
    this.note(place, IN_MEMORY);
    this.dirty.delete(place);
    this.written.add(place);
  }
  /** True when the place holds what it held at the root. */
  isAsAtRoot(place: number): boolean {
    const value = this.list[place];
    return value === undefined || (value === this.root.ins[place] && !this.dirty.has(place));
  }
  /** Everything has been written back. */
  markFlushed(): void {
    this.dirty.clear();
    this.isRootFlushed = true;
  }
}
