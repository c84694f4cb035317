/** From x86 exceptions to signals: numbers, codes and addresses as Linux gives them (arch/x86 behaviour, signal(7)). */
import { GUEST_TOP, PAGE_SHIFT, PERM_READ, PERM_RESIDENT } from '../../../mem/layout.ts';
import {
  CAUSE_ACCERR,
  CAUSE_BUSERR,
  CAUSE_MAPERR,
  CAUSE_OOM,
  VEC_AC,
  VEC_BP,
  VEC_DB,
  VEC_DE,
  VEC_MF,
  VEC_PF,
  VEC_SS,
  VEC_UD,
  VEC_XF,
} from '../../../vcpu/exits.ts';
import * as st from '../../../vcpu/state.ts';
import type { Vcpu } from '../../../vcpu/vcpu.ts';
import {
  BUS_ADRALN,
  BUS_ADRERR,
  FPE_FLTDIV,
  FPE_FLTINV,
  FPE_FLTOVF,
  FPE_FLTRES,
  FPE_FLTUND,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_TRACE,
} from '../../abi/signal.ts';
import type { Task } from '../../task.ts';
import { forceSignal } from './send.ts';
import type { PendingSignal, SignalInfo } from './state.ts';

export interface Exception {
  vector: number;
  error: number;
  /** CAUSE_* of a #PF. */
  cause: number;
  /** CR2 of a #PF. */
  address: bigint;
  /** RIP of the instruction. */
  rip: number;
  /** Unmasked floating-point exceptions of a #MF or #XF: IE 1, DE 2, ZE 4, OE 8, UE 16, PE 32. */
  fpExceptions: number;
}

/** The signal of an exception. */
export function exceptionToSignal(exception: Exception): PendingSignal {
  const { vector, rip } = exception;
  switch (vector) {
    case VEC_DE:
      return { signal: SIGFPE, info: { code: FPE_INTDIV, addr: rip } };
    case VEC_DB:
      return { signal: SIGTRAP, info: { code: TRAP_TRACE, addr: rip } };
    case VEC_BP:
      return { signal: SIGTRAP, info: { code: SI_KERNEL } };
    case VEC_UD:
      return { signal: SIGILL, info: { code: ILL_ILLOPN, addr: rip } };
    case VEC_MF:
    case VEC_XF:
      return { signal: SIGFPE, info: { code: floatCode(exception.fpExceptions), addr: rip } };
    case VEC_AC:
      return { signal: SIGBUS, info: { code: BUS_ADRALN, addr: 0 } };
    case VEC_SS:
      return { signal: SIGBUS, info: { code: SI_KERNEL } };
    case VEC_PF:
      return pageFault(exception.cause, exception.address);
    default:
      return { signal: SIGSEGV, info: { code: SI_KERNEL } };
  }
}

function pageFault(cause: number, addr: bigint): PendingSignal {
  // No memory left is the out-of-memory killer's case.
  if (cause === CAUSE_OOM) return { signal: SIGKILL, info: { code: SI_KERNEL } };
  if (cause === CAUSE_BUSERR) return { signal: SIGBUS, info: { code: BUS_ADRERR, addr } };
  return { signal: SIGSEGV, info: { code: cause === CAUSE_ACCERR ? SEGV_ACCERR : SEGV_MAPERR, addr } };
}

/** si_code of a floating-point exception; Linux looks in this order, and 0 means none is known. */
function floatCode(exceptions: number): number {
  if (exceptions & 1) return FPE_FLTINV;
  if (exceptions & 4) return FPE_FLTDIV;
  if (exceptions & 8) return FPE_FLTOVF;
  if (exceptions & 0x12) return FPE_FLTUND;
  return exceptions & 0x20 ? FPE_FLTRES : 0;
}

/**
 * Reads the exception that ended the last run of the vCPU, notes it for sigcontext, and sends its signal to the task.
 * The run loop calls it on EXIT_EXCEPTION, then `deliverSignals`.
 */
export function raiseException(task: Task): SignalInfo {
  const exception = withPresentBit(readException(task), task.vcpu);
  const { signal, info } = exceptionToSignal(exception);
  const { lastTrap } = task.signals;
  lastTrap.vector = exception.vector;
  lastTrap.error = exception.error;
  if (exception.vector === VEC_PF) lastTrap.address = exception.address;
  forceSignal(task, signal, info);
  return info;
}

function readException(task: Task): Exception {
  const { vcpu } = task;
  const vector = vcpu.getI32(st.excVector);
  const mxcsr = vcpu.getI32(st.mxcsr);
  const fp = vector === VEC_XF ? ~(mxcsr >> 7) & mxcsr : vcpu.getI32(st.fsw) & ~vcpu.getI32(st.fcw);
  return {
    vector,
    error: vcpu.getI32(st.excError),
    cause: vcpu.getI32(st.excCause),
    address: vcpu.getU64(st.excAddress),
    rip: vcpu.rip,
    fpExceptions: fp & 0x3f,
  };
}

const USER_END = 0x8000_0000_0000n;

/** Bits of a #PF error code (SDM vol. 3, 4.7): the page is there and its rights refuse the access; it was a fetch. */
const PF_PRESENT = 1;
const PF_FETCH = 0x10;

/**
 * The error code of a #PF as Linux hands it on: only pages that were touched are present (fetching counts as touching),
 * and all of the kernel's half seems to be, with no mapping.
 */
function withPresentBit(exception: Exception, vcpu: Vcpu): Exception {
  const { vector, address, error } = exception;
  if (vector !== VEC_PF) return exception;
  if (address >= USER_END) return { ...exception, cause: CAUSE_MAPERR, error: error | PF_PRESENT };
  const perm = address < GUEST_TOP ? vcpu.space.perm(Number(address) >>> PAGE_SHIFT) : 0;
  const isTouched = (perm & PERM_RESIDENT) !== 0 || (error & PF_FETCH) !== 0;
  const isPresent = isTouched && (perm & PERM_READ) !== 0;
  return { ...exception, error: (error & ~PF_PRESENT) | (isPresent ? PF_PRESENT : 0) };
}
