import { describe, expect, it } from 'vitest';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLONESHOT,
} from '../../../../../../core/kernel/abi/epoll.ts';
import { EBADF, EEXIST, EINTR, EINVAL, ELOOP, EPERM, ERESTARTNOHAND } from '../../../../../../core/kernel/abi/errno.ts';
import { O_RDONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../../../../../../core/kernel/abi/poll.ts';
import { SIGUSR1 } from '../../../../../../core/kernel/abi/signal.ts';
import { createPipe } from '../../../../../../core/kernel/lib/posix-pipe/fifo.ts';
import { epollCreate1, epollCtl, epollPwait, epollWait } from '../../../../../../core/kernel/lib/posix-poll/epoll.ts';
import { poll, ppoll } from '../../../../../../core/kernel/lib/posix-poll/poll.ts';
import { select } from '../../../../../../core/kernel/lib/posix-poll/select.ts';
import { fromKernel, sendToTask } from '../../../../../../core/kernel/lib/uksignal/send.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const EVENTS = SCRATCH + 0x1000;
const MASK = SCRATCH + 0x2000;
const TIME = SCRATCH + 0x3000;

/** A guest with a pipe on descriptors 0 (reading) and 1 (writing). */
function withPipe() {
  const guest = new TestGuest();
  const [reader, writer] = createPipe(guest.task, 0);
  guest.process.fds.install(reader);
  guest.process.fds.install(writer);
  return { guest, reader, writer };
}

function pollFds(guest: TestGuest, fds: readonly (readonly [fd: number, events: number])[]): void {
  fds.forEach(([fd, events], i) => {
    guest.task.memory.setU32(SCRATCH + i * 8, fd);
    guest.task.memory.setU32(SCRATCH + i * 8 + 4, events);
  });
}
const revents = (guest: TestGuest, index: number): number => guest.u32(SCRATCH + index * 8 + 4) >>> 16;

describe('poll', () => {
  it('reports what is ready, what is closed, and leaves negative descriptors alone', () => {
    const { guest, writer } = withPipe();
    writer.write(Uint8Array.of(1));
    pollFds(guest, [
      [0, POLLIN],
      [1, POLLOUT],
      [-1, POLLIN],
      [9, POLLIN],
    ]);
    expect(guest.call(poll, SCRATCH, 4, -1)).toBe(3);
    expect([0, 1, 2, 3].map((i) => revents(guest, i))).toEqual([POLLIN, POLLOUT, 0, POLLNVAL]);
  });

  it('waits until a file becomes ready, or the time is over', () => {
    const { guest, writer } = withPipe();
    pollFds(guest, [[0, POLLIN]]);
    const first = guest.start(poll, SCRATCH, 1, 50);
    writer.drop();
    expect([first.settle().result, revents(guest, 0)]).toEqual([1, POLLHUP]);
    const other = withPipe();
    pollFds(other.guest, [[0, POLLIN]]);
    const second = other.guest.start(poll, SCRATCH, 1, 50);
    other.guest.advanceNs(50e6);
    expect(second.result).toBe(0);
  });

  it('waits with the mask of ppoll, leaves it to signal delivery when interrupted, and writes the time left', () => {
    const { guest } = withPipe();
    const { task } = guest;
    task.signals.mask.add(SIGUSR1);
    task.process.signals.actions[SIGUSR1]!.handler = 0x1234;
    pollFds(guest, [[0, POLLIN]]);
    guest.write(MASK, [0, 0, 0, 0, 0, 0, 0, 0]);
    task.memory.setLong(TIME, 2);
    task.memory.setLong(TIME + 8, 0);
    const call = guest.start(ppoll, SCRATCH, 1, TIME, MASK, 8);
    guest.advanceNs(5e8);
    sendToTask(task, SIGUSR1, fromKernel);
    expect([call.result, task.signals.mask.has(SIGUSR1), task.signals.savedMask?.has(SIGUSR1)]).toEqual([
      -ERESTARTNOHAND,
      false,
      true,
    ]);
    expect([task.memory.getLong(TIME), task.memory.getLong(TIME + 8)]).toEqual([1, 5e8]);
    expect(guest.call(ppoll, SCRATCH, 1, TIME, MASK, 4)).toBe(-EINVAL);
  });
});

describe('select', () => {
  it('counts bits of all sets and clears those not ready', () => {
    const { guest, writer } = withPipe();
    writer.write(Uint8Array.of(1));
    guest.task.memory.setLong(SCRATCH, 0b11);
    guest.task.memory.setLong(EVENTS, 0b10);
    expect(guest.call(select, 2, SCRATCH, EVENTS, 0, 0)).toBe(2);
    expect([guest.u32(SCRATCH), guest.u32(EVENTS)]).toEqual([0b01, 0b10]);
  });

  it('refuses descriptors that are not open', () => {
    const { guest } = withPipe();
    guest.task.memory.setLong(SCRATCH, 0b10000);
    expect(guest.call(select, 5, SCRATCH, 0, 0, 0)).toBe(-EBADF);
  });
});

/** An epoll instance on descriptor 2 that watches the pipe's reading end with the events. */
function withEpoll(events: number) {
  const all = withPipe();
  all.guest.call(epollCreate1, 0);
  control(all.guest, 2, EPOLL_CTL_ADD, 0, events);
  return all;
}
function control(guest: TestGuest, epfd: number, op: number, fd: number, events: number): number {
  guest.task.memory.setU32(SCRATCH, events);
  guest.task.memory.setU32(SCRATCH + 4, fd + 100);
  guest.task.memory.setU32(SCRATCH + 8, 0xabcd);
  return guest.call(epollCtl, epfd, op, fd, SCRATCH);
}
const wait = (guest: TestGuest, epfd = 2): number => guest.call(epollWait, epfd, EVENTS, 8, 0);

describe('epoll', () => {
  it('reports level-triggered files until they are not ready any more, with the data given', () => {
    const { guest, reader, writer } = withEpoll(POLLIN);
    expect(wait(guest)).toBe(0);
    writer.write(Uint8Array.of(1, 2));
    expect([wait(guest), guest.u32(EVENTS), guest.u32(EVENTS + 4), guest.u32(EVENTS + 8)]).toEqual([
      1,
      POLLIN,
      100,
      0xabcd,
    ]);
    reader.read(new Uint8Array(1));
    expect(wait(guest)).toBe(1);
    reader.read(new Uint8Array(1));
    expect(wait(guest)).toBe(0);
  });

  it('reports edge-triggered files once for each event of the kind asked for', () => {
    const { guest, reader, writer } = withEpoll(POLLIN | EPOLLET);
    writer.write(new Uint8Array(65536));
    expect([wait(guest), wait(guest)]).toEqual([1, 0]);
    reader.read(new Uint8Array(60000));
    expect(wait(guest)).toBe(0);
    writer.write(Uint8Array.of(3));
    expect([wait(guest), wait(guest)]).toEqual([1, 0]);
  });

  it('disarms one-shot files until they are modified', () => {
    const { guest, writer } = withEpoll(POLLIN | EPOLLONESHOT);
    writer.write(Uint8Array.of(1));
    expect([wait(guest), wait(guest)]).toEqual([1, 0]);
    expect([control(guest, 2, EPOLL_CTL_MOD, 0, POLLIN), wait(guest)]).toEqual([0, 1]);
  });

  it('wakes a waiting task, and ends its wait with EINTR for a signal', () => {
    const { guest, writer } = withEpoll(POLLIN);
    const first = guest.start(epollWait, 2, EVENTS, 8, -1);
    writer.write(Uint8Array.of(1));
    expect(first.settle().result).toBe(1);
    control(guest, 2, EPOLL_CTL_DEL, 0, 0);
    expect(guest.start(epollPwait, 2, EVENTS, 8, -1, 0, 8).resume('signal').result).toBe(-EINTR);
  });

  it('forgets a file at its last close', () => {
    const { guest, reader, writer } = withEpoll(POLLIN);
    writer.write(Uint8Array.of(1));
    const copy = guest.process.fds.install(reader.retain());
    guest.process.fds.close(0);
    expect(wait(guest)).toBe(1);
    guest.process.fds.close(copy);
    expect(wait(guest)).toBe(0);
  });

  it('nests, and refuses loops', () => {
    const { guest, writer } = withEpoll(POLLIN);
    const outer = guest.call(epollCreate1, 0);
    expect(control(guest, outer, EPOLL_CTL_ADD, 2, POLLIN)).toBe(0);
    expect(control(guest, 2, EPOLL_CTL_ADD, outer, POLLIN)).toBe(-ELOOP);
    const pending = guest.start(epollWait, outer, EVENTS, 8, -1);
    writer.write(Uint8Array.of(1));
    expect([pending.settle().result, wait(guest)]).toEqual([1, 1]);
  });

  it('refuses what it cannot watch, itself, and doubles', () => {
    const { guest } = withEpoll(POLLIN);
    const regular = guest.kernel.mounts.root.inode.create('f', 0o100644, 0, 0, 0).open(O_RDONLY);
    const fd = guest.process.fds.install(regular);
    expect([fd, 2, 0, 99].map((each) => control(guest, 2, EPOLL_CTL_ADD, each, POLLIN))).toEqual([
      -EPERM,
      -EINVAL,
      -EEXIST,
      -EBADF,
    ]);
  });

  it('shares few slots fairly among ready files', () => {
    const { guest, writer } = withEpoll(POLLIN);
    const [reader2, writer2] = createPipe(guest.task, 0);
    const fd = guest.process.fds.install(reader2);
    control(guest, 2, EPOLL_CTL_ADD, fd, POLLIN);
    writer.write(Uint8Array.of(1));
    writer2.write(Uint8Array.of(1));
    const seen = [0, 1, 2, 3].map(() => {
      guest.call(epollWait, 2, EVENTS, 1, 0);
      return guest.u32(EVENTS + 4) - 100;
    });
    expect(seen).toEqual([0, fd, 0, fd]);
  });
});
