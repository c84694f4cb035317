import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Forward, openForward } from '../../../../../core/host/net/forwards.ts';
import { v4 } from '../../../../../core/net/address.ts';
import { PROTOCOL_UDP } from '../../../../../core/net/transport.ts';
import { type GuestAtGateway, guestAtGateway, readAll, until, writeAll } from '../../../../support/net-gateway.ts';
import { addressOf } from '../../../../support/net-pair.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function forwarded(protocol: 'tcp' | 'udp' = 'tcp'): Promise<GuestAtGateway & { forward: Forward }> {
  const guest = guestAtGateway();
  const place = { address: '127.0.0.1', port: 0, protocol };
  const forward = await openForward(guest.gateway, place, { address: () => addressOf(2), port: 80 });
  open.push(guest.close, () => forward.close());
  return { ...guest, forward };
}

async function client(forward: Forward, accepted: readonly unknown[]): Promise<Socket> {
  const socket = connect({ port: forward.port, host: '127.0.0.1', allowHalfOpen: true });
  // Resets that come while a test is put away are nobody's business.
  socket.on('error', () => {});
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  while (accepted.length === 0) await new Promise(setImmediate);
  return socket;
}

const pattern = (length: number): Buffer =>
  Buffer.alloc(length, Buffer.from('all that is to be carried across, and nothing else; '));

describe('a TCP forward', () => {
  it('carries bytes both ways, each direction to its own end', async () => {
    const { forward, accepted } = await forwarded();
    const socket = await client(forward, accepted);
    const [server] = accepted;
    expect(server).toMatchObject({ local: { host: addressOf(2), port: 80 }, remote: { host: addressOf(1) } });
    const question = pattern(3_000_000);
    const answer = pattern(2_000_001);
    socket.end(question);
    expect((await readAll(server!)).equals(question)).toBe(true);
    const heard = (async () => Buffer.concat(await socket.toArray()))();
    await writeAll(server!, answer);
    server!.close();
    expect((await heard).equals(answer)).toBe(true);
  });

  it('holds a client back whose guest reads slowly', async () => {
    const { forward, accepted } = await forwarded();
    const socket = await client(forward, accepted);
    socket.write(pattern(20_000_000));
    const [server] = accepted;
    await until(server!, () => server!.available > 200_000);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(server!.available).toBeLessThanOrEqual(262_144 + 1024);
    expect(socket.writableLength).toBeGreaterThan(1_000_000);
    socket.end();
    expect((await readAll(server!)).length).toBe(20_000_000);
  });

  it('passes a reset of the guest on to the client, and one of the client to the guest', async () => {
    const { forward, accepted } = await forwarded();
    const socket = await client(forward, accepted);
    accepted[0]!.reset();
    expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
    accepted.length = 0;
    const second = await client(forward, accepted);
    second.resetAndDestroy();
    await until(accepted[0]!, () => accepted[0]!.state === 'ended');
    expect(accepted[0]!.fault).toBe('reset');
  });

  it('resets a client when nobody listens in the guest', async () => {
    const { forward, station } = await forwarded();
    station.handlers.connection = (stream) => stream.refuse();
    const socket = connect(forward.port, '127.0.0.1');
    expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('says that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(() => server.close());
    const { port } = server.address() as { port: number };
    const guest = guestAtGateway();
    open.push(guest.close);
    const place = { address: '127.0.0.1', port, protocol: 'tcp' } as const;
    await expect(openForward(guest.gateway, place, { address: () => addressOf(2), port: 80 })).rejects.toMatchObject({
      code: 'net.port-taken',
      message: `port ${port} (127.0.0.1:${port}/tcp) of this computer is taken by another program; choose another, or "auto"`,
    });
  });

  it('says that the computer has no such address', async () => {
    const guest = guestAtGateway();
    open.push(guest.close);
    const place = { address: '203.0.113.77', port: 0, protocol: 'tcp' } as const;
    await expect(openForward(guest.gateway, place, { address: () => addressOf(2), port: 80 })).rejects.toMatchObject({
      code: 'net.address-unusable',
    });
  });

  it('ends what is open when the guest is killed', async () => {
    const { forward, accepted, gateway, guest } = await forwarded();
    const socket = await client(forward, accepted);
    const failed = once(socket, 'error');
    await gateway.remove(guest.wire, true);
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('still delivers what a guest had sent before it ended', async () => {
    const { forward, accepted, gateway, guest, station } = await forwarded();
    const socket = await client(forward, accepted);
    accepted[0]!.send(pattern(200_000));
    accepted[0]!.close();
    station.leave();
    const removed = gateway.remove(guest.wire, false);
    socket.end();
    expect(Buffer.concat(await socket.toArray()).equals(pattern(200_000))).toBe(true);
    await removed;
  });
});

describe('a UDP forward', () => {
  it('carries datagrams to the guest and its answers back to each client', async () => {
    const { forward, station } = await forwarded('udp');
    station.handlers.datagram = ({ from, to, bytes }) => {
      const answer = Buffer.concat([Buffer.from('re: '), bytes]);
      station.send({ protocol: PROTOCOL_UDP, from: to, to: from, bytes: answer, hops: 64, trafficClass: 0 });
      return true;
    };
    const answers = ['one', 'two'].map(async (words) => {
      const socket = createSocket('udp4');
      open.push(() => socket.close());
      socket.send(words, forward.port, '127.0.0.1');
      return String((await once(socket, 'message'))[0]);
    });
    expect(await Promise.all(answers)).toEqual(['re: one', 're: two']);
  });
});

describe('the way out', () => {
  it('leads to a port of the host that is granted, at the address of the gateway, and to no other', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('host here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { station, close } = guestAtGateway({ hostPorts: new Set([port]) });
    open.push(close, () => server.close());
    const local = { host: addressOf(2), port: 40000 };
    const granted = station.connect(local, { host: addressOf(1), port });
    await until(granted, () => granted.state !== 'connecting');
    expect(String(await readAll(granted))).toBe('host here');
    const closed = station.connect(local, { host: addressOf(1), port: port + 1 });
    await until(closed, () => closed.state === 'ended');
    expect(closed.fault).toBe('refused');
  });

  it.each([[v4(127, 0, 0, 1)], [v4(127, 9, 9, 9)], [v4(0, 0, 0, 0)]])(
    'does not lead to this computer by %j',
    async (host) => {
      const { gateway, close } = guestAtGateway();
      open.push(close);
      const asked: string[] = [];
      const stream = { place: { id: 1 }, local: { host, port: 80 }, refuse: (fault: string) => asked.push(fault) };
      gateway.station.handlers.connection(stream as never);
      expect(asked).toEqual(['prohibited']);
    },
  );
});
