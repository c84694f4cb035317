import { describe, expect, it } from 'vitest';
import * as e from '../../../../../../core/kernel/abi/errno.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../../../../../core/kernel/abi/poll.ts';
import { SIGPIPE } from '../../../../../../core/kernel/abi/signal.ts';
import * as s from '../../../../../../core/kernel/abi/socket.ts';
import { S_IFMT, S_IFSOCK } from '../../../../../../core/kernel/abi/stat.ts';
import { EventFile } from '../../../../../../core/kernel/lib/posix-eventfd/eventfd.ts';
import { posixSocket } from '../../../../../../core/kernel/lib/posix-socket/lib.ts';
import * as life from '../../../../../../core/kernel/lib/posix-socket/lifecycle.ts';
import { getsockopt, setsockopt } from '../../../../../../core/kernel/lib/posix-socket/options.ts';
import { recvfrom, recvmsg } from '../../../../../../core/kernel/lib/posix-socket/receive.ts';
import { sendmsg, sendto } from '../../../../../../core/kernel/lib/posix-socket/send.ts';
import { posixUnixsocket } from '../../../../../../core/kernel/lib/posix-unixsocket/lib.ts';
import { resolvePath } from '../../../../../../core/kernel/vfs/lookup.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const DATA = SCRATCH + 0x1000;
const BIG = SCRATCH + 0x8000;
const ADDRESS = SCRATCH + 0x2000;
const HEADER = SCRATCH + 0x3000;
const CONTROL = SCRATCH + 0x4000;

class Sockets {
  readonly guest = new TestGuest({ libraries: [posixSocket, posixUnixsocket] });

  pair(type: number): [number, number] {
    expect(this.guest.call(life.socketpair, s.AF_UNIX, type, 0, SCRATCH)).toBe(0);
    return [this.guest.u32(SCRATCH), this.guest.u32(SCRATCH + 4)];
  }
  open(type = s.SOCK_STREAM): number {
    return this.guest.call(life.socket, s.AF_UNIX, type, 0);
  }
  /** Writes a sockaddr_un and returns its length. */
  address(name: string): number {
    this.guest.write(ADDRESS, `\x01\x00${name}`);
    return 2 + name.length;
  }
  bind(fd: number, name: string): number {
    return this.guest.call(life.bind, fd, ADDRESS, this.address(name));
  }
  connect(fd: number, name: string): number {
    return this.guest.call(life.connect, fd, ADDRESS, this.address(name));
  }
  send(fd: number, text: string, flags = 0): number {
    this.guest.write(DATA, text);
    return this.guest.call(sendto, fd, DATA, text.length, flags, 0, 0);
  }
  receive(fd: number, len = 100, flags = s.MSG_DONTWAIT): string | number {
    const count = this.guest.call(recvfrom, fd, DATA, len, flags, 0, 0);
    return count < 0 ? count : this.guest.text(DATA, Math.min(count, len));
  }
  poll(fd: number): number {
    return this.guest.process.fds.require(fd).poll();
  }
  /** Fills in a msghdr with one buffer at DATA and a control buffer. */
  header(len: number, controlLen: number): void {
    const { memory } = this.guest.task;
    memory.setLong(SCRATCH, DATA);
    memory.setLong(SCRATCH + 8, len);
    [0, 0, SCRATCH, 1, CONTROL, controlLen, 0].forEach((word, i) => {
      memory.setLong(HEADER + i * 8, word);
    });
  }
}

