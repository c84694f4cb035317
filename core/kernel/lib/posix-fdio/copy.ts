/** sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2). */
import { EAGAIN, EBADF, EINVAL, EISDIR, EOVERFLOW, ESPIPE } from '../../abi/errno.ts';
import { O_APPEND, O_NONBLOCK, SPLICE_F_NONBLOCK, spliceNames } from '../../abi/fcntl.ts';
import { MAX_RW_COUNT } from '../../abi/fs.ts';
import { S_IFCHR, S_IFDIR, S_IFREG, S_IFSOCK } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { signalBrokenPipe, waitUntil } from '../../vfs/blocking.ts';
import {
  AT_POSITION,
  type IoVector,
  readable,
  readFileVector,
  readVector,
  writable,
  writeFileVector,
} from '../../vfs/io.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import type { SysResult, WaitQueue } from '../../wait.ts';
import { type TransferEnd, transfer } from './transfer.ts';

/** An end at the offset that `offsetGva` points to, or at the file's own position for NULL. */
function endAt(task: Task, file: OpenFile, offsetGva: number): TransferEnd {
  if (offsetGva === 0) return { file, offset: AT_POSITION };
  if (!file.isSeekable) fail(ESPIPE);
  const offset = task.memory.getLong(offsetGva);
  task.memory.check(offsetGva, 8, 'w');
  if (offset < 0) fail(EINVAL);
  return { file, offset };
}

/** Stores the offset back where the call keeps it. */
function storeOffset(task: Task, end: TransferEnd, offsetGva: number): void {
  if (offsetGva !== 0) task.memory.setLong(offsetGva, end.offset);
}

export const sendfile = defineSyscall({
  nr: 40,
  name: 'sendfile',
  support: 'full',
  args: [arg.fd('out_fd'), arg.fd('in_fd'), arg.pointer('offset'), arg.size('count')],
  result: result.size,
  run: (task, outFd, inFd, offset, count) => {
    const input = readable(task, inFd);
    const from = endAt(task, input, offset);
    if (!input.isSeekable) return -EINVAL;
    const output = writable(task, outFd);
    if ((output.flags & O_APPEND) !== 0) return -EINVAL;
    const options = { all: true, nonBlocking: false };
    const to = { file: output, offset: AT_POSITION };
    return transfer(task, from, to, count, options, () => storeOffset(task, from, offset));
  },
});

function requireRegular(file: OpenFile): void {
  const type = file.inode?.type;
  if (type === S_IFDIR) fail(EISDIR);
  if (type !== S_IFREG) fail(EINVAL);
}

/** Where an unsigned 64-bit sum of offset and length wraps around: "all of it" is a length just below 2^63. */
const UNSIGNED_END = 2 ** 64;

const overlaps = (a: number, b: number, len: number): boolean => Math.abs(a - b) < len;

export const copyFileRange = defineSyscall({
  nr: 326,
  name: 'copy_file_range',
  support: 'full',
  args: [
    arg.fd('fd_in'),
    arg.pointer('off_in'),
    arg.fd('fd_out'),
    arg.pointer('off_out'),
    arg.size('len'),
    arg.uint('flags'),
  ],
  result: result.size,
  run: (task, fdIn, offIn, fdOut, offOut, len, flags) => {
    const input = readable(task, fdIn);
    const output = writable(task, fdOut);
    if (flags !== 0) return -EINVAL;
    requireRegular(input);
    requireRegular(output);
    if ((output.flags & O_APPEND) !== 0) return -EBADF;
    const from = endAt(task, input, offIn);
    const to = endAt(task, output, offOut);
    const start = from.offset === AT_POSITION ? input.position : from.offset;
    const target = to.offset === AT_POSITION ? output.position : to.offset;
    if (start + len >= UNSIGNED_END || target + len >= UNSIGNED_END) return -EOVERFLOW;
    const count = Math.min(len, Math.max(0, input.stat().size - start));
    if (input.inode === output.inode && overlaps(start, target, count)) return -EINVAL;
    return transfer(task, from, to, count, { all: false, nonBlocking: true }, () => {
      storeOffset(task, from, offIn);
      storeOffset(task, to, offOut);
    });
  },
});

function checkSpliceFlags(flags: number): void {
  if ((flags & ~15) !== 0) fail(EINVAL);
}

