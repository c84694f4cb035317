/**
 * IR of one instruction → the body of its tier 0 handler. A handler is a wasm function (record, budget) → budget: it reads
 * its operands from the op record and the registers from memory, and ends with a tail call to the handler of the next
 * record, or returns to the run loop with an exit reason in the state.
 *
 *     handler(pc, budget):  ...the instruction...
 *                           return_call_indirect [u16 pc[32 + HANDLER]] (pc + 32, budget - 1)
 */
import type { Helper } from '../ir/helpers.ts';
import type { AnyPlace, Node, Statement } from '../ir/ir.ts';
import { OP_HANDLER, OP_LINK, OP_SIZE, OP_TARGET } from '../ir/op-record.ts';
import { GUEST_BASE, PERM_READ, PERM_TABLE, PERM_WRITE } from '../mem/layout.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_LOOKUP } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import type { StoreName } from '../wasm/opcodes.ts';
import { branchWhen, isCompound } from './conditions.ts';
import { BUDGET, HandlerCode, type HandlerImports, PC } from './handler-code.ts';
import { pushCachedRecord, pushHasBudget, testJumpCache } from './jump-cache-code.ts';
import { countUses, isPure } from './uses.ts';
import { emitOperation } from './value-code.ts';

/** Lowers a handler's statements. Memory checks of a strict handler always take the slow path. */
export function lowerHandler(
  statements: readonly Statement[],
  imports: HandlerImports,
  isStrict: boolean,
): HandlerCode {
  const lowering = new HandlerLowering(imports, isStrict);
  lowering.run(statements);
  return lowering.code;
}

/** Lowers a routine to a function of its parameters. */
export function lowerRoutine(statements: readonly Statement[], imports: HandlerImports, params: number): HandlerCode {
  const lowering = new HandlerLowering(imports, false, params);
  countUses(statements);
  if (!lowering.list(statements)) throw new Error('a routine ends without a return');
  // What is behind an `if` that returns either way is never reached.
  lowering.code.u8(0x00);
  return lowering.code;
}

class HandlerLowering {
  readonly code: HandlerCode;
  private readonly imports: HandlerImports;
  private readonly isStrict: boolean;
  constructor(imports: HandlerImports, isStrict: boolean, params?: number) {
    this.code = new HandlerCode(imports, params);
    this.imports = imports;
    this.isStrict = isStrict;
  }

  run(statements: readonly Statement[]): void {
    countUses(statements);
    if (!this.list(statements)) this.dispatchNext();
  }

  /** Emits a list; true when it ends by leaving the handler. */
  list(statements: readonly Statement[]): boolean {
    for (const s of statements) if (this.statement(s)) return true;
    return false;
  }

  private statement(s: Statement): boolean {
    const { code } = this;
    switch (s.kind) {
      case 'let':
        this.define(s.node);
        return false;
      case 'put':
        this.placeAddress(s.place);
        this.value(s.value);
        code.store(s.store, placeOffset(s.place));
        return false;
      case 'store':
        this.value(s.address);
        code.op('i32.wrap_i64');
        this.value(s.value);
        code.store(s.store as StoreName, GUEST_BASE);
        return false;
      case 'check':
        this.check(s.address, s.size, s.access);
        return false;
      case 'assign':
        this.value(s.value);
        if (s.variable.local < 0) s.variable.local = code.newLocal(s.variable.type);
        code.localSet(s.variable.local);
        return false;
      case 'if':
        return this.branch(s);
      case 'loop':
        code.loop();
        if (!this.list(s.body)) {
          this.value(s.condition);
          code.brIf(0);
        }
        code.end();
        return false;
      case 'raise':
        this.raise(s.vector, s.error);
        return true;
      case 'trap':
        this.code.putRipNext();
        this.code.putI32(st.excVector, () => this.code.i32Const(s.vector));
        this.code.putI32(st.excError, () => this.code.i32Const(0));
        this.code.leave(EXIT_EXCEPTION, true);
        return true;
      case 'callChecked':
        this.callChecked(s.helper, s.args);
        return false;
      case 'jump':
        this.jumpToRecord();
        return true;
      case 'jumpIndirect':
        if (s.isReturn) this.returnToCaller(s.target);
        this.jumpIndirect(s.target);
        return true;
      case 'exit':
        this.code.putRipNext();
        this.code.leave(s.reason, true);
        return true;
      case 'return':
        this.value(s.value);
        this.code.return();
        return true;
    }
  }

