/** fcntl(2): descriptor flags, status flags, duplication, owners, pipes, seals; locks are in locks.ts. */
import { EBADF, EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GET_RW_HINT,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_GETLEASE,
  F_GETLK,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETPIPE_SZ,
  F_GETSIG,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_SET_RW_HINT,
  F_SETFD,
  F_SETFL,
  F_SETLK,
  F_SETLKW,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETPIPE_SZ,
  F_SETSIG,
  F_UNLCK,
  FD_CLOEXEC,
  fcntlCommandNames,
  O_ASYNC,
  O_NOATIME,
  O_PATH,
  O_SETTABLE,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { F_OWNER_PGRP, F_OWNER_PID, setAsync } from '../../vfs/async-signals.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { isOwner } from '../../vfs/permission.ts';
import type { SysResult } from '../../wait.ts';
import { duplicate } from './descriptors.ts';
import { getLock, setLock } from './locks.ts';

type Command = (task: Task, file: OpenFile, argument: number, command: number, fd: number) => SysResult;

function duplicateFrom(task: Task, fd: number, lowest: number, isCloseOnExec: boolean): number {
  if (lowest < 0 || lowest >= task.process.fds.limit()) return -EINVAL;
  return duplicate(task, fd, lowest, isCloseOnExec);
}

function setStatusFlags(task: Task, file: OpenFile, flags: number, fd: number): number {
  const wanted = flags & O_SETTABLE;
  if ((wanted & O_NOATIME) !== 0 && (file.flags & O_NOATIME) === 0 && !isOwner(task, file.stat())) return -EPERM;
  setAsync(task.kernel, file, fd, (wanted & O_ASYNC) !== 0);
  return file.setStatusFlags(task, (wanted & ~O_ASYNC) | (file.flags & O_ASYNC));
}

/** F_SETOWN: a process, or with a negative number a group. */
function setOwner(task: Task, file: OpenFile, id: number): number {
  const type = id < 0 ? F_OWNER_PGRP : F_OWNER_PID;
  return setOwnerOf(task, file, type, Math.abs(id));
}

function setOwnerOf(task: Task, file: OpenFile, type: number, id: number): number {
  if (type < 0 || type > F_OWNER_PGRP) return -EINVAL;
  if (id !== 0 && !exists(task, type, id)) return -ESRCH;
  file.owner = id;
  file.ownerType = type;
  return 0;
}

function exists({ kernel }: Task, type: number, id: number): boolean {
  if (type === F_OWNER_PID) return kernel.processes.has(id);
  for (const process of kernel.processes.values()) {
    if (type === F_OWNER_PGRP ? process.processGroup === id : process.tasks.some(({ tid }) => tid === id)) return true;
  }
  return false;
}

function getOwnerEx(task: Task, file: OpenFile, gva: number): number {
  task.memory.check(gva, 8, 'w');
  task.memory.setU32(gva, file.ownerType);
  task.memory.setU32(gva + 4, file.owner);
  return 0;
}

function setSignal(file: OpenFile, signal: number): number {
  if (signal < 0 || signal > 64) return -EINVAL;
  file.ownerSignal = signal;
  return 0;
}

/** Commands that O_PATH descriptors have too. */
const descriptorCommands: Readonly<Record<number, Command>> = {
  [F_DUPFD]: (task, _file, lowest, _command, fd) => duplicateFrom(task, fd, lowest, false),
  [F_DUPFD_CLOEXEC]: (task, _file, lowest, _command, fd) => duplicateFrom(task, fd, lowest, true),
  [F_GETFD]: (task, _file, _argument, _command, fd) => (task.process.fds.isCloseOnExec(fd) ? FD_CLOEXEC : 0),
  [F_SETFD]: (task, _file, flags, _command, fd) => {
    task.process.fds.setCloseOnExec(fd, (flags & FD_CLOEXEC) !== 0);
    return 0;
  },
  [F_GETFL]: (_task, file) => file.flags,
};

const lockOwner: Command = (task, file, gva, command) => getLock(task, file, command, gva);
const lockChange: Command = (task, file, gva, command) => setLock(task, file, command, gva);

const commands: Readonly<Record<number, Command>> = {
  [F_SETFL]: (task, file, flags, _command, fd) => setStatusFlags(task, file, flags, fd),
  [F_GETLK]: lockOwner,
  [F_OFD_GETLK]: lockOwner,
  [F_SETLK]: lockChange,
  [F_SETLKW]: lockChange,
  [F_OFD_SETLK]: lockChange,
  [F_OFD_SETLKW]: lockChange,
  [F_SETOWN]: (task, file, id) => setOwner(task, file, id),
  [F_GETOWN]: (_task, file) => (file.ownerType === F_OWNER_PGRP ? -file.owner : file.owner),
  [F_SETOWN_EX]: (task, file, gva) => setOwnerOf(task, file, task.memory.getI32(gva), task.memory.getI32(gva + 4)),
  [F_GETOWN_EX]: (task, file, gva) => getOwnerEx(task, file, gva),
  [F_SETSIG]: (_task, file, signal) => setSignal(file, signal),
  [F_GETSIG]: (_task, file) => file.ownerSignal,
  [F_GETPIPE_SZ]: (_task, file) => file.pipeSize(),
  [F_SETPIPE_SZ]: (task, file, bytes) => file.setPipeSize(task, bytes),
  [F_GET_SEALS]: (_task, file) => file.seals(),
  [F_ADD_SEALS]: (_task, file, seals) => file.addSeals(seals),
  // There are no leases, so none is held; one can't be had.
  [F_GETLEASE]: () => F_UNLCK,
  [F_GET_RW_HINT]: (task, _file, gva) => {
    task.memory.setU64(gva, 0n);
    return 0;
  },
  // A hint has no effect that a program can see.
  [F_SET_RW_HINT]: (task, _file, gva) => (task.memory.getU64(gva) > 5n ? -EINVAL : 0),
};

/** Commands whose argument is an address; that of the others is an int. */
const pointerCommands: ReadonlySet<number> = new Set([
  F_GETLK,
  F_SETLK,
  F_SETLKW,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_GETOWN_EX,
  F_SETOWN_EX,
  F_GET_RW_HINT,
  F_SET_RW_HINT,
]);

export const fcntl = defineSyscall({
  nr: 72,
  name: 'fcntl',
  support: { partial: 'no leases (F_SETLEASE) and no F_NOTIFY: EINVAL' },
  args: [arg.fd('fd'), arg.oneOf('cmd', fcntlCommandNames), arg.long('arg')],
  result: result.int,
  run: (task, fd, command, argument) => {
    const file = task.process.fds.requireAny(fd);
    const any = descriptorCommands[command];
    if (any !== undefined) return any(task, file, argument | 0, command, fd);
    if ((file.flags & O_PATH) !== 0) fail(EBADF);
    const run = commands[command] ?? fail(EINVAL);
    return run(task, file, pointerCommands.has(command) ? argument : argument | 0, command, fd);
  },
});
