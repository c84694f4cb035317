import { describe, expect, it } from 'vitest';
import { signalCodeName, signalName } from '../../../../../../core/kernel/abi/signal.ts';
import { type Exception, exceptionToSignal } from '../../../../../../core/kernel/lib/uksignal/exceptions.ts';
import * as exits from '../../../../../../core/vcpu/exits.ts';

const RIP = 0x40_1000;
const ADDRESS = 0x1234n;

/** `SIGFPE FPE_INTDIV 0x401000`. */
function signalOf(vector: number, change: Partial<Exception> = {}): string {
  const { signal, info } = exceptionToSignal({
    vector,
    error: 0,
    cause: 0,
    address: ADDRESS,
    rip: RIP,
    fpExceptions: 0,
    ...change,
  });
  const addr = info.addr === undefined ? '' : ` 0x${info.addr.toString(16)}`;
  return `${signalName(signal)} ${signalCodeName(signal, info.code)}${addr}`;
}

describe('the signal of an exception', () => {
  it.each([
    ['#DE', exits.VEC_DE, {}, 'SIGFPE FPE_INTDIV 0x401000'],
    ['#DB', exits.VEC_DB, {}, 'SIGTRAP TRAP_TRACE 0x401000'],
    ['#BP', exits.VEC_BP, {}, 'SIGTRAP SI_KERNEL'],
    ['#UD', exits.VEC_UD, {}, 'SIGILL ILL_ILLOPN 0x401000'],
    ['#SS', exits.VEC_SS, {}, 'SIGBUS SI_KERNEL'],
    ['#GP', exits.VEC_GP, {}, 'SIGSEGV SI_KERNEL'],
    ['#AC', exits.VEC_AC, {}, 'SIGBUS BUS_ADRALN 0x0'],
    ['#PF of no mapping', exits.VEC_PF, { cause: exits.CAUSE_MAPERR }, 'SIGSEGV SEGV_MAPERR 0x1234'],
    ['#PF of rights', exits.VEC_PF, { cause: exits.CAUSE_ACCERR }, 'SIGSEGV SEGV_ACCERR 0x1234'],
    ['#PF beyond a file', exits.VEC_PF, { cause: exits.CAUSE_BUSERR }, 'SIGBUS BUS_ADRERR 0x1234'],
    ['#PF without memory', exits.VEC_PF, { cause: exits.CAUSE_OOM }, 'SIGKILL SI_KERNEL'],
    ['#MF invalid before all', exits.VEC_MF, { fpExceptions: 0x3f }, 'SIGFPE FPE_FLTINV 0x401000'],
    ['#XF division', exits.VEC_XF, { fpExceptions: 0x24 }, 'SIGFPE FPE_FLTDIV 0x401000'],
    ['#XF overflow', exits.VEC_XF, { fpExceptions: 0x28 }, 'SIGFPE FPE_FLTOVF 0x401000'],
    ['#XF denormal', exits.VEC_XF, { fpExceptions: 0x22 }, 'SIGFPE FPE_FLTUND 0x401000'],
    ['#XF precision', exits.VEC_XF, { fpExceptions: 0x20 }, 'SIGFPE FPE_FLTRES 0x401000'],
  ])('%s is as Linux has it', (_name, vector, change, expected) => {
    expect(signalOf(vector, change)).toBe(expected);
  });
});
