/** close(2), close_range(2), dup(2), dup2(2), dup3(2). */
import { EBADF, EINVAL } from '../../abi/errno.ts';
import {
  CLOSE_RANGE_CLOEXEC,
  CLOSE_RANGE_UNSHARE,
  closeRangeNames,
  O_CLOEXEC,
  openFlagNames,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';

export const close = defineSyscall({
  nr: 3,
  name: 'close',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: (task, fd) => {
    task.process.fds.close(fd);
    return 0;
  },
});

export const closeRange = defineSyscall({
  nr: 436,
  name: 'close_range',
  // A thread group always has one table here, so there is nothing to part from.
  support: { partial: 'CLOSE_RANGE_UNSHARE acts on the table that all threads of the process share' },
  args: [arg.uint('first'), arg.uint('last'), arg.flags('flags', closeRangeNames)],
  result: result.ok,
  run: (task, first, last, flags) => {
    if ((flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)) !== 0 || first > last) return -EINVAL;
    const { fds } = task.process;
    for (const [fd] of fds.entries()) {
      if (fd < first || fd > last) continue;
      if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) fds.setCloseOnExec(fd, true);
      else fds.close(fd);
    }
    return 0;
  },
});

/** Gives what `fd` names another descriptor, the lowest free one from `lowest` on. */
export function duplicate(task: Task, fd: number, lowest: number, isCloseOnExec: boolean): number {
  const { fds } = task.process;
  const file = fds.requireAny(fd);
  const copy = fds.install(file, isCloseOnExec, lowest);
  file.retain();
  return copy;
}

export const dup = defineSyscall({
  nr: 32,
  name: 'dup',
  support: 'full',
  args: [arg.fd('oldfd')],
  result: result.fd,
  run: (task, fd) => duplicate(task, fd, 0, false),
});

function duplicateTo(task: Task, oldFd: number, newFd: number, isCloseOnExec: boolean): number {
  const { fds } = task.process;
  if (newFd < 0 || newFd >= fds.limit()) fail(EBADF);
  return fds.installAt(newFd, fds.requireAny(oldFd).retain(), isCloseOnExec);
}

export const dup2 = defineSyscall({
  nr: 33,
  name: 'dup2',
  support: 'full',
  args: [arg.fd('oldfd'), arg.fd('newfd')],
  result: result.fd,
  run: (task, oldFd, newFd) => {
    if (oldFd === newFd) return task.process.fds.getAny(oldFd) === undefined ? -EBADF : newFd;
    return duplicateTo(task, oldFd, newFd, false);
  },
});

export const dup3 = defineSyscall({
  nr: 292,
  name: 'dup3',
  support: 'full',
  args: [arg.fd('oldfd'), arg.fd('newfd'), arg.flags('flags', openFlagNames)],
  result: result.fd,
  run: (task, oldFd, newFd, flags) => {
    if ((flags & ~O_CLOEXEC) !== 0 || oldFd === newFd) return -EINVAL;
    return duplicateTo(task, oldFd, newFd, (flags & O_CLOEXEC) !== 0);
  },
});
