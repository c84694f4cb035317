/**
 * New tasks: clone(2), clone3(2), fork(2), vfork(2). Threads (CLONE_VM with CLONE_SIGHAND and CLONE_THREAD) are made
 * here; everything else is a process and goes through `startProcess`, which this kernel does not have yet.
 */
import { GUEST_TOP } from '../../../mem/layout.ts';
import { CONTEXT_START, fsBase, gprOffset, RAX, RSP } from '../../../vcpu/state.ts';
import * as c from '../../abi/clone.ts';
import { E2BIG, EAGAIN, EINVAL, ENOSYS, EPERM } from '../../abi/errno.ts';
import { RLIMIT_NPROC } from '../../abi/resource.ts';
import { SIGCHLD, SIGRTMAX } from '../../abi/signal.ts';
import { fail } from '../../errors.ts';
import { arg, formatFlags, result } from '../../syscall/args.ts';
import { type ArgType, defineSyscall } from '../../syscall/define.ts';
import { Task } from '../../task.ts';

/** What clone3's struct clone_args says; clone, fork and vfork are translated to it. */
export interface CloneRequest {
  /** CLONE_* without the signal; bits above 31 included. */
  flags: number;
  exitSignal: number;
  /** Stack pointer of the child; 0 keeps the parent's. */
  stackPointer: number;
  tls: number;
  pidfd: number;
  parentTid: number;
  childTid: number;
}

/** Threads that a machine may have (Linux: kernel.threads-max). */
const MAX_TASKS = 16384;
const MAX_FLAGS = 0x3_ffff_ffff;
/** What a thread must share here: there is one descriptor table and one working directory for each process. */
const SHARED_BY_THREADS = c.CLONE_FS | c.CLONE_FILES;

const noProcesses = { partial: 'threads only: new processes (fork) come later' } as const;

/** Bit test that also works above bit 31. */
const has = (flags: number, bit: number): boolean => Math.floor(flags / bit) % 2 === 1;

/** Makes the task that `request` describes; returns its id. Throws SysError. */
export function cloneTask(parent: Task, request: CloneRequest): number {
  checkFlags(request);
  if (!has(request.flags, c.CLONE_THREAD)) return startProcess();
  if ((request.flags & SHARED_BY_THREADS) !== SHARED_BY_THREADS) return -ENOSYS;
  return startThread(parent, request);
}

function checkFlags({ flags, exitSignal }: CloneRequest): void {
  const isThread = has(flags, c.CLONE_THREAD);
  if (isThread && !has(flags, c.CLONE_SIGHAND)) fail(EINVAL);
  if (has(flags, c.CLONE_SIGHAND) && !has(flags, c.CLONE_VM)) fail(EINVAL);
  if (has(flags, c.CLONE_FS) && (has(flags, c.CLONE_NEWNS) || has(flags, c.CLONE_NEWUSER))) fail(EINVAL);
  if (has(flags, c.CLONE_SIGHAND) && has(flags, c.CLONE_CLEAR_SIGHAND)) fail(EINVAL);
  if (isThread && (has(flags, c.CLONE_NEWUSER) || has(flags, c.CLONE_NEWPID) || has(flags, c.CLONE_PIDFD)))
    fail(EINVAL);
  if (has(flags, c.CLONE_PIDFD) && has(flags, c.CLONE_DETACHED)) fail(EINVAL);
  if ((isThread || has(flags, c.CLONE_PARENT)) && exitSignal !== 0 && exitSignal !== SIGCHLD) fail(EINVAL);
  if (exitSignal > SIGRTMAX) fail(EINVAL);
}

function startProcess(): number {
  return -ENOSYS;
}

function startThread(parent: Task, request: CloneRequest): number {
  const { process, kernel } = parent;
  if (has(request.flags, c.CLONE_SETTLS) && request.tls >= GUEST_TOP && request.tls >= 2 ** 47) fail(EPERM);
  const { isPrivileged } = process.credentials;
  if (kernel.scheduler.tasks.size >= MAX_TASKS) fail(EAGAIN);
  if (!isPrivileged && kernel.scheduler.tasks.size >= process.limits.soft(RLIMIT_NPROC)) fail(EAGAIN);
  const child = new Task(process, kernel.allocateId(), parent.comm);
  child.signals.inherit(parent.signals, false);
  child.scheduling.inherit(parent.scheduling);
  setFirstRegisters(parent, child, request);
  publishTid(parent, child, request);
  kernel.scheduler.add(child);
  return child.tid;
}

