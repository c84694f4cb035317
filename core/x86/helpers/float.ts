/** Floating-point helpers: the bridge from emitted code to the exact arithmetic of core/x86/fp. */
import type { AddressSpace } from '../../mem/address-space.ts';
import { EXIT_EXCEPTION } from '../../vcpu/exits.ts';
import * as st from '../../vcpu/state.ts';
import { sseOp } from '../fp/sse-helpers.ts';
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
  };
}