/** Pipes, sockets, devices and files; not what only the kernel's own calls can write to, as an eventfd. */
const takesSpliced = (file: OpenFile): boolean =>
  file.isPipe || [S_IFREG, S_IFCHR, S_IFSOCK].includes(file.inode?.type ?? 0);

export const splice = defineSyscall({
  nr: 275,
  name: 'splice',
  support: 'full',
  args: [
    arg.fd('fd_in'),
    arg.pointer('off_in'),
    arg.fd('fd_out'),
    arg.pointer('off_out'),
    arg.size('len'),
    arg.flags('flags', spliceNames),
  ],
  result: result.size,
  run: (task, fdIn, offIn, fdOut, offOut, len, flags) => {
    checkSpliceFlags(flags);
    if (len === 0) return 0;
    const input = readable(task, fdIn);
    const output = writable(task, fdOut);
    if (!input.isPipe && !output.isPipe) return -EINVAL;
    if ((input.isPipe && offIn !== 0) || (output.isPipe && offOut !== 0)) return -ESPIPE;
    if (input.isPipe && output.isPipe && input.inode === output.inode) return -EINVAL;
    if ((output.flags & O_APPEND) !== 0 || !takesSpliced(output)) return -EINVAL;
    const from = endAt(task, input, offIn);
    const to = endAt(task, output, offOut);
    const options = { all: false, nonBlocking: (flags & SPLICE_F_NONBLOCK) !== 0 };
    return transfer(task, from, to, len, options, () => {
      storeOffset(task, from, offIn);
      storeOffset(task, to, offOut);
    });
  },
});

export const tee = defineSyscall({
  nr: 276,
  name: 'tee',
  support: 'full',
  args: [arg.fd('fd_in'), arg.fd('fd_out'), arg.size('len'), arg.flags('flags', spliceNames)],
  result: result.size,
  run: (task, fdIn, fdOut, len, flags) => {
    checkSpliceFlags(flags);
    if (len === 0) return 0;
    const input = readable(task, fdIn);
    const output = writable(task, fdOut);
    if (!input.isPipe || !output.isPipe || input.inode === output.inode) return -EINVAL;
    return duplicate(task, input, output, Math.min(len, MAX_RW_COUNT), (flags & SPLICE_F_NONBLOCK) !== 0);
  },
});

/** Copies what one pipe holds to another, waiting for the first byte and for room. */
function duplicate(task: Task, from: OpenFile, to: OpenFile, count: number, nonBlocking: boolean): SysResult {
  let waitingFor = from;
  const attempt = (): number => {
    const bytes = new Uint8Array(Math.min(count, from.pipeSize()));
    const seen = from.peek(bytes, 0);
    waitingFor = from;
    if (seen <= 0) return seen;
    waitingFor = to;
    return signalBrokenPipe(task, to.write(bytes.subarray(0, seen), AT_POSITION));
  };
  const answer = attempt();
  if (answer !== -EAGAIN || nonBlocking || (waitingFor.flags & O_NONBLOCK) !== 0) return answer;
  const queue = (): WaitQueue => waitingFor.queue;
  from.retain();
  to.retain();
  return waitUntil(task, queue, attempt, Number.POSITIVE_INFINITY, () => {
    from.drop();
    to.drop();
  });
}

export const vmsplice = defineSyscall({
  nr: 278,
  name: 'vmsplice',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('iov'), arg.size('nr_segs'), arg.flags('flags', spliceNames)],
  result: result.size,
  run: (task, fd, iov, segments, flags) => {
    checkSpliceFlags(flags);
    const file = task.process.fds.require(fd);
    if (!file.isPipe) return -EBADF;
    const vector = readVector(task, iov, segments);
    return moveUser(task, file, vector, (flags & SPLICE_F_NONBLOCK) !== 0);
  },
});

/** What can be moved now between a pipe and user memory; waits only for the first byte, or for room for it. */
function moveUser(task: Task, file: OpenFile, vector: IoVector, nonBlocking: boolean): SysResult {
  const attempt = (): number => {
    const { flags } = file;
    file.flags |= O_NONBLOCK;
    try {
      return (file.isWritable ? writeFileVector : readFileVector)(task, file, vector) as number;
    } finally {
      file.flags = flags;
    }
  };
  const answer = attempt();
  if (answer !== -EAGAIN || nonBlocking || (file.flags & O_NONBLOCK) !== 0) return answer;
  file.retain();
  return waitUntil(
    task,
    () => file.queue,
    attempt,
    Number.POSITIVE_INFINITY,
    () => file.drop(),
  );
}