/** The child goes on behind the same `syscall` instruction, with RAX 0 and its own stack and thread pointer. */
function setFirstRegisters(parent: Task, child: Task, request: CloneRequest): void {
  const { context } = child;
  parent.vcpu.saveContext(context);
  const view = new DataView(context.buffer, context.byteOffset, context.byteLength);
  const set = (offset: number, value: number): void => view.setBigUint64(offset - CONTEXT_START, BigInt(value), true);
  set(gprOffset(RAX), 0);
  if (request.stackPointer !== 0) set(gprOffset(RSP), request.stackPointer);
  if (has(request.flags, c.CLONE_SETTLS)) set(fsBase.offset, request.tls);
}

/** Linux does not report an address here that can't be written. */
function publishTid(parent: Task, child: Task, { flags, parentTid, childTid }: CloneRequest): void {
  const { memory } = parent;
  const store = (gva: number): void => {
    if (memory.accessible(gva, 4, 'w') === 4) memory.setU32(gva, child.tid);
  };
  if (has(flags, c.CLONE_PARENT_SETTID)) store(parentTid);
  if (has(flags, c.CLONE_CHILD_SETTID)) store(childTid);
  if (has(flags, c.CLONE_CHILD_CLEARTID)) child.clearChildTid = childTid;
}

const formatCloneFlags = (flags: number): string => {
  const names = formatFlags(flags & ~c.CSIGNAL, c.cloneFlagNames);
  const signal = flags & c.CSIGNAL;
  return signal === 0 ? names : `${names}|${signal === SIGCHLD ? 'SIGCHLD' : signal}`;
};
const cloneFlags: ArgType<number> = {
  name: 'flags',
  decode: (_task, raw, index) => raw.lo(index) >>> 0,
  format: formatCloneFlags,
  phase: 'entry',
};

export const clone = defineSyscall({
  nr: 56,
  name: 'clone',
  support: noProcesses,
  args: [cloneFlags, arg.pointer('stack'), arg.pointer('parent_tid'), arg.pointer('child_tid'), arg.pointer('tls')],
  result: result.pid,
  run(task, flags, stackPointer, parentTid, childTid, tls) {
    // The pidfd is stored where the parent's tid would be: both can't be asked for.
    if (has(flags, c.CLONE_PIDFD) && has(flags, c.CLONE_PARENT_SETTID)) return -EINVAL;
    return cloneTask(task, {
      flags: flags - (flags & c.CSIGNAL),
      exitSignal: flags & c.CSIGNAL,
      stackPointer,
      tls,
      pidfd: parentTid,
      parentTid,
      childTid,
    });
  },
});

export const fork = defineSyscall({
  nr: 57,
  name: 'fork',
  support: { stub: 'new processes come later' },
  args: [],
  result: result.pid,
  run: () => startProcess(),
});

export const vfork = defineSyscall({
  nr: 58,
  name: 'vfork',
  support: { stub: 'new processes come later' },
  args: [],
  result: result.pid,
  run: () => startProcess(),
});

/** Sizes of struct clone_args: the first version, and with set_tid and cgroup. */
const CLONE_ARGS_SIZE_VER0 = 64;
const CLONE_ARGS_SIZE = 88;
const CLONE_ARGS_MAX = 4096;

export const clone3 = defineSyscall({
  nr: 435,
  name: 'clone3',
  support: noProcesses,
  args: [arg.pointer('cl_args'), arg.size('size')],
  result: result.pid,
  run(task, gva, size) {
    if (size > CLONE_ARGS_MAX) return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
    const words = readCloneArgs(task, gva, size);
    const [flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize] = words;
    if (flags! > MAX_FLAGS || (flags! % 0x100) & ~c.CLONE_NEWTIME || has(flags!, c.CLONE_DETACHED)) return -EINVAL;
    if ((stack === 0) !== (stackSize === 0)) return -EINVAL;
    // Choosing ids and cgroups belongs to namespaces and cgroups, which there are none of.
    if (setTid !== 0 || setTidSize !== 0 || has(flags!, c.CLONE_INTO_CGROUP)) return -EINVAL;
    if (has(flags!, c.CLONE_THREAD) && exitSignal !== 0) return -EINVAL;
    return cloneTask(task, {
      flags: flags!,
      exitSignal: exitSignal!,
      stackPointer: stack! + stackSize!,
      tls: tls!,
      pidfd: pidfd!,
      parentTid: parentTid!,
      childTid: childTid!,
    });
  },
});

/** The eleven words of struct clone_args; what a shorter version lacks is 0. E2BIG when unknown words are set. */
function readCloneArgs(task: Task, gva: number, size: number): number[] {
  const { memory } = task;
  memory.check(gva, size, 'r');
  if (
    memory
      .readBytes(gva, size)
      .subarray(CLONE_ARGS_SIZE)
      .some((byte) => byte !== 0)
  )
    fail(E2BIG);
  const words: number[] = [];
  for (let at = 0; at < CLONE_ARGS_SIZE; at += 8) words.push(at + 8 <= size ? memory.getLong(gva + at) : 0);
  return words;
}
