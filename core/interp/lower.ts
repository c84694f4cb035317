/**
 * IR of one instruction → the body of its tier 0 handler. A handler is a wasm function (record, budget) → budget: it reads
 * its operands from the op record and the registers from memory, and ends with a tail call to the handler of the next
 * record, or returns to the run loop with an exit reason in the state.
 *
 *     handler(pc, budget):  ...the instruction...
 *                           return_call_indirect [u16 pc[32 + HANDLER]] (pc + 32, budget - 1)
 */
import { declaredHelpers, type Helper } from '../ir/helpers.ts';
import type { Node, Place, Statement } from '../ir/ir.ts';
import { OP_HANDLER, OP_IP, OP_LENGTH, OP_LINK, OP_SIZE, OP_TARGET } from '../ir/op-record.ts';
import { GUEST_BASE, JUMP_CACHE, JUMP_CACHE_ENTRIES, PERM_READ, PERM_TABLE, PERM_WRITE } from '../mem/layout.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_LOOKUP } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { CodeWriter, type FuncType, type ModuleWriter } from '../wasm/module.ts';
import type { StoreName } from '../wasm/opcodes.ts';

export const HANDLER_TYPE: FuncType = { params: ['i32', 'i32'], results: ['i32'] };
/** Table slots: more than the forms that a program can meet. */
export const TABLE_SIZE = 16384;

const PC = 0;
const BUDGET = 1;

/** What a module of handlers imports, in a fixed order. */
export interface HandlerImports {
  handlerType: number;
  slowAccess: number;
  helpers: ReadonlyMap<string, number>;
}

/** Signature of the slow path of memory checks: (address low, high, size | write << 16, record) → 0 or faulted. */
export const SLOW_ACCESS: FuncType = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };

export function declareImports(module: ModuleWriter): HandlerImports {
  module.importMemory('env', 'memory', 1, 65536);
  module.importTable('env', 'handlers', TABLE_SIZE);
  const slowAccess = module.importFunction('env', 'slowAccess', SLOW_ACCESS);
  const helpers = new Map<string, number>();
  for (const helper of declaredHelpers()) {
    const type = { params: helper.params, results: helper.result ? [helper.result] : [] };
    helpers.set(helper.name, module.importFunction('helpers', helper.name, type));
  }
  return { handlerType: module.type(HANDLER_TYPE), slowAccess, helpers };
}

/** Lowers a handler's statements. Memory checks of a strict handler always take the slow path. */
export function lowerHandler(statements: readonly Statement[], imports: HandlerImports, isStrict: boolean): CodeWriter {
  const lowering = new HandlerLowering(imports, isStrict);
  lowering.run(statements);
  return lowering.code;
}

const isPure = (node: Node): boolean => ['pure', 'const', 'record', 'select', 'shuffle'].includes(node.kind.op);

/** Counts how often each node is needed by something that happens. */
function countUses(statements: readonly Statement[]): void {
  const use = (node: Node, times = 1): void => {
    node.uses += times;
    if (node.uses === times) for (const arg of node.args) use(arg);
  };
  for (const s of statements) {
    switch (s.kind) {
      case 'let':
        if (s.node.kind.op === 'call') use(s.node);
        break;
      case 'put':
      case 'assign':
        use(s.value);
        break;
      case 'store':
        use(s.value);
        use(s.address);
        break;
      case 'check':
        // Used several times by the check itself: forces a local.
        use(s.address, 2);
        break;
      case 'if':
        use(s.condition);
        countUses(s.whenTrue);
        countUses(s.whenFalse);
        break;
      case 'loop':
        countUses(s.body);
        use(s.condition);
        break;
      case 'raise':
        if (s.error) use(s.error);
        break;
      case 'callChecked':
        for (const arg of s.args) use(arg);
        break;
      case 'jumpIndirect':
        use(s.target, 2);
        break;
      case 'jump':
      case 'trap':
      case 'exit':
        break;
    }
  }
}

class HandlerLowering {
  readonly code = new CodeWriter(2);
  private readonly imports: HandlerImports;
  private readonly isStrict: boolean;
  constructor(imports: HandlerImports, isStrict: boolean) {
    this.imports = imports;
    this.isStrict = isStrict;
  }

  run(statements: readonly Statement[]): void {
    countUses(statements);
    if (!this.list(statements)) this.dispatchNext();
  }

