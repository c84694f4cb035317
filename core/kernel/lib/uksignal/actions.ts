/** System calls on a task's own signal state: actions, masks, alternate stack, return from handlers. */
import type { UserMemory } from '../../../mem/user-memory.ts';
import * as st from '../../../vcpu/state.ts';
import { EINTR, EINVAL, ERESTARTNOHAND } from '../../abi/errno.ts';
import {
  defaultAction,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGKILL,
  SIGRTMAX,
  SIGSTOP,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../../abi/signal.ts';
import { arg, formatFlags, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { Blocked, REGISTERS_SET } from '../../wait.ts';
import { altStackFlags, setAltStack } from './altstack.ts';
import { failFrame } from './deliver.ts';
import { leaveHandler } from './frame.ts';
import { type SignalAction, SignalSet } from './state.ts';

/** Size of the kernel's sigset_t, which every rt_ call is told. */
export const SIGSET_SIZE = 8;
/** The sa_flags that exist; others read back as 0, by which programs detect support. */
const KNOWN_FLAGS =
  (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND) >>> 0;

export const isSignalNumber = (signal: number): boolean => signal >= 1 && signal <= SIGRTMAX;

/** struct sigaction of the kernel: handler, flags, restorer, mask. */
function readAction(memory: UserMemory, gva: number): SignalAction {
  const action = {
    handler: memory.getLong(gva),
    flags: (memory.getU32(gva + 8) & KNOWN_FLAGS) >>> 0,
    restorer: memory.getLong(gva + 16),
    mask: new SignalSet(memory.getI32(gva + 24), memory.getI32(gva + 28)),
  };
  action.mask.delete(SIGKILL);
  action.mask.delete(SIGSTOP);
  return action;
}

function writeAction(memory: UserMemory, gva: number, action: SignalAction): void {
  memory.check(gva, 32, 'w');
  memory.setLong(gva, action.handler);
  memory.setLong(gva + 8, action.flags);
  memory.setLong(gva + 16, action.restorer);
  memory.setU32(gva + 24, action.mask.lo);
  memory.setU32(gva + 28, action.mask.hi);
}

export const rtSigaction = defineSyscall({
  nr: 13,
  name: 'rt_sigaction',
  support: 'full',
  args: [arg.signal('signum'), arg.pointer('act'), arg.pointer('oldact'), arg.size('sigsetsize')],
  result: result.ok,
  run(task, signal, act, oldact, size) {
    if (size !== SIGSET_SIZE || !isSignalNumber(signal)) return -EINVAL;
    const { memory } = task;
    const change = act === 0 ? undefined : readAction(memory, act);
    if (change !== undefined && (signal === SIGKILL || signal === SIGSTOP)) return -EINVAL;
    const action = task.process.signals.actions[signal]!;
    const old = { ...action, mask: action.mask.copy() };
    if (change !== undefined) setAction(task, signal, change);
    if (oldact !== 0) writeAction(memory, oldact, old);
    return 0;
  },
});

/** A signal that comes to be ignored is dropped where it is pending, blocked or not. */
function setAction(task: Task, signal: number, change: SignalAction): void {
  const { process } = task;
  const action = process.signals.actions[signal]!;
  action.handler = change.handler;
  action.flags = change.flags;
  action.restorer = change.restorer;
  action.mask.assign(change.mask.lo, change.mask.hi);
  const isIgnored = change.handler === SIG_IGN || (change.handler === SIG_DFL && ignoredByDefault(signal));
  if (!isIgnored) return;
  const set = SignalSet.of(signal);
  process.signals.pending.discard(set);
  for (const each of process.tasks) each.signals.pending.discard(set);
}

/** SIGCONT too: continuing has happened when it was sent. */
function ignoredByDefault(signal: number): boolean {
  const action = defaultAction(signal);
  return action === 'ignore' || action === 'continue';
}

export const rtSigprocmask = defineSyscall({
  nr: 14,
  name: 'rt_sigprocmask',
  support: 'full',
  args: [
    arg.oneOf('how', [
      ['SIG_BLOCK', SIG_BLOCK],
      ['SIG_UNBLOCK', SIG_UNBLOCK],
      ['SIG_SETMASK', SIG_SETMASK],
    ]),
    arg.pointer('set'),
    arg.pointer('oldset'),
    arg.size('sigsetsize'),
  ],
  result: result.ok,
  run(task, how, set, oldset, size) {
    if (size !== SIGSET_SIZE) return -EINVAL;
    const { memory, signals } = task;
    const { lo: oldLo, hi: oldHi } = signals.mask;
    if (set !== 0) {
      const lo = memory.getI32(set);
      const hi = memory.getI32(set + 4);
      if (how === SIG_BLOCK) signals.setMask(oldLo | lo, oldHi | hi);
      else if (how === SIG_UNBLOCK) signals.setMask(oldLo & ~lo, oldHi & ~hi);
      else if (how === SIG_SETMASK) signals.setMask(lo, hi);
      else return -EINVAL;
    }
    if (oldset !== 0) writeSet(memory, oldset, oldLo, oldHi);
    return 0;
  },
});

function writeSet(memory: UserMemory, gva: number, lo: number, hi: number): void {
  memory.check(gva, SIGSET_SIZE, 'w');
  memory.setU32(gva, lo);
  memory.setU32(gva + 4, hi);
}

export const rtSigpending = defineSyscall({
  nr: 127,
  name: 'rt_sigpending',
  support: 'full',
  args: [arg.pointer('set'), arg.size('sigsetsize')],
  result: result.ok,
  run(task, set, size) {
    if (size > SIGSET_SIZE) return -EINVAL;
    const own = task.signals;
    const shared = task.process.signals.pending.set;
    const words = new Int32Array([
      (own.pending.set.lo | shared.lo) & own.mask.lo,
      (own.pending.set.hi | shared.hi) & own.mask.hi,
    ]);
    task.memory.writeBytes(set, new Uint8Array(words.buffer).subarray(0, size));
    return 0;
  },
});

/** Waits for any signal that has a handler or kills. */
const waitForSignal = (): Blocked =>
  new Blocked([], (cause) => (cause === 'signal' ? -ERESTARTNOHAND : waitForSignal()));

export const rtSigsuspend = defineSyscall({
  nr: 130,
  name: 'rt_sigsuspend',
  support: 'full',
  args: [arg.pointer('mask'), arg.size('sigsetsize')],
  result: result.ok,
  run(task, mask, size) {
    if (size !== SIGSET_SIZE) return -EINVAL;
    task.signals.setTemporaryMask(task.memory.getI32(mask), task.memory.getI32(mask + 4));
    return waitForSignal();
  },
});

export const pause = defineSyscall({
  nr: 34,
  name: 'pause',
  support: 'full',
  args: [],
  result: result.ok,
  run: () => waitForSignal(),
});

const altStackFlagNames = [
  ['SS_ONSTACK', SS_ONSTACK],
  ['SS_DISABLE', SS_DISABLE],
  ['SS_AUTODISARM', SS_AUTODISARM | 0],
] as const;

export const sigaltstack = defineSyscall({
  nr: 131,
  name: 'sigaltstack',
  support: 'full',
  args: [
    {
      ...arg.pointer('ss'),
      format(gva, { task }) {
        if (gva === 0) return 'NULL';
        if (task.memory.accessible(gva, 24, 'r') < 24) return `0x${gva.toString(16)}`;
        const flags = formatFlags(task.memory.getI32(gva + 8), altStackFlagNames);
        return `{ss_sp=0x${task.memory.getLong(gva).toString(16)}, ss_flags=${flags}, ss_size=${task.memory.getLong(gva + 16)}}`;
      },
    },
    arg.pointer('old_ss'),
  ],
  result: result.ok,
  run(task, ss, oldSs) {
    const { memory, signals } = task;
    const sp = task.vcpu.gprNumber(st.RSP);
    const old = { ...signals.altStack, flags: altStackFlags(signals, sp) };
    if (ss !== 0) {
      const stack = { address: memory.getLong(ss), flags: memory.getU32(ss + 8), size: memory.getLong(ss + 16) };
      const error = setAltStack(signals, stack, sp);
      if (error !== 0) return error;
    }
    if (oldSs !== 0) {
      memory.check(oldSs, 24, 'w');
      memory.setLong(oldSs, old.address);
      memory.setLong(oldSs + 8, old.flags);
      memory.setLong(oldSs + 16, old.size);
    }
    return 0;
  },
});

export const rtSigreturn = defineSyscall({
  nr: 15,
  name: 'rt_sigreturn',
  support: 'full',
  args: [],
  result: result.never,
  run(task) {
    if (!leaveHandler(task)) failFrame(task, 0);
    return REGISTERS_SET;
  },
});

/** Linux answers EINTR: no call of ours needs it, interrupted waits run again under their own number. */
export const restartSyscall = defineSyscall({
  nr: 219,
  name: 'restart_syscall',
  support: 'full',
  args: [],
  result: result.ok,
  run: () => -EINTR,
});
