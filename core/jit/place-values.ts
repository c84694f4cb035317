/**
 * What each cached place holds at a point of a translation.
 *
 * A stretch of blocks (an extended basic block) begins at a `Root`, whose entry state is known only when all ways there
 * are: `undefined` stands for "as at the root". Invariant: a place that is not dirty has the same value in memory.
 */
import type { Node } from '../ir/ir.ts';
import { PLACE_COUNT, places } from './places.ts';

/** In the place of a value: it is in memory, and no value has been read from there yet. */
export const IN_MEMORY = 'memory';
export type PlaceValue = Node | typeof IN_MEMORY | undefined;

/** Where a stretch of blocks begins. */
export class Root {
  /** Live-in values that something has asked for, by place. */
  readonly ins: (Node | undefined)[] = [];

  in(place: number): Node {
    let node = this.ins[place];
    if (node === undefined) {
      node = { kind: { op: 'in', place }, type: places[place]!.type, args: [], uses: 0, local: -1 };
      this.ins[place] = node;
    }
    return node;
  }
}

export class PlaceValues {
  readonly root: Root;
  readonly values: PlaceValue[];
  readonly dirty: Uint8Array;
  /** Places that have been written, or may have been by a helper, since the root. */
  readonly written: Uint8Array;
  /** True once places that are as at the root have been written back. */
  isRootFlushed: boolean;

  constructor(root: Root, from?: PlaceValues) {
    this.root = root;
    this.values = from ? from.values.slice() : new Array(PLACE_COUNT).fill(undefined);
    this.dirty = from ? from.dirty.slice() : new Uint8Array(PLACE_COUNT);
    this.written = from ? from.written.slice() : new Uint8Array(PLACE_COUNT);
    this.isRootFlushed = from?.isRootFlushed ?? false;
  }
  copy(): PlaceValues {
    return new PlaceValues(this.root, this);
  }

  /** True when the place holds what it held at the root. */
  isAsAtRoot(place: number): boolean {
    const value = this.values[place];
    return value === undefined || (value === this.root.ins[place] && this.dirty[place] === 0);
  }
  set(place: number, value: Node): void {
    if (this.values[place] === value) return;
    this.values[place] = value;
    this.dirty[place] = 1;
    this.written[place] = 1;
  }
  /** Everything has been written back. */
  markFlushed(): void {
    this.dirty.fill(0);
    this.isRootFlushed = true;
  }
  forget(place: number): void {
    this.values[place] = IN_MEMORY;
    this.dirty[place] = 0;
    this.written[place] = 1;
  }
}
