/**
 * Which flags a callee may read: most functions write them within a few instructions, so that calls need not write them back.
 * What is looked at here counts as code of the caller's region: when it changes, the region goes.
 */
import { NotTranslatable, type XmmMode } from './builder.ts';
import { liftBlock } from './lift-block.ts';
import { PlaceSet, PlaceValues, Root } from './place-values.ts';
import { FLAG_PLACES } from './places.ts';
import { type CodeSource, type GuestBlock, straightLine } from './region.ts';

/** Instructions looked at. */
const DEPTH = 6;
const VECTORS: readonly XmmMode[] = new Array(16).fill('vector');

export interface CalleeFlags {
  /** Flags that may be read. */
  readonly flags: PlaceSet;
  /** The code that says so. */
  readonly block: GuestBlock;
}

/** Looks at the code of a callee; undefined when all its flags may be read. */
export function calleeFlags(ip: number, source: CodeSource): CalleeFlags | undefined {
  const block = straightLine(ip, source, DEPTH);
  if (block.insns.length === 0) return undefined;
  const root = new Root();
  try {
    const { values, exits } = liftBlock(block, source, new PlaceValues(root), VECTORS, { last: undefined });
    const flags = new PlaceSet();
    for (const p of FLAG_PLACES) {
      const isSeen = source.exactFlags && [...exits].some((exit) => exit.values.isAsAtRoot(p));
      if (!values.written.has(p) || root.ins[p] || root.flushedFlags.has(p) || isSeen) flags.add(p);
    }
    return { flags, block };
  } catch (error) {
    if (error instanceof NotTranslatable) return undefined;
    throw error;
  }
}
