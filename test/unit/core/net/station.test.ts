import { describe, expect, it } from 'vitest';
import { bytesToStr, strToBytes } from '../../../../core/base/bytes.ts';
import { BROADCAST4, v4 } from '../../../../core/net/address.ts';
import {
  type Datagram,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  type Stream,
  type TransportHandlers,
} from '../../../../core/net/transport.ts';
import { createWireMemory, DATAGRAM_RING_BYTES } from '../../../../core/net/wire-memory.ts';
import { addressOf, netPair, plug, settle, type TestStation, testStation } from '../../../support/net-pair.ts';

const text = (stream: Stream, most = 1 << 20): string => {
  const bytes = new Uint8Array(most);
  return bytesToStr(bytes.subarray(0, stream.receive(bytes)));
};

const acceptInto = (servers: Stream[]): Partial<TransportHandlers> => ({
  connection(stream) {
    stream.accept();
    servers.push(stream);
  },
});

/** A client of one station and a server of another, connected. */
function connected(): { client: Stream; server: Stream; a: TestStation; b: TestStation } {
  const servers: Stream[] = [];
  const [a, b] = netPair({}, acceptInto(servers));
  const client = a.station.connect({ host: a.address, port: 40000 }, { host: b.address, port: 80 });
  settle(a, b);
  return { client, server: servers[0]!, a, b };
}

