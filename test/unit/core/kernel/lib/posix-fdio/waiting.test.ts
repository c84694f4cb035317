import { beforeEach, describe, expect, it } from 'vitest';
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  EOVERFLOW,
  EPIPE,
  ERESTARTSYS,
  ESPIPE,
} from '../../../../../../core/kernel/abi/errno.ts';
import {
  AT_FDCWD,
  O_CREAT,
  O_NONBLOCK,
  O_RDWR,
  SEEK_SET,
  SPLICE_F_NONBLOCK,
} from '../../../../../../core/kernel/abi/fcntl.ts';
import { SIGPIPE } from '../../../../../../core/kernel/abi/signal.ts';
import { eventfd2 } from '../../../../../../core/kernel/lib/posix-eventfd/eventfd.ts';
import { copyFileRange, sendfile, splice, tee, vmsplice } from '../../../../../../core/kernel/lib/posix-fdio/copy.ts';
import { lseek, pread64, read, write } from '../../../../../../core/kernel/lib/posix-fdio/read-write.ts';
import { preadv, pwritev2, readv, writev } from '../../../../../../core/kernel/lib/posix-fdio/vectors.ts';
import { close } from '../../../../../../core/kernel/lib/posix-fdtab/descriptors.ts';
import { pipe2 } from '../../../../../../core/kernel/lib/posix-pipe/syscalls.ts';
import { openat } from '../../../../../../core/kernel/lib/vfscore/open.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const BUFFER = SCRATCH;
const IOV = SCRATCH + 0x3_0000;
/** The last page of what the test guest has mapped. */
const END = SCRATCH + 0x4_0000;
const PIPE_SIZE = 65536;

let guest: TestGuest;
beforeEach(() => {
  guest = new TestGuest();
});

function pipe(flags = 0): [number, number] {
  expect(guest.call(pipe2, BUFFER, flags)).toBe(0);
  return [guest.u32(BUFFER), guest.u32(BUFFER + 4)];
}
function file(content = ''): number {
  const fd = guest.call(openat, AT_FDCWD, 'file', O_CREAT | O_RDWR, 0o644);
  put(fd, content);
  return fd;
}
function put(fd: number, text: string): number {
  guest.write(BUFFER, text);
  return guest.call(write, fd, BUFFER, text.length);
}
function get(fd: number, count = 100): string {
  const answer = guest.call(read, fd, BUFFER, count);
  return answer < 0 ? String(answer) : guest.text(BUFFER, answer);
}
/** Lays out a vector over texts, or over room of the given lengths. */
function vector(...parts: (string | number)[]): number {
  let at = BUFFER;
  parts.forEach((part, i) => {
    const len = typeof part === 'string' ? part.length : part;
    guest.task.memory.setLong(IOV + i * 16, at);
    guest.task.memory.setLong(IOV + i * 16 + 8, len);
    if (typeof part === 'string') guest.write(at, part);
    at += Math.max(len, 0) + 8;
  });
  return parts.length;
}

describe('waiting reads and writes', () => {
  it('read waits for data, and for the end of the stream', () => {
    const [r, w] = pipe();
    const waiting = guest.start(read, r, BUFFER, 100);
    expect(waiting.result).toBe(undefined);
    put(w, 'late');
    guest.settle();
    expect([waiting.result, guest.text(BUFFER, 4)]).toEqual([4, 'late']);
    const atEnd = guest.start(read, r, BUFFER, 100);
    guest.call(close, w);
    guest.settle();
    expect(atEnd.result).toBe(0);
  });

  it('a non-blocking read does not wait; a signal ends the wait of another', () => {
    const [r] = pipe(O_NONBLOCK);
    expect(guest.call(read, r, BUFFER, 10)).toBe(-EAGAIN);
    const [blocking] = pipe();
    expect(guest.start(read, blocking, BUFFER, 10).resume('signal').result).toBe(-ERESTARTSYS);
  });

  it('a file is kept open while somebody waits on it', () => {
    const [r, w] = pipe();
    const waiting = guest.start(read, r, BUFFER, 10);
    guest.call(close, r);
    expect(put(w, 'x')).toBe(1);
    guest.settle();
    expect(waiting.result).toBe(1);
    expect(put(w, 'x')).toBe(-EPIPE);
  });

  it('a blocking write goes on until all is written; a signal leaves the count', () => {
    const [r, w] = pipe();
    const writing = guest.start(write, w, BUFFER, PIPE_SIZE + 5000);
    expect(writing.result).toBe(undefined);
    guest.call(read, r, BUFFER, 8192);
    guest.settle();
    expect(writing.result).toBe(PIPE_SIZE + 5000);
    const cut = guest.start(write, w, BUFFER, PIPE_SIZE);
    expect(cut.resume('signal').result).toBe(8192 - 5000);
  });

  it('a write without readers is EPIPE and SIGPIPE', () => {
    const [r, w] = pipe();
    guest.call(close, r);
    expect(put(w, 'x')).toBe(-EPIPE);
    expect(guest.task.signals.pending.set.has(SIGPIPE)).toBe(true);
  });

  it('a buffer that ends early gives a short count, a bad one EFAULT', () => {
    const fd = file('0123456789');
    expect(guest.call(pread64, fd, END - 4, 10, 0)).toBe(4);
    expect(guest.text(END - 4, 4)).toBe('0123');
    expect(guest.call(pread64, fd, END, 10, 0)).toBe(-EFAULT);
    expect(guest.call(pread64, fd, 8, 10, 0)).toBe(-EFAULT);
    expect(guest.call(write, fd, END - 3, 10)).toBe(3);
    expect(guest.call(write, fd, 2 ** 46, 10)).toBe(-EFAULT);
    expect(guest.call(pread64, 77, 8, 10, 0)).toBe(-EBADF);
  });
});

