/** Sets up exceptions in the vCPU's state; RIP is the caller's. */
import type { AddressSpace, FaultCause } from '../mem/address-space.ts';
import { CAUSE_ACCERR, CAUSE_MAPERR, CAUSE_OOM, EXIT_EXCEPTION, VEC_GP, VEC_PF } from '../vcpu/exits.ts';
import * as st from '../vcpu/state.ts';

/** #PF error code bits (SDM vol. 3, 4.7). */
const PF_PRESENT = 1;
export const PF_WRITE = 2;
const PF_USER = 4;
export const PF_FETCH = 16;

export class Exceptions {
  private readonly space: AddressSpace;
  constructor(space: AddressSpace) {
    this.space = space;
  }

  raise(vector: number, error: number): void {
    const { i32 } = this.space;
    i32[st.exitReason.offset >> 2] = EXIT_EXCEPTION;
    i32[st.excVector.offset >> 2] = vector;
    i32[st.excError.offset >> 2] = error;
  }

  /** `access`: PF_WRITE, PF_FETCH or 0. */
  pageFault(low: number, high: number, cause: FaultCause, access: number): void {
    const { i32, u32 } = this.space;
    // Addresses that are not canonical raise #GP instead.
    if (!isCanonical(high)) this.raise(VEC_GP, 0);
    else this.raise(VEC_PF, PF_USER | access | (cause === 'maperr' ? 0 : PF_PRESENT));
    i32[st.excCause.offset >> 2] = cause === 'maperr' ? CAUSE_MAPERR : cause === 'oom' ? CAUSE_OOM : CAUSE_ACCERR;
    u32[st.excAddress.offset >> 2] = low;
    u32[(st.excAddress.offset >> 2) + 1] = high;
  }
}

/** Bits 63..47 of an address are equal; from its upper half. */
export const isCanonical = (high: number): boolean => high >>> 15 === 0 || high >>> 15 === 0x1ffff;
