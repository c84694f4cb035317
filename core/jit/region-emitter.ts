/**
 * Lifted region → body of its wasm function (record, budget) → budget, a handler like those of tier 0. Control flow is
 * structured over the dominator tree (Ramsey, "Beyond Relooper", 2022): loop headers become loops, blocks that several
 * ways join become the end of a wasm block, all others stand where control reaches them.
 */
import { branchWhen, isCompound } from '../interp/conditions.ts';
import type { Helper } from '../ir/helpers.ts';
import type { Node } from '../ir/ir.ts';
import { OP_COUNT, OP_HANDLER, OP_SIZE, OP_TARGET } from '../ir/op-record.ts';
import { JUMP_CACHE, JUMP_CACHE_ENTRIES } from '../mem/layout.ts';
import { EXIT_BUDGET, EXIT_INTERPRET, EXIT_LOOKUP } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { RETURNED } from '../vcpu/state.ts';
import { type FlowNode, isBackEdge } from './flow-graph.ts';
import type { LiftedBlock } from './lift-block.ts';
import { MemoryChecks } from './memory-checks.ts';
import { endsWithCall, type LiftedRegion, Merger } from './merge.ts';
import { IN_MEMORY, type PlaceValues, type Root } from './place-values.ts';
import { BUDGET, EXITS, PC, RegionCode } from './region-code.ts';
import type { ExitPoint, JitStatement, Terminator } from './statements.ts';
import { isUsed, keep, use, useStatements, useTerminator } from './usage.ts';

/** Calls of translated code that may be nested on the host's stack. */
const MAX_NESTING = 2000;

