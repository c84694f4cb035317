/** poll(2) and ppoll(2). */
import { EINVAL, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from '../../abi/errno.ts';
import { POLLFD_SIZE } from '../../abi/poll.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import type { SysResult } from '../../wait.ts';
import { PollSet, waitForAny } from './readiness.ts';
import { applyTemporaryMask, deadlineOfMs, GuestTimeout } from './timeout.ts';

function readPollFds(task: Task, gva: number, count: number): PollSet {
  const { memory, process } = task;
  memory.check(gva, count * POLLFD_SIZE, 'w');
  const set = new PollSet();
  for (let i = 0; i < count; i++) {
    const fd = memory.getI32(gva + i * POLLFD_SIZE);
    set.add(fd < 0 ? null : process.fds.get(fd), memory.getU16(gva + i * POLLFD_SIZE + 4));
  }
  return set;
}

function writeReported(task: Task, gva: number, set: PollSet): void {
  set.reported.forEach((events, i) => {
    task.memory.setU16(gva + i * POLLFD_SIZE + 6, events);
  });
}

function doPoll(
  task: Task,
  gva: number,
  count: number,
  deadlineNs: number,
  finish: (result: number) => number,
): SysResult {
  const set = readPollFds(task, gva, count);
  return waitForAny(task, set, deadlineNs, (value) => {
    if (value >= 0) writeReported(task, gva, set);
    return finish(value);
  });
}

function isTooMany(task: Task, count: number): boolean {
  return count > task.process.fds.limit();
}

export const poll = defineSyscall({
  nr: 7,
  name: 'poll',
  support: 'full',
  args: [arg.pointer('fds'), arg.uint('nfds'), arg.int('timeout')],
  result: result.int,
  run: (task, fds, nfds, timeout) => {
    if (isTooMany(task, nfds)) return -EINVAL;
    const resumed = task.signals.takeRestartDeadline();
    const deadlineNs = resumed >= 0 ? resumed : deadlineOfMs(task, timeout);
    return doPoll(task, fds, nfds, deadlineNs, (value) => {
      if (value !== -ERESTARTNOHAND || deadlineNs === Number.POSITIVE_INFINITY) return value;
      task.signals.restartDeadlineNs = deadlineNs;
      return -ERESTART_RESTARTBLOCK;
    });
  },
});

export const ppoll = defineSyscall({
  nr: 271,
  name: 'ppoll',
  support: 'full',
  args: [arg.pointer('fds'), arg.uint('nfds'), arg.pointer('timeout'), arg.pointer('sigmask'), arg.size('sigsetsize')],
  result: result.int,
  run: (task, fds, nfds, timeoutGva, maskGva, maskSize) => {
    const timeout = new GuestTimeout(task, timeoutGva, 1);
    if (isTooMany(task, nfds)) return -EINVAL;
    task.memory.check(fds, nfds * POLLFD_SIZE, 'w');
    applyTemporaryMask(task, maskGva, maskSize);
    return doPoll(task, fds, nfds, timeout.deadlineNs, (value) => {
      task.signals.endTemporaryMask(value === -ERESTARTNOHAND);
      timeout.writeBack();
      return value;
    });
  },
});
