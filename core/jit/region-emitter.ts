/**
 * Lifted region → body of its wasm function (record, budget) → budget, a handler like those of tier 0. Control flow is
 * structured over the dominator tree (Ramsey, "Beyond Relooper", 2022): loop headers become loops, blocks that several
 * ways join become the end of a wasm block, all others stand where control reaches them.
 */

import { branchWhen, isCompound } from '../interp/conditions.ts';
import { BUDGET, PC } from '../interp/handler-code.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node } from '../ir/ir.ts';
import { OP_ENTRY, OP_HANDLER, OP_TARGET } from '../ir/op-record.ts';
import { EXIT_BUDGET, EXIT_INTERPRET } from '../vcpu/exits.ts';
import { BranchCode } from './branch-code.ts';
import { exitRanges } from './exit-ranges.ts';
import { type FlowNode, isBackEdge, isDispatchLoop } from './flow-node.ts';
import type { LiftedBlock } from './lift-block.ts';
import { MemoryChecks } from './memory-checks.ts';
import { type LiftedRegion, Merger } from './merge.ts';
import { PlaceCode } from './place-code.ts';
import { PlaceSet, type PlaceValues, type Root } from './place-values.ts';
import { EXITS, RegionCode } from './region-code.ts';
import { countEdgeUses } from './region-uses.ts';
import type { ExitPoint, JitStatement, Terminator } from './statements.ts';
import { isUsed, useStatements, useTerminator } from './usage.ts';

const NO_FLAGS = new PlaceSet();
/** More cases than these are dispatched by a table. */
const FEW_CASES = 3;

