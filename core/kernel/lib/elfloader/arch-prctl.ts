/** arch_prctl(2): segment bases, and what the CPU can't do. */

import { xcr0 } from '../../../vcpu/fxsave.ts';
import { fsBase, gsBase } from '../../../vcpu/state.ts';
import { EINVAL, ENODEV, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import type { NameTable } from '../../abi/names.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';

const ARCH_SET_GS = 0x1001;
const ARCH_SET_FS = 0x1002;
const ARCH_GET_FS = 0x1003;
const ARCH_GET_GS = 0x1004;
const ARCH_GET_CPUID = 0x1011;
const ARCH_SET_CPUID = 0x1012;
const ARCH_GET_XCOMP_SUPP = 0x1021;
const ARCH_GET_XCOMP_PERM = 0x1022;
const ARCH_REQ_XCOMP_PERM = 0x1023;

const operationNames: NameTable = [
  ['ARCH_SET_GS', ARCH_SET_GS],
  ['ARCH_SET_FS', ARCH_SET_FS],
  ['ARCH_GET_FS', ARCH_GET_FS],
  ['ARCH_GET_GS', ARCH_GET_GS],
  ['ARCH_GET_CPUID', ARCH_GET_CPUID],
  ['ARCH_SET_CPUID', ARCH_SET_CPUID],
  ['ARCH_GET_XCOMP_SUPP', ARCH_GET_XCOMP_SUPP],
  ['ARCH_GET_XCOMP_PERM', ARCH_GET_XCOMP_PERM],
  ['ARCH_REQ_XCOMP_PERM', ARCH_REQ_XCOMP_PERM],
];

/** End of the user half of the address space (TASK_SIZE_MAX). */
const USER_END = 0x7fff_ffff_f000;

export const archPrctl = defineSyscall({
  nr: 158,
  name: 'arch_prctl',
  support: 'full',
  args: [arg.oneOf('op', operationNames), arg.pointer('addr')],
  result: result.ok,
  run(task, operation, address) {
    const { vcpu, memory } = task;
    switch (operation) {
      case ARCH_SET_FS:
      case ARCH_SET_GS:
        if (address >= USER_END) return -EPERM;
        vcpu.setU64(operation === ARCH_SET_FS ? fsBase : gsBase, BigInt(address));
        return 0;
      case ARCH_GET_FS:
      case ARCH_GET_GS:
        memory.setU64(address, vcpu.getU64(operation === ARCH_GET_FS ? fsBase : gsBase));
        return 0;
      case ARCH_GET_CPUID:
        return 1;
      case ARCH_SET_CPUID:
        // The CPU can't make CPUID fault.
        return -ENODEV;
      case ARCH_GET_XCOMP_SUPP:
      case ARCH_GET_XCOMP_PERM:
        memory.setU64(address, BigInt(xcr0(vcpu.space)));
        return 0;
      case ARCH_REQ_XCOMP_PERM:
        // No state component needs to be asked for.
        return address >= 64 ? -EINVAL : -EOPNOTSUPP;
      default:
        return -EINVAL;
    }
  },
});
