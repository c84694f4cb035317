/** epoll_create(2), epoll_ctl(2), epoll_wait(2) and their variants. */

import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_EVENT_SIZE,
  EPOLL_MAX_EVENTS,
  epollCommandNames,
  epollCreateNames,
} from '../../abi/epoll.ts';
import { EBADF, EINTR, EINVAL, EPERM } from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import { Blocked, type SysResult } from '../../wait.ts';
import { EpollFile } from './epoll-file.ts';
import { applyTemporaryMask, deadlineOfMs, GuestTimeout } from './timeout.ts';

function create(task: Task, isCloseOnExec: boolean): number {
  return task.process.fds.installOrDrop(new EpollFile(O_RDWR), isCloseOnExec);
}

export const epollCreate = defineSyscall({
  nr: 213,
  name: 'epoll_create',
  support: 'full',
  args: [arg.int('size')],
  result: result.fd,
  run: (task, size) => (size <= 0 ? -EINVAL : create(task, false)),
});

export const epollCreate1 = defineSyscall({
  nr: 291,
  name: 'epoll_create1',
  support: 'full',
  args: [arg.flags('flags', epollCreateNames)],
  result: result.fd,
  run: (task, flags) => (flags & ~EPOLL_CLOEXEC ? -EINVAL : create(task, flags !== 0)),
});

/** Regular files, directories and the like have no readiness and can't be watched. */
function isPollable(file: OpenFile): boolean {
  return file.poll !== OpenFile.prototype.poll;
}

export const epollCtl = defineSyscall({
  nr: 233,
  name: 'epoll_ctl',
  support: 'full',
  args: [arg.fd('epfd'), arg.oneOf('op', epollCommandNames), arg.fd('fd'), arg.pointer('event')],
  result: result.ok,
  run: (task, epfd, op, fd, eventGva) => {
    const { memory, process } = task;
    // Linux reads the event first, whatever else is wrong.
    if (op !== EPOLL_CTL_DEL) memory.check(eventGva, EPOLL_EVENT_SIZE, 'r');
    const epoll = process.fds.get(epfd);
    const file = process.fds.get(fd);
    if (epoll === undefined || file === undefined) return -EBADF;
    if (!isPollable(file)) return -EPERM;
    if (!(epoll instanceof EpollFile) || epoll === file) return -EINVAL;
    if (op === EPOLL_CTL_DEL) return epoll.remove(file, fd);
    if (op !== EPOLL_CTL_ADD && op !== EPOLL_CTL_MOD) return -EINVAL;
    const events = memory.getI32(eventGva);
    const lo = memory.getI32(eventGva + 4);
    const hi = memory.getI32(eventGva + 8);
    return op === EPOLL_CTL_ADD ? epoll.add(file, fd, events, lo, hi) : epoll.modify(file, fd, events, lo, hi);
  },
});

/** Waits for events; `finish` gets the call's result before it is returned. */
function wait(
  task: Task,
  epfd: number,
  gva: number,
  max: number,
  deadlineNs: number,
  finish: (result: number) => number,
): SysResult {
  const { memory } = task;
  if (max <= 0 || max > EPOLL_MAX_EVENTS) return finish(-EINVAL);
  const epoll = task.process.fds.get(epfd);
  if (epoll === undefined) return finish(-EBADF);
  if (!(epoll instanceof EpollFile)) return finish(-EINVAL);
  const collect = () => {
    let at = gva;
    return epoll.collect(max, (events, lo, hi) => {
      memory.setU32(at, events);
      memory.setU32(at + 4, lo);
      memory.setU32(at + 8, hi);
      at += EPOLL_EVENT_SIZE;
    });
  };
  for (const poll of task.kernel.inputs) poll();
  const count = collect();
  if (count > 0 || deadlineNs <= task.kernel.clock.monotonicNs()) return finish(count);
  const blocked: Blocked = new Blocked(
    [epoll.queue],
    (cause) => {
      const now = collect();
      if (now > 0 || cause === 'timeout') return finish(now);
      return cause === 'signal' ? finish(-EINTR) : blocked;
    },
    deadlineNs,
  );
  return blocked;
}

const waitArgs = [arg.fd('epfd'), arg.pointer('events'), arg.int('maxevents')] as const;
const asIs = (value: number): number => value;

export const epollWait = defineSyscall({
  nr: 232,
  name: 'epoll_wait',
  support: 'full',
  args: [...waitArgs, arg.int('timeout')],
  result: result.int,
  run: (task, epfd, events, max, timeout) => wait(task, epfd, events, max, deadlineOfMs(task, timeout), asIs),
});

function endMask(task: Task): (result: number) => number {
  return (value) => {
    task.signals.endTemporaryMask(value === -EINTR);
    return value;
  };
}

export const epollPwait = defineSyscall({
  nr: 281,
  name: 'epoll_pwait',
  support: 'full',
  args: [...waitArgs, arg.int('timeout'), arg.pointer('sigmask'), arg.size('sigsetsize')],
  result: result.int,
  run: (task, epfd, events, max, timeout, maskGva, maskSize) => {
    applyTemporaryMask(task, maskGva, maskSize);
    return wait(task, epfd, events, max, deadlineOfMs(task, timeout), endMask(task));
  },
});

export const epollPwait2 = defineSyscall({
  nr: 441,
  name: 'epoll_pwait2',
  support: 'full',
  args: [...waitArgs, arg.pointer('timeout'), arg.pointer('sigmask'), arg.size('sigsetsize')],
  result: result.int,
  run: (task, epfd, events, max, timeoutGva, maskGva, maskSize) => {
    const { deadlineNs } = new GuestTimeout(task, timeoutGva, 1);
    applyTemporaryMask(task, maskGva, maskSize);
    return wait(task, epfd, events, max, deadlineNs, endMask(task));
  },
});
