/**
 * Lifted region → body of its wasm function (record, budget) → budget, a handler like those of tier 0. Control flow is
 * structured over the dominator tree (Ramsey, "Beyond Relooper", 2022): loop headers become loops, blocks that several
 * ways join become the end of a wasm block, all others stand where control reaches them.
 */

import { BUDGET, PC } from '../interp/handler-code.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node } from '../ir/ir.ts';
import { OP_TARGET } from '../ir/op-record.ts';
import { EXIT_BUDGET } from '../vcpu/exits.ts';
import { BranchCode } from './branch-code.ts';
import { DispatchCode } from './dispatch-code.ts';
import { type FlowNode, isBackEdge, isDispatchLoop } from './flow-node.ts';
import { Frames } from './frames.ts';
import type { LiftedBlock } from './lift-block.ts';
import { MemoryChecks } from './memory-checks.ts';
import { type LiftedRegion, Merger } from './merge.ts';
import { PlaceCode } from './place-code.ts';
import { PlaceSet, type PlaceValues, type Root } from './place-values.ts';
import { EXITS, RegionCode } from './region-code.ts';
import { countEdgeUses } from './region-uses.ts';
import { type Emission, StatementCode } from './statement-code.ts';
import type { ExitPoint, Terminator } from './statements.ts';
import { useStatements, useTerminator } from './usage.ts';

const NO_FLAGS = new PlaceSet();

export interface EmittedRegion {
  readonly code: RegionCode;
  /** Guest addresses where the region leaves to other code; each has an exit record, in this order. */
  readonly exits: readonly number[];
}

export function emitRegion(
  region: LiftedRegion,
  helpers: (helper: Helper) => number,
  handlerType: number,
): EmittedRegion {
  return new RegionEmitter(region, helpers, handlerType).run();
}

class RegionEmitter {
  private readonly code: RegionCode;
  private readonly memory: MemoryChecks;
  private readonly region: LiftedRegion;
  private readonly merger: Merger;
  private readonly places: PlaceCode;
  private readonly branches: BranchCode;
  private readonly frames: Frames;
  private readonly statements: StatementCode;
  private readonly dispatch: DispatchCode;

  constructor(region: LiftedRegion, helpers: (helper: Helper) => number, handlerType: number) {
    this.code = new RegionCode(helpers);
    this.memory = new MemoryChecks(this.code);
    this.memory.resolve = (node) => this.resolve(node);
    this.region = region;
    for (const block of region.lifted.values()) {
      useStatements(block.statements);
      useTerminator(block.terminator);
    }
    this.merger = new Merger(region);
    countEdgeUses(region, this.merger);
    this.places = new PlaceCode(this.code, this.merger, region.active);
    this.branches = new BranchCode(this.code, handlerType);
    this.frames = new Frames(this.code, this.memory);
    const { code, memory, frames, places, branches } = this;
    const emission: Emission = { code, memory, frames, places, branches };
    this.statements = new StatementCode(emission);
    this.dispatch = new DispatchCode(emission, region.graph, (from, to) => this.edgeTo(from, to));
  }

  run(): EmittedRegion {
    const { code, region } = this;
    code.localGet(PC);
    code.load('i32.load', OP_TARGET);
    code.localSet(EXITS);
    this.places.enterRoot(region.entryRoot);
    const { entry } = region.graph;
    this.dispatch.begin();
    if (this.rootOf(entry) !== region.entryRoot) this.places.assignHomes(undefined, this.rootOf(entry));
    this.tree(entry);
    code.u8(0x00);
    return { code, exits: this.branches.exits };
  }

  private block(node: FlowNode): LiftedBlock {
    return this.region.lifted.get(node)!;
  }
  private rootOf(node: FlowNode): Root {
    return this.block(node).values.root;
  }
  private resolve(node: Node): Node {
    if (node.kind.op !== 'in') return node;
    const value = this.merger.entries.get(node.kind.root as Root)!.values[node.kind.place]!;
    return value.kind === 'value' ? this.resolve(value.value) : node;
  }

  // Structure.

  private isMerge(node: FlowNode): boolean {
    return node.predecessors.filter((from) => !isBackEdge(from, node)).length > 1;
  }

  /** Emits a node and all that it dominates; control does not fall out of its end. */
  private tree(node: FlowNode): void {
    const { code, memory } = this;
    code.openScope();
    const mark = memory.mark();
    const isLoop = node.isLoopHeader || isDispatchLoop(this.region.graph, node);
    if (isLoop) {
      code.loop();
      this.frames.push({ kind: 'node', node });
    }
    if (node.isLoopHeader) this.checkBudget(node);
    const merges = node.dominated.filter((child) => this.isMerge(child)).reverse();
    for (const merge of merges) {
      code.block();
      this.frames.push({ kind: 'node', node: merge });
    }
    this.node(node);
    for (const merge of merges.reverse()) {
      this.frames.pop();
      code.end();
      memory.reset(this.factsAtEnd.get(node) ?? mark);
      this.tree(merge);
    }
    if (isLoop) {
      this.frames.pop();
      code.end();
      code.u8(0x00);
    }
    memory.reset(mark);
    code.closeScope();
  }
  /** Facts that hold at the end of a node's own code, for the nodes that it dominates. */
  private readonly factsAtEnd = new Map<FlowNode, number>();

