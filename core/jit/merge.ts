/**
 * Decides for each root what its places are at entry: the same value on all ways there, a *home* local that every way
 * assigns, memory, or nothing (a flag that nobody reads). Works on the lifted blocks, before anything is emitted.
 *
 * Status flags are carried only where something reads them before they are written again. A fault between such a merge
 * and the next write shows the flags as tier 0 last left them; all other state is exact.
 */
import type { Node } from '../ir/ir.ts';
import { type FlowGraph, type FlowNode, isBackEdge, isDispatchLoop } from './flow-node.ts';
import type { LiftedBlock } from './lift-block.ts';
import { IN_MEMORY, PlaceSet, PlaceValues, type Root } from './place-values.ts';
import { FLAG_PLACES, PLACE_COUNT, places } from './places.ts';
import type { GuestBlock } from './region.ts';

export type EntryValue =
  | { kind: 'home' }
  | { kind: 'value'; value: Node }
  | { kind: 'memory' }
  /** A flag that is not carried. */
  | { kind: 'unknown' };

/** What is known of a root's entry. */
export interface RootEntry {
  readonly values: EntryValue[];
  /** Places that memory does not hold. */
  readonly dirty: PlaceSet;
}

const HOME: EntryValue = { kind: 'home' };
const MEMORY: EntryValue = { kind: 'memory' };
const UNKNOWN: EntryValue = { kind: 'unknown' };

export interface LiftedRegion {
  readonly graph: FlowGraph;
  readonly lifted: ReadonlyMap<FlowNode, LiftedBlock>;
  /** Places that the region reads or writes. */
  readonly active: readonly number[];
  /** Root of the region's own entry: everything is in memory. */
  readonly entryRoot: Root;
  /** By address of a callee: the flags that it may read before it writes them. */
  readonly calleeFlags: ReadonlyMap<number, PlaceSet>;
  /** Code of others that has been looked at for it. */
  readonly seen: readonly GuestBlock[];
  /** Whether exits count as readers of flags. */
  readonly exactFlags: boolean;
}

/** Where control comes from: a block, by a way that keeps its values or (calls) only what is in memory. */
interface Way {
  readonly values: PlaceValues;
  readonly isThroughMemory: boolean;
}

const CALLS = new Set(['call', 'callIndirect']);
/** True when the ways on from a node find everything in memory, and only there. */
export const isThroughMemory = ({ graph, lifted }: Pick<LiftedRegion, 'graph' | 'lifted'>, node: FlowNode): boolean =>
  endsWithCall(lifted.get(node)!) || isDispatchLoop(graph, node);
export const endsWithCall = (block: LiftedBlock): boolean => CALLS.has(block.terminator.kind);

export class Merger {
  readonly entries = new Map<Root, RootEntry>();
  private readonly clean: EntryValue[] = new Array(PLACE_COUNT).fill(MEMORY);
  private readonly region: LiftedRegion;
  /** For each root, the flags that something reads before they are written. */
  readonly liveFlags: ReadonlyMap<Root, PlaceSet>;

  constructor(region: LiftedRegion) {
    this.region = region;
    this.liveFlags = findLiveFlags(region);
    this.entries.set(region.entryRoot, {
      values: this.clean,
      dirty: new PlaceSet(),
    });
    for (const node of region.graph.nodes) {
      const { root } = region.lifted.get(node)!.values;
      if (!this.entries.has(root)) this.entries.set(root, this.entryOf(node, root));
    }
  }

  private waysTo(node: FlowNode): Way[] {
    const { graph, lifted, entryRoot } = this.region;
    const ways: Way[] = node.predecessors
      .filter((from) => !isBackEdge(from, node))
      .map((from) => ({ values: lifted.get(from)!.values, isThroughMemory: isThroughMemory(this.region, from) }));
    if (node === graph.entry) ways.push({ values: new PlaceValues(entryRoot), isThroughMemory: false });
    return ways;
  }

