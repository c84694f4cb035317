/** A socket whose stream fills up, with a reader that is faster than the question for room. */
import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../../../../../core/kernel/abi/errno.ts';
import { POLLOUT } from '../../../../../../core/kernel/abi/poll.ts';
import { AF_INET, SOCK_STREAM } from '../../../../../../core/kernel/abi/socket.ts';
import { lwip } from '../../../../../../core/kernel/lib/lwip/lib.ts';
import { posixSocket } from '../../../../../../core/kernel/lib/posix-socket/lib.ts';
import * as life from '../../../../../../core/kernel/lib/posix-socket/lifecycle.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';
import { netPair } from '../../../../../support/net-pair.ts';

/** A socket on a stream that takes `rooms[i]` bytes at its i-th send and never has to wait. */
function socketOn(rooms: number[]) {
  const [{ station }] = netPair();
  const open = { state: 'open', available: 0, hasPeerEnded: false, capacity: 100, close: () => {} };
  const stream = { ...open, room: 100, wantRoom: () => false, send: () => rooms.shift() ?? 0, onChange: undefined };
  station.connect = () => stream as never;
  const guest = new TestGuest({ libraries: [posixSocket, lwip], transport: station });
  const fd = guest.call(life.socket, AF_INET, SOCK_STREAM, 0);
  guest.write(SCRATCH, [AF_INET, 0, 0, 80, 172, 44, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(guest.call(life.connect, fd, SCRATCH, 16)).toBe(0);
  const file = guest.process.fds.require(fd);
  const told: number[] = [];
  file.queue.add({ wake: (_queue, events) => told.push(events) });
  return { file, told, stream };
}

describe('TcpSocket', () => {
  it('tries again when there was no room and is some now', () => {
    const { file, told } = socketOn([0, 7]);
    expect([file.write(new Uint8Array(7), -1), told]).toEqual([7, []]);
  });

  it('tells at once of room that came behind a send in part', () => {
    const { file, told } = socketOn([3]);
    expect([file.write(new Uint8Array(7), -1), told]).toEqual([3, [POLLOUT]]);
  });

  it('waits when its stream does', () => {
    const { file, stream, told } = socketOn([0]);
    stream.wantRoom = () => true;
    expect([file.write(new Uint8Array(7), -1), told]).toEqual([-EAGAIN, []]);
  });
});
