/** The two ends of a connection within one machine. */
import { describe, expect, it } from 'vitest';
import { POLLIN, POLLOUT, POLLPRI } from '../../../../../../core/kernel/abi/poll.ts';
import { LocalStream } from '../../../../../../core/kernel/lib/lwip/local-stream.ts';
import { LOOPBACK4 } from '../../../../../../core/net/address.ts';
import { LinkCounters } from '../../../../../../core/net/stack.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function open() {
  const counters = new LinkCounters();
  const [client, server] = LocalStream.pair({ host: LOOPBACK4, port: 1 }, { host: LOOPBACK4, port: 2 }, counters);
  server.accept();
  const told: (number | undefined)[] = [];
  return { client, server, counters, told };
}

function take(stream: LocalStream, len = 100): string {
  const into = new Uint8Array(len);
  return String.fromCharCode(...into.subarray(0, stream.receive(into)));
}

describe('LocalStream', () => {
  it('opens both ends when one accepts, and carries bytes', () => {
    const { client, server, counters, told } = open();
    server.onChange = (events) => told.push(events);
    expect([client.state, server.state]).toEqual(['open', 'open']);
    expect(client.send(bytes('hello'))).toBe(5);
    expect(told).toEqual([POLLIN]);
    expect(take(server, 2) + take(server)).toBe('hello');
    expect([counters.sentBytes, counters.receivedPackets]).toEqual([5, 1]);
  });

  it('refuses', () => {
    const counters = new LinkCounters();
    const [client, server] = LocalStream.pair({ host: LOOPBACK4, port: 1 }, { host: LOOPBACK4, port: 2 }, counters);
    server.refuse();
    expect([client.state, client.fault]).toEqual(['ended', 'refused']);
  });

  it('tells a sender of room once a third of it is free, and only if it asked', () => {
    const { client, server, told } = open();
    client.buffers = { sendBuffer: 100, receiveBuffer: 100 };
    server.buffers = { sendBuffer: 100, receiveBuffer: 200 };
    client.onChange = (events) => told.push(events);
    expect([client.wantRoom(), client.send(new Uint8Array(1000)), client.room]).toEqual([false, 300, 0]);
    take(server, 200);
    expect(told).toEqual([]);
    client.send(new Uint8Array(1000));
    expect(client.wantRoom()).toBe(true);
    take(server, 50);
    expect(told).toEqual([]);
    take(server, 50);
    expect(told).toEqual([POLLOUT]);
  });

  it('shows the end behind the bytes, and answers bytes to a closed end with a reset', () => {
    const { client, server } = open();
    client.send(bytes('last'));
    client.close();
    expect([server.hasPeerEnded, server.isAtEnd]).toEqual([true, false]);
    expect([take(server), server.isAtEnd]).toEqual(['last', true]);
    expect([server.send(bytes('x')), server.state, server.fault]).toEqual([1, 'ended', 'reset']);
  });

  it('resets, and keeps what came before it', () => {
    const { client, server } = open();
    client.send(bytes('before'));
    client.reset();
    expect([server.state, server.fault, take(server)]).toEqual(['ended', 'reset', 'before']);
  });

  it('marks the last byte of an urgent send', () => {
    const { client, server, told } = open();
    server.onChange = (events) => told.push(events);
    client.sendUrgent(bytes('ab!'));
    expect([server.urgent, told]).toEqual([{ at: 2, isRead: false }, [POLLIN, POLLPRI]]);
  });
});
