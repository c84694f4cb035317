/** Declarations of the helpers that general instructions call; implementations are in the other files here. */
import { declareHelper } from '../../ir/helpers.ts';

/** POPF: (flags, operand size): nonzero when TF or AC changed. */
export const popFlagsHelper = declareHelper('popFlags', ['i32', 'i32'], 'i32');
/** Divides scratch[0] (128 bits) by scratch[1] low (64 bits): quotient and remainder to scratch[0]; nonzero: #DE is set up. */
export const divideHelper = declareHelper('divide128', ['i32'], 'i32');
/** CPUID with leaf in EAX and subleaf in ECX. */
export const cpuidHelper = declareHelper('cpuid', []);
/** Time stamp counter to scratch[0]. */
export const timestampHelper = declareHelper('timestamp', []);
/** For the vDSO: (system call number, clock, low half of RIP): 1 when seconds and fraction are in scratch[0], else 0. */
export const readClockHelper = declareHelper('readClock', ['i32', 'i32', 'i32'], 'i32');
/** Random 64 bits to scratch[0]. */
export const randomHelper = declareHelper('random', []);
/** REP MOVS and REP STOS: (operation 0 movs, 1 stos; element bytes; low half of the segment base): nonzero when it faulted. */
export const repeatHelper = declareHelper('repeatString', ['i32', 'i32', 'i32'], 'i32');
/** SSE arithmetic done exactly: (operation code, offsets of destination and two sources, immediate): nonzero when #XF is set up. */
export const sseHelper = declareHelper('sse', ['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
/** Fused multiply-add: (operation code, offsets of destination, factors and addend): nonzero when #XF is set up. */
export const fmaHelper = declareHelper('fma', ['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
/** x87 instruction: (selector, memory offset or condition): nonzero when an exception is set up. */
export const x87Helper = declareHelper('x87', ['i32', 'i32'], 'i32');
/** EMMS. */
export const emmsHelper = declareHelper('emms', [], 'i32');
/** FXSAVE, XSAVE and their kin: (operation, memory offset, component mask, 1 for 64-bit pointers): nonzero when #GP is set up. */
export const stateHelper = declareHelper('processorState', ['i32', 'i32', 'i32', 'i32'], 'i32');
/** PCMPESTRM, ESTRI, ISTRM, ISTRI: (which | 4 with 64-bit lengths, offsets of the operands, immediate). */
export const compareStringsHelper = declareHelper('compareStrings', ['i32', 'i32', 'i32', 'i32']);
/** AES: (operation, offsets of destination and source, immediate). */
export const aesHelper = declareHelper('aes', ['i32', 'i32', 'i32', 'i32']);
/** PCLMULQDQ: (offsets of destination and source, immediate). */
export const carrylessHelper = declareHelper('carryless', ['i32', 'i32', 'i32']);
