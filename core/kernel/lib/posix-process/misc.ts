/** Smaller calls about processes: personality, getcpu, membarrier, kcmp, unshare, setns, ptrace. */

import * as c from '../../abi/clone.ts';
import { EBADF, EINVAL, ENOSYS, EPERM, ESRCH } from '../../abi/errno.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { mayInspect } from './pidfd.ts';

/** Asks for the personality without changing it. */
const PERSONALITY_QUERY = 0xffff_ffff;

export const personality = defineSyscall({
  nr: 135,
  name: 'personality',
  support: { partial: 'kept and shown; only what is so anyway (no randomised addresses) has an effect' },
  args: [arg.hex('persona')],
  result: result.int,
  run({ process: { attributes } }, persona) {
    const old = attributes.personality;
    if (persona !== PERSONALITY_QUERY) attributes.personality = persona;
    return old;
  },
});

export const getcpu = defineSyscall({
  nr: 309,
  name: 'getcpu',
  support: 'full',
  args: [arg.pointer('cpu'), arg.pointer('node'), arg.pointer('tcache')],
  result: result.ok,
  run({ memory }, cpu, node) {
    if (cpu !== 0) memory.setU32(cpu, 0);
    if (node !== 0) memory.setU32(node, 0);
    return 0;
  },
});

const MEMBARRIER_CMD_QUERY = 0;
const MEMBARRIER_CMD_GLOBAL = 1;
const MEMBARRIER_CMD_GLOBAL_EXPEDITED = 2;
const MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 4;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED = 8;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 0x10;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 0x20;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 0x40;
const MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 0x80;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 0x100;
const MEMBARRIER_CMD_GET_REGISTRATIONS = 0x200;
const MEMBARRIER_FLAG_CPU = 1;

/** Commands that work only after another one has registered the process for them. */
const registrationFor: Readonly<Record<number, number>> = {
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED]: MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE]: MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
  [MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ]: MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
};
const REGISTRATIONS =
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
const BARRIERS =
  MEMBARRIER_CMD_GLOBAL |
  MEMBARRIER_CMD_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;

const membarrierNames: NameTable = [
  ['MEMBARRIER_CMD_QUERY', MEMBARRIER_CMD_QUERY],
  ['MEMBARRIER_CMD_GLOBAL', MEMBARRIER_CMD_GLOBAL],
  ['MEMBARRIER_CMD_GLOBAL_EXPEDITED', MEMBARRIER_CMD_GLOBAL_EXPEDITED],
  ['MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED', MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED],
  ['MEMBARRIER_CMD_PRIVATE_EXPEDITED', MEMBARRIER_CMD_PRIVATE_EXPEDITED],
  ['MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED', MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED],
  ['MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE', MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE],
  ['MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE', MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE],
  ['MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ', MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ],
  ['MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ', MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ],
  ['MEMBARRIER_CMD_GET_REGISTRATIONS', MEMBARRIER_CMD_GET_REGISTRATIONS],
];

/** With one vCPU every thread that isn't running has passed a barrier, and a switch aborts critical sections of rseq. */
export const membarrier = defineSyscall({
  nr: 324,
  name: 'membarrier',
  support: 'full',
  args: [arg.oneOf('cmd', membarrierNames), arg.uint('flags'), arg.int('cpu_id')],
  result: result.int,
  run({ process: { attributes } }, command, flags) {
    const takesCpu = command === MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
    if (flags !== 0 && !(takesCpu && flags === MEMBARRIER_FLAG_CPU)) return -EINVAL;
    if (command === MEMBARRIER_CMD_QUERY) return BARRIERS | REGISTRATIONS | MEMBARRIER_CMD_GET_REGISTRATIONS;
    if (command === MEMBARRIER_CMD_GET_REGISTRATIONS) return attributes.membarrierRegistrations;
    if ((command & (command - 1)) !== 0) return -EINVAL;
    if (command & REGISTRATIONS) {
      attributes.membarrierRegistrations |= command;
      return 0;
    }
    if (!(command & BARRIERS)) return -EINVAL;
    const needed = registrationFor[command] ?? 0;
    return (attributes.membarrierRegistrations & needed) === needed ? 0 : -EPERM;
  },
});

