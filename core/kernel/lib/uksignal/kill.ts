/** System calls that send signals: kill(2), tgkill(2), rt_sigqueueinfo(2). */
import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { SI_TKILL, SIGCONT, SIGRTMAX } from '../../abi/signal.ts';
import type { Process } from '../../process.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { fromProcess, sendToProcess, sendToTask } from './send.ts';
import { readSiginfo } from './siginfo.ts';

/** True when `sender` may signal `target`: same user, or privileged; SIGCONT also within the session. */
export function maySignal(sender: Process, target: Process, signal: number): boolean {
  const from = sender.credentials;
  const to = target.credentials;
  if (sender === target || from.isPrivileged) return true;
  if ([from.euid, from.uid].some((uid) => uid === to.suid || uid === to.uid)) return true;
  return signal === SIGCONT && sender.session === target.session;
}

/** Signal 0 only asks whether the target may be signalled. */
const isValid = (signal: number): boolean => signal >= 0 && signal <= SIGRTMAX;

function killOne(sender: Process, target: Process, signal: number): number {
  if (!maySignal(sender, target, signal)) return -EPERM;
  return sendToProcess(target, signal, fromProcess(sender));
}

/** Success if at least one process could be signalled. */
function killMany(sender: Process, targets: readonly Process[], signal: number): number {
  const results = targets.map((target) => killOne(sender, target, signal));
  if (results.length === 0) return -ESRCH;
  return results.includes(0) ? 0 : results[0]!;
}

export const kill = defineSyscall({
  nr: 62,
  name: 'kill',
  support: 'full',
  args: [arg.pid('pid'), arg.signal('sig')],
  result: result.ok,
  run(task, pid, signal) {
    const { kernel, process: sender } = task;
    if (!isValid(signal)) return -EINVAL;
    if (pid > 0) {
      const target = kernel.processes.get(pid) ?? findTask(task, pid)?.process;
      return target === undefined ? -ESRCH : killOne(sender, target, signal);
    }
    const all = [...kernel.processes.values()];
    if (pid === -1) {
      const others = all.filter((target) => target !== sender && target.pid !== 1);
      return killMany(sender, others, signal);
    }
    const group = pid === 0 ? sender.processGroup : -pid;
    return killMany(
      sender,
      all.filter((target) => target.processGroup === group),
      signal,
    );
  },
});

/** The task with that thread id, in any process. */
function findTask(from: Task, tid: number): Task | undefined {
  for (const process of from.kernel.processes.values()) {
    const found = process.tasks.find((task) => task.tid === tid && task.state !== 'exited');
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `tgid` -1 means any thread group (tkill). */
function signalThread(task: Task, tgid: number, tid: number, signal: number): number {
  const target = findTask(task, tid);
  if (target === undefined || (tgid !== -1 && target.process.pid !== tgid)) return -ESRCH;
  if (!maySignal(task.process, target.process, signal)) return -EPERM;
  return sendToTask(target, signal, fromProcess(task.process, SI_TKILL));
}

export const tkill = defineSyscall({
  nr: 200,
  name: 'tkill',
  support: 'full',
  args: [arg.pid('tid'), arg.signal('sig')],
  result: result.ok,
  run: (task, tid, signal) => (tid <= 0 || !isValid(signal) ? -EINVAL : signalThread(task, -1, tid, signal)),
});

export const tgkill = defineSyscall({
  nr: 234,
  name: 'tgkill',
  support: 'full',
  args: [arg.pid('tgid'), arg.pid('tid'), arg.signal('sig')],
  result: result.ok,
  run: (task, tgid, tid, signal) =>
    tgid <= 0 || tid <= 0 || !isValid(signal) ? -EINVAL : signalThread(task, tgid, tid, signal),
});

/** Only to itself may a process pretend that the kernel or kill sent the signal. */
const isForged = (code: number): boolean => code >= 0 || code === SI_TKILL;

export const rtSigqueueinfo = defineSyscall({
  nr: 129,
  name: 'rt_sigqueueinfo',
  support: 'full',
  args: [arg.pid('tgid'), arg.signal('sig'), arg.pointer('info')],
  result: result.ok,
  run(task, tgid, signal, gva) {
    const info = readSiginfo(task.memory, gva);
    const target = task.kernel.processes.get(tgid);
    if (isForged(info.code) && tgid !== task.process.pid) return -EPERM;
    if (!isValid(signal)) return -EINVAL;
    if (target === undefined) return -ESRCH;
    if (!maySignal(task.process, target, signal)) return -EPERM;
    return sendToProcess(target, signal, info);
  },
});

export const rtTgsigqueueinfo = defineSyscall({
  nr: 297,
  name: 'rt_tgsigqueueinfo',
  support: 'full',
  args: [arg.pid('tgid'), arg.pid('tid'), arg.signal('sig'), arg.pointer('info')],
  result: result.ok,
  run(task, tgid, tid, signal, gva) {
    if (tgid <= 0 || tid <= 0) return -EINVAL;
    const info = readSiginfo(task.memory, gva);
    if (isForged(info.code) && tid !== task.tid) return -EPERM;
    if (!isValid(signal)) return -EINVAL;
    const target = findTask(task, tid);
    if (target === undefined || target.process.pid !== tgid) return -ESRCH;
    if (!maySignal(task.process, target.process, signal)) return -EPERM;
    return sendToTask(target, signal, info);
  },
});
