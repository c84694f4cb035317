/** Sockets of two machines, joined by a wire: what passes between them is what programs of Linux see. */
import { describe, expect, it } from 'vitest';
import * as e from '../../../../../../core/kernel/abi/errno.ts';
import { IPPROTO_ICMP } from '../../../../../../core/kernel/abi/in.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../../../../../core/kernel/abi/poll.ts';
import { AF_INET, SHUT_WR, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM } from '../../../../../../core/kernel/abi/socket.ts';
import { lwip } from '../../../../../../core/kernel/lib/lwip/lib.ts';
import { posixSocket } from '../../../../../../core/kernel/lib/posix-socket/lib.ts';
import * as life from '../../../../../../core/kernel/lib/posix-socket/lifecycle.ts';
import { getsockopt, setsockopt } from '../../../../../../core/kernel/lib/posix-socket/options.ts';
import { recvfrom } from '../../../../../../core/kernel/lib/posix-socket/receive.ts';
import { sendto } from '../../../../../../core/kernel/lib/posix-socket/send.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';
import { netPair, settle, type TestStation } from '../../../../../support/net-pair.ts';

const ADDRESS = SCRATCH + 0x1000;
const LENGTH = SCRATCH + 0x1100;
const DATA = SCRATCH + 0x2000;
const BIG = 0x2_0000;
const PART = 0x4000;

/** A machine on the network 172.44.0.0/24. */
class Machine {
  readonly guest: TestGuest;
  readonly host: number;
  constructor(place: TestStation, host: number) {
    this.guest = new TestGuest({ libraries: [posixSocket, lwip], transport: place.station });
    this.host = host;
  }
  open(type = SOCK_STREAM, protocol = 0): number {
    return this.guest.call(life.socket, AF_INET, type, protocol);
  }
  address(host: number, port: number): number {
    this.guest.write(ADDRESS, [AF_INET, 0, port >> 8, port & 0xff, 172, 44, 0, host, 0, 0, 0, 0, 0, 0, 0, 0]);
    return ADDRESS;
  }
  listen(port: number, backlog = 5): number {
    const fd = this.open();
    this.guest.call(life.bind, fd, this.address(this.host, port), 16);
    this.guest.call(life.listen, fd, backlog);
    return fd;
  }
  connect(fd: number, host: number, port: number) {
    return this.guest.start(life.connect, fd, this.address(host, port), 16);
  }
  send(fd: number, text: string, host?: number, port = 0): number {
    this.guest.write(DATA, text);
    const address = host === undefined ? 0 : this.address(host, port);
    return this.guest.call(sendto, fd, DATA, text.length, 0x4040, address, 16);
  }
  receive(fd: number, len = 100): string | number {
    const count = this.guest.call(recvfrom, fd, DATA, len, 0x40, 0, 0);
    return count < 0 ? count : this.guest.text(DATA, count);
  }
  poll(fd: number): number {
    return this.guest.process.fds.require(fd).poll();
  }
  error(fd: number): number {
    this.guest.write(LENGTH, [4, 0, 0, 0]);
    this.guest.call(getsockopt, fd, 1, 4, DATA, LENGTH);
    return this.guest.u32(DATA);
  }
  close(fd: number): void {
    this.guest.process.fds.close(fd);
  }
}

function twoMachines() {
  const [a, b] = netPair();
  const client = new Machine(a, 2);
  const server = new Machine(b, 3);
  const exchange = (): void => {
    settle(a, b);
    client.guest.settle();
    server.guest.settle();
    settle(a, b);
    client.guest.settle();
  };
  const connected = () => {
    const listener = server.listen(80);
    const fd = client.open();
    const call = client.connect(fd, 3, 80);
    exchange();
    expect(call.result).toBe(0);
    const accepted = server.guest.call(life.accept, listener, ADDRESS, LENGTH);
    return { listener, fd, accepted };
  };
  return { client, server, exchange, connected };
}

