/** prctl(2), by operation. What has no meaning on this machine is refused as a kernel built without it refuses it. */
import { bytesToStr, strToBytes } from '../../../base/bytes.ts';
import { PAGE_SIZE } from '../../../mem/layout.ts';
import { EBADF, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import * as p from '../../abi/prctl.ts';
import { SIGRTMAX } from '../../abi/signal.ts';
import { DEFAULT_TIMER_SLACK_NS } from '../../sched/parameters.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { capabilitiesOf } from './capabilities.ts';

/** Size of a task's name with its NUL (TASK_COMM_LEN). */
const COMM_SIZE = 16;
/** Longest name of a mapping with its NUL (ANON_VMA_NAME_MAX_LEN). */
const VMA_NAME_MAX = 80;

type Operation = (task: Task, a: number, b: number, c: number, d: number) => number;

const isFlag = (value: number): boolean => value === 0 || value === 1;

/** Operations that take one value, the other arguments being 0. */
function alone(operation: (task: Task, value: number) => number): Operation {
  return (task, a, b, c, d) => (b !== 0 || c !== 0 || d !== 0 ? -EINVAL : operation(task, a));
}
/** Operations without arguments. */
function plain(operation: (task: Task) => number): Operation {
  return alone((task, a) => (a !== 0 ? -EINVAL : operation(task)));
}

function setName(task: Task, gva: number): number {
  // Longer names are cut without an error.
  task.comm = task.memory.readCString(gva, COMM_SIZE - 1) ?? bytesToStr(task.memory.readBytes(gva, COMM_SIZE - 1));
  return 0;
}

function getName(task: Task, gva: number): number {
  const name = new Uint8Array(COMM_SIZE);
  name.set(strToBytes(task.comm.slice(0, COMM_SIZE - 1)));
  task.memory.writeBytes(gva, name);
  return 0;
}

function ambient(task: Task, what: number, capability: number, c: number, d: number): number {
  const { attributes } = task.process;
  if (c !== 0 || d !== 0) return -EINVAL;
  if (what === p.PR_CAP_AMBIENT_CLEAR_ALL) {
    if (capability !== 0) return -EINVAL;
    attributes.ambientSet = 0n;
    return 0;
  }
  if (capability > p.CAP_LAST_CAP) return -EINVAL;
  const bit = 1n << BigInt(capability);
  if (what === p.PR_CAP_AMBIENT_IS_SET) return attributes.ambientSet & bit ? 1 : 0;
  if (what === p.PR_CAP_AMBIENT_LOWER) attributes.ambientSet &= ~bit;
  else if (what === p.PR_CAP_AMBIENT_RAISE) {
    const { permitted, inheritable } = capabilitiesOf(task.process);
    if (!(permitted & inheritable & bit)) return -EPERM;
    attributes.ambientSet |= bit;
  } else return -EINVAL;
  return 0;
}

function dropFromBoundingSet(task: Task, capability: number): number {
  if (capability > p.CAP_LAST_CAP) return -EINVAL;
  if (!task.process.credentials.isPrivileged) return -EPERM;
  task.process.attributes.boundingSet &= ~(1n << BigInt(capability));
  return 0;
}

/** PR_SET_VMA_ANON_NAME: the name shows in /proc/PID/maps as `[anon:name]`. */
function nameMappings(task: Task, what: number, start: number, len: number, nameGva: number): number {
  if (what !== p.PR_SET_VMA_ANON_NAME || start % PAGE_SIZE !== 0) return -EINVAL;
  const name = nameGva === 0 ? '' : task.memory.readCString(nameGva, VMA_NAME_MAX);
  if (name === undefined || /[^\x20-\x7e]|[\\`$[\]]/.test(name)) return -EINVAL;
  const { vmas } = task.process.mm;
  const end = start + Math.ceil(len / PAGE_SIZE) * PAGE_SIZE;
  let at = start;
  for (const whole of vmas.overlapping(start, end)) {
    if (whole.start > at) return -ENOMEM;
    if (whole.backing !== undefined) return -EBADF;
    at = Math.min(whole.end, end);
    // The heap and the stack keep the names that Linux shows for them.
    if (whole.name !== '' && !whole.name.startsWith('[anon:')) continue;
    for (const vma of vmas.split(Math.max(whole.start, start), at)) vma.name = name === '' ? '' : `[anon:${name}]`;
  }
  vmas.merge(start, end);
  return at < end ? -ENOMEM : 0;
}

function setParentDeathSignal(task: Task, signal: number): number {
  if (signal > SIGRTMAX) return -EINVAL;
  task.parentDeathSignal = signal;
  return 0;
}

const operations: Readonly<Record<number, Operation>> = {
  [p.PR_SET_NAME]: setName,
  [p.PR_GET_NAME]: getName,
  [p.PR_SET_PDEATHSIG]: setParentDeathSignal,
  [p.PR_GET_PDEATHSIG](task, gva) {
    task.memory.setU32(gva, task.parentDeathSignal);
    return 0;
  },
  [p.PR_GET_DUMPABLE]: (task) => (task.process.attributes.isDumpable ? 1 : 0),
  [p.PR_SET_DUMPABLE](task, value) {
    if (!isFlag(value)) return -EINVAL;
    task.process.attributes.isDumpable = value === 1;
    return 0;
  },
  [p.PR_GET_KEEPCAPS]: (task) => (task.process.attributes.keepsCapabilities ? 1 : 0),
  [p.PR_SET_KEEPCAPS](task, value) {
    if (!isFlag(value)) return -EINVAL;
    task.process.attributes.keepsCapabilities = value === 1;
    return 0;
  },
  // PR_TIMING_STATISTICAL is the only one there is.
  [p.PR_GET_TIMING]: () => 0,
  [p.PR_SET_TIMING]: (_task, value) => (value === 0 ? 0 : -EINVAL),
  // Seccomp is off, and this kernel has no filters.
  [p.PR_GET_SECCOMP]: () => 0,
  [p.PR_SET_SECCOMP]: () => -EINVAL,
  [p.PR_CAPBSET_READ]: (task, capability) =>
    capability > p.CAP_LAST_CAP ? -EINVAL : Number((task.process.attributes.boundingSet >> BigInt(capability)) & 1n),
  [p.PR_CAPBSET_DROP]: dropFromBoundingSet,
  [p.PR_GET_TSC](task, gva) {
    task.memory.setU32(gva, p.PR_TSC_ENABLE);
    return 0;
  },
  [p.PR_SET_TSC]: (_task, value) => (value === p.PR_TSC_ENABLE ? 0 : -EINVAL),
  [p.PR_GET_SECUREBITS]: (task) => task.process.attributes.securebits,
  [p.PR_SET_SECUREBITS](task, value) {
    if (!task.process.credentials.isPrivileged || value > 0xff) return -EPERM;
    task.process.attributes.securebits = value;
    return 0;
  },
  [p.PR_SET_TIMERSLACK](task, value) {
    task.scheduling.timerSlackNs = value === 0 ? DEFAULT_TIMER_SLACK_NS : value;
    return 0;
  },
  [p.PR_GET_TIMERSLACK]: (task) => task.scheduling.timerSlackNs,
  [p.PR_SET_CHILD_SUBREAPER](task, value) {
    task.process.attributes.isChildSubreaper = value !== 0;
    return 0;
  },
  [p.PR_GET_CHILD_SUBREAPER](task, gva) {
    task.memory.setU32(gva, task.process.attributes.isChildSubreaper ? 1 : 0);
    return 0;
  },
  [p.PR_SET_NO_NEW_PRIVS]: alone((task, value) => {
    if (value !== 1) return -EINVAL;
    task.process.attributes.noNewPrivileges = true;
    return 0;
  }),
  [p.PR_GET_NO_NEW_PRIVS]: plain((task) => (task.process.attributes.noNewPrivileges ? 1 : 0)),
  [p.PR_GET_TID_ADDRESS](task, gva) {
    task.memory.setLong(gva, task.clearChildTid);
    return 0;
  },
  [p.PR_SET_THP_DISABLE]: alone((task, value) => {
    task.process.attributes.isThpDisabled = value !== 0;
    return 0;
  }),
  [p.PR_GET_THP_DISABLE]: plain((task) => (task.process.attributes.isThpDisabled ? 1 : 0)),
  [p.PR_CAP_AMBIENT]: ambient,
  [p.PR_SET_VMA]: nameMappings,
};

export const prctl = defineSyscall({
  nr: 157,
  name: 'prctl',
  support: { partial: 'no seccomp, PR_SET_MM, PR_SET_TSC off, speculation control or x86 shadow stacks' },
  args: [
    arg.oneOf('option', p.prctlNames),
    arg.pointer('arg2'),
    arg.pointer('arg3'),
    arg.pointer('arg4'),
    arg.pointer('arg5'),
  ],
  result: result.int,
  run: (task, option, a, b, c, d) => operations[option]?.(task, a, b, c, d) ?? -EINVAL,
});