describe('vectors', () => {
  it('fill parts in turn and stop at the end of the file', () => {
    const fd = file();
    expect(guest.call(writev, fd, IOV, vector('one', '', 'three'))).toBe(8);
    expect(guest.call(preadv, fd, IOV, vector(2, 0, 100), 1, 0)).toBe(7);
    expect([guest.text(BUFFER, 2), guest.text(BUFFER + 18, 5)]).toEqual(['ne', 'three']);
  });

  it('go through a pipe in one piece', () => {
    const [r, w] = pipe();
    expect(guest.call(writev, w, IOV, vector('ab', 'cde'))).toBe(5);
    expect(guest.call(readv, r, IOV, vector(1, 10))).toBe(5);
    expect([guest.text(BUFFER, 1), guest.text(BUFFER + 9, 4)]).toEqual(['a', 'bcde']);
  });

  it('check counts, lengths and positions', () => {
    const fd = file();
    const [r] = pipe();
    expect(guest.call(writev, fd, IOV, 1025)).toBe(-EINVAL);
    expect(guest.call(writev, fd, IOV, vector(-1))).toBe(-EINVAL);
    expect(guest.call(writev, fd, END - 8, 1)).toBe(-EFAULT);
    expect(guest.call(preadv, r, IOV, vector(1), 0, 0)).toBe(-ESPIPE);
    expect(guest.call(preadv, fd, IOV, vector(1), -1, 0)).toBe(-EINVAL);
    expect(guest.call(pwritev2, fd, IOV, vector('here'), -1, 0, 16)).toBe(4);
    expect(guest.call(writev, fd, IOV, 0)).toBe(0);
  });
});

describe('transfers', () => {
  it('sendfile waits until a pipe has taken everything', () => {
    const fd = file('x'.repeat(PIPE_SIZE + 100));
    guest.call(lseek, fd, 0, SEEK_SET);
    const [r, w] = pipe();
    const sending = guest.start(sendfile, w, fd, 0, PIPE_SIZE + 50);
    expect(sending.result).toBe(undefined);
    guest.call(read, r, BUFFER, PIPE_SIZE);
    guest.settle();
    expect(sending.result).toBe(PIPE_SIZE + 50);
    expect(get(fd)).toBe('x'.repeat(50));
  });

  it('sendfile with an offset leaves the position and stores the offset', () => {
    const fd = file('0123456789');
    const [r, w] = pipe();
    guest.task.memory.setLong(IOV, 3);
    expect(guest.call(sendfile, w, fd, IOV, 4)).toBe(4);
    expect([get(r), guest.task.memory.getLong(IOV), get(fd)]).toEqual(['3456', 7, '']);
  });

  it('copy_file_range takes the largest length for all that is left', () => {
    const fd = file('0123456789');
    const copy = guest.call(openat, AT_FDCWD, 'copy', O_CREAT | O_RDWR, 0o644);
    guest.task.memory.setLong(IOV, 4);
    expect(guest.call(copyFileRange, fd, IOV, copy, 0, 0x7fff_ffff_ffff_f000, 0)).toBe(6);
    expect(guest.call(copyFileRange, fd, IOV, copy, 0, 0x7fff_ffff_ffff_f000, 0)).toBe(0);
    expect(guest.call(copyFileRange, fd, IOV, copy, 0, 2 ** 64 - 1, 0)).toBe(-EOVERFLOW);
    guest.call(lseek, copy, 0, SEEK_SET);
    expect([get(copy), guest.task.memory.getLong(IOV)]).toEqual(['456789', 10]);
  });

  it('splice moves between pipes and files, tee copies', () => {
    const fd = file('0123456789');
    const [r, w] = pipe();
    const [r2, w2] = pipe();
    guest.task.memory.setLong(IOV, 2);
    expect(guest.call(splice, fd, IOV, w, 0, 5, 0)).toBe(5);
    expect(guest.call(tee, r, w2, 100, 0)).toBe(5);
    expect(get(r2)).toBe('23456');
    guest.task.memory.setLong(IOV, 8);
    expect(guest.call(splice, r, 0, fd, IOV, 100, 0)).toBe(5);
    expect(guest.call(pread64, fd, BUFFER, 100, 0)).toBe(13);
    expect(guest.text(BUFFER, 13)).toBe('0123456723456');
    expect(guest.call(splice, r, 0, w2, 0, 10, SPLICE_F_NONBLOCK)).toBe(-EAGAIN);
    expect(guest.call(splice, r, IOV, w2, 0, 10, 0)).toBe(-ESPIPE);
    const waiting = guest.start(splice, r, 0, w2, 0, 10, 0);
    guest.call(vmsplice, w, IOV, vector('user'), 0);
    guest.settle();
    expect([waiting.result, get(r2)]).toEqual([4, 'user']);
  });

  it('splice refuses at once what takes nothing, however long its pipe may stay empty', () => {
    const [r] = pipe();
    const events = guest.call(eventfd2, 0, 0);
    expect(guest.call(splice, r, 0, events, 0, 8, 0)).toBe(-EINVAL);
  });

  it('vmsplice waits for room, then moves what fits', () => {
    const [r, w] = pipe();
    expect(guest.call(vmsplice, w, IOV, vector(PIPE_SIZE, PIPE_SIZE), 0)).toBe(PIPE_SIZE);
    const waiting = guest.start(vmsplice, w, IOV, vector(PIPE_SIZE), 0);
    expect(waiting.result).toBe(undefined);
    expect(guest.call(vmsplice, w, IOV, 1, SPLICE_F_NONBLOCK)).toBe(-EAGAIN);
    guest.call(read, r, BUFFER, 5000);
    guest.settle();
    expect(waiting.result).toBe(5000);
  });
});