describe('socketpair', () => {
  it('carries a stream both ways, and ends it', () => {
    const sockets = new Sockets();
    const [a, b] = sockets.pair(s.SOCK_STREAM);
    sockets.send(a, 'hel');
    sockets.send(a, 'lo');
    expect([sockets.receive(b, 4), sockets.receive(b), sockets.receive(b)]).toEqual(['hell', 'o', -e.EAGAIN]);
    sockets.guest.process.fds.close(a);
    expect([sockets.receive(b), sockets.poll(b)]).toEqual(['', POLLIN | POLLOUT | POLLHUP | POLLRDHUP]);
    expect([sockets.send(b, 'x', s.MSG_NOSIGNAL), sockets.send(b, 'x')]).toEqual([-e.EPIPE, -e.EPIPE]);
    expect(sockets.guest.task.signals.pending.set.has(SIGPIPE)).toBe(true);
  });

  it('keeps messages whole for datagrams and sequenced packets', () => {
    const sockets = new Sockets();
    for (const type of [s.SOCK_DGRAM, s.SOCK_SEQPACKET]) {
      const [a, b] = sockets.pair(type);
      sockets.send(a, 'one');
      sockets.send(a, 'two');
      expect([sockets.receive(b, 100, s.MSG_PEEK), sockets.receive(b, 2), sockets.receive(b)]).toEqual([
        'one',
        'on',
        'two',
      ]);
      sockets.send(b, 'longer');
      expect(sockets.guest.call(recvfrom, a, DATA, 3, s.MSG_TRUNC, 0, 0)).toBe(6);
    }
  });

  it('makes a writer wait until the reader has taken half', () => {
    const sockets = new Sockets();
    const { guest } = sockets;
    const [a, b] = sockets.pair(s.SOCK_STREAM);
    const len = 0x2_0000;
    guest.call(sendto, a, BIG, len, 0, 0, 0);
    const pending = guest.start(sendto, a, BIG, len, 0, 0, 0);
    expect([pending.result, sockets.poll(a) & POLLOUT]).toEqual([undefined, 0]);
    guest.call(recvfrom, b, BIG, len, 0, 0, 0);
    expect([pending.settle().result, sockets.poll(a) & POLLOUT]).toEqual([len, 0]);
    guest.call(recvfrom, b, BIG, len, s.MSG_WAITALL, 0, 0);
    expect(sockets.poll(a) & POLLOUT).toBe(POLLOUT);
  });

  it('waits for all with MSG_WAITALL', () => {
    const sockets = new Sockets();
    const [a, b] = sockets.pair(s.SOCK_STREAM);
    const pending = sockets.guest.start(recvfrom, b, DATA + 0x100, 6, s.MSG_WAITALL, 0, 0);
    sockets.send(a, 'abc');
    expect(pending.settle().result).toBe(undefined);
    sockets.send(a, 'def');
    expect([pending.settle().result, sockets.guest.text(DATA + 0x100, 6)]).toEqual([6, 'abcdef']);
  });

  it('passes descriptors and credentials', () => {
    const sockets = new Sockets();
    const { guest } = sockets;
    const { memory } = guest.task;
    const [a, b] = sockets.pair(s.SOCK_STREAM);
    const file = new EventFile(2, 0, false);
    const fd = guest.process.fds.install(file);
    memory.setU32(SCRATCH, 1);
    guest.call(setsockopt, b, s.SOL_SOCKET, s.SO_PASSCRED, SCRATCH, 4);
    sockets.send(a, 'before');
    guest.write(DATA, 'with');
    sockets.header(4, 24);
    memory.setLong(CONTROL, 20);
    memory.setU32(CONTROL + 8, s.SOL_SOCKET);
    memory.setU32(CONTROL + 12, s.SCM_RIGHTS);
    memory.setU32(CONTROL + 16, fd);
    expect(guest.call(sendmsg, a, HEADER, 0)).toBe(4);
    guest.process.fds.close(fd);
    expect(sockets.receive(b)).toBe('before');
    sockets.header(100, 100);
    expect(guest.call(recvmsg, b, HEADER, s.MSG_CMSG_CLOEXEC)).toBe(4);
    expect([0, 12, 16].map((at) => guest.u32(CONTROL + at))).toEqual([28, s.SCM_CREDENTIALS, guest.process.pid]);
    const received = guest.u32(CONTROL + 32 + 16);
    expect([guest.u32(CONTROL + 32), guest.u32(CONTROL + 32 + 12), memory.getLong(HEADER + 40)]).toEqual([
      20,
      s.SCM_RIGHTS,
      56,
    ]);
    expect([guest.process.fds.get(received), guest.process.fds.isCloseOnExec(received)]).toEqual([file, true]);
  });

  it('says so when the control buffer is too small, and closes what did not fit', () => {
    const sockets = new Sockets();
    const { guest } = sockets;
    const { memory } = guest.task;
    const [a, b] = sockets.pair(s.SOCK_DGRAM);
    sockets.header(1, 24);
    memory.setLong(CONTROL, 20);
    memory.setU32(CONTROL + 8, s.SOL_SOCKET);
    memory.setU32(CONTROL + 12, s.SCM_RIGHTS);
    memory.setU32(CONTROL + 16, a);
    guest.call(sendmsg, a, HEADER, 0);
    sockets.header(1, 16);
    const before = [...guest.process.fds.entries()].length;
    guest.call(recvmsg, b, HEADER, 0);
    expect([guest.u32(HEADER + 48), [...guest.process.fds.entries()].length]).toEqual([s.MSG_CTRUNC, before]);
  });
});