type Label = { kind: 'node'; node: FlowNode } | { kind: 'exit'; exit: ExitPoint; isUsed: boolean } | { kind: 'plain' };

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
  private readonly labels: Label[] = [];
  /** Instructions of the block being emitted. */
  private insns = 0;

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
  }

  run(): EmittedRegion {
    const { code, region } = this;
    code.localGet(PC);
    code.load('i32.load', OP_TARGET);
    code.localSet(EXITS);
    this.places.enterRoot(region.entryRoot);
    const { entry } = region.graph;
    if (entry.dispatch) {
      this.selector = code.newLocal('i32');
      code.localGet(PC);
      code.load('i32.load', OP_ENTRY);
      code.localSet(this.selector);
    }
    if (region.graph.rootCount > 1) {
      this.slot = code.newLocal('i32');
      code.localGet(PC);
      code.load('i32.load16_u', OP_HANDLER);
      code.localSet(this.slot);
      this.entryFlags = this.flagsOfEntries(entry);
    }
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
      this.labels.push({ kind: 'node', node });
    }
    if (node.isLoopHeader) this.checkBudget(node);
    const merges = node.dominated.filter((child) => this.isMerge(child)).reverse();
    for (const merge of merges) {
      code.block();
      this.labels.push({ kind: 'node', node: merge });
    }
    this.node(node);
    for (const merge of merges.reverse()) {
      this.labels.pop();
      code.end();
      memory.reset(this.factsAtEnd.get(node) ?? mark);
      this.tree(merge);
    }
    if (isLoop) {
      this.labels.pop();
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
    this.insns = block.guest.insns.length;
    this.places.enterRoot(this.rootOf(node));
    code.addToBudget(-this.insns);
    memory.planBlock(block.statements);
    this.statements(block.statements);
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
      code.localGet(this.selector);
      code.op('i32.eqz');
      code.op('i32.and');
    }
    code.hint(false);
    code.if();
    this.inExit(() => this.places.writeBackEntry(this.rootOf(node)));
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
      code.br(this.depthOf((l) => l.kind === 'node' && l.node === to));
      return;
    }
    this.tree(to);
    this.insns = block.guest.insns.length;
  }

  private depthOf(test: (label: Label) => boolean): number {
    for (let i = this.labels.length - 1; i >= 0; i--) if (test(this.labels[i]!)) return this.labels.length - 1 - i;
    throw new Error('no such label');
  }

  private terminator(node: FlowNode, block: LiftedBlock): void {
    const { code } = this;
    const t: Terminator = block.terminator;
    switch (t.kind) {
      case 'dispatch':
        this.dispatch(node, node.dispatch!);
        return;
      case 'jump':
        this.edge(node, t.target);
        return;
      case 'branch':
        code.value(t.condition);
        code.if();
        this.inBranch(() => this.edge(node, t.taken));
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
        if (this.slot >= 0) this.jumpInside(t.target, block.values);
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
        this.giveUp(t.exit);
        return;
    }
  }

  /** Local with the region's own table slot, where indirect jumps may stay inside it; else -1. */
  private slot = -1;
  /** Flags that are read behind an entry before they are written. */
  private entryFlags = new PlaceSet();
  private flagsOfEntries(start: FlowNode): PlaceSet {
    const flags = new PlaceSet();
    for (const to of start.successors) flags.addAll(this.merger.liveFlags.get(this.rootOf(to))!);
    return flags;
  }
  /** An indirect jump to an entry of this region goes back to the dispatch. */
  private jumpInside(target: Node, values: PlaceValues): void {
    const { code, region } = this;
    this.inBranch(() => {
      this.branches.jumpInside(target, this.slot, this.selector, () => {
        this.inArm(() => this.places.writeBack(values, this.entryFlags));
        code.br(this.depthOf((l) => l.kind === 'node' && l.node === region.graph.entry) + 1);
      });
    });
  }

  /**
   * Local that says at which entry the region was entered, on the way there; 0 from then on. Few entries, and rarely taken:
   * one test for all of them, then one for each.
   */
  private selector = -1;
  private dispatch(node: FlowNode, cases: ReadonlyMap<number, FlowNode>): void {
    const { code, selector } = this;
    const byTarget = new Map<FlowNode, number[]>();
    for (const [s, to] of cases) {
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
    this.inBranch(() => {
      for (const to of others) {
        const own = byTarget.get(to)!;
        own.forEach((s, i) => {
          code.localGet(selector);
          code.i32Const(s);
          code.op('i32.eq');
          if (i > 0) code.op('i32.or');
        });
        code.if();
        this.inBranch(() => {
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
    const table = new Array<number>(this.region.graph.entries.length).fill(0);
    targets.forEach((to, i) => {
      for (const s of byTarget.get(to)!) table[s] = i;
      code.block();
      this.labels.push({ kind: 'plain' });
    });
    code.localGet(selector);
    code.brTable(table, 0);
    for (const to of targets) {
      this.labels.pop();
      code.end();
      this.inArm(() => {
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

  /** What `emit` learns and computes holds only there, inside one more block. */
  private inBranch(emit: () => void): void {
    this.labels.push({ kind: 'plain' });
    this.inArm(emit);
    this.labels.pop();
  }
  private inArm(emit: () => void): void {
    this.code.openScope();
    const mark = this.memory.mark();
    emit();
    this.memory.reset(mark);
    this.code.closeScope();
  }
  private inExit(emit: () => void): void {
    const { code } = this;
    const { isInExit } = code;
    code.isInExit = true;
    this.inBranch(emit);
    code.isInExit = isInExit;
  }

  // Statements.

  private statements(list: readonly JitStatement[]): void {
    const ranges = exitRanges(list);
    for (let i = 0; i < list.length; i++) {
      const range = ranges.get(i);
      if (range === undefined) this.statement(list[i]!);
      else {
        this.withExit(range.exit, () => {
          for (; i < range.end; i++) this.statement(list[i]!);
          this.statement(list[i]!);
        });
      }
    }
  }

  /**
   *     block $on  block $exit  ...emit: branches to $exit...  br $on  end  ...exit...  end
   */
  private withExit(exit: ExitPoint, emit: () => void): void {
    const { code } = this;
    code.block();
    this.labels.push({ kind: 'plain' });
    code.block();
    const label: Label = { kind: 'exit', exit, isUsed: false };
    this.labels.push(label);
    const mark = code.bindings();
    emit();
    code.br(1);
    this.labels.pop();
    code.end();
    // A way here may come from before those values were computed.
    if (label.isUsed) code.without(mark, () => this.giveUp(exit));
    else code.u8(0x00);
    this.labels.pop();
    code.end();
  }

  private statement(s: JitStatement): void {
    const { code, memory } = this;
    switch (s.kind) {
      case 'let':
        if (s.node.kind.op === 'call' && s.node.kind.helper.result === undefined) code.compute(s.node);
        else if (isUsed(s.node)) code.materialise(s.node);
        return;
      case 'put':
        code.i32Const(0);
        code.value(s.value);
        code.store(s.store, s.offset);
        return;
      case 'store': {
        const offset = memory.address(s.address);
        code.value(s.value);
        code.store(s.store, offset);
        return;
      }
      case 'check':
        memory.check(s.address, s.size, s.access, () => this.leaveIf(s.exit));
        return;
      case 'assign': {
        code.value(s.value);
        code.localSet(code.variableLocal(s.variable));
        return;
      }
      case 'if':
        this.branch(s);
        return;
      case 'loop':
        code.loop();
        this.inBranch(() => {
          this.statements(s.body);
          code.value(s.condition);
          code.brIf(0);
        });
        code.end();
        return;
      case 'leave':
        this.branchOrGiveUp(s.exit);
        return;
      case 'flush':
        this.inFlush(() => this.places.writeBack(s.values));
        return;
      case 'callChecked':
        code.putRip(s.ip);
        for (const arg of s.args) code.value(arg);
        code.callHelper(s.helper);
        code.hint(false);
        code.if();
        code.localGet(BUDGET);
        code.i32Const(this.insns - s.executed);
        code.op('i32.add');
        code.return();
        code.end();
        return;
    }
  }

  /** Values of a write-back in the middle of a block stay computed. */
  private inFlush(emit: () => void): void {
    const { code } = this;
    code.isInExit = true;
    emit();
    code.isInExit = false;
  }

  private branch(s: Extract<JitStatement, { kind: 'if' }>): void {
    const { code } = this;
    // Variables assigned in both arms need their local outside.
    for (const list of [s.whenTrue, s.whenFalse]) {
      for (const inner of list) if (inner.kind === 'assign') code.variableLocal(inner.variable);
    }
    if (isCompound(s.condition)) {
      this.compoundBranch(s);
      return;
    }
    code.value(s.condition);
    if (endsByLeaving(s.whenTrue)) code.hint(false);
    else if (callsHelper(s.whenFalse)) code.hint(true);
    else if (callsHelper(s.whenTrue)) code.hint(false);
    code.if();
    this.inBranch(() => this.statements(s.whenTrue));
    if (s.whenFalse.length > 0) {
      code.else();
      this.inBranch(() => this.statements(s.whenFalse));
    }
    code.end();
  }

  /**
   *     block
   *       block
   *         ...br 0 unless the condition holds
   *         whenTrue; br 1
   *       end
   *       whenFalse
   *     end
   */
  private compoundBranch(s: Extract<JitStatement, { kind: 'if' }>): void {
    const { code } = this;
    // Needed on the way on; all else that the condition computes may be skipped, and is known only inside it.
    for (const subject of subjectsOf(s.condition)) code.materialise(subject);
    code.block();
    this.labels.push({ kind: 'plain' });
    code.block();
    this.labels.push({ kind: 'plain' });
    code.openScope();
    branchWhen(false, s.condition, 0, { code, value: (node) => code.value(node) });
    code.closeScope();
    this.inArm(() => this.statements(s.whenTrue));
    code.br(1);
    this.labels.pop();
    code.end();
    this.inArm(() => this.statements(s.whenFalse));
    this.labels.pop();
    code.end();
  }

  // Exits.

  /** Goes to the exit when the i32 on the stack is not 0. */
  private leaveIf(exit: ExitPoint): void {
    const { code } = this;
    const depth = this.exitDepth(exit);
    code.hint(false);
    if (depth >= 0) {
      code.brIf(depth + this.memory.extraDepth);
      return;
    }
    code.if();
    this.inExit(() => this.giveUp(exit));
    code.end();
  }
  private branchOrGiveUp(exit: ExitPoint): void {
    const depth = this.exitDepth(exit);
    if (depth >= 0) this.code.br(depth);
    else this.giveUp(exit);
  }
  /** Depth of the label behind which the exit's code stands, which is used from now on; -1 when there is none. */
  private exitDepth(exit: ExitPoint): number {
    for (let i = this.labels.length - 1; i >= 0; i--) {
      const label = this.labels[i]!;
      if (label.kind !== 'exit' || label.exit !== exit) continue;
      label.isUsed = true;
      return this.labels.length - 1 - i;
    }
    return -1;
  }

  /** Hands over to tier 0 at the exit's instruction. */
  private giveUp(exit: ExitPoint): void {
    this.inExit(() => this.places.writeBack(exit.values));
    this.code.addToBudget(this.insns - exit.executed);
    this.branches.leave(exit.ip, EXIT_INTERPRET);
  }

  /** Leaves the region for `ip`. */
  private exitTo(values: PlaceValues, ip: number): void {
    this.inExit(() => this.places.writeBack(values));
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
    this.inExit(() => this.giveUp(exit));
    code.end();
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
    if (this.needsBranch(node, to)) this.code.br(this.depthOf((l) => l.kind === 'node' && l.node === to));
    else this.tree(to);
  }
  private needsBranch(from: FlowNode, to: FlowNode): boolean {
    return isBackEdge(from, to) || this.isMerge(to);
  }
}

/** What the questions in a condition are about. */
function subjectsOf(node: Node): Node[] {
  if (node.local >= 0) return [];
  if (node.kind.op === 'ordinary') return [node.args[0]!];
  if (node.kind.op !== 'pure' || !/^i32\.(and|or|eqz)$/.test(node.kind.name)) return [];
  return node.args.flatMap(subjectsOf);
}

const endsByLeaving = (list: readonly JitStatement[]): boolean => list.at(-1)?.kind === 'leave';
const callsHelper = (list: readonly JitStatement[]): boolean => list.some((s) => s.kind === 'callChecked');
