/** fcntl_locking(2) and flock(2): arguments and errors; the locks themselves are in vfs/file-locks.ts. */
import { EBADF, EINVAL, EOVERFLOW } from '../../abi/errno.ts';
import {
  F_OFD_GETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  flockNames,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { fileLocks } from '../../vfs/file-locks.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { RecordLock } from '../../vfs/record-locks.ts';
import type { SysResult } from '../../wait.ts';

/** struct flock: i16 l_type, i16 l_whence, i64 l_start at 8, i64 l_len at 16, i32 l_pid at 24. */
const FLOCK_SIZE = 32;

/** The lock that a struct flock asks for. EINVAL, EOVERFLOW. */
function readLock(task: Task, file: OpenFile, gva: number, isOfd: boolean): RecordLock {
  const { memory } = task;
  memory.check(gva, FLOCK_SIZE, 'r');
  const type = memory.getU16(gva);
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) fail(EINVAL);
  if (isOfd && memory.getI32(gva + 24) !== 0) fail(EINVAL);
  const from = lockBase(file, memory.getU16(gva + 2)) + memory.getLong(gva + 8);
  const len = memory.getLong(gva + 16);
  const start = len < 0 ? from + len : from;
  if (start < 0) fail(EINVAL);
  const end = len === 0 ? Number.POSITIVE_INFINITY : Math.max(from, from + len);
  if (len !== 0 && end > 2 ** 63) fail(EOVERFLOW);
  const { process } = task;
  return { owner: isOfd ? file : process.fds, pid: isOfd ? -1 : process.pid, type, start, end: limitEnd(end) };
}

/** Beyond what a file can hold a lock reaches to its end. */
function limitEnd(end: number): number {
  return end > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : end;
}

function lockBase(file: OpenFile, whence: number): number {
  if (whence === SEEK_SET) return 0;
  if (whence === SEEK_CUR) return file.position;
  if (whence === SEEK_END) return file.stat().size;
  return fail(EINVAL);
}

/** F_GETLK and F_OFD_GETLK. */
export function getLock(task: Task, file: OpenFile, command: number, gva: number): number {
  const wanted = readLock(task, file, gva, command === F_OFD_GETLK);
  if (wanted.type === F_UNLCK) return -EINVAL;
  const blocker = file.inode === undefined ? undefined : fileLocks(task.kernel).of(file).records.conflict(wanted);
  const { memory } = task;
  if (blocker === undefined) {
    memory.setU16(gva, F_UNLCK);
    return 0;
  }
  memory.setU16(gva, blocker.type);
  memory.setU16(gva + 2, SEEK_SET);
  memory.setLong(gva + 8, blocker.start);
  memory.setLong(gva + 16, blocker.end === Number.POSITIVE_INFINITY ? 0 : blocker.end - blocker.start);
  memory.setU32(gva + 24, blocker.pid);
  return 0;
}

/** F_SETLK, F_SETLKW and their OFD forms. */
export function setLock(task: Task, file: OpenFile, command: number, gva: number): SysResult {
  const isOfd = command >= F_OFD_GETLK;
  const change = readLock(task, file, gva, isOfd);
  if (file.inode === undefined) return -EINVAL;
  if (change.type === F_RDLCK && !file.isReadable) return -EBADF;
  if (change.type === F_WRLCK && !file.isWritable) return -EBADF;
  const wait = command === F_SETLKW || command === F_OFD_SETLKW;
  return fileLocks(task.kernel).setRecord(task, file, change, { wait, mayDeadlock: !isOfd });
}

export const flock = defineSyscall({
  nr: 73,
  name: 'flock',
  support: { partial: 'locks hold within the VM; programs on the host do not see them' },
  args: [arg.fd('fd'), arg.flags('operation', flockNames)],
  result: result.ok,
  run: (task, fd, operation) => {
    const kind = operation & ~LOCK_NB;
    if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) return -EINVAL;
    const file = task.process.fds.require(fd);
    if (file.inode === undefined) return -EINVAL;
    return fileLocks(task.kernel).setWhole(task, file, kind, (operation & LOCK_NB) === 0);
  },
});
