import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vmSpec } from '../../../../../core/contract/vm-spec.ts';
import type { Membership, Peer } from '../../../../../core/manager/net/membership.ts';
import { netHandlers } from '../../../../../core/manager/net/net-api.ts';
import { Networks } from '../../../../../core/manager/net/networks.ts';
import { Home } from '../../../../../core/manager/store/home.ts';
import type { WireFaults } from '../../../../../core/net/fault-plan.ts';

let folder: string;
let networks: Networks;
let changes: number;
const members: Membership[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elfdeck-net-'));
  networks = new Networks(Home.open(folder));
  changes = 0;
  networks.changed.on(() => {
    changes++;
  });
});
afterEach(async () => {
  for (const member of members.splice(0)) await networks.leave(member, true);
  rmSync(folder, { recursive: true });
});

/** A machine that is on networks and does nothing. */
async function joins(
  name: string,
  given: Parameters<typeof vmSpec>[0] = { program: [] },
  impair: Peer['impair'] = () => {},
): Promise<Peer> {
  const peer: Peer = {
    name,
    control: new SharedArrayBuffer(64),
    attach() {},
    detach() {},
    readdress() {},
    figures: async () => ({ cards: [], connections: [] }),
    capture: async () => {},
    impair,
  };
  members.push(await networks.join(peer, vmSpec({ network: true, ...given, name })));
  return peer;
}

const context = undefined as never;
const api = () => netHandlers({ home: Home.open(folder), networks });

describe('the networking calls of the API', () => {
  it('list networks with the machines on them, make and remove them', async () => {
    await joins('web');
    const made = await api()['net.create']({ name: 'lab', subnet: '10.5.0.0/24', isIsolated: true }, context);
    expect(made).toEqual({
      name: 'lab',
      subnet: '10.5.0.0/24',
      gateways: ['10.5.0.1'],
      isIsolated: true,
      isBuiltIn: false,
      machines: [],
    });
    const [builtIn, lab] = await api()['net.list']({}, context);
    expect([builtIn, lab]).toEqual([
      expect.objectContaining({
        name: 'default',
        isBuiltIn: true,
        machines: [{ name: 'web', addresses: ['172.44.0.2'], pid: process.pid, isOwn: true }],
      }),
      made,
    ]);
    await api()['net.remove']({ network: 'lab' }, context);
    expect([await api()['net.list']({}, context), changes]).toEqual([[builtIn], 3]);
  });

  it('open and end forwards of a machine that runs, found by name or address', async () => {
    await joins('web', {
      program: [],
      forwards: [{ address: '127.0.0.1', hostPort: 0, guestPort: 80, protocol: 'tcp' }],
    });
    const spec = { address: '127.0.0.1', hostPort: 0, guestPort: 53, protocol: 'udp' } as const;
    const opened = await api()['net.forward']({ vm: '172.44.0.2', forward: spec }, context);
    expect(opened).toEqual({ ...spec, hostPort: expect.any(Number) });
    expect(opened.hostPort).toBeGreaterThan(0);
    const { forwards } = await api()['net.machine']({ vm: 'web' }, context);
    expect(forwards).toEqual([{ ...spec, protocol: 'tcp', guestPort: 80, hostPort: expect.any(Number) }, opened]);
    await api()['net.unforward']({ vm: 'web', hostPort: forwards[0]!.hostPort, protocol: 'tcp' }, context);
    expect((await api()['net.machine']({ vm: 'web' }, context)).forwards).toEqual([opened]);
    const again = { vm: 'web', hostPort: opened.hostPort, protocol: 'tcp' } as const;
    await expect(api()['net.unforward'](again, context)).rejects.toMatchObject({ code: 'net.not-found' });
  });

  it('know machines that join at the same time, each wired to each once', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => joins(name)));
    const [builtIn] = await api()['net.list']({}, context);
    expect(builtIn!.machines.map(({ addresses }) => addresses[0]).sort()).toEqual([
      '172.44.0.2',
      '172.44.0.3',
      '172.44.0.4',
    ]);
    // Two others and the gateway.
    expect(members.map(({ wires }) => wires.length)).toEqual([3, 3, 3]);
  });

  it('say that a machine is not there', async () => {
    await expect(api()['net.conns']({ vm: 'nobody' }, context)).rejects.toMatchObject({ code: 'vm.not-found' });
  });

  it('set faults on purpose, told to all stations that impose them', async () => {
    const told: [string, readonly WireFaults[]][] = [];
    for (const name of ['web', 'db']) await joins(name, { program: [] }, (faults) => told.push([name, faults]));
    const faults = [{ peer: 'db', latencyMs: 20, direction: 'out' as const }, { lossPercent: 1 }];
    await api()['net.set-faults']({ vm: 'web', faults }, context);
    expect((await api()['net.machine']({ vm: 'web' }, context)).faults).toEqual(faults);
    const [, toWeb] = told.at(-2)!;
    const [, toDb] = told.at(-1)!;
    // What comes to db leaves web: both rules stand there. What comes to web has the second rule only.
    const latencies = (all: readonly WireFaults[]) =>
      all.map(({ stages }) => stages.map(({ entries }) => entries.map((entry) => entry.faults.latencyMs)));
    expect([latencies(toWeb), latencies(toDb)]).toEqual([
      [[[0]], [[0]]],
      [[], [[20, 0]]],
    ]);
    await api()['net.set-faults']({ vm: 'web', faults: [] }, context);
    expect(latencies(told.at(-1)![1])).toEqual([[], []]);
  });

  it.each([
    [{ network: 'lab' }, /no card on the network "lab"/],
    [{ peer: 'a b' }, /no name, address or prefix/],
  ])('refuse faults that can concern nothing: %j', async (rule, message) => {
    await joins('web');
    await expect(api()['net.set-faults']({ vm: 'web', faults: [rule] }, context)).rejects.toThrow(message);
    expect((await api()['net.machine']({ vm: 'web' }, context)).faults).toEqual([]);
  });
});