  private node(node: FlowNode): void {
    const { code, memory } = this;
    const block = this.block(node);
    this.statements.insns = block.guest.insns.length;
    this.places.enterRoot(this.rootOf(node));
    code.addToBudget(-this.statements.insns);
    memory.planBlock(block.statements);
    this.statements.statements(block.statements);
    this.factsAtEnd.set(node, memory.mark());
    // What one way out computes is not there where others join it.
    code.openScope();
    this.terminator(node, block);
    code.closeScope();
  }

  /** Back edges: the budget is looked at where a loop begins. */
  private checkBudget(node: FlowNode): void {
    const { code } = this;
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    if (node.dispatch) {
      // On the way to an entry inside the loop, control is not here.
      this.dispatch.pushHasArrived();
      code.op('i32.and');
    }
    code.hint(false);
    code.if();
    this.frames.inExit(() => this.places.writeBackEntry(this.rootOf(node)));
    this.branches.leave(node.ip, EXIT_BUDGET);
    code.end();
  }

  // Edges.

  private edge(from: FlowNode, ip: number): void {
    const to = from.successors.find((n) => n.ip === ip);
    if (to === undefined) this.exitTo(this.block(from).values, ip);
    else this.edgeTo(from, to);
  }
  private edgeTo(from: FlowNode, to: FlowNode): void {
    const { code } = this;
    const block = this.block(from);
    const root = this.rootOf(to);
    if (root !== block.values.root || to.isLoopHeader) this.places.assignHomes(block.values, root);
    if (this.needsBranch(from, to)) {
      code.br(this.frames.depthOfNode(to));
      return;
    }
    this.tree(to);
    this.statements.insns = block.guest.insns.length;
  }

  private terminator(node: FlowNode, block: LiftedBlock): void {
    const { code } = this;
    const t: Terminator = block.terminator;
    switch (t.kind) {
      case 'dispatch':
        this.dispatch.dispatch(node);
        return;
      case 'jump':
        this.edge(node, t.target);
        return;
      case 'branch':
        code.value(t.condition);
        code.if();
        this.frames.inBranch(() => this.edge(node, t.taken));
        code.end();
        this.edge(node, t.next);
        return;
      case 'call':
        this.places.writeBack(block.values, this.region.calleeFlags.get(t.target));
        this.branches.leaveWithoutBudget(t.target);
        this.branches.nestedCall(t.returnIp, this.readsFlags(node), () => this.branches.pushExitTarget(t.target));
        this.afterCall(node, t.returnIp);
        return;
      case 'callIndirect': {
        this.refuseTarget(t.target, t.exit);
        this.places.writeBack(block.values);
        const record = this.branches.jumpCacheRecord(t.target);
        this.branches.nestedCall(t.returnIp, this.readsFlags(node), () => code.localGet(record));
        this.afterCall(node, t.returnIp);
        return;
      }
      case 'return':
        this.refuseTarget(t.target, t.exit);
        this.places.writeBack(block.values, NO_FLAGS);
        this.branches.returnTo(t.target, () => this.places.writeBackFlags(block.values));
        return;
      case 'jumpIndirect': {
        this.refuseTarget(t.target, t.exit);
        this.dispatch.jumpInside(t.target, block.values, () => this.entryFlags());
        this.places.writeBack(block.values);
        const record = this.branches.jumpCacheRecord(t.target);
        this.branches.tailCall(() => code.localGet(record));
        return;
      }
      case 'exit':
        this.places.writeBack(block.values);
        this.branches.leave(t.next, t.reason);
        return;
      case 'leave':
        this.statements.giveUp(t.exit);
        return;
    }
  }

  // Ways out.

  /** Leaves the region for `ip`. */
  private exitTo(values: PlaceValues, ip: number): void {
    this.frames.inExit(() => this.places.writeBack(values));
    this.branches.exitTo(ip, true);
  }

  /** A branch to what can't be a guest address is tier 0's business. */
  private refuseTarget(target: Node, exit: ExitPoint): void {
    const { code } = this;
    code.value(target);
    code.i64Const(32n);
    code.op('i64.shr_u');
    code.op('i32.wrap_i64');
    code.hint(false);
    code.if();
    this.frames.inExit(() => this.statements.giveUp(exit));
    code.end();
  }

  /** Flags that are read behind an entry before they are written. */
  private entryFlags(): PlaceSet {
    const flags = new PlaceSet();
    for (const to of this.region.graph.entry.successors) flags.addAll(this.merger.liveFlags.get(this.rootOf(to))!);
    return flags;
  }

  /** True when the code behind a call may read the flags that the callee leaves. */
  private readsFlags({ successors: [to] }: FlowNode): boolean {
    return to === undefined || !this.merger.liveFlags.get(this.rootOf(to))!.isEmpty;
  }

  /** Goes on behind a call that has returned. */
  private afterCall(node: FlowNode, returnIp: number): void {
    const to = node.successors.find((n) => n.ip === returnIp);
    if (to === undefined) {
      this.branches.exitTo(returnIp, false);
      return;
    }
    this.places.assignHomes(undefined, this.rootOf(to));
    if (this.needsBranch(node, to)) this.code.br(this.frames.depthOfNode(to));
    else this.tree(to);
  }
  private needsBranch(from: FlowNode, to: FlowNode): boolean {
    return isBackEdge(from, to) || this.isMerge(to);
  }
}
