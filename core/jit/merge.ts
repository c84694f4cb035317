/**
 * Decides for each root what its places are at entry: the same value on all ways there, a *home* local that every way
 * assigns, memory, or nothing (a flag that nobody reads). Works on the lifted blocks, before anything is emitted.
 *
 * Status flags are carried only where something reads them before they are written again. A fault between such a merge
 * and the next write shows the flags as tier 0 last left them; all other state is exact.
 */
import type { Node } from '../ir/ir.ts';
import { type FlowGraph, type FlowNode, isBackEdge } from './flow-graph.ts';
import type { LiftedBlock } from './lift-block.ts';
import { IN_MEMORY, PlaceValues, type Root } from './place-values.ts';
import { PLACE_COUNT, places } from './places.ts';
import { isUsed } from './usage.ts';

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
  readonly dirty: Uint8Array;
}

const HOME: EntryValue = { kind: 'home' };
const MEMORY: EntryValue = { kind: 'memory' };
const UNKNOWN: EntryValue = { kind: 'unknown' };

export interface LiftedRegion {
  readonly graph: FlowGraph;
  readonly lifted: ReadonlyMap<FlowNode, LiftedBlock>;
  /** Root of the region's own entry: everything is in memory. */
  readonly entryRoot: Root;
}

/** Where control comes from: a block, by a way that keeps its values or (calls) only what is in memory. */
interface Way {
  readonly values: PlaceValues;
  readonly isThroughMemory: boolean;
}

const CALLS = new Set(['call', 'callIndirect']);
export const endsWithCall = (block: LiftedBlock): boolean => CALLS.has(block.terminator.kind);

export class Merger {
  readonly entries = new Map<Root, RootEntry>();
  private readonly region: LiftedRegion;
  private readonly liveFlags: ReadonlyMap<Root, Uint8Array>;

  constructor(region: LiftedRegion) {
    this.region = region;
    this.liveFlags = findLiveFlags(region);
    this.entries.set(region.entryRoot, {
      values: new Array(PLACE_COUNT).fill(MEMORY),
      dirty: new Uint8Array(PLACE_COUNT),
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
      .map((from) => ({ values: lifted.get(from)!.values, isThroughMemory: endsWithCall(lifted.get(from)!) }));
    if (node === graph.entry) ways.push({ values: new PlaceValues(entryRoot), isThroughMemory: false });
    return ways;
  }

  private entryOf(node: FlowNode, root: Root): RootEntry {
    const ways = this.waysTo(node);
    const values: EntryValue[] = [];
    const dirty = new Uint8Array(PLACE_COUNT);
    const { lifted } = this.region;
    const loop = node.loop ? [...node.loop].map((n) => lifted.get(n)!) : [];
    const callsInLoop = loop.some(endsWithCall);
    for (let p = 0; p < PLACE_COUNT; p++) {
      const value = callsInLoop ? MEMORY : this.entryValue(ways, loop, root, p);
      values.push(value);
      if (value.kind === 'home') dirty[p] = 1;
      else if (value.kind === 'value') dirty[p] = ways.some((way) => this.isDirtyOn(way, p)) ? 1 : 0;
    }
    return { values, dirty };
  }

  private entryValue(ways: readonly Way[], loop: readonly LiftedBlock[], root: Root, p: number): EntryValue {
    const isCarried = !places[p]!.isFlag || this.liveFlags.get(root)![p] === 1;
    if (loop.some(({ values }) => values.written[p] === 1)) return isCarried ? HOME : UNKNOWN;
    const [first, ...others] = ways.map((way) => this.versionOn(way, p));
    if (typeof first === 'object' && others.every((v) => v === first)) return { kind: 'value', value: first };
    if (!ways.some((way) => this.isDirtyOn(way, p))) return MEMORY;
    return isCarried ? HOME : UNKNOWN;
  }

  private versionOn(way: Way, p: number): Node | 'memory' | 'unknown' {
    return way.isThroughMemory ? 'memory' : this.version(way.values, p);
  }
  private isDirtyOn(way: Way, p: number): boolean {
    return !way.isThroughMemory && this.isDirty(way.values, p);
  }

  /** The value of a place at the end of a block, traced back through roots; a value of memory when nothing holds it. */
  version(values: PlaceValues, p: number): Node | 'memory' | 'unknown' {
    const value = values.values[p];
    if (value === IN_MEMORY) return 'memory';
    const { root } = values;
    if (value !== undefined && value !== root.ins[p]) return value;
    if (value !== undefined && values.dirty[p] === 1) return value;
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

  /** True when memory does not hold the place. */
  isDirty(values: PlaceValues, p: number): boolean {
    if (values.dirty[p] === 1) return true;
    if (values.isRootFlushed) return false;
    const value = values.values[p];
    const isAsAtRoot = value === undefined || value === values.root.ins[p];
    return isAsAtRoot && this.entries.get(values.root)!.dirty[p] === 1;
  }
}

/** For each root, the flags that something reads on a way from there before they are written. */
function findLiveFlags({ graph, lifted, entryRoot }: LiftedRegion): Map<Root, Uint8Array> {
  const live = new Map<Root, Uint8Array>([[entryRoot, new Uint8Array(PLACE_COUNT)]]);
  const flags = places.filter((p) => p.isFlag).map((p) => p.index);
  for (const block of lifted.values()) if (!live.has(block.values.root)) live.set(block.values.root, new Uint8Array(PLACE_COUNT));
  for (const [root, bits] of live) {
    for (const p of flags) if (root.ins[p] && isUsed(root.ins[p])) bits[p] = 1;
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of [...graph.nodes].reverse()) {
      const block = lifted.get(node)!;
      const bits = live.get(block.values.root)!;
      const leaves = leavesRegion(node, block);
      for (const p of flags) {
        if (bits[p] === 1 || !block.values.isAsAtRoot(p) || block.values.isRootFlushed) continue;
        const isRead = leaves || node.successors.some((to) => {
          const target = lifted.get(to)!.values.root;
          return target !== block.values.root && live.get(target)![p] === 1;
        });
        if (isRead) {
          bits[p] = 1;
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
    case 'jump':
      return node.successors.length < 1;
    case 'branch':
      return node.successors.length < (terminator.taken === terminator.next ? 1 : 2);
    case 'leave':
      return false;
    default:
      return true;
  }
}
