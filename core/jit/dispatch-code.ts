/**
 * Emits how a region with several entries finds the one that it was entered at: a local, the selector, leads through the
 * dispatching nodes (core/jit/entries.ts). Indirect jumps inside a region with several roots come back to the first of them.
 */
import { PC } from '../interp/handler-code.ts';
import type { Node } from '../ir/ir.ts';
import { OP_ENTRY, OP_HANDLER } from '../ir/op-record.ts';
import type { BranchCode } from './branch-code.ts';
import type { FlowGraph, FlowNode } from './flow-node.ts';
import type { Frames } from './frames.ts';
import type { PlaceCode } from './place-code.ts';
import type { PlaceSet, PlaceValues } from './place-values.ts';
import type { RegionCode } from './region-code.ts';
import type { Emission } from './statement-code.ts';

/** More cases than these are dispatched by a table. */
const FEW_CASES = 3;

export class DispatchCode {
  private readonly code: RegionCode;
  private readonly frames: Frames;
  private readonly places: PlaceCode;
  private readonly branches: BranchCode;
  private readonly graph: FlowGraph;
  private readonly edgeTo: (from: FlowNode, to: FlowNode) => void;
  /** Local that says at which entry the region was entered, on the way there; 0 from then on. */
  private selector = -1;
  /** Local with the region's own table slot, where indirect jumps may stay inside it; else -1. */
  private slot = -1;

  constructor(
    { code, frames, places, branches }: Emission,
    graph: FlowGraph,
    edgeTo: (from: FlowNode, to: FlowNode) => void,
  ) {
    this.code = code;
    this.frames = frames;
    this.places = places;
    this.branches = branches;
    this.graph = graph;
    this.edgeTo = edgeTo;
  }

  /** At the function's start: what the entry record says. */
  begin(): void {
    if (this.graph.entry.dispatch) this.selector = this.fromRecord('i32.load', OP_ENTRY);
    if (this.graph.rootCount > 1) this.slot = this.fromRecord('i32.load16_u', OP_HANDLER);
  }
  private fromRecord(load: 'i32.load' | 'i32.load16_u', offset: number): number {
    const { code } = this;
    const local = code.newLocal('i32');
    code.localGet(PC);
    code.load(load, offset);
    code.localSet(local);
    return local;
  }

  /** Pushes whether control has arrived, so that it is where the code says. */
  pushHasArrived(): void {
    this.code.localGet(this.selector);
    this.code.op('i32.eqz');
  }

  /** An indirect jump to an entry of this region goes back to the dispatch; of the flags, entries read `flags` at most. */
  jumpInside(target: Node, values: PlaceValues, flags: () => PlaceSet): void {
    if (this.slot < 0) return;
    const { code, frames } = this;
    frames.inBranch(() => {
      this.branches.jumpInside(target, this.slot, this.selector, () => {
        frames.inArm(() => this.places.writeBack(values, flags()));
        code.br(frames.depthOfNode(this.graph.entry) + 1);
      });
    });
  }

  /** Goes on from a dispatching node by the region's entry. Few entries, and rarely taken: one test for all of them first. */
  dispatch(node: FlowNode): void {
    const { code, selector } = this;
    const byTarget = new Map<FlowNode, number[]>();
    for (const [s, to] of node.dispatch!) {
      const list = byTarget.get(to);
      if (list) list.push(s);
      else byTarget.set(to, [s]);
    }
    const [usual, ...others] = node.successors;
    if (others.length > FEW_CASES) {
      this.dispatchByTable(node, byTarget);
      return;
    }
    code.localGet(selector);
    code.hint(false);
    code.if();
    this.frames.inBranch(() => {
      for (const to of others) {
        const own = byTarget.get(to)!;
        own.forEach((s, i) => {
          code.localGet(selector);
          code.i32Const(s);
          code.op('i32.eq');
          if (i > 0) code.op('i32.or');
        });
        code.if();
        this.frames.inBranch(() => {
          this.arrive(to, own);
          this.edgeTo(node, to);
        });
        code.end();
      }
      this.arrive(usual!, byTarget.get(usual!)!);
    });
    code.end();
    this.edgeTo(node, usual!);
  }
  /**
   *     block … block
   *       br_table selector
   *     end  …edge to the first…
   *     end  …edge to the second…
   */
  private dispatchByTable(node: FlowNode, byTarget: ReadonlyMap<FlowNode, readonly number[]>): void {
    const { code, selector } = this;
    const targets = node.successors;
    const table = new Array<number>(this.graph.entries.length).fill(0);
    targets.forEach((to, i) => {
      for (const s of byTarget.get(to)!) table[s] = i;
      code.block();
      this.frames.push({ kind: 'plain' });
    });
    code.localGet(selector);
    code.brTable(table, 0);
    for (const to of targets) {
      this.frames.pop();
      code.end();
      this.frames.inArm(() => {
        this.arrive(to, byTarget.get(to)!);
        this.edgeTo(node, to);
      });
    }
  }
  /** The selector has done its work where no further dispatch has a case for it. */
  private arrive(to: FlowNode, selectors: readonly number[]): void {
    if (selectors.some((s) => s !== 0 && to.dispatch?.has(s))) return;
    this.code.i32Const(0);
    this.code.localSet(this.selector);
  }
}