  private entryOf(node: FlowNode, root: Root): RootEntry {
    const ways = this.waysTo(node);
    const dirty = new PlaceSet();
    const { lifted } = this.region;
    const loop = node.loop ? [...node.loop].map((n) => lifted.get(n)!) : [];
    const callsInLoop = loop.some(endsWithCall);
    const written = new PlaceSet();
    for (const { values } of loop) written.addAll(values.written);
    const values = this.clean.slice();
    for (const p of this.region.active) {
      if (callsInLoop) continue;
      const isDirtyBefore = ways.some((way) => this.isDirtyOn(way, p));
      const isKept = isDirtyBefore || loop.some((block) => block.values.root.ins[p]);
      const value = written.has(p) ? HOME : this.entryValue(ways, isKept, p);
      values[p] = value === HOME && places[p]!.isFlag && !this.liveFlags.get(root)!.has(p) ? UNKNOWN : value;
      if (values[p] === HOME ? written.has(p) || isDirtyBefore : value.kind === 'value' && isDirtyBefore) dirty.add(p);
    }
    return { values, dirty };
  }

  /** Of a place that the loop, if there is one, does not write. One that it only reads is loaded in front of it. */
  private entryValue(ways: readonly Way[], isKept: boolean, p: number): EntryValue {
    const [first, ...others] = ways.map((way) => this.versionOn(way, p));
    if (typeof first === 'object' && others.every((v) => v === first)) return { kind: 'value', value: first };
    return isKept ? HOME : MEMORY;
  }

  private versionOn(way: Way, p: number): Node | 'memory' | 'unknown' {
    return way.isThroughMemory ? 'memory' : this.version(way.values, p);
  }
  private isDirtyOn(way: Way, p: number): boolean {
    return !way.isThroughMemory && this.isDirty(way.values, p);
  }

  /** The value of a place at the end of a block, traced back through roots; a value of memory when nothing holds it. */
  version(values: PlaceValues, p: number): Node | 'memory' | 'unknown' {
    const value = values.get(p);
    if (value === IN_MEMORY) return 'memory';
    const { root } = values;
    if (value !== undefined && value !== root.ins[p]) return value;
    if (value !== undefined && values.dirty.has(p)) return value;
    const entry = this.entries.get(root)!.values[p]!;
    switch (entry.kind) {
      case 'value':
        return entry.value;
      case 'unknown':
        return 'unknown';
      default:
        return root.in(p);
    }
  }

  /** The places that memory does not hold. */
  dirtyPlaces(values: PlaceValues): PlaceSet {
    if (values.isRootFlushed) return values.dirty;
    const dirty = values.dirty.copy();
    this.entries.get(values.root)!.dirty.forEach((p) => {
      if (values.isAsAtRoot(p)) dirty.add(p);
    });
    return dirty;
  }

  /** True when memory does not hold the place. */
  isDirty(values: PlaceValues, p: number): boolean {
    if (values.dirty.has(p)) return true;
    if (values.isRootFlushed) return false;
    return values.isAsAtRoot(p) && this.entries.get(values.root)!.dirty.has(p);
  }
}

/** For each root, the flags that something reads on a way from there before they are written. */
function findLiveFlags({ graph, lifted, entryRoot, exactFlags }: LiftedRegion): Map<Root, PlaceSet> {
  const live = new Map([[entryRoot, new PlaceSet()]]);
  for (const block of lifted.values()) if (!live.has(block.values.root)) live.set(block.values.root, new PlaceSet());
  for (const [root, bits] of live) {
    for (const p of FLAG_PLACES) if (root.flushedFlags.has(p) || root.ins[p]) bits.add(p);
  }
  for (const block of exactFlags ? lifted.values() : []) {
    for (const { values } of block.exits) {
      if (values.isRootFlushed) continue;
      const bits = live.get(values.root)!;
      for (const p of FLAG_PLACES) if (values.isAsAtRoot(p)) bits.add(p);
    }
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of [...graph.nodes].reverse()) {
      const block = lifted.get(node)!;
      const bits = live.get(block.values.root)!;
      const leaves = leavesRegion(node, block);
      for (const p of FLAG_PLACES) {
        if (bits.has(p) || !block.values.isAsAtRoot(p) || block.values.isRootFlushed) continue;
        const isRead =
          leaves ||
          node.successors.some((to) => {
            const target = lifted.get(to)!.values.root;
            return target !== block.values.root && live.get(target)!.has(p);
          });
        if (isRead) {
          bits.add(p);
          changed = true;
        }
      }
    }
  }
  return live;
}

/** True when some way out of the block leaves the region (or passes through memory), where flags count as read. */
function leavesRegion(node: FlowNode, { terminator }: LiftedBlock): boolean {
  switch (terminator.kind) {
    case 'dispatch':
      return false;
    case 'jump':
      return node.successors.length < 1;
    case 'branch':
      return node.successors.length < (terminator.taken === terminator.next ? 1 : 2);
    default:
      return true;
  }
}