  private branch(s: Extract<Statement, { kind: 'if' }>): boolean {
    const { code } = this;
    if (isCompound(s.condition)) return this.compoundBranch(s);
    this.value(s.condition);
    code.if();
    const thenLeaves = this.list(s.whenTrue);
    let elseLeaves = false;
    if (s.whenFalse.length > 0) {
      code.else();
      elseLeaves = this.list(s.whenFalse);
    }
    code.end();
    const leaves = thenLeaves && elseLeaves;
    if (leaves) code.u8(0x00); // unreachable: both arms left
    return leaves;
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
  private compoundBranch(s: Extract<Statement, { kind: 'if' }>): boolean {
    const { code } = this;
    code.block();
    code.block();
    branchWhen(false, s.condition, 0, this);
    const thenLeaves = this.list(s.whenTrue);
    if (!thenLeaves) code.br(1);
    code.end();
    const elseLeaves = this.list(s.whenFalse);
    code.end();
    const leaves = thenLeaves && elseLeaves;
    if (leaves) code.u8(0x00); // unreachable: both arms left
    return leaves;
  }

  /** Places a value at its point in the order: reads always, pure ones when more than one use shares them. */
  private define(node: Node): void {
    if (node.uses === 0) return;
    if (isPure(node) && node.uses === 1) return;
    this.compute(node);
    if (node.kind.op === 'call' && node.kind.helper.result === undefined) return;
    node.local = this.code.newLocal(node.type);
    this.code.localSet(node.local);
  }

  value(node: Node): void {
    if (node.local >= 0) this.code.localGet(node.local);
    else this.compute(node);
  }

  private compute(node: Node): void {
    const { code } = this;
    const { kind } = node;
    if (emitOperation(node, code, (arg) => this.value(arg))) return;
    switch (kind.op) {
      case 'state':
        this.placeAddress(kind.place);
        code.load(kind.load, placeOffset(kind.place));
        return;
      case 'record':
        code.localGet(PC);
        code.load(kind.load, kind.offset);
        return;
      case 'load':
        this.value(node.args[0]!);
        code.op('i32.wrap_i64');
        code.load(kind.load, GUEST_BASE);
        return;
      case 'variable':
        code.localGet(kind.variable.local);
        return;
      case 'parameter':
        code.localGet(kind.index);
        return;
      case 'call':
        for (const arg of node.args) this.value(arg);
        code.call(this.imports.helpers.get(kind.helper.name)!);
        return;
      case 'in':
        throw new Error('a handler has no live-in values');
    }
  }

  private placeAddress(place: AnyPlace): void {
    if (place.kind === 'fixed') this.code.i32Const(0);
    else if (place.kind === 'indexed') {
      this.value(place.index);
      this.code.i32Const(place.shift);
      this.code.op('i32.shl');
    } else {
      this.code.localGet(PC);
      this.code.load('i32.load16_u', place.record);
    }
  }

  /**
   *     if (address >> 32 | ((perm[page of first byte] & perm[page of last byte] & BIT) ^ BIT))
   *       if (slowAccess(address, size, access, pc)) return budget
   */
  private check(address: Node, size: number, access: 'r' | 'w'): void {
    const { code } = this;
    if (this.isStrict) {
      this.slowAccess(address, size, access);
      return;
    }
    const bit = access === 'r' ? PERM_READ : PERM_WRITE;
    const perm = (add: number): void => {
      this.value(address);
      code.op('i32.wrap_i64');
      if (add) {
        code.i32Const(add);
        code.op('i32.add');
      }
      code.i32Const(12);
      code.op('i32.shr_u');
      code.load('i32.load8_u', PERM_TABLE);
    };
    perm(0);
    if (size > 1) {
      perm(size - 1);
      code.op('i32.and');
    }
    code.i32Const(bit);
    code.op('i32.and');
    code.i32Const(bit);
    code.op('i32.xor');
    this.high(address);
    code.op('i32.or');
    code.if();
    this.slowAccess(address, size, access);
    code.end();
  }

  private slowAccess(address: Node, size: number, access: 'r' | 'w'): void {
    const { code } = this;
    this.value(address);
    code.op('i32.wrap_i64');
    this.high(address);
    code.i32Const(size | (access === 'w' ? 0x10000 : 0));
    code.localGet(PC);
    code.call(this.imports.slowAccess);
    code.if();
    code.localGet(BUDGET);
    code.return();
    code.end();
  }

  private high(address: Node): void {
    this.value(address);
    this.code.i64Const(32n);
    this.code.op('i64.shr_u');
    this.code.op('i32.wrap_i64');
  }

  private raise(vector: number, error: Node | undefined): void {
    this.code.putRipThis();
    this.code.putI32(st.excVector, () => this.code.i32Const(vector));
    this.code.putI32(st.excError, () => (error ? this.value(error) : this.code.i32Const(0)));
    this.code.leave(EXIT_EXCEPTION, false);
  }

  private callChecked(helper: Helper, args: readonly Node[]): void {
    this.code.putRipThis();
    for (const arg of args) this.value(arg);
    this.code.call(this.imports.helpers.get(helper.name)!);
    this.code.if();
    this.code.returnBudget(false);
    this.code.end();
  }

  private dispatchNext(): void {
    const { code } = this;
    code.localGet(PC);
    code.i32Const(OP_SIZE);
    code.op('i32.add');
    code.localGet(BUDGET);
    code.i32Const(1);
    code.op('i32.sub');
    code.localGet(PC);
    code.load('i32.load16_u', OP_SIZE + OP_HANDLER);
    code.returnCallIndirect(this.imports.handlerType, 0);
  }

  /** Follows the record's link; leaves for a look-up while there is none, and when the budget is used up. */
  private jumpToRecord(): void {
    const { code } = this;
    const target = code.newLocal('i32');
    code.localGet(PC);
    code.load('i32.load', OP_LINK);
    code.localTee(target);
    code.op('i32.eqz');
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.le_s');
    code.op('i32.or');
    code.if();
    this.code.putRip(() => {
      code.localGet(PC);
      code.load('i64.load32_u', OP_TARGET);
    });
    this.code.putI32(st.linkSlot, () => {
      code.localGet(PC);
      code.i32Const(OP_LINK);
      code.op('i32.add');
    });
    this.code.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      code.localGet(target);
      code.op('i32.eqz');
      code.select();
    });
    this.code.returnBudget(true);
    code.end();
    this.code.tailCall(() => code.localGet(target));
  }

  /** A call of translated code that waits for this address goes on by a return of the host's. */
  private returnToCaller(target: Node): void {
    const { code } = this;
    this.value(target);
    code.i32Const(0);
    code.load('i64.load', st.expectedReturn.offset);
    code.i64Const(~st.RETURN_FLAGS);
    code.op('i64.and');
    code.op('i64.eq');
    code.if();
    code.i32Const(0);
    code.i64Const(st.RETURNED);
    code.store('i64.store', st.expectedReturn.offset);
    code.returnBudget(true);
    code.end();
  }

  /**
   *     entry = JUMP_CACHE + (low 16 bits of target) * 8
   *     if (budget > 0 && entry.ip == target && target < 2^32) tail call entry.record
   *     rip = target; leave for a look-up
   */
  private jumpIndirect(target: Node): void {
    const { code } = this;
    const entry = code.newLocal('i32');
    testJumpCache(code, entry, () => this.value(target));
    code.if();
    const record = code.newLocal('i32');
    pushCachedRecord(code, entry);
    code.localSet(record);
    this.code.tailCall(() => code.localGet(record));
    code.end();
    this.code.putRip(() => this.value(target));
    this.code.putI32(st.linkSlot, () => code.i32Const(0));
    this.code.putI32(st.branchRecord, () => code.localGet(PC));
    this.code.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      pushHasBudget(code);
      code.select();
    });
    this.code.returnBudget(true);
  }
}

const placeOffset = (place: AnyPlace): number => (place.kind === 'slot' ? place.add : place.offset);