type Label = { kind: 'node'; node: FlowNode } | { kind: 'exit'; exit: ExitPoint } | { kind: 'plain' };

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
  private readonly handlerType: number;
  private readonly labels: Label[] = [];
  private readonly exits: number[] = [];
  /** Instructions of the block being emitted. */
  private insns = 0;

  constructor(region: LiftedRegion, helpers: (helper: Helper) => number, handlerType: number) {
    this.code = new RegionCode(helpers);
    this.memory = new MemoryChecks(this.code);
    this.memory.resolve = (node) => this.resolve(node);
    this.region = region;
    this.handlerType = handlerType;
    for (const block of region.lifted.values()) {
      useStatements(block.statements);
      useTerminator(block.terminator);
    }
    this.merger = new Merger(region);
    this.useEdges();
  }

  run(): EmittedRegion {
    const { code, region } = this;
    code.localGet(PC);
    code.load('i32.load', OP_TARGET);
    code.localSet(EXITS);
    this.enterRoot(region.entryRoot);
    const { entry } = region.graph;
    if (this.rootOf(entry) !== region.entryRoot) this.assignHomes(undefined, entry);
    this.tree(entry);
    code.u8(0x00);
    return { code, exits: this.exits };
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

  /** Counts what edges and write-backs need. */
  private useEdges(): void {
    const { lifted, graph } = this.region;
    const useWay = (values: PlaceValues, to: FlowNode): void => {
      const root = this.rootOf(to);
      if (root === values.root && to.predecessors.length === 1 && !to.isLoopHeader) return;
      for (const p of this.region.active) {
        const version = this.merger.version(values, p);
        if (typeof version !== 'object') continue;
        const { kind } = this.merger.entries.get(root)!.values[p]!;
        if (kind === 'home') use(version);
        else if (kind === 'memory' && this.merger.isDirty(values, p)) keep(version);
      }
    };
    for (const node of graph.nodes) {
      const block = lifted.get(node)!;
      if (!endsWithCall(block)) for (const to of node.successors) useWay(block.values, to);
      this.keepAllDirty(block.values);
    }
    this.useEntries();
  }

  /** A live-in that stands for a value known before its root needs that value, which may be a live-in itself. */
  private useEntries(): void {
    const done = new Set<Node | object>();
    for (let changed = true; changed; ) {
      changed = false;
      for (const [root, entry] of this.merger.entries) {
        for (const p of this.region.active) {
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
  private keepAllDirty(values: PlaceValues): void {
    this.merger.dirtyPlaces(values).forEach((p) => {
      const version = this.merger.version(values, p);
      if (typeof version === 'object') keep(version);
    });
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
    if (node.isLoopHeader) {
      code.loop();
      this.labels.push({ kind: 'node', node });
      this.checkBudget(node);
    }
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
    if (node.isLoopHeader) {
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
    this.enterRootOf(node);
    code.addToBudget(-this.insns);
    memory.planBlock(block.statements);
    this.statements(block.statements);
    this.factsAtEnd.set(node, memory.mark());
    this.terminator(node, block);
  }

  private enterRootOf(node: FlowNode): void {
    const root = this.rootOf(node);
    if (this.entered.has(root)) return;
    this.enterRoot(root);
  }
  private readonly entered = new Set<Root>();

  /** Gives the live-in values of a root their locals. */
  private enterRoot(root: Root): void {
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

  /** Back edges: the budget is looked at where a loop begins. */
  private checkBudget(node: FlowNode): void {
    const { code } = this;
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    code.hint(false);
    code.if();
    this.inExit(() => {
      const root = this.rootOf(node);
      const entry = this.merger.entries.get(root)!;
      for (const p of this.region.active) if (entry.dirty.has(p)) code.putPlace(p, () => this.entryValue(root, p));
    });
    this.leave(node.ip, EXIT_BUDGET);
    code.end();
  }

  /** Calls look at the budget too: recursion must end its slice, and a function begins where it is called. */
  private leaveWithoutBudget(target: number): void {
    const { code } = this;
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    code.hint(false);
    code.if();
    this.leave(target, EXIT_BUDGET);
    code.end();
  }

  /** Pushes what a place held at the root. */
  private entryValue(root: Root, p: number): void {
    const value = this.merger.entries.get(root)!.values[p]!;
    if (value.kind === 'home') this.code.localGet(this.code.home(p));
    else if (value.kind === 'value') this.code.value(value.value);
    else this.code.loadPlace(p);
  }

  // Edges.

  /** Assigns the homes of `to` on the way from `from` (undefined: from the region's entry), and writes back the rest. */
  private assignHomes(from: PlaceValues | undefined, to: FlowNode): void {
    const { code, merger } = this;
    const root = this.rootOf(to);
    const entry = merger.entries.get(root)!;
    for (const p of this.region.active) {
      const { kind } = entry.values[p]!;
      if (kind === 'home') {
        if (from === undefined) code.loadPlace(p);
        else if (!this.pushForHome(from, p)) continue;
        code.localSet(code.home(p));
      } else if (kind === 'memory' && from !== undefined && merger.isDirty(from, p)) {
        code.putPlace(p, () => this.pushVersion(from, p));
      }
    }
  }

  /** Pushes the value of a place at the end of a way; false when its home holds it already. */
  private pushForHome(values: PlaceValues, p: number): boolean {
    if (values.isAsAtRoot(p) && this.merger.entries.get(values.root)!.values[p]!.kind === 'home') return false;
    this.pushVersion(values, p);
    return true;
  }
  private pushVersion(values: PlaceValues, p: number): void {
    const value = values.get(p);
    if (value === IN_MEMORY) this.code.loadPlace(p);
    else if (value === undefined || values.isAsAtRoot(p)) this.entryValue(values.root, p);
    else this.code.value(value);
  }

  private edge(from: FlowNode, ip: number): void {
    const { code } = this;
    const to = from.successors.find((n) => n.ip === ip);
    const block = this.block(from);
    if (to === undefined) {
      this.exitTo(block.values, ip);
      return;
    }
    const needsBranch = isBackEdge(from, to) || this.isMerge(to);
    if (this.rootOf(to) !== block.values.root || to.isLoopHeader) this.assignHomes(block.values, to);
    if (needsBranch) {
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
        this.writeBack(block.values);
        this.leaveWithoutBudget(t.target);
        this.nestedCall(node, t.returnIp, () => this.pushExitRecord(t.target));
        return;
      case 'callIndirect': {
        this.refuseTarget(t.target, t.exit);
        this.writeBack(block.values);
        const record = this.jumpCacheRecord(t.target);
        this.nestedCall(node, t.returnIp, () => code.localGet(record));
        return;
      }
      case 'return':
        this.refuseTarget(t.target, t.exit);
        this.writeBack(block.values);
        this.returnTo(t.target);
        return;
      case 'jumpIndirect': {
        this.refuseTarget(t.target, t.exit);
        this.writeBack(block.values);
        const record = this.jumpCacheRecord(t.target);
        this.tailCall(() => code.localGet(record));
        return;
      }
      case 'exit':
        this.writeBack(block.values);
        this.leave(t.next, t.reason);
        return;
      case 'leave':
        this.giveUp(t.exit);
        return;
    }
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
    this.labels.push({ kind: 'exit', exit });
    const mark = code.bindings();
    emit();
    code.br(1);
    this.labels.pop();
    code.end();
    // A way here may come from before those values were computed.
    code.without(mark, () => this.giveUp(exit));
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
        this.inFlush(() => this.writeBack(s.values));
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
    const label = this.labels.findLastIndex((l) => l.kind === 'exit' && l.exit === exit);
    code.hint(false);
    if (label >= 0) {
      code.brIf(this.labels.length - 1 - label + this.memory.extraDepth);
      return;
    }
    code.if();
    this.inExit(() => this.giveUp(exit));
    code.end();
  }
  private branchOrGiveUp(exit: ExitPoint): void {
    const label = this.labels.findLastIndex((l) => l.kind === 'exit' && l.exit === exit);
    if (label >= 0) this.code.br(this.labels.length - 1 - label);
    else this.giveUp(exit);
  }

  /** Hands over to tier 0 at the exit's instruction. */
  private giveUp(exit: ExitPoint): void {
    this.inExit(() => this.writeBack(exit.values));
    this.code.addToBudget(this.insns - exit.executed);
    this.leave(exit.ip, EXIT_INTERPRET);
  }

  private leave(ip: number, reason: number): void {
    const { code } = this;
    code.putRip(ip);
    code.putI32(st.exitReason, () => code.i32Const(reason));
    code.localGet(BUDGET);
    code.return();
  }

  /** Stores all places that memory does not hold. */
  private writeBack(values: PlaceValues): void {
    const entry = this.merger.entries.get(values.root)!;
    this.merger.dirtyPlaces(values).forEach((p) => {
      if (values.isAsAtRoot(p) && entry.values[p]!.kind === 'unknown') return;
      this.code.putPlace(p, () => this.pushVersion(values, p));
    });
  }

  private pushExitRecord(ip: number): void {
    const { code } = this;
    let index = this.exits.indexOf(ip);
    if (index < 0) index = this.exits.push(ip) - 1;
    code.localGet(EXITS);
    if (index === 0) return;
    code.i32Const(index * OP_SIZE);
    code.op('i32.add');
  }

  /** Leaves the region for `ip` by way of its exit record. */
  private exitTo(values: PlaceValues, ip: number): void {
    this.inExit(() => this.writeBack(values));
    const record = this.code.temporary('i32');
    this.pushExitRecord(ip);
    this.code.localSet(record);
    this.countExit(record);
    this.tailCall(() => this.code.localGet(record));
  }

  /** Ways out that are taken often are worth a translation that has them inside (core/jit/tier1.ts). */
  private countExit(record: number): void {
    const { code } = this;
    code.localGet(record);
    code.localGet(record);
    code.load('i32.load', OP_COUNT);
    code.i32Const(1);
    code.op('i32.add');
    code.store('i32.store', OP_COUNT);
  }

  private tailCall(record: () => void): void {
    const { code } = this;
    record();
    code.localGet(BUDGET);
    record();
    code.load('i32.load16_u', OP_HANDLER);
    code.returnCallIndirect(this.handlerType, 0);
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

  /** A local with the record of the code at `target`; leaves for a look-up when the jump cache has none. */
  private jumpCacheRecord(target: Node): number {
    const { code } = this;
    const entry = code.temporary('i32');
    code.value(target);
    code.op('i32.wrap_i64');
    code.i32Const(JUMP_CACHE_ENTRIES - 1);
    code.op('i32.and');
    code.i32Const(3);
    code.op('i32.shl');
    code.localTee(entry);
    code.load('i64.load32_u', JUMP_CACHE);
    code.value(target);
    code.op('i64.ne');
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    code.op('i32.or');
    code.hint(false);
    code.if();
    code.i32Const(0);
    code.value(target);
    code.store('i64.store', st.rip.offset);
    code.putI32(st.linkSlot, () => code.i32Const(0));
    code.putI32(st.branchRecord, () => code.i32Const(0));
    code.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      code.localGet(BUDGET);
      code.i32Const(0);
      code.op('i32.gt_s');
      code.select();
    });
    code.localGet(BUDGET);
    code.return();
    code.end();
    const record = code.temporary('i32');
    code.localGet(entry);
    code.load('i32.load', JUMP_CACHE + 4);
    code.localSet(record);
    return record;
  }

  /** Back to a nested call that waits for this address, else wherever it leads. */
  private returnTo(target: Node): void {
    const { code } = this;
    code.value(target);
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.op('i64.eq');
    code.if();
    code.i32Const(0);
    code.i64Const(RETURNED);
    code.store('i64.store', st.expectedReturn.offset);
    code.localGet(BUDGET);
    code.return();
    code.end();
    const record = this.jumpCacheRecord(target);
    this.tailCall(() => code.localGet(record));
  }

  /**
   * Calls the code of a record on the host's stack and goes on when it has returned to `returnIp`. All guest state is in
   * memory; anything but that return unwinds to the run loop.
   *
   *     if (nesting >= MAX) tail call
   *     saved = expectedReturn; expectedReturn = returnIp; nesting++
   *     budget = handler(record)(record, budget)
   *     nesting--; if (expectedReturn != RETURNED) return budget
   *     expectedReturn = saved
   */
  private nestedCall(node: FlowNode, returnIp: number, pushRecord: () => void): void {
    const { code } = this;
    const record = code.temporary('i32');
    const depth = code.temporary('i32');
    const saved = code.temporary('i64');
    pushRecord();
    code.localSet(record);
    code.i32Const(0);
    code.load('i32.load', st.nesting.offset);
    code.localTee(depth);
    code.i32Const(MAX_NESTING);
    code.op('i32.ge_s');
    code.hint(false);
    code.if();
    this.tailCall(() => code.localGet(record));
    code.end();
    code.putI32(st.nesting, () => {
      code.localGet(depth);
      code.i32Const(1);
      code.op('i32.add');
    });
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.localSet(saved);
    code.i32Const(0);
    code.i64Const(BigInt(returnIp));
    code.store('i64.store', st.expectedReturn.offset);
    code.localGet(record);
    code.localGet(BUDGET);
    code.localGet(record);
    code.load('i32.load16_u', OP_HANDLER);
    code.callIndirect(this.handlerType, 0);
    code.localSet(BUDGET);
    code.putI32(st.nesting, () => code.localGet(depth));
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.i64Const(RETURNED);
    code.op('i64.ne');
    code.hint(false);
    code.if();
    code.localGet(BUDGET);
    code.return();
    code.end();
    code.i32Const(0);
    code.localGet(saved);
    code.store('i64.store', st.expectedReturn.offset);
    this.afterCall(node, returnIp);
  }

  private afterCall(node: FlowNode, returnIp: number): void {
    const { code } = this;
    const to = node.successors.find((n) => n.ip === returnIp);
    if (to === undefined) {
      const record = code.temporary('i32');
      this.pushExitRecord(returnIp);
      code.localSet(record);
      this.tailCall(() => code.localGet(record));
      return;
    }
    this.assignHomes(undefined, to);
    if (isBackEdge(node, to) || this.isMerge(to)) code.br(this.depthOf((l) => l.kind === 'node' && l.node === to));
    else this.tree(to);
  }
}

/** Ranges of statements that share an exit: first index → exit and last index. */
function exitRanges(list: readonly JitStatement[]): Map<number, { exit: ExitPoint; end: number }> {
  const found = new Map<ExitPoint, { first: number; end: number }>();
  list.forEach((s, i) => {
    for (const exit of exitsOf(s)) {
      const range = found.get(exit);
      if (range) range.end = i;
      else found.set(exit, { first: i, end: i });
    }
  });
  const ranges = new Map<number, { exit: ExitPoint; end: number }>();
  let covered = -1;
  for (const [exit, { first, end }] of found) {
    // One check alone has its exit in place; overlapping ranges can't happen, since exits follow each other.
    if (first <= covered || first === end) continue;
    ranges.set(first, { exit, end });
    covered = end;
  }
  return ranges;
}

function exitsOf(s: JitStatement): ExitPoint[] {
  switch (s.kind) {
    case 'check':
    case 'leave':
      return [s.exit];
    case 'if':
      return [...s.whenTrue, ...s.whenFalse].flatMap(exitsOf);
    default:
      return [];
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
