/** Emits the statements of a block, and the exits from them to tier 0. */
import { branchWhen, isCompound } from '../interp/conditions.ts';
import { BUDGET } from '../interp/handler-code.ts';
import type { Node } from '../ir/ir.ts';
import { EXIT_INTERPRET } from '../vcpu/exits.ts';
import type { BranchCode } from './branch-code.ts';
import { exitRanges } from './exit-ranges.ts';
import type { Frames, Label } from './frames.ts';
import type { MemoryChecks } from './memory-checks.ts';
import type { PlaceCode } from './place-code.ts';
import type { RegionCode } from './region-code.ts';
import type { ExitPoint, JitStatement } from './statements.ts';
import { isUsed } from './usage.ts';

/** What code of a region is emitted with. */
export interface Emission {
  readonly code: RegionCode;
  readonly memory: MemoryChecks;
  readonly frames: Frames;
  readonly places: PlaceCode;
  readonly branches: BranchCode;
}

export class StatementCode {
  private readonly code: RegionCode;
  private readonly memory: MemoryChecks;
  private readonly frames: Frames;
  private readonly places: PlaceCode;
  private readonly branches: BranchCode;
  /** Instructions of the block being emitted. */
  insns = 0;

  constructor({ code, memory, frames, places, branches }: Emission) {
    this.code = code;
    this.memory = memory;
    this.frames = frames;
    this.places = places;
    this.branches = branches;
  }

  statements(list: readonly JitStatement[]): void {
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
    this.frames.push({ kind: 'plain' });
    code.block();
    const label: Label = { kind: 'exit', exit, isUsed: false };
    this.frames.push(label);
    const mark = code.bindings();
    emit();
    code.br(1);
    this.frames.pop();
    code.end();
    // A way here may come from before those values were computed.
    if (label.isUsed) code.without(mark, () => this.giveUp(exit));
    else code.u8(0x00);
    this.frames.pop();
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
        this.frames.inBranch(() => {
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
    this.frames.inBranch(() => this.statements(s.whenTrue));
    if (s.whenFalse.length > 0) {
      code.else();
      this.frames.inBranch(() => this.statements(s.whenFalse));
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
    this.frames.push({ kind: 'plain' });
    code.block();
    this.frames.push({ kind: 'plain' });
    code.openScope();
    branchWhen(false, s.condition, 0, { code, value: (node) => code.value(node) });
    code.closeScope();
    this.frames.inArm(() => this.statements(s.whenTrue));
    code.br(1);
    this.frames.pop();
    code.end();
    this.frames.inArm(() => this.statements(s.whenFalse));
    this.frames.pop();
    code.end();
  }

  /** Goes to the exit when the i32 on the stack is not 0. */
  private leaveIf(exit: ExitPoint): void {
    const { code } = this;
    const depth = this.frames.exitDepth(exit);
    code.hint(false);
    if (depth >= 0) {
      code.brIf(depth + this.memory.extraDepth);
      return;
    }
    code.if();
    this.frames.inExit(() => this.giveUp(exit));
    code.end();
  }
  branchOrGiveUp(exit: ExitPoint): void {
    const depth = this.frames.exitDepth(exit);
    if (depth >= 0) this.code.br(depth);
    else this.giveUp(exit);
  }

  /** Hands over to tier 0 at the exit's instruction. */
  giveUp(exit: ExitPoint): void {
    this.frames.inExit(() => this.places.writeBack(exit.values));
    this.code.addToBudget(this.insns - exit.executed);
    this.branches.leave(exit.ip, EXIT_INTERPRET);
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