describe('lwip between machines', () => {
  it('connects, tells both their names, carries bytes both ways', () => {
    const { client, server, exchange, connected } = twoMachines();
    server.guest.write(LENGTH, [16, 0, 0, 0]);
    const { fd, accepted } = connected();
    expect([...server.guest.text(ADDRESS + 4, 4)].map((c) => c.charCodeAt(0))).toEqual([172, 44, 0, 2]);
    expect(client.send(fd, 'question')).toBe(8);
    expect(server.poll(accepted)).toBe(POLLIN | POLLOUT);
    exchange();
    expect(server.receive(accepted)).toBe('question');
    expect(server.send(accepted, 'answer')).toBe(6);
    exchange();
    expect(client.receive(fd)).toBe('answer');
    expect(client.receive(fd)).toBe(-e.EAGAIN);
  });

  it('wakes a reader that waits, and tells of the end', () => {
    const { client, server, exchange, connected } = twoMachines();
    const { fd, accepted } = connected();
    const reading = server.guest.start(recvfrom, accepted, DATA, 10, 0, 0, 0);
    client.send(fd, 'late');
    expect(client.guest.call(life.shutdown, fd, SHUT_WR)).toBe(0);
    exchange();
    expect(reading.result).toBe(4);
    expect(server.poll(accepted)).toBe(POLLIN | POLLOUT | POLLRDHUP);
    expect(server.receive(accepted)).toBe('');
    expect(server.send(accepted, 'still')).toBe(5);
    server.close(accepted);
    exchange();
    expect(client.receive(fd)).toBe('still');
    expect(client.receive(fd)).toBe('');
    expect(client.poll(fd)).toBe(POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
  });

  it('refuses where nobody listens, and finds nobody where there is none', () => {
    const { client, exchange } = twoMachines();
    const refused = client.connect(client.open(), 3, 81);
    exchange();
    expect(refused.result).toBe(-e.ECONNREFUSED);
    expect(client.connect(client.open(), 9, 80).result).toBe(-e.EHOSTUNREACH);
    const fd = client.open(SOCK_STREAM | SOCK_NONBLOCK);
    expect(client.connect(fd, 3, 81).result).toBe(-e.EINPROGRESS);
    exchange();
    expect(client.poll(fd)).toBe(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
    expect(client.error(fd)).toBe(e.ECONNREFUSED);
  });

  it('resets a peer whose bytes nobody read', () => {
    const { client, server, exchange, connected } = twoMachines();
    const { fd, accepted } = connected();
    client.send(fd, 'unread');
    exchange();
    server.close(accepted);
    exchange();
    expect(client.receive(fd)).toBe(-e.ECONNRESET);
    expect(client.send(fd, 'x')).toBe(-e.EPIPE);
  });

  it('gives a connection that is over its peer all the same', () => {
    const { client, server, exchange } = twoMachines();
    const listener = server.listen(80);
    const fd = client.open(SOCK_STREAM | SOCK_NONBLOCK);
    client.connect(fd, 3, 80);
    exchange();
    // A reset, as SO_LINGER of 0 makes it.
    client.guest.write(DATA, [1, 0, 0, 0, 0, 0, 0, 0]);
    client.guest.call(setsockopt, fd, 1, 13, DATA, 8);
    client.close(fd);
    exchange();
    server.guest.write(LENGTH, [16, 0, 0, 0]);
    const accepted = server.guest.call(life.accept, listener, ADDRESS, LENGTH);
    expect(accepted).toBeGreaterThan(0);
    expect([...server.guest.text(ADDRESS + 4, 4)].map((c) => c.charCodeAt(0))).toEqual([172, 44, 0, 2]);
    expect(server.guest.call(life.getpeername, accepted, ADDRESS, LENGTH)).toBe(-e.ENOTCONN);
  });

  it('holds back less than a segment while corked or more is to come, 200 ms at most', () => {
    const { client, server, exchange, connected } = twoMachines();
    const { fd, accepted } = connected();
    const option = (name: number, value: number): void => {
      client.guest.write(DATA, [value, 0, 0, 0]);
      client.guest.call(setsockopt, fd, 6, name, DATA, 4);
      exchange();
    };
    const [TCP_NODELAY, TCP_CORK, MSG_MORE] = [1, 3, 0x8000];
    const sendMore = (text: string): void => {
      client.guest.write(DATA, text);
      client.guest.call(sendto, fd, DATA, text.length, MSG_MORE, 0, 0);
      exchange();
    };
    const got: (string | number)[] = [];
    const look = (): void => void got.push(server.receive(accepted, 4000));
    option(TCP_CORK, 1);
    client.send(fd, 'head ');
    look();
    client.send(fd, 'body');
    option(TCP_CORK, 0);
    look();
    sendMore('more ');
    look();
    client.send(fd, 'and all');
    look();
    sendMore('late');
    client.guest.advanceNs(199e6);
    look();
    client.guest.advanceNs(1e6);
    look();
    sendMore('pushed');
    option(TCP_NODELAY, 1);
    look();
    sendMore('x'.repeat(1448));
    look();
    sendMore('last');
    client.close(fd);
    exchange();
    look();
    look();
    const none = -e.EAGAIN;
    const whole = ['head body', none, 'more and all', none, 'late', 'pushed', 'x'.repeat(1448), 'last', ''];
    expect(got).toEqual([none, ...whole]);
  });

  it('holds a sender back while nobody reads', () => {
    const { client, server, exchange, connected } = twoMachines();
    const { fd, accepted } = connected();
    const chunk = 'x'.repeat(BIG);
    let sent = 0;
    for (let count = client.send(fd, chunk); count > 0; count = client.send(fd, chunk)) sent += count;
    expect(client.send(fd, 'x')).toBe(-e.EAGAIN);
    expect(client.poll(fd)).toBe(0);
    let received = 0;
    for (let part = server.receive(accepted, PART); typeof part === 'string'; part = server.receive(accepted, PART))
      received += part.length;
    expect(received).toBe(sent);
    exchange();
    expect(client.poll(fd)).toBe(POLLOUT);
  });

  it('keeps connections asking while the queue is full', () => {
    const { client, server, exchange } = twoMachines();
    const listener = server.listen(80, 0);
    const calls = [1, 2, 3].map(() => client.connect(client.open(), 3, 80));
    exchange();
    expect(calls.map(({ result }) => result)).toEqual([0, undefined, undefined]);
    server.guest.call(life.accept, listener, 0, 0);
    exchange();
    expect(calls.map(({ result }) => result)).toEqual([0, 0, undefined]);
    server.close(listener);
    exchange();
    expect(calls[2]!.result).toBe(-e.ECONNREFUSED);
  });

  it('carries datagrams, and tells a connected sender that nobody has the port', () => {
    const { client, server, exchange } = twoMachines();
    const receiver = server.open(SOCK_DGRAM);
    server.guest.call(life.bind, receiver, server.address(3, 53), 16);
    const sender = client.open(SOCK_DGRAM);
    expect(client.send(sender, 'ask', 3, 53)).toBe(3);
    exchange();
    expect(server.receive(receiver)).toBe('ask');
    const other = client.open(SOCK_DGRAM);
    client.connect(other, 3, 54);
    expect(client.send(other, 'ask')).toBe(3);
    exchange();
    expect(client.receive(other)).toBe(-e.ECONNREFUSED);
  });

  it('pings', () => {
    const { client, exchange } = twoMachines();
    const fd = client.open(SOCK_DGRAM, IPPROTO_ICMP);
    expect(client.send(fd, '\x08\0\0\0\0\0\0\x01ping', 3, 0)).toBe(12);
    exchange();
    const reply = client.receive(fd) as string;
    expect([reply.charCodeAt(0), reply.slice(6)]).toEqual([0, '\0\x01ping']);
  });
});
