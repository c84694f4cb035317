/** rt_sigtimedwait(2): takes a pending signal synchronously, or waits for one. */
import { EAGAIN, EINTR, EINVAL } from '../../abi/errno.ts';
import { SIGKILL, SIGSTOP } from '../../abi/signal.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs } from '../../timespec.ts';
import { Blocked, type SysResult } from '../../wait.ts';
import { SIGSET_SIZE } from './actions.ts';
import { writeSiginfo } from './siginfo.ts';
import { SignalSet } from './state.ts';
import { takePending } from './take.ts';

export const rtSigtimedwait = defineSyscall({
  nr: 128,
  name: 'rt_sigtimedwait',
  support: 'full',
  args: [arg.pointer('set'), arg.pointer('info'), arg.pointer('timeout'), arg.size('sigsetsize')],
  result: result.int,
  run(task, set, info, timeout, size) {
    if (size !== SIGSET_SIZE) return -EINVAL;
    const wanted = new SignalSet(task.memory.getI32(set), task.memory.getI32(set + 4));
    wanted.delete(SIGKILL);
    wanted.delete(SIGSTOP);
    let deadlineNs = Number.POSITIVE_INFINITY;
    if (timeout !== 0) {
      const ns = readTimespecNs(task.memory, timeout);
      if (Number.isNaN(ns)) return -EINVAL;
      deadlineNs = task.kernel.clock.monotonicNs() + ns;
      if (ns === 0) return take(task, wanted, info) ?? -EAGAIN;
    }
    return take(task, wanted, info) ?? waitFor(task, wanted, info, deadlineNs);
  },
});

function take(task: Task, wanted: SignalSet, infoGva: number): number | undefined {
  const pending = takePending(task, wanted.lo, wanted.hi);
  if (pending === undefined) return undefined;
  if (infoGva !== 0) writeSiginfo(task.memory, infoGva, pending.signal, pending.info);
  return pending.signal;
}

function waitFor(task: Task, wanted: SignalSet, infoGva: number, deadlineNs: number): SysResult {
  task.signals.waitingFor = wanted;
  return new Blocked(
    [],
    (cause) => {
      task.signals.waitingFor = undefined;
      const taken = take(task, wanted, infoGva);
      if (taken !== undefined) return taken;
      if (cause === 'wake') return waitFor(task, wanted, infoGva, deadlineNs);
      return cause === 'timeout' ? -EAGAIN : -EINTR;
    },
    deadlineNs,
  );
}
