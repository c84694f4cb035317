/** pipe(2) and pipe2(2). */
import { EINVAL } from '../../abi/errno.ts';
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK } from '../../abi/fcntl.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { installPair } from '../../vfs/install-pair.ts';
import { createPipe } from './fifo.ts';

const pipeFlagNames: NameTable = [
  ['O_CLOEXEC', O_CLOEXEC],
  ['O_NONBLOCK', O_NONBLOCK],
  ['O_DIRECT', O_DIRECT],
];

function makePipe(task: Task, fdsGva: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return -EINVAL;
  task.memory.check(fdsGva, 8, 'w');
  const [reader, writer] = createPipe(task, flags & ~O_CLOEXEC);
  installPair(task, fdsGva, reader, writer, (flags & O_CLOEXEC) !== 0);
  return 0;
}

export const pipe = defineSyscall({
  nr: 22,
  name: 'pipe',
  support: 'full',
  args: [arg.pointer('pipefd')],
  result: result.ok,
  run: (task, fds) => makePipe(task, fds, 0),
});

export const pipe2 = defineSyscall({
  nr: 293,
  name: 'pipe2',
  support: 'full',
  args: [arg.pointer('pipefd'), arg.flags('flags', pipeFlagNames)],
  result: result.ok,
  run: (task, fds, flags) => makePipe(task, fds, flags),
});
