/** Emits what joins and exits do with the cached places: live-in values, homes, write-backs. */
import type { Merger } from './merge.ts';
import { IN_MEMORY, type PlaceSet, type PlaceValues, type Root } from './place-values.ts';
import { places } from './places.ts';
import type { RegionCode } from './region-code.ts';
import { isUsed } from './usage.ts';

export class PlaceCode {
  private readonly code: RegionCode;
  private readonly merger: Merger;
  /** Places that the region reads or writes. */
  private readonly active: readonly number[];
  private readonly entered = new Set<Root>();

  constructor(code: RegionCode, merger: Merger, active: readonly number[]) {
    this.code = code;
    this.merger = merger;
    this.active = active;
  }

  /** Gives the live-in values of a root their locals, once. */
  enterRoot(root: Root): void {
    if (this.entered.has(root)) return;
    const { code } = this;
    this.entered.add(root);
    const entry = this.merger.entries.get(root)!;
    root.ins.forEach((node, p) => {
      if (node === undefined || !isUsed(node)) return;
      const value = entry.values[p]!;
      if (value.kind === 'value') {
        code.materialise(value.value);
        code.bind(node, value.value.local);
      } else {
        if (value.kind === 'home') code.localGet(code.home(p));
        else code.loadPlace(p);
        code.define(node);
      }
    });
  }

  /** Pushes what a place held at the root. */
  private entryValue(root: Root, p: number): void {
    const value = this.merger.entries.get(root)!.values[p]!;
    if (value.kind === 'home') this.code.localGet(this.code.home(p));
    else if (value.kind === 'value') this.code.value(value.value);
    else this.code.loadPlace(p);
  }

  /** Pushes what a place holds. */
  private push(values: PlaceValues, p: number): void {
    const value = values.get(p);
    if (value === IN_MEMORY) this.code.loadPlace(p);
    else if (value === undefined || values.isAsAtRoot(p)) this.entryValue(values.root, p);
    else this.code.value(value);
  }

  /** Assigns the homes of `to` on the way from `from` (undefined: all is in memory), and writes back the rest. */
  assignHomes(from: PlaceValues | undefined, to: Root): void {
    const { code, merger } = this;
    const entry = merger.entries.get(to)!;
    for (const p of this.active) {
      const { kind } = entry.values[p]!;
      if (kind === 'home') {
        if (from === undefined) code.loadPlace(p);
        else if (this.isAtHome(from, p)) continue;
        else this.push(from, p);
        code.localSet(code.home(p));
      } else if (kind === 'memory' && from !== undefined && merger.isDirty(from, p)) {
        code.putPlace(p, () => this.push(from, p));
      }
    }
  }
  private isAtHome(values: PlaceValues, p: number): boolean {
    return values.isAsAtRoot(p) && this.merger.entries.get(values.root)!.values[p]!.kind === 'home';
  }

  /** Stores all places that memory does not hold; of the flags only those in `flags`, if that is given. */
  writeBack(values: PlaceValues, flags?: PlaceSet): void {
    this.store(values, (p) => !flags || !places[p]!.isFlag || flags.has(p));
  }
  /** The flags alone. */
  writeBackFlags(values: PlaceValues): void {
    this.store(values, (p) => places[p]!.isFlag);
  }
  private store(values: PlaceValues, isWanted: (place: number) => boolean): void {
    const entry = this.merger.entries.get(values.root)!;
    this.merger.dirtyPlaces(values).forEach((p) => {
      if (!isWanted(p)) return;
      if (values.isAsAtRoot(p) && entry.values[p]!.kind === 'unknown') return;
      this.code.putPlace(p, () => this.push(values, p));
    });
  }
  /** The same for what is there at a root's entry. */
  writeBackEntry(root: Root): void {
    this.merger.entries.get(root)!.dirty.forEach((p) => {
      this.code.putPlace(p, () => this.entryValue(root, p));
    });
  }
}
