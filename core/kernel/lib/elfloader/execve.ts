/** execve(2) and execveat(2): the process goes on with another program, in place. */
import { E2BIG, EINVAL } from '../../abi/errno.ts';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from '../../abi/fcntl.ts';
import { SIGSEGV } from '../../abi/signal.ts';
import { fail } from '../../errors.ts';
import { type ExecRequest, execProgram } from '../../loader/exec.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { REGISTERS_SET } from '../../wait.ts';
import { signalHooks } from '../uksignal/hooks.ts';

/** One string at most (MAX_ARG_STRLEN), and pointers to them (MAX_ARG_STRINGS is above what fits). */
const MAX_STRING = 131072;
const MAX_STRINGS = 0x7f_ffff;

/** A NULL-terminated array of strings; NULL stands for an empty one. */
function readStrings(task: Task, gva: number): string[] {
  const { memory } = task;
  const strings: string[] = [];
  if (gva === 0) return strings;
  for (let at = gva; ; at += 8) {
    const pointer = Number(memory.getU64(at));
    if (pointer === 0) return strings;
    if (strings.length === MAX_STRINGS) fail(E2BIG);
    strings.push(memory.readCString(pointer, MAX_STRING) ?? fail(E2BIG));
  }
}

function exec(task: Task, request: ExecRequest): number {
  const outcome = execProgram(task, request);
  if (outcome.ok) return REGISTERS_SET;
  if (!outcome.isFatal) return -outcome.errno;
  task.kernel.host.logger.log('error', 'appelfloader', outcome.message);
  signalHooks(task.kernel).kill(task.process, SIGSEGV, false);
  return REGISTERS_SET;
}

export const execve = defineSyscall({
  nr: 59,
  name: 'execve',
  support: 'full',
  args: [arg.path('pathname'), arg.pointer('argv'), arg.pointer('envp')],
  result: result.never,
  run: (task, path, argv, envp) => exec(task, { path, argv: readStrings(task, argv), envp: readStrings(task, envp) }),
});

export const execveat = defineSyscall({
  nr: 322,
  name: 'execveat',
  support: 'full',
  args: [
    arg.dirFd('dirfd'),
    arg.path('pathname'),
    arg.pointer('argv'),
    arg.pointer('envp'),
    arg.flags('flags', [
      ['AT_EMPTY_PATH', AT_EMPTY_PATH],
      ['AT_SYMLINK_NOFOLLOW', AT_SYMLINK_NOFOLLOW],
    ]),
  ],
  result: result.never,
  run(task, dirFd, path, argv, envp, atFlags) {
    if (atFlags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) fail(EINVAL);
    return exec(task, { dirFd, path, atFlags, argv: readStrings(task, argv), envp: readStrings(task, envp) });
  },
});