describe('Station', () => {
  it('connects two machines and carries bytes both ways', () => {
    const { client, server } = connected();
    expect([client.state, server.state]).toEqual(['open', 'open']);
    expect([server.local, server.remote]).toEqual([client.remote, client.local]);
    client.send(strToBytes('question'));
    server.send(strToBytes('answer'));
    expect([text(server), text(client)]).toEqual(['question', 'answer']);
  });

  it('connects again in the place of a connection whose last news was not heard before it was given up', () => {
    const { client, server, a, b } = connected();
    // The server lets go first; the client does before it has heard of that.
    server.close();
    client.close();
    settle(a, b);
    const again = a.station.connect({ host: a.address, port: 40001 }, { host: b.address, port: 80 });
    settle(a, b);
    expect(again.state).toBe('open');
  });

  it('wakes the other side once for many small pieces, at its next look, and at once for large ones', () => {
    const { client, server, a, b } = connected();
    const others = Array.from({ length: 8 }, (_, i) =>
      a.station.connect({ host: a.address, port: 50000 + i }, { host: b.address, port: 80 }),
    );
    settle(a, b);
    a.station.pollsOften = true;
    const wakeUps = (): number => Atomics.load(new Int32Array(b.wakeWords), 0);
    const before = wakeUps();
    for (const stream of others) stream.send(strToBytes('small'));
    const afterSmall = wakeUps();
    a.station.poll();
    expect([afterSmall - before, wakeUps() - before]).toEqual([0, 1]);
    client.send(new Uint8Array(10_000));
    expect([wakeUps() - before, server.available]).toEqual([2, 10_000]);
  });

  it('refuses where nobody listens', () => {
    const [a, b] = netPair();
    const client = a.station.connect({ host: a.address, port: 40000 }, { host: b.address, port: 80 });
    let changes = 0;
    client.onChange = () => changes++;
    settle(a, b);
    expect([client.state, client.fault, changes]).toEqual(['ended', 'refused', 1]);
  });

  it('says at once that nobody has an address, or that no route leads there', () => {
    const [a] = netPair();
    const local = { host: a.address, port: 40000 };
    expect(a.station.connect(local, { host: addressOf(77), port: 80 }).fault).toBe('host-unreachable');
    a.station.setRoutes([]);
    expect(a.station.connect(local, { host: v4(10, 0, 0, 1), port: 80 }).fault).toBe('network-unreachable');
  });

  it('keeps a writer back while the reader is slow, and tells it of room', () => {
    const { client, server, a, b } = connected();
    const block = new Uint8Array(100_000).fill(7);
    let sent = 0;
    for (let count = client.send(block); count > 0; count = client.send(block)) sent += count;
    expect(sent).toBe(client.unsent);
    expect(sent).toBeLessThan(300_000);
    let told = 0;
    client.onChange = () => told++;
    expect(client.wantRoom()).toBe(true);
    server.receive(new Uint8Array(1000));
    settle(a, b);
    expect(told).toBe(0);
    server.receive(new Uint8Array(200_000));
    settle(a, b);
    expect(told).toBe(1);
    expect(client.wantRoom()).toBe(false);
  });

  it('carries every byte in order through small and large rings', () => {
    const { client, server } = connected();
    let written = 0;
    let read = 0;
    const into = new Uint8Array(70_000);
    for (let step = 0; read < 3_000_000; step++) {
      const size = step % 5 === 0 ? 60_000 : (step * 37) % 900;
      const bytes = Uint8Array.from({ length: size }, (_, i) => (written + i) % 251);
      written += client.send(bytes);
      const peeked = new Uint8Array(500);
      const count = server.peek(peeked, 10);
      expect(peeked.subarray(0, count).every((byte, i) => byte === (read + 10 + i) % 251)).toBe(true);
      const taken = server.receive(into.subarray(0, (step * 7919) % into.length));
      expect(into.subarray(0, taken).every((byte, i) => byte === (read + i) % 251)).toBe(true);
      read += taken;
    }
  });

  it('passes the end of each direction on behind the bytes', () => {
    const { client, server } = connected();
    client.send(strToBytes('last words'));
    client.shutdown();
    expect(server.isAtEnd).toBe(false);
    expect(text(server)).toBe('last words');
    expect(server.isAtEnd).toBe(true);
    server.send(strToBytes('still here'));
    expect(text(client)).toBe('still here');
  });

  it('delivers what was sent before a close, and resets who writes to a closed one', () => {
    const { client, server, a, b } = connected();
    client.send(new Uint8Array(5000));
    client.close();
    expect(server.send(strToBytes('anybody?'))).toBe(8);
    settle(a, b);
    expect([server.state, server.fault, server.available]).toEqual(['ended', 'reset', 5000]);
  });

  it('passes a reset on', () => {
    const { client, server, a, b } = connected();
    client.reset();
    settle(a, b);
    expect([server.state, server.fault]).toEqual(['ended', 'reset']);
  });

  it('uses slots and blocks again', () => {
    const servers: Stream[] = [];
    const [a, b] = [testStation(2), testStation(3, acceptInto(servers))];
    const buffer = createWireMemory();
    plug(a, b, buffer);
    for (let i = 0; i < 1000; i++) {
      const client = a.station.connect({ host: a.address, port: 40000 }, { host: b.address, port: 80 });
      settle(a, b);
      client.send(new Uint8Array(50_000));
      const server = servers.pop()!;
      server.send(new Uint8Array(50_000));
      if (i % 3 === 0) client.close();
      else if (i % 3 === 1) client.reset();
      server.close();
      if (i % 3 === 2) client.close();
      settle(a, b);
    }
    expect(buffer.byteLength).toBeLessThan(2_500_000);
    expect([...a.station.streams(), ...b.station.streams()]).toEqual([]);
  });

  it('resets what is open when the other machine leaves, but what it had said to its end can be read', () => {
    const { client, server, a, b } = connected();
    const second: Stream[] = [];
    b.station.handlers.connection = (stream) => {
      stream.accept();
      second.push(stream);
    };
    const orderly = a.station.connect({ host: a.address, port: 40001 }, { host: b.address, port: 80 });
    settle(a, b);
    second[0]!.send(strToBytes('bye'));
    second[0]!.close();
    expect(server.state).toBe('open');
    b.station.leave();
    settle(a);
    expect([client.state, client.fault]).toEqual(['ended', 'reset']);
    expect([text(orderly), orderly.isAtEnd]).toEqual(['bye', true]);
    expect(a.station.connect({ host: a.address, port: 40002 }, { host: b.address, port: 80 }).fault).toBe(
      'host-unreachable',
    );
  });

  it('carries datagrams, and tells the sender that nobody has the port', () => {
    const got: [string, string][] = [];
    const faults: unknown[] = [];
    const [a, b] = netPair(
      { undeliverable: (protocol, local, remote, fault) => faults.push([protocol, local.port, remote.port, fault]) },
      {
        datagram: ({ to, bytes }: Datagram) => {
          got.push([to.host, bytesToStr(bytes)]);
          return to.port === 53;
        },
      },
    );
    const send = (host: string, port: number, words: string) =>
      a.station.send({
        protocol: PROTOCOL_UDP,
        from: { host: a.address, port: 5000 },
        to: { host, port },
        bytes: strToBytes(words),
        hops: 64,
        trafficClass: 0,
      });
    send(b.address, 53, 'one');
    send(b.address, 54, 'two');
    send(BROADCAST4, 54, 'all');
    settle(a, b);
    expect(got).toEqual([
      [b.address, 'one'],
      [b.address, 'two'],
      [BROADCAST4, 'all'],
    ]);
    expect(faults).toEqual([[PROTOCOL_UDP, 5000, 54, 'refused']]);
  });

  it('loses datagrams that find no room, and goes on', () => {
    let count = 0;
    const [a, b] = netPair({}, { datagram: () => ++count > 0 });
    const from = { host: a.address, port: 1 };
    const to = { host: b.address, port: 2 };
    const bytes = new Uint8Array(9000);
    for (let i = 0; i < 1000; i++)
      a.station.send({ protocol: PROTOCOL_UDP, from, to, bytes, hops: 64, trafficClass: 0 });
    settle(a, b);
    // Header and padding: 9044 bytes each; the last piece of the ring may stay empty.
    const fits = Math.floor(DATAGRAM_RING_BYTES / 9044) - 1;
    expect(count).toBeGreaterThanOrEqual(fits);
    expect(count).toBeLessThanOrEqual(fits + 1);
    const before = count;
    a.station.send({ protocol: PROTOCOL_UDP, from, to, bytes, hops: 64, trafficClass: 0 });
    settle(a, b);
    expect(count).toBe(before + 1);
    expect(a.station.cards[0]!.counters.droppedPackets).toBe(1000 - before);
  });

  it('answers pings', () => {
    const replies: Datagram[] = [];
    const [a, b] = netPair({
      datagram: (datagram) => replies.push({ ...datagram, bytes: datagram.bytes.slice() }) > 0,
    });
    const request = Uint8Array.of(8, 0, 0xf7, 0xfd, 0, 1, 0, 1);
    const ends = { from: { host: a.address, port: 0 }, to: { host: b.address, port: 0 } };
    a.station.send({ protocol: PROTOCOL_ICMP, ...ends, bytes: request, hops: 64, trafficClass: 0 });
    settle(a, b, a);
    expect(replies.map(({ from, bytes }) => [from.host, [...bytes]])).toEqual([
      [b.address, [0, 0, 0xff, 0xfd, 0, 1, 0, 1]],
    ]);
  });

  it('knows its own addresses, broadcast addresses and routes', () => {
    const [{ station, address }] = netPair();
    expect(station.isLocal(address)).toBe(true);
    expect(station.isLocal(addressOf(3))).toBe(false);
    expect(station.isBroadcast(addressOf(255))).toBe(true);
    expect(station.pathTo(address)?.link.name).toBe('lo');
    expect(station.pathTo(v4(8, 8, 8, 8))).toMatchObject({ link: { name: 'eth0' }, source: address });
  });
});
