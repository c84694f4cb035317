import { describe, expect, it } from 'vitest';
import { EAGAIN, EBUSY, EPIPE } from '../../../../../../core/kernel/abi/errno.ts';
import { FIONREAD, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../../../../../../core/kernel/abi/poll.ts';
import { S_IFIFO, S_IFMT } from '../../../../../../core/kernel/abi/stat.ts';
import { createPipe, openFifo } from '../../../../../../core/kernel/lib/posix-pipe/fifo.ts';
import type { PipeFile } from '../../../../../../core/kernel/lib/posix-pipe/pipe.ts';
import { pipe2 } from '../../../../../../core/kernel/lib/posix-pipe/syscalls.ts';
import { OpenFile } from '../../../../../../core/kernel/vfs/open-file.ts';
import type { PendingOpen } from '../../../../../../core/kernel/vfs/special.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const bytes = (len: number, value = 7): Uint8Array => new Uint8Array(len).fill(value);

function makePipe(flags = 0): { guest: TestGuest; reader: PipeFile; writer: PipeFile } {
  const guest = new TestGuest();
  const [reader, writer] = createPipe(guest.task, flags);
  return { guest, reader, writer };
}

describe('pipe', () => {
  it('passes bytes in order and shows how many wait', () => {
    const { guest, reader, writer } = makePipe();
    writer.write(Uint8Array.from([1, 2, 3]));
    writer.write(Uint8Array.from([4]));
    reader.ioctl(guest.task, FIONREAD, SCRATCH);
    const into = new Uint8Array(8);
    expect([guest.u32(SCRATCH), reader.read(into), [...into.subarray(0, 4)]]).toEqual([4, 4, [1, 2, 3, 4]]);
    expect(reader.read(into)).toBe(-EAGAIN);
  });

  it('writes up to PIPE_BUF whole or not at all, more in part', () => {
    const { reader, writer } = makePipe();
    expect(writer.write(bytes(65536 - 100))).toBe(65436);
    expect(writer.poll()).toBe(0);
    expect([writer.write(bytes(101)), writer.write(bytes(5000)), writer.write(bytes(1))]).toEqual([
      -EAGAIN,
      100,
      -EAGAIN,
    ]);
    reader.read(bytes(4095));
    expect(writer.poll()).toBe(0);
    reader.read(bytes(1));
    expect(writer.poll()).toBe(POLLOUT);
  });

  it('ends for readers when the writer is gone, and breaks for writers when the reader is', () => {
    const first = makePipe();
    first.writer.write(bytes(2));
    first.writer.drop();
    expect(first.reader.poll()).toBe(POLLIN | POLLHUP);
    expect([first.reader.read(bytes(9)), first.reader.read(bytes(9))]).toEqual([2, 0]);
    const second = makePipe();
    second.reader.drop();
    expect([second.writer.poll(), second.writer.write(bytes(1))]).toEqual([POLLOUT | POLLERR, -EPIPE]);
  });

  it('keeps packets apart with O_DIRECT', () => {
    const { reader, writer } = makePipe(O_DIRECT);
    writer.write(bytes(10, 1));
    writer.write(bytes(5000, 2));
    expect([reader.read(bytes(4)), reader.read(bytes(9999)), reader.read(bytes(9999))]).toEqual([4, 4096, 904]);
  });

  it('changes its capacity to a power of two that holds what is in it', () => {
    const { guest, reader, writer } = makePipe();
    writer.write(bytes(5000));
    expect(reader.setPipeSize(guest.task, 4096)).toBe(-EBUSY);
    expect(reader.setPipeSize(guest.task, 5000)).toBe(8192);
    expect(writer.pipeSize()).toBe(8192);
  });

  it('gives descriptors of a FIFO inode', () => {
    const guest = new TestGuest();
    expect(guest.call(pipe2, SCRATCH, O_NONBLOCK)).toBe(0);
    const file = guest.process.fds.require(guest.u32(SCRATCH));
    expect([guest.u32(SCRATCH), guest.u32(SCRATCH + 4), file.stat().mode & S_IFMT]).toEqual([0, 1, S_IFIFO]);
  });
});

describe('FIFO', () => {
  it('makes a reader wait for a writer, and lets both have it', () => {
    const guest = new TestGuest();
    const inode = guest.kernel.mounts.root.inode.create('fifo', S_IFIFO | 0o600, 0, 0, 0);
    const pending = openFifo(guest.task, inode, O_RDONLY) as PendingOpen;
    expect(pending.isReady()).toBe(false);
    const writer = openFifo(guest.task, inode, O_WRONLY) as OpenFile;
    expect([writer instanceof OpenFile, pending.isReady()]).toEqual([true, true]);
    writer.write(bytes(3), -1);
    expect(pending.file.read(bytes(5), -1)).toBe(3);
  });

  it('refuses a non-blocking writer without reader, and shows no hang-up before the first writer', () => {
    const guest = new TestGuest();
    const inode = guest.kernel.mounts.root.inode.create('fifo', S_IFIFO | 0o600, 0, 0, 0);
    expect(() => openFifo(guest.task, inode, O_WRONLY | O_NONBLOCK)).toThrow('ENXIO');
    const reader = openFifo(guest.task, inode, O_RDONLY | O_NONBLOCK) as OpenFile;
    expect([reader.poll(), reader.read(bytes(1), -1)]).toEqual([0, 0]);
    (openFifo(guest.task, inode, O_WRONLY | O_NONBLOCK) as OpenFile).drop();
    expect(reader.poll()).toBe(POLLHUP);
  });
});
