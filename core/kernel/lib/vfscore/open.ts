/** open(2), creat(2), openat(2), openat2(2). */
import { E2BIG, EAGAIN, EINVAL } from '../../abi/errno.ts';
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_VALID,
  O_WRONLY,
  openFlagNames,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { waitUntil } from '../../vfs/blocking.ts';
import { checkResolve } from '../../vfs/lookup.ts';
import { openAt } from '../../vfs/open.ts';
import { OpenFile } from '../../vfs/open-file.ts';
import type { PendingOpen } from '../../vfs/special.ts';
import type { SysResult } from '../../wait.ts';

function openDescriptor(task: Task, dirFd: number, path: string, flags: number, mode: number, resolve = 0): SysResult {
  const opened = openAt(task, dirFd, path, flags & O_VALID, mode, resolve);
  const isCloseOnExec = (flags & O_CLOEXEC) !== 0;
  if (opened instanceof OpenFile) return task.process.fds.installOrDrop(opened, isCloseOnExec);
  return opened.isReady()
    ? task.process.fds.installOrDrop(opened.file, isCloseOnExec)
    : waitForOpen(task, opened, isCloseOnExec);
}

function waitForOpen(task: Task, opened: PendingOpen, isCloseOnExec: boolean): SysResult {
  let isInstalled = false;
  const attempt = (): number => {
    if (!opened.isReady()) return -EAGAIN;
    isInstalled = true;
    return task.process.fds.installOrDrop(opened.file, isCloseOnExec);
  };
  return waitUntil(
    task,
    () => opened.queue,
    attempt,
    Number.POSITIVE_INFINITY,
    () => {
      if (!isInstalled) opened.file.drop();
    },
  );
}

export const open = defineSyscall({
  nr: 2,
  name: 'open',
  support: 'full',
  args: [arg.path('pathname'), arg.flags('flags', openFlagNames), arg.mode('mode')],
  result: result.fd,
  run: (task, path, flags, mode) => openDescriptor(task, AT_FDCWD, path, flags, mode),
});

export const creat = defineSyscall({
  nr: 85,
  name: 'creat',
  support: 'full',
  args: [arg.path('pathname'), arg.mode('mode')],
  result: result.fd,
  run: (task, path, mode) => openDescriptor(task, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode),
});

export const openat = defineSyscall({
  nr: 257,
  name: 'openat',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.flags('flags', openFlagNames), arg.mode('mode')],
  result: result.fd,
  run: (task, dirFd, path, flags, mode) => openDescriptor(task, dirFd, path, flags, mode),
});

/** struct open_how: u64 flags, mode, resolve. */
const OPEN_HOW_SIZE = 24;

export const openat2 = defineSyscall({
  nr: 437,
  name: 'openat2',
  support: 'full',
  args: [arg.dirFd('dirfd'), arg.path('pathname'), arg.pointer('how'), arg.size('size')],
  result: result.fd,
  run: (task, dirFd, path, how, size) => {
    const { flags, mode, resolve } = readOpenHow(task, how, size);
    checkResolve(resolve);
    return openDescriptor(task, dirFd, path, flags, mode, resolve);
  },
});

function readOpenHow(task: Task, how: number, size: number): { flags: number; mode: number; resolve: number } {
  if (size < OPEN_HOW_SIZE) fail(EINVAL);
  if (size > 4096) fail(E2BIG);
  const { memory } = task;
  const rest = memory.view(how, size, 'r').subarray(OPEN_HOW_SIZE);
  if (rest.some((byte) => byte !== 0)) fail(E2BIG);
  const [flags, mode, resolve] = [memory.getU64(how), memory.getU64(how + 8), memory.getU64(how + 16)];
  if ((flags & ~BigInt(O_VALID)) !== 0n || resolve > 0x3fn) fail(EINVAL);
  const makes = (flags & BigInt(O_CREAT | O_TMPFILE_BIT)) !== 0n;
  if (mode > (makes ? 0o7777n : 0n)) fail(EINVAL);
  const pathOnly = BigInt(O_PATH);
  if ((flags & pathOnly) !== 0n && (flags & ~(pathOnly | BigInt(O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))) !== 0n)
    fail(EINVAL);
  return { flags: Number(flags), mode: Number(mode), resolve: Number(resolve) };
}
