/** readv(2), writev(2), preadv(2), pwritev(2), preadv2(2). */
import { EOPNOTSUPP } from '../../abi/errno.ts';
import {
  O_APPEND,
  O_NONBLOCK,
  RWF_APPEND,
  RWF_DSYNC,
  RWF_HIPRI,
  RWF_NOAPPEND,
  RWF_NOWAIT,
  RWF_SYNC,
  rwfNames,
} from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { AT_POSITION, readable, readFileVector, readVector, writable, writeFileVector } from '../../vfs/io.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { SysResult } from '../../wait.ts';
import { positioned } from './read-write.ts';

const vectorArgs = [arg.fd('fd'), arg.pointer('iov'), arg.int('iovcnt')] as const;
// The high half of the offset is for 32-bit callers; x86-64 passes all of it in the low one.
const positionArgs = [...vectorArgs, arg.long('pos_l'), arg.long('pos_h')] as const;

export const readv = defineSyscall({
  nr: 19,
  name: 'readv',
  support: 'full',
  args: vectorArgs,
  result: result.size,
  run: (task, fd, iov, count) => readFileVector(task, readable(task, fd), readVector(task, iov, count)),
});

export const writev = defineSyscall({
  nr: 20,
  name: 'writev',
  support: 'full',
  args: vectorArgs,
  result: result.size,
  run: (task, fd, iov, count) => writeFileVector(task, writable(task, fd), readVector(task, iov, count)),
});

export const preadv = defineSyscall({
  nr: 295,
  name: 'preadv',
  support: 'full',
  args: positionArgs,
  result: result.size,
  run: (task, fd, iov, count, pos) =>
    readFileVector(task, positioned(task, fd, pos, 'r'), readVector(task, iov, count), pos),
});

export const pwritev = defineSyscall({
  nr: 296,
  name: 'pwritev',
  support: 'full',
  args: positionArgs,
  result: result.size,
  run: (task, fd, iov, count, pos) =>
    writeFileVector(task, positioned(task, fd, pos, 'w'), readVector(task, iov, count), pos),
});

/** Runs one transfer with the file's status flags changed as RWF_* say. */
function withFlags(file: OpenFile, flags: number, isWrite: boolean, transfer: () => SysResult): SysResult {
  const known = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | (isWrite ? RWF_APPEND | RWF_NOAPPEND : 0);
  if ((flags & ~known) !== 0) fail(EOPNOTSUPP);
  const { flags: before } = file;
  if ((flags & RWF_NOWAIT) !== 0) file.flags |= O_NONBLOCK;
  if ((flags & RWF_APPEND) !== 0) file.flags |= O_APPEND;
  if ((flags & RWF_NOAPPEND) !== 0) file.flags &= ~O_APPEND;
  try {
    const answer = transfer();
    const isSync = (flags & (RWF_DSYNC | RWF_SYNC)) !== 0;
    if (isSync && isWrite && typeof answer === 'number' && answer > 0) file.sync();
    return answer;
  } finally {
    file.flags = before;
  }
}

const flagArgs = [...positionArgs, arg.flags('flags', rwfNames)] as const;

export const preadv2 = defineSyscall({
  nr: 327,
  name: 'preadv2',
  support: 'full',
  args: flagArgs,
  result: result.size,
  run: (task, fd, iov, count, pos, _high, flags) => {
    const file = pos === AT_POSITION ? readable(task, fd) : positioned(task, fd, pos, 'r');
    return withFlags(file, flags, false, () => readFileVector(task, file, readVector(task, iov, count), pos));
  },
});

export const pwritev2 = defineSyscall({
  nr: 328,
  name: 'pwritev2',
  support: 'full',
  args: flagArgs,
  result: result.size,
  run: (task, fd, iov, count, pos, _high, flags) => {
    const file = pos === AT_POSITION ? writable(task, fd) : positioned(task, fd, pos, 'w');
    return withFlags(file, flags, true, () => writeFileVector(task, file, readVector(task, iov, count), pos));
  },
});
