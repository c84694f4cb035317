import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PROTOCOL_UDP } from '../../../../../core/net/transport.ts';
import { type GuestAtGateway, guestAtGateway, readAll, until, writeAll } from '../../../../support/net-gateway.ts';
import { addressOf } from '../../../../support/net-pair.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Two gateways of one network, as of two processes, with the guests 172.44.0.2 and 172.44.0.3. */
async function twoProcesses(): Promise<[GuestAtGateway, GuestAtGateway, number]> {
  const pair = [guestAtGateway({}, 2), guestAtGateway({}, 3)] as const;
  const doors = await Promise.all(pair.map(({ gateway }) => gateway.openDoor()));
  const [a, b] = doors.map(({ port, key }, i) => ({ name: `vm${i}`, addresses: [addressOf(i + 2)], port, key }));
  for (const [own, other] of [
    [pair[0], b!],
    [pair[1], a!],
  ] as const) {
    own.gateway.neighbours = {
      at: (address) => (other.addresses.includes(address) ? other : undefined),
      all: () => [other],
    };
  }
  open.push(...pair.map(({ close }) => close));
  return [...pair, doors[1]!.port];
}

describe('Door', () => {
  it('leads connections to guests of another process, each direction to its end', async () => {
    const [a, b] = await twoProcesses();
    const client = a.station.connect({ host: addressOf(2), port: 40000 }, { host: addressOf(3), port: 80 });
    await until(client, () => client.state === 'open');
    const [server] = b.accepted;
    expect(server!.remote).toEqual({ host: addressOf(2), port: 40000 });
    const bytes = Buffer.alloc(700_000, 'carried across');
    const sent = writeAll(client, bytes).then(() => client.shutdown());
    expect((await readAll(server!)).equals(bytes)).toBe(true);
    await sent;
    server!.send(Buffer.from('answer'));
    server!.close();
    expect(String(await readAll(client))).toBe('answer');
  });

  it('passes refusals and resets on', async () => {
    const [a, b] = await twoProcesses();
    const take = b.station.handlers.connection;
    b.station.handlers.connection = (stream) => stream.refuse();
    const local = { host: addressOf(2), port: 40000 };
    const refused = a.station.connect(local, { host: addressOf(3), port: 80 });
    await until(refused, () => refused.state === 'ended');
    const nobody = a.station.connect(local, { host: addressOf(9), port: 80 });
    await until(nobody, () => nobody.state === 'ended');
    expect([refused.fault, nobody.fault]).toEqual(['refused', 'host-unreachable']);
    b.station.handlers.connection = take;
    const client = a.station.connect(local, { host: addressOf(3), port: 80 });
    await until(client, () => client.state === 'open');
    b.accepted[0]!.reset();
    await until(client, () => client.state === 'ended');
    expect(client.fault).toBe('reset');
  });

  it('carries datagrams, and the news that nobody has the port', async () => {
    const [a, b] = await twoProcesses();
    const got: string[] = [];
    b.station.handlers.datagram = ({ bytes }) => got.push(String(Buffer.from(bytes))) > 1;
    const told = new Promise((resolve) => {
      a.station.handlers.undeliverable = (_protocol, local, remote, fault) => resolve([local.port, remote.port, fault]);
    });
    const ends = { from: { host: addressOf(2), port: 5000 }, to: { host: addressOf(3), port: 9 } };
    a.station.send({ protocol: PROTOCOL_UDP, ...ends, bytes: Buffer.from('anybody?'), hops: 64, trafficClass: 0 });
    expect(await told).toEqual([5000, 9, 'refused']);
    expect(got).toEqual(['anybody?']);
  });

  it('sends away who has no key', async () => {
    const [, b, port] = await twoProcesses();
    const visitor = connect(port, '127.0.0.1');
    visitor.write(Buffer.alloc(72, 1));
    expect((await once(visitor, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(b.accepted).toEqual([]);
  });
});