  /** Emits a list; true when it ends by leaving the handler. */
  private list(statements: readonly Statement[]): boolean {
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
        this.putRipNext();
        this.putI32(st.excVector, () => this.code.i32Const(s.vector));
        this.putI32(st.excError, () => this.code.i32Const(0));
        this.leave(EXIT_EXCEPTION, true);
        return true;
      case 'callChecked':
        this.callChecked(s.helper, s.args);
        return false;
      case 'jump':
        this.jumpToRecord();
        return true;
      case 'jumpIndirect':
        this.jumpIndirect(s.target);
        return true;
      case 'exit':
        this.putRipNext();
        this.leave(s.reason, true);
        return true;
    }
  }

  private branch(s: Extract<Statement, { kind: 'if' }>): boolean {
    const { code } = this;
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

  /** Places a value at its point in the order: reads always, pure ones when more than one use shares them. */
  private define(node: Node): void {
    if (node.uses === 0) return;
    if (isPure(node) && node.uses === 1) return;
    this.compute(node);
    if (node.kind.op === 'call' && node.kind.helper.result === undefined) return;
    node.local = this.code.newLocal(node.type);
    this.code.localSet(node.local);
  }

  private value(node: Node): void {
    if (node.local >= 0) this.code.localGet(node.local);
    else this.compute(node);
  }

  private compute(node: Node): void {
    const { code } = this;
    const { kind } = node;
    switch (kind.op) {
      case 'const':
        this.constant(node, kind.value);
        return;
      case 'pure':
        for (const arg of node.args) this.value(arg);
        code.op(kind.name, kind.lane);
        return;
      case 'shuffle':
        for (const arg of node.args) this.value(arg);
        code.shuffle(kind.lanes);
        return;
      case 'select':
        for (const arg of node.args) this.value(arg);
        if (node.type === 'v128') this.selectTyped();
        else code.select();
        return;
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
      case 'call':
        for (const arg of node.args) this.value(arg);
        code.call(this.imports.helpers.get(kind.helper.name)!);
        return;
    }
  }

  /** `select t*` with a v128 immediate type; the untyped form only takes numbers and vectors of MVP types. */
  private selectTyped(): void {
    this.code.u8(0x1c);
    this.code.u32(1);
    this.code.u8(0x7b);
  }

  private constant(node: Node, value: number | bigint): void {
    const { code } = this;
    if (node.type === 'i32') code.i32Const(Number(value));
    else if (node.type === 'i64') code.i64Const(BigInt(value));
    else if (node.type === 'f32') code.f32Const(Number(value));
    else if (node.type === 'f64') code.f64Const(BigInt(value));
    else code.v128Const(BigInt(value));
  }

  private placeAddress(place: Place): void {
    if (place.kind === 'fixed') this.code.i32Const(0);
    else {
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

  private putI32(field: st.Field, emit: () => void): void {
    this.code.i32Const(0);
    emit();
    this.code.store('i32.store', field.offset);
  }
  private putRip(emit: () => void): void {
    this.code.i32Const(0);
    emit();
    this.code.store('i64.store', st.rip.offset);
  }
  private putRipThis(): void {
    this.putRip(() => {
      this.code.localGet(PC);
      this.code.load('i64.load32_u', OP_IP);
    });
  }
  private putRipNext(): void {
    this.putRip(() => {
      this.code.localGet(PC);
      this.code.load('i64.load32_u', OP_IP);
      this.code.localGet(PC);
      this.code.load('i64.load8_u', OP_LENGTH);
      this.code.op('i64.add');
    });
  }

  private returnBudget(isCounted: boolean): void {
    const { code } = this;
    code.localGet(BUDGET);
    if (isCounted) {
      code.i32Const(1);
      code.op('i32.sub');
    }
    code.return();
  }

  private leave(reason: number, isCounted: boolean): void {
    this.putI32(st.exitReason, () => this.code.i32Const(reason));
    this.returnBudget(isCounted);
  }

  private raise(vector: number, error: Node | undefined): void {
    this.putRipThis();
    this.putI32(st.excVector, () => this.code.i32Const(vector));
    this.putI32(st.excError, () => (error ? this.value(error) : this.code.i32Const(0)));
    this.leave(EXIT_EXCEPTION, false);
  }

  private callChecked(helper: Helper, args: readonly Node[]): void {
    this.putRipThis();
    for (const arg of args) this.value(arg);
    this.code.call(this.imports.helpers.get(helper.name)!);
    this.code.if();
    this.returnBudget(false);
    this.code.end();
  }

  private tailCall(pc: () => void): void {
    const { code } = this;
    pc();
    code.localGet(BUDGET);
    code.i32Const(1);
    code.op('i32.sub');
    pc();
    code.load('i32.load16_u', OP_HANDLER);
    code.returnCallIndirect(this.imports.handlerType, 0);
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
    this.putRip(() => {
      code.localGet(PC);
      code.load('i64.load32_u', OP_TARGET);
    });
    this.putI32(st.linkSlot, () => {
      code.localGet(PC);
      code.i32Const(OP_LINK);
      code.op('i32.add');
    });
    this.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      code.localGet(target);
      code.op('i32.eqz');
      code.select();
    });
    this.returnBudget(true);
    code.end();
    this.tailCall(() => code.localGet(target));
  }

  /**
   *     entry = JUMP_CACHE + (low 16 bits of target) * 8
   *     if (budget > 0 && entry.ip == target && target < 2^32) tail call entry.record
   *     rip = target; leave for a look-up
   */
  private jumpIndirect(target: Node): void {
    const { code } = this;
    const entry = code.newLocal('i32');
    this.value(target);
    code.op('i32.wrap_i64');
    code.i32Const(JUMP_CACHE_ENTRIES - 1);
    code.op('i32.and');
    code.i32Const(3);
    code.op('i32.shl');
    code.localTee(entry);
    code.load('i64.load32_u', JUMP_CACHE);
    this.value(target);
    code.op('i64.eq');
    code.localGet(BUDGET);
    code.i32Const(0);
    code.op('i32.gt_s');
    code.op('i32.and');
    code.if();
    const record = code.newLocal('i32');
    code.localGet(entry);
    code.load('i32.load', JUMP_CACHE + 4);
    code.localSet(record);
    this.tailCall(() => code.localGet(record));
    code.end();
    this.putRip(() => this.value(target));
    this.putI32(st.linkSlot, () => code.i32Const(0));
    this.putI32(st.branchRecord, () => code.localGet(PC));
    this.putI32(st.exitReason, () => {
      code.i32Const(EXIT_LOOKUP);
      code.i32Const(EXIT_BUDGET);
      code.localGet(BUDGET);
      code.i32Const(0);
      code.op('i32.gt_s');
      code.select();
    });
    this.returnBudget(true);
  }
}

