/**
 * Guest code → wasm module with one region. Pure: reads code through a CodeSource and touches nothing else, so that it can
 * run on any thread. Addresses of the op cache are not in the code: a region finds its exit records by its entry record.
 */

import type { HandlerImports } from '../interp/handler-code.ts';
import { declareImports, HANDLER_TYPE } from '../interp/handler-code.ts';
import type { Helper } from '../ir/helpers.ts';
import { ModuleWriter } from '../wasm/module.ts';
import { NotTranslatable, type XmmMode } from './builder.ts';
import { type CalleeFlags, calleeFlags } from './callee-flags.ts';
import { buildFlowGraph } from './flow-graph.ts';
import type { FlowNode } from './flow-node.ts';
import { type LiftedBlock, liftBlock } from './lift-block.ts';
import { isThroughMemory, type LiftedRegion } from './merge.ts';
import { PlaceSet, PlaceValues, Root } from './place-values.ts';
import { type CodeSource, formRegion, type GuestBlock, type Region } from './region.ts';
import { emitRegion } from './region-emitter.ts';

export interface Translation {
  /** Addresses where it can be entered; an entry's record says which it is. The first `roots` are those it was formed from. */
  readonly entries: readonly number[];
  readonly roots: number;
  /** The module; it exports its function as `FUNCTION`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Guest addresses that the exit records lead to. */
  readonly exits: readonly number[];
  /** Guest instructions translated, and the ranges of addresses that they come from. */
  readonly insns: number;
  /** Some of it ends with an indirect jump. */
  readonly hasIndirect: boolean;
  readonly ranges: readonly { start: number; end: number }[];
}

export const FUNCTION = 'region';

/**
 * Translates the code that is hot at `roots`, which can also be entered where it is wanted; undefined when the very first
 * instruction must stay in tier 0. Indirect jumps between the entries of a region with several roots stay inside it.
 */
export function translateRegion(
  roots: readonly number[],
  isWanted: (ip: number) => boolean,
  source: CodeSource,
  maxInsns: number,
): Translation | undefined {
  const lifted = formAndLift(roots, isWanted, source, maxInsns);
  if (lifted === undefined) return undefined;
  const module = new ModuleWriter();
  const imports = declareImports(module);
  const { code, exits } = emitRegion(lifted, helperIndex(imports), imports.handlerType);
  module.func(HANDLER_TYPE, code, FUNCTION, `region 0x${roots[0]!.toString(16)}`);
  const blocks = [...lifted.lifted.values()].map((b) => b.guest);
  return {
    entries: lifted.graph.entries,
    roots: lifted.graph.rootCount,
    bytes: module.finish(),
    exits,
    insns: blocks.reduce((sum, b) => sum + b.insns.length, 0),
    hasIndirect: blocks.some((b) => b.ending.kind === 'jumpIndirect'),
    ranges: rangesOf([...blocks, ...lifted.seen]),
  };
}

/** The addresses of the blocks' code, without overlaps, ascending. */
function rangesOf(blocks: readonly GuestBlock[]): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { ip, end } of [...blocks].sort((a, b) => a.ip - b.ip)) {
    const last = ranges.at(-1);
    if (last && ip <= last.end) last.end = Math.max(last.end, end);
    else if (end > ip) ranges.push({ start: ip, end });
  }
  return ranges;
}

/** Leaves out, one by one, the instructions that turn out not to be translatable. */
function formAndLift(
  roots: readonly number[],
  isWanted: (ip: number) => boolean,
  source: CodeSource,
  maxInsns: number,
): LiftedRegion | undefined {
  const left = new Set<number>();
  for (;;) {
    const region = formRegion(roots, isWanted, source, maxInsns, left);
    if (region === undefined) return undefined;
    try {
      return liftRegion(region, isWanted, source);
    } catch (error) {
      if (!(error instanceof NotTranslatable) || left.has(error.ip)) throw error;
      left.add(error.ip);
    }
  }
}

function helperIndex({ helpers }: HandlerImports): (helper: Helper) => number {
  return ({ name }) => helpers.get(name)!;
}

/** Lifts all blocks in reverse postorder; blocks with one way in go on with the values of the block before. */
export function liftRegion(region: Region, isWanted: (ip: number) => boolean, source: CodeSource): LiftedRegion {
  const graph = buildFlowGraph(region, isWanted);
  const modes = xmmModes(region, source);
  const lifted = new Map<FlowNode, LiftedBlock>();
  const entryRoot = new Root();
  for (const node of graph.nodes) {
    const before = node.predecessors.length === 1 && !node.isLoopHeader ? lifted.get(node.predecessors[0]!) : undefined;
    const parent = before && !isThroughMemory({ graph, lifted }, node.predecessors[0]!) ? before : undefined;
    const isFirst = node === graph.entry && !node.isLoopHeader;
    const values = parent ? parent.values.copy() : new PlaceValues(isFirst ? entryRoot : new Root());
    const compare = { last: parent?.compare.last };
    const guest: GuestBlock = node.isEmpty
      ? { ip: node.ip, insns: [], end: node.ip, ending: { kind: 'fall' } }
      : region.blocks.get(node.ip)!;
    const block = liftBlock(guest, source, values, modes, compare);
    lifted.set(node, node.dispatch ? { ...block, terminator: { kind: 'dispatch' } } : block);
  }
  const callees = calleesOf(lifted, source);
  const { exactFlags } = source;
  return {
    graph,
    lifted,
    entryRoot,
    active: activePlaces(lifted),
    calleeFlags: new Map([...callees].map(([ip, { flags }]) => [ip, flags])),
    seen: [...callees.values()].map(({ block }) => block),
    exactFlags,
  };
}

function calleesOf(lifted: ReadonlyMap<FlowNode, LiftedBlock>, source: CodeSource): Map<number, CalleeFlags> {
  const callees = new Map<number, CalleeFlags>();
  for (const { terminator } of lifted.values()) {
    if (terminator.kind !== 'call' || callees.has(terminator.target)) continue;
    const found = calleeFlags(terminator.target, source);
    if (found) callees.set(terminator.target, found);
  }
  return callees;
}

function activePlaces(lifted: ReadonlyMap<FlowNode, LiftedBlock>): number[] {
  const active = new PlaceSet();
  for (const { values } of lifted.values()) {
    active.addAll(values.written);
    values.root.ins.forEach((_, p) => {
      active.add(p);
    });
  }
  const list: number[] = [];
  active.forEach((p) => {
    list.push(p);
  });
  return list;
}

const NEUTRAL = /^v?(mova|movdqa|movu|movdqu|xorp|pxor|andp|andnp|orp|unpckl)/;

/** Registers that scalar doubles use more often than vectors do are kept as halves. */
function xmmModes(region: Region, source: CodeSource): XmmMode[] {
  const votes = new Array<number>(16).fill(0);
  for (const block of region.blocks.values()) {
    for (const ip of block.insns) {
      const insn = source.decode(ip);
      if (insn === undefined) continue;
      for (const { addressing, size } of insn.enc.operands) {
        if (!'VWUH'.includes(addressing)) continue;
        const register = addressing === 'V' ? insn.reg : addressing === 'H' ? insn.vvvv : insn.mod === 3 ? insn.rm : -1;
        if (register < 0) continue;
        if (size === 'sd' || size === 'q') votes[register]! += 1;
        else if (!NEUTRAL.test(insn.enc.insn.mnemonic)) votes[register]! -= 1;
      }
    }
  }
  return votes.map((vote) => (vote > 0 ? 'halves' : 'vector'));
}
