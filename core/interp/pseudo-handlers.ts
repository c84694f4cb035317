/** Handlers that stand for no instruction: entry from the run loop, stale records, continuations, undefined opcodes. */
import { OP_HANDLER, OP_LINK } from '../ir/op-record.ts';
import { EXIT_EXCEPTION, EXIT_LOOKUP, VEC_UD } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';
import { BUDGET, HandlerCode, type HandlerImports, PC } from './handler-code.ts';

export type PseudoHandler = 'stale' | 'goto' | 'undefined' | 'enter';

/** The pseudo handlers' code. */
export function pseudoHandler(name: PseudoHandler, imports: HandlerImports): HandlerCode {
  const code = new HandlerCode(imports);
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
      code.putRipThis();
      code.putI32(st.linkSlot, () => code.i32Const(0));
      code.putI32(st.exitReason, () => code.i32Const(EXIT_LOOKUP));
      code.localGet(BUDGET);
      break;
    case 'goto':
      gotoHandler(code, imports);
      break;
    case 'undefined':
      code.putRipThis();
      code.putI32(st.excVector, () => code.i32Const(VEC_UD));
      code.putI32(st.excError, () => code.i32Const(0));
      code.putI32(st.exitReason, () => code.i32Const(EXIT_EXCEPTION));
      code.localGet(BUDGET);
      break;
  }
  return code;
}

/** Continues at the linked record, whose address is also this record's IP; counts nothing. */
function gotoHandler(code: HandlerCode, imports: HandlerImports): void {
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
  code.putRipThis();
  code.putI32(st.linkSlot, () => {
    code.localGet(PC);
    code.i32Const(OP_LINK);
    code.op('i32.add');
  });
  code.putI32(st.exitReason, () => code.i32Const(EXIT_LOOKUP));
  code.localGet(BUDGET);
}
