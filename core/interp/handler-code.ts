/**
 * What all handlers share: their signature, what their modules import, and how they continue or leave. A handler is a wasm
 * function (record, budget) → budget.
 */
import { declaredHelpers, type Helper } from '../ir/helpers.ts';
import { OP_HANDLER, OP_IP, OP_LENGTH } from '../ir/op-record.ts';
import * as st from '../vcpu/state.ts';
import { CodeWriter, type FuncType, type ModuleWriter } from '../wasm/module.ts';

export const HANDLER_TYPE: FuncType = { params: ['i32', 'i32'], results: ['i32'] };
/** Table slots: more than the forms that a program can meet, and behind them those of translated regions. */
export const HANDLER_SLOTS = 16384;
export const REGION_SLOTS = 8192;
export const TABLE_SIZE = HANDLER_SLOTS + REGION_SLOTS;

/** Parameters of a handler. */
export const PC = 0;
export const BUDGET = 1;

/** What a module of handlers imports, in a fixed order. */
export interface HandlerImports {
  handlerType: number;
  slowAccess: number;
  helpers: Map<string, number>;
}

export const typeOf = (helper: Helper): FuncType => ({
  params: helper.params,
  results: helper.result ? [helper.result] : [],
});

/** Signature of the slow path of memory checks: (address low, high, size | write << 16, record) → 0 or faulted. */
export const SLOW_ACCESS: FuncType = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };

/** Declares what a module imports; `but` are helpers that it defines itself. */
export function declareImports(module: ModuleWriter, but: readonly Helper[] = []): HandlerImports {
  module.importMemory('env', 'memory', 1, 65536);
  module.importTable('env', 'handlers', TABLE_SIZE);
  const slowAccess = module.importFunction('env', 'slowAccess', SLOW_ACCESS);
  const helpers = new Map<string, number>();
  for (const helper of declaredHelpers()) {
    if (!but.includes(helper)) helpers.set(helper.name, module.importFunction('helpers', helper.name, typeOf(helper)));
  }
  return { handlerType: module.type(HANDLER_TYPE), slowAccess, helpers };
}

/** The body of a handler, with the pieces that put state and go on elsewhere. */
export class HandlerCode extends CodeWriter {
  protected readonly imports: HandlerImports;
  constructor(imports: HandlerImports, params = 2) {
    super(params);
    this.imports = imports;
  }

  /** Puts the i32 that `emit` leaves on the stack into a state field. */
  putI32(field: st.Field, emit: () => void): void {
    this.i32Const(0);
    emit();
    this.store('i32.store', field.offset);
  }
  /** Puts the i64 that `emit` leaves on the stack into RIP. */
  putRip(emit: () => void): void {
    this.i32Const(0);
    emit();
    this.store('i64.store', st.rip.offset);
  }
  /** RIP at this instruction. */
  putRipThis(): void {
    this.putRip(() => {
      this.localGet(PC);
      this.load('i64.load32_u', OP_IP);
    });
  }
  /** RIP behind this instruction. */
  putRipNext(): void {
    this.putRip(() => {
      this.localGet(PC);
      this.load('i64.load32_u', OP_IP);
      this.localGet(PC);
      this.load('i64.load8_u', OP_LENGTH);
      this.op('i64.add');
    });
  }

  /** Returns to the run loop; a finished instruction is counted. */
  returnBudget(isCounted: boolean): void {
    this.localGet(BUDGET);
    if (isCounted) {
      this.i32Const(1);
      this.op('i32.sub');
    }
    this.return();
  }

  /** Returns to the run loop with an exit reason. */
  leave(reason: number, isCounted: boolean): void {
    this.putI32(st.exitReason, () => this.i32Const(reason));
    this.returnBudget(isCounted);
  }

  /** Goes to the handler of the record that `pc` puts on the stack; counts this instruction. */
  tailCall(pc: () => void): void {
    pc();
    this.localGet(BUDGET);
    this.i32Const(1);
    this.op('i32.sub');
    pc();
    this.load('i32.load16_u', OP_HANDLER);
    this.returnCallIndirect(this.imports.handlerType, 0);
  }
}
