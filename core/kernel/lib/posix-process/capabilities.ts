/** capget(2), capset(2), capabilities(7): kept and shown. What a process may do follows from its user id. */
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { CapabilitySets } from './attributes.ts';

/** Versions of the header, with the number of 32-bit words that each set has. */
const versions: Readonly<Record<number, number>> = { 429392688: 1, 537333798: 2, 537396514: 2 };
const CURRENT_VERSION = 0x2008_0522;
/** Bytes of one struct __user_cap_data_struct: effective, permitted, inheritable. */
const DATA_SIZE = 12;

/** The sets of a process: those that were set, else all for the superuser and none for others. */
export function capabilitiesOf(process: Process): CapabilitySets {
  const { attributes, credentials } = process;
  const all = attributes.boundingSet;
  return (
    attributes.capabilities ?? {
      permitted: credentials.uid === 0 || credentials.isPrivileged ? all : 0n,
      effective: credentials.isPrivileged ? all : 0n,
      inheritable: 0n,
    }
  );
}

/** Words per set for the header at `gva`; writes the version that is understood when its own is not. */
function readVersion(task: Task, gva: number): number | undefined {
  const words = versions[task.memory.getU32(gva)];
  if (words === undefined) task.memory.setU32(gva, CURRENT_VERSION);
  return words;
}

export const capget = defineSyscall({
  nr: 125,
  name: 'capget',
  support: 'full',
  args: [arg.pointer('hdrp'), arg.pointer('datap')],
  result: result.ok,
  run(task, header, data) {
    const words = readVersion(task, header);
    // Asking for the version with no place for data is how a library learns it.
    if (words === undefined) return data === 0 ? 0 : -EINVAL;
    const pid = task.memory.getI32(header + 4);
    if (pid < 0) return -EINVAL;
    const target = pid === 0 ? task.process : task.kernel.scheduler.tasks.get(pid)?.process;
    if (target === undefined) return -ESRCH;
    if (data === 0) return 0;
    const { effective, permitted, inheritable } = capabilitiesOf(target);
    for (let i = 0; i < words; i++) {
      for (const [j, set] of [effective, permitted, inheritable].entries()) {
        task.memory.setU32(data + i * DATA_SIZE + j * 4, Number((set >> BigInt(32 * i)) & 0xffff_ffffn));
      }
    }
    return 0;
  },
});

export const capset = defineSyscall({
  nr: 126,
  name: 'capset',
  support: { partial: 'kept and shown, but permission checks go by the user id' },
  args: [arg.pointer('hdrp'), arg.pointer('datap')],
  result: result.ok,
  run(task, header, data) {
    const words = readVersion(task, header);
    if (words === undefined) return -EINVAL;
    const pid = task.memory.getI32(header + 4);
    if (pid !== 0 && pid !== task.tid && pid !== task.process.pid) return -EPERM;
    const [effective, permitted, inheritable] = readSets(task, data, words);
    const old = capabilitiesOf(task.process);
    const { boundingSet } = task.process.attributes;
    if (permitted! & ~old.permitted || effective! & ~permitted!) return -EPERM;
    if (inheritable! & ~(old.inheritable | (old.permitted & boundingSet))) return -EPERM;
    task.process.attributes.capabilities = {
      permitted: permitted!,
      effective: effective!,
      inheritable: inheritable!,
    };
    return 0;
  },
});

function readSets(task: Task, data: number, words: number): bigint[] {
  const sets = [0n, 0n, 0n];
  for (let i = 0; i < words; i++) {
    for (let j = 0; j < 3; j++) {
      sets[j] = sets[j]! | (BigInt(task.memory.getU32(data + i * DATA_SIZE + j * 4)) << BigInt(32 * i));
    }
  }
  return sets;
}