const KCMP_FILE = 0;
const KCMP_VM = 1;
const KCMP_FILES = 2;
const KCMP_FS = 3;
const KCMP_SIGHAND = 4;
const KCMP_IO = 5;
const KCMP_SYSVSEM = 6;

/** Kernel objects in the order kcmp first saw them: a stable order, as comparing is for sorting. */
const orderOf = new WeakMap<object, number>();
let ordered = 0;

function compare(a: object, b: object): number {
  for (const object of [a, b]) if (!orderOf.has(object)) orderOf.set(object, ordered++);
  const order = orderOf.get(a)! - orderOf.get(b)!;
  return order === 0 ? 0 : order < 0 ? 1 : 2;
}

export const kcmp = defineSyscall({
  nr: 312,
  name: 'kcmp',
  support: { partial: 'not KCMP_EPOLL_TFD' },
  args: [
    arg.pid('pid1'),
    arg.pid('pid2'),
    arg.oneOf('type', [
      ['KCMP_FILE', KCMP_FILE],
      ['KCMP_VM', KCMP_VM],
      ['KCMP_FILES', KCMP_FILES],
      ['KCMP_FS', KCMP_FS],
      ['KCMP_SIGHAND', KCMP_SIGHAND],
      ['KCMP_IO', KCMP_IO],
      ['KCMP_SYSVSEM', KCMP_SYSVSEM],
    ]),
    arg.size('idx1'),
    arg.size('idx2'),
  ],
  result: result.int,
  run(task, pid1, pid2, type, index1, index2) {
    const { tasks } = task.kernel.scheduler;
    const a = tasks.get(pid1)?.process;
    const b = tasks.get(pid2)?.process;
    if (a === undefined || b === undefined) return -ESRCH;
    if (!mayInspect(task.process, a) || !mayInspect(task.process, b)) return -EPERM;
    switch (type) {
      case KCMP_FILE: {
        const [fileA, fileB] = [a.fds.getAny(index1), b.fds.getAny(index2)];
        return fileA === undefined || fileB === undefined ? -EBADF : compare(fileA, fileB);
      }
      case KCMP_VM:
        return compare(a.mm, b.mm);
      case KCMP_FILES:
        return compare(a.fds, b.fds);
      case KCMP_FS:
        return compare(a.fs, b.fs);
      case KCMP_SIGHAND:
        return compare(a.signals, b.signals);
      // There are no I/O contexts and no semaphore undo lists: all tasks have the same, none.
      case KCMP_IO:
      case KCMP_SYSVSEM:
        return 0;
      default:
        return -EINVAL;
    }
  },
});

/** What threads share here and can't stop sharing. */
const SHARED_BY_THREADS = c.CLONE_FS | c.CLONE_FILES;
const UNSHAREABLE =
  SHARED_BY_THREADS | c.CLONE_THREAD | c.CLONE_SIGHAND | c.CLONE_VM | c.CLONE_SYSVSEM | c.CLONE_NAMESPACES;

export const unshare = defineSyscall({
  nr: 272,
  name: 'unshare',
  support: { partial: 'there are no namespaces, and threads always share descriptors and working directory' },
  args: [arg.flags('flags', c.cloneFlagNames)],
  result: result.ok,
  run({ process }, flags) {
    if (flags & ~UNSHAREABLE || flags & c.CLONE_NAMESPACES) return -EINVAL;
    // A process of one thread shares nothing with anybody.
    if (process.tasks.length === 1) return 0;
    if (flags & (c.CLONE_THREAD | c.CLONE_SIGHAND | c.CLONE_VM)) return -EINVAL;
    return flags & SHARED_BY_THREADS ? -ENOSYS : 0;
  },
});

export const setns = defineSyscall({
  nr: 308,
  name: 'setns',
  support: { partial: 'there are no namespaces: no descriptor names one' },
  args: [arg.fd('fd'), arg.flags('nstype', c.cloneFlagNames)],
  result: result.ok,
  run({ process }, fd) {
    return process.fds.getAny(fd) === undefined ? -EBADF : -EINVAL;
  },
});

export const ptrace = defineSyscall({
  nr: 101,
  name: 'ptrace',
  support: { stub: 'no process traces another' },
  args: [arg.int('request'), arg.pid('pid'), arg.pointer('addr'), arg.pointer('data')],
  result: result.int,
  run: () => -ENOSYS,
});
