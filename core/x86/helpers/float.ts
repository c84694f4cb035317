/** Floating-point helpers: the bridge from emitted code to the exact arithmetic of core/x86/fp. */
import type { AddressSpace } from '../../mem/address-space.ts';
import { EXIT_EXCEPTION, VEC_GP } from '../../vcpu/exits.ts';
import { restoreFxsave, restoreXsave, saveFxsave, saveXsave } from '../../vcpu/fxsave.ts';
import * as st from '../../vcpu/state.ts';
import { fmaOp } from '../fp/fma-helper.ts';
import { sseOp } from '../fp/sse-helpers.ts';
import { x87LeaveMmx, x87Op } from '../fp/x87.ts';
import { STATE_OPERATIONS } from '../insn/x87.ts';
import type { HelperFunction } from './general.ts';

/** Sets up the exit for an exception vector; 0 means that there is none. */
export function raiseVector(space: AddressSpace, vector: number): number {
  if (vector === 0) return 0;
  space.i32[st.exitReason.offset >> 2] = EXIT_EXCEPTION;
  space.i32[st.excVector.offset >> 2] = vector;
  space.i32[st.excError.offset >> 2] = 0;
  return 1;
}

export function floatHelpers(space: AddressSpace): Record<string, HelperFunction> {
  return {
    sse: (code, destination, a, x, imm) =>
      raiseVector(space, sseOp(space, code!, destination! >>> 0, a! >>> 0, x! >>> 0, imm!)),
    fma: (code, destination, a, b, c) =>
      raiseVector(space, fmaOp(space, code!, destination! >>> 0, a! >>> 0, b! >>> 0, c! >>> 0)),
    x87: (selector, operand) => raiseVector(space, x87Op(space, selector!, operand! >>> 0)),
    emms: () => raiseVector(space, x87LeaveMmx(space)),
    processorState: (operation, offset, mask, isWide) =>
      raiseVector(space, processorState(space, operation!, offset! >>> 0, mask!, isWide === 1) ? 0 : VEC_GP),
  };
}

/** FXSAVE and its kin at a memory offset; false asks for #GP. */
function processorState(
  space: AddressSpace,
  operation: number,
  offset: number,
  mask: number,
  isWide: boolean,
): boolean {
  switch (STATE_OPERATIONS[operation]) {
    case 'fxsave':
      saveFxsave(space, offset, isWide);
      return true;
    case 'fxrstor':
      return restoreFxsave(space, offset, isWide);
    case 'xsave':
      saveXsave(space, offset, mask, false, isWide);
      return true;
    case 'xsavec':
      saveXsave(space, offset, mask, true, isWide);
      return true;
    default:
      return restoreXsave(space, offset, mask, isWide);
  }
}