describe('unix sockets with names', () => {
  it('connect through a path, which is a node of the file system', () => {
    const sockets = new Sockets();
    const { guest } = sockets;
    const server = sockets.open();
    const client = sockets.open();
    expect([sockets.connect(client, '/s'), sockets.bind(server, '/s'), sockets.connect(client, '/s')]).toEqual([
      -e.ENOENT,
      0,
      -e.ECONNREFUSED,
    ]);
    expect(resolvePath(guest.task, -100, '/s').inode.stat().mode & S_IFMT).toBe(S_IFSOCK);
    expect(sockets.bind(sockets.open(), '/s')).toBe(-e.EADDRINUSE);
    guest.call(life.listen, server, 5);
    const pending = guest.start(life.accept, server, 0, 0);
    expect(sockets.connect(client, '/s')).toBe(0);
    const accepted = pending.settle().result!;
    sockets.send(client, 'hi');
    expect(sockets.receive(accepted)).toBe('hi');
    guest.task.memory.setU32(SCRATCH, 100);
    guest.call(life.getpeername, client, ADDRESS, SCRATCH);
    expect([guest.u32(SCRATCH), guest.text(ADDRESS, 5)]).toEqual([5, '\x01\x00/s\x00']);
    guest.task.memory.setU32(SCRATCH, 12);
    guest.call(getsockopt, client, s.SOL_SOCKET, s.SO_PEERCRED, DATA, SCRATCH);
    expect([guest.u32(DATA), guest.u32(DATA + 4)]).toEqual([guest.process.pid, 0]);
  });

  it('have abstract names, which end with the socket', () => {
    const sockets = new Sockets();
    const server = sockets.open();
    sockets.bind(server, '\0name');
    sockets.guest.call(life.listen, server, 0);
    expect(sockets.connect(sockets.open(), '\0name')).toBe(0);
    sockets.guest.process.fds.close(server);
    expect(sockets.connect(sockets.open(), '\0name')).toBe(-e.ECONNREFUSED);
  });

  it('make connections beyond the backlog wait', () => {
    const sockets = new Sockets();
    const server = sockets.open();
    sockets.bind(server, '\0b');
    sockets.guest.call(life.listen, server, 0);
    sockets.connect(sockets.open(), '\0b');
    const second = sockets.guest.start(life.connect, sockets.open(), ADDRESS, sockets.address('\0b'));
    expect(second.result).toBe(undefined);
    sockets.guest.call(life.accept, server, 0, 0);
    expect(second.settle().result).toBe(0);
  });

  it('send datagrams to a name and tell who sent them', () => {
    const sockets = new Sockets();
    const { guest } = sockets;
    const server = sockets.open(s.SOCK_DGRAM);
    const client = sockets.open(s.SOCK_DGRAM);
    sockets.bind(server, '\0srv');
    sockets.bind(client, '\0cli');
    guest.write(DATA, 'msg');
    expect(guest.call(sendto, client, DATA, 3, 0, ADDRESS, sockets.address('\0srv'))).toBe(3);
    guest.task.memory.setU32(SCRATCH, 100);
    expect(guest.call(recvfrom, server, DATA, 10, 0, ADDRESS, SCRATCH)).toBe(3);
    expect([guest.u32(SCRATCH), guest.text(ADDRESS, 6)]).toEqual([6, '\x01\x00\0cli']);
  });
});

describe('socket', () => {
  it('refuses families that no library serves', () => {
    const { guest } = new Sockets();
    expect(guest.call(life.socket, s.AF_INET, s.SOCK_STREAM, 0)).toBe(-e.EAFNOSUPPORT);
    expect(guest.call(life.socket, s.AF_UNIX, s.SOCK_STREAM, 99)).toBe(-e.EPROTONOSUPPORT);
    guest.process.fds.install(new EventFile(2, 0, false));
    expect(guest.start(life.listen, 0, 1).result).toBe(-e.ENOTSOCK);
  });
});