const placeOffset = (place: Place): number => (place.kind === 'fixed' ? place.offset : place.add);

/** Handlers that stand for no instruction. */
export type PseudoHandler = 'stale' | 'goto' | 'undefined' | 'enter';

/** The pseudo handlers' code. */
export function pseudoHandler(name: PseudoHandler, imports: HandlerImports): CodeWriter {
  const code = new CodeWriter(2);
  const zero = (emit: () => void, store: StoreName, offset: number): void => {
    code.i32Const(0);
    emit();
    code.store(store, offset);
  };
  const ripThis = (): void =>
    zero(
      () => {
        code.localGet(PC);
        code.load('i64.load32_u', OP_IP);
      },
      'i64.store',
      st.rip.offset,
    );
  switch (name) {
    case 'enter':
      // Entry from the run loop: dispatches the record without counting.
      code.localGet(PC);
      code.localGet(BUDGET);
      code.localGet(PC);
      code.load('i32.load16_u', OP_HANDLER);
      code.returnCallIndirect(imports.handlerType, 0);
      break;
    case 'stale':
      // The instruction behind the record changed: look its address up again.
      ripThis();
      zero(() => code.i32Const(0), 'i32.store', st.linkSlot.offset);
      zero(() => code.i32Const(EXIT_LOOKUP), 'i32.store', st.exitReason.offset);
      code.localGet(BUDGET);
      break;
    case 'goto':
      gotoHandler(code, imports, ripThis, zero);
      break;
    case 'undefined':
      ripThis();
      zero(() => code.i32Const(6), 'i32.store', st.excVector.offset);
      zero(() => code.i32Const(0), 'i32.store', st.excError.offset);
      zero(() => code.i32Const(EXIT_EXCEPTION), 'i32.store', st.exitReason.offset);
      code.localGet(BUDGET);
      break;
  }
  return code;
}

/** Continues at the linked record, whose address is also this record's IP; counts nothing. */
function gotoHandler(
  code: CodeWriter,
  imports: HandlerImports,
  ripThis: () => void,
  zero: (emit: () => void, store: StoreName, offset: number) => void,
): void {
  const target = code.newLocal('i32');
  code.localGet(PC);
  code.load('i32.load', OP_LINK);
  code.localTee(target);
  code.if();
  code.localGet(target);
  code.localGet(BUDGET);
  code.localGet(target);
  code.load('i32.load16_u', OP_HANDLER);
  code.returnCallIndirect(imports.handlerType, 0);
  code.end();
  ripThis();
  zero(
    () => {
      code.localGet(PC);
      code.i32Const(OP_LINK);
      code.op('i32.add');
    },
    'i32.store',
    st.linkSlot.offset,
  );
  zero(() => code.i32Const(EXIT_LOOKUP), 'i32.store', st.exitReason.offset);
  code.localGet(BUDGET);
}
