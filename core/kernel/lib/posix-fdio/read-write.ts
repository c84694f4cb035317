/** read(2), write(2), pread(2), lseek(2). */
import { EINVAL, ESPIPE } from '../../abi/errno.ts';
import { whenceNames } from '../../abi/fcntl.ts';
import { S_IFDIR } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readable, readFile, writable, writeFile } from '../../vfs/io.ts';
import type { OpenFile } from '../../vfs/open-file.ts';

export const read = defineSyscall({
  nr: 0,
  name: 'read',
  support: 'full',
  args: [arg.fd('fd'), arg.outBuffer('buf', { len: 'count' }), arg.size('count')],
  result: result.size,
  run: (task, fd, buf, count) => readFile(task, readable(task, fd), buf, count),
});

export const write = defineSyscall({
  nr: 1,
  name: 'write',
  support: 'full',
  args: [arg.fd('fd'), arg.inBuffer('buf', { len: 'count' }), arg.size('count')],
  result: result.size,
  run: (task, fd, buf, count) => writeFile(task, writable(task, fd), buf, count),
});

/** The file for a transfer at `offset`: EINVAL for a negative one, EBADF, ESPIPE unless the file has positions. */
export function positioned(task: Task, fd: number, offset: number, access: 'r' | 'w'): OpenFile {
  if (offset < 0) fail(EINVAL);
  const file = task.process.fds.require(fd);
  if (!file.isSeekable && file.inode?.type !== S_IFDIR) fail(ESPIPE);
  return access === 'r' ? readable(task, fd) : writable(task, fd);
}

export const pread64 = defineSyscall({
  nr: 17,
  name: 'pread64',
  support: 'full',
  args: [arg.fd('fd'), arg.outBuffer('buf', { len: 'count' }), arg.size('count'), arg.long('pos')],
  result: result.size,
  run: (task, fd, buf, count, pos) => readFile(task, positioned(task, fd, pos, 'r'), buf, count, pos),
});

export const pwrite64 = defineSyscall({
  nr: 18,
  name: 'pwrite64',
  support: 'full',
  args: [arg.fd('fd'), arg.inBuffer('buf', { len: 'count' }), arg.size('count'), arg.long('pos')],
  result: result.size,
  run: (task, fd, buf, count, pos) => writeFile(task, positioned(task, fd, pos, 'w'), buf, count, pos),
});

export const lseek = defineSyscall({
  nr: 8,
  name: 'lseek',
  support: 'full',
  args: [arg.fd('fd'), arg.long('offset'), arg.oneOf('whence', whenceNames)],
  result: result.size,
  run: (task, fd, offset, whence) => {
    const file = task.process.fds.require(fd);
    if (whence < 0 || whence > 4) return -EINVAL;
    return file.seek(offset, whence);
  },
});
