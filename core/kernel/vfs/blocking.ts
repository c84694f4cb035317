/**
 * Waiting for files. File operations answer -EAGAIN instead of waiting; here that becomes a Blocked value that tries
 * again whenever the file's queue is woken, unless the file (or the call) is non-blocking.
 */
import { EAGAIN, EINTR, EPIPE, ERESTARTSYS } from '../abi/errno.ts';
import { O_NONBLOCK } from '../abi/fcntl.ts';
import { SIGPIPE } from '../abi/signal.ts';
import { fromProcess, sendToTask } from '../lib/uksignal/send.ts';
import type { Task } from '../task.ts';
import { Blocked, type SysResult, type WaitQueue, type WakeCause } from '../wait.ts';
import type { OpenFile } from './open-file.ts';

/**
 * Runs `attempt` now and, while it answers -EAGAIN and the file may block, again at each change of readiness. A signal
 * gives -ERESTARTSYS, or -EINTR when there is a time-out; the time-out gives -EAGAIN. The file is kept open meanwhile.
 */
export function blockingIo(
  task: Task,
  file: OpenFile,
  attempt: () => number,
  timeoutNs = Number.POSITIVE_INFINITY,
): SysResult {
  const first = attempt();
  if (first !== -EAGAIN || (file.flags & O_NONBLOCK) !== 0) return first;
  return waitForFile(task, file, attempt, timeoutNs);
}

/** The waiting half of `blockingIo`: for callers that have made the first attempt. */
export function waitForFile(
  task: Task,
  file: OpenFile,
  attempt: () => number,
  timeoutNs = Number.POSITIVE_INFINITY,
): Blocked {
  file.retain();
  return waitUntil(
    task,
    () => file.queue,
    attempt,
    timeoutNs,
    () => file.drop(),
  );
}

/**
 * Waits on a queue (asked for before each wait) until `attempt` answers something else than -EAGAIN. `finished` is
 * called once, whatever the outcome.
 */
export function waitUntil(
  task: Task,
  queue: () => WaitQueue,
  attempt: () => number,
  timeoutNs = Number.POSITIVE_INFINITY,
  finished: () => void = () => {},
): Blocked {
  const deadlineNs = timeoutNs === Number.POSITIVE_INFINITY ? timeoutNs : task.kernel.clock.monotonicNs() + timeoutNs;
  const resume = (cause: WakeCause): number | Blocked => {
    let answer: number;
    try {
      answer = attempt();
    } catch (error) {
      finished();
      throw error;
    }
    if (answer === -EAGAIN) {
      if (cause === 'wake') return new Blocked([queue()], resume, deadlineNs);
      if (cause === 'signal') answer = timeoutNs === Number.POSITIVE_INFINITY ? -ERESTARTSYS : -EINTR;
    }
    finished();
    return answer;
  };
  return new Blocked([queue()], resume, deadlineNs);
}

/** Sends SIGPIPE when a write answered -EPIPE; passes the answer on. */
export function signalBrokenPipe(task: Task, answer: number): number {
  if (answer === -EPIPE) sendToTask(task, SIGPIPE, fromProcess(task.process));
  return answer;
}

/** Makes an interruption, time-out or error of a wait the count of what was done before it, if that is not 0. */
export function orPartial(result: SysResult, done: () => number): SysResult {
  if (typeof result === 'number') return result < 0 && done() > 0 ? done() : result;
  const { queues, deadlineNs, resume } = result;
  return new Blocked(queues, (cause) => orPartial(resume(cause), done), deadlineNs);
}
