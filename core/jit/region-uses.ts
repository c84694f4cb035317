/** Counts, for a whole region, which values are needed where: before anything is emitted. */
import type { FlowNode } from './flow-node.ts';
import { isThroughMemory, type LiftedRegion, type Merger } from './merge.ts';
import type { PlaceValues } from './place-values.ts';
import { isUsed, keep, use } from './usage.ts';

/** What edges and write-backs need; the statements' own needs have been counted before. */
export function countEdgeUses(region: LiftedRegion, merger: Merger): void {
  for (const node of region.graph.nodes) {
    const block = region.lifted.get(node)!;
    if (!isThroughMemory(region, node)) for (const to of node.successors) useWay(region, merger, block.values, to);
    keepAllDirty(merger, block.values);
  }
  useEntries(region, merger);
}

function useWay({ lifted, active }: LiftedRegion, merger: Merger, values: PlaceValues, to: FlowNode): void {
  const { root } = lifted.get(to)!.values;
  if (root === values.root && to.predecessors.length === 1 && !to.isLoopHeader) return;
  for (const p of active) {
    const version = merger.version(values, p);
    if (typeof version !== 'object') continue;
    const { kind } = merger.entries.get(root)!.values[p]!;
    if (kind === 'home') use(version);
    else if (kind === 'memory' && merger.isDirty(values, p)) keep(version);
  }
}

function keepAllDirty(merger: Merger, values: PlaceValues): void {
  merger.dirtyPlaces(values).forEach((p) => {
    const version = merger.version(values, p);
    if (typeof version === 'object') keep(version);
  });
}

/** A live-in that stands for a value known before its root needs that value, which may be a live-in itself. */
function useEntries({ active }: LiftedRegion, merger: Merger): void {
  const done = new Set<object>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [root, entry] of merger.entries) {
      for (const p of active) {
        const value = entry.values[p]!;
        if (value.kind !== 'value' || done.has(value)) continue;
        const node = root.ins[p];
        if (!(node && isUsed(node)) && !entry.dirty.has(p)) continue;
        use(value.value);
        done.add(value);
        changed = true;
      }
    }
  }
}
