/** Capabilities, see capabilities(7): those that the user ids imply, all for euid 0 and none for others. */
import { EFAULT, EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { Credentials } from './credentials.ts';

/** CAP_CHECKPOINT_RESTORE, the last one of Linux 6.1. */
export const CAP_LAST_CAP = 40;
const ALL = (1n << BigInt(CAP_LAST_CAP + 1)) - 1n;

const VERSION_1 = 0x1998_0330;
const VERSION_2 = 0x2007_1026;
const VERSION_3 = 0x2008_0522;

/** The effective and permitted sets; the inheritable and ambient ones are empty. */
export function capabilitySet(credentials: Credentials): bigint {
  return credentials.isPrivileged ? ALL : 0n;
}

/** Number of 32-bit words per set for the version in the header; 0 (and the header corrected) for an unknown one. */
function wordsPerSet(task: Task, header: number): number {
  const version = task.memory.getU32(header);
  if (version === VERSION_1) return 1;
  if (version === VERSION_2 || version === VERSION_3) return 2;
  task.memory.setU32(header, VERSION_3);
  return 0;
}

export const capget = defineSyscall({
  nr: 125,
  name: 'capget',
  support: 'full',
  args: [arg.pointer('hdrp'), arg.pointer('datap')],
  result: result.ok,
  run(task, header, data) {
    const words = wordsPerSet(task, header);
    // A null data pointer asks for the version only.
    if (words === 0) return data === 0 ? 0 : -EINVAL;
    const pid = task.memory.getI32(header + 4);
    if (pid < 0) return -EINVAL;
    const process = pid === 0 ? task.process : task.kernel.processes.get(pid);
    if (process === undefined) return -ESRCH;
    if (data === 0) return -EFAULT;
    const set = capabilitySet(process.credentials);
    task.memory.fill(data, words * 12, 0);
    for (let word = 0; word < words; word++) {
      const bits = Number((set >> BigInt(word * 32)) & 0xffff_ffffn);
      task.memory.setU32(data + word * 12, bits);
      task.memory.setU32(data + word * 12 + 4, bits);
    }
    return 0;
  },
});

export const capset = defineSyscall({
  nr: 126,
  name: 'capset',
  support: { partial: 'capabilities follow from the user id: a set that differs is refused with EPERM' },
  args: [arg.pointer('hdrp'), arg.pointer('datap')],
  result: result.ok,
  run(task, header, data) {
    const { memory, process } = task;
    const words = wordsPerSet(task, header);
    if (words === 0) return -EINVAL;
    const pid = memory.getI32(header + 4);
    if (pid !== 0 && pid !== process.pid && pid !== task.tid) return -EPERM;
    const sets = [0n, 0n, 0n];
    for (let i = 0; i < words * 3; i++) {
      const bits = BigInt(memory.getU32(data + i * 4));
      sets[i % 3]! |= bits << BigInt(Math.floor(i / 3) * 32);
    }
    const own = capabilitySet(process.credentials);
    return sets[0] === own && sets[1] === own && sets[2] === 0n ? 0 : -EPERM;
  },
});
