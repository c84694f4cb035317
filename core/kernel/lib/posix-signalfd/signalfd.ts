/** signalfd(2) and signalfd4(2). */
import { EINVAL } from '../../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { SignalFile } from './signal-file.ts';

const SFD_CLOEXEC = O_CLOEXEC;
const SFD_NONBLOCK = O_NONBLOCK;
const flagNames: NameTable = [
  ['SFD_CLOEXEC', SFD_CLOEXEC],
  ['SFD_NONBLOCK', SFD_NONBLOCK],
];

function createOrChange(task: Task, fd: number, maskGva: number, size: number, flags: number): number {
  if (size !== 8 || flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) return -EINVAL;
  const lo = task.memory.getI32(maskGva);
  const hi = task.memory.getI32(maskGva + 4);
  if (fd !== -1) {
    const file = task.process.fds.require(fd);
    if (!(file instanceof SignalFile)) return -EINVAL;
    file.accept(lo, hi);
    return fd;
  }
  const file = new SignalFile(task.kernel, task.process, O_RDWR | (flags & SFD_NONBLOCK));
  file.accept(lo, hi);
  return task.process.fds.installOrDrop(file, (flags & SFD_CLOEXEC) !== 0);
}

export const signalfd = defineSyscall({
  nr: 282,
  name: 'signalfd',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('mask'), arg.size('sizemask')],
  result: result.fd,
  run: (task, fd, mask, size) => createOrChange(task, fd, mask, size, 0),
});

export const signalfd4 = defineSyscall({
  nr: 289,
  name: 'signalfd4',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('mask'), arg.size('sizemask'), arg.flags('flags', flagNames)],
  result: result.fd,
  run: (task, fd, mask, size, flags) => createOrChange(task, fd, mask, size, flags),
});
