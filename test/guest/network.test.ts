/** Machines on a network, each in a worker of its own, with real programs: traffic, tables, forwards, faults, captures. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { type VmSpec, vmSpec } from '../../core/contract/vm-spec.ts';
import { Instance } from '../../core/manager/instance.ts';
import { netHandlers } from '../../core/manager/net/net-api.ts';
import { Home } from '../../core/manager/store/home.ts';
import { compileC } from '../support/c-program.ts';

const context = undefined as never;

/** A folder of our own for networks and leases: those of this process open it once. */
let home: string;
const before = process.env.ELFDECK_HOME;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'elfdeck-net-'));
  process.env.ELFDECK_HOME = home;
});
afterAll(() => {
  if (before === undefined) delete process.env.ELFDECK_HOME;
  else process.env.ELFDECK_HOME = before;
  rmSync(home, { recursive: true });
});

/** Starts a machine whose root has nothing but the program; `said` is what it prints. */
async function start(program: string, name: string, words: readonly string[], given: Partial<VmSpec> = {}) {
  let text = '';
  let wake = (): void => {};
  const files: [string, string][] = [['/peer', program]];
  const spec = vmSpec({
    name,
    program: ['/peer', ...words],
    rootfs: { kind: 'files', files },
    network: true,
    ...given,
  });
  const instance = new Instance({ ...spec, isQuiet: true, memoryMiB: 64 }, (stream, bytes) => {
    if (stream === 1) text += Buffer.from(bytes).toString('latin1');
    wake();
  });
  onTestFinished(async () => {
    instance.kill();
    await instance.ended;
  });
  await instance.start();
  const says = async (part: string): Promise<void> => {
    while (!text.includes(part)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { instance, says, said: () => text };
}

async function server(test: TestContext) {
  const program = compileC(test, 'network-peer');
  const { instance, says } = await start(program, 'srv', ['serve']);
  await says('listening');
  const { networks, membership } = instance.network!;
  const [address] = membership.addressesOn(membership.networks[0]!);
  const host = [...address!.slice(12)].map((char) => char.charCodeAt(0)).join('.');
  const api = netHandlers({ home: Home.open(home), networks });
  const ask = async (lines: number): Promise<{ code: unknown; text: string }> => {
    const client = await start(program, 'client', ['ask', host, `${lines}`]);
    const { exit } = await client.instance.ended;
    return { code: exit, text: client.said() };
  };
  return { api, ask, host };
}

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');

describe('machines on a network', () => {
  it('talk to each other, and are seen doing so', async (test) => {
    const { api, ask, host } = await server(test);
    const path = join(home, 'out.pcapng');
    await api['net.capture']({ vm: 'srv', path }, context);
    expect(await ask(500)).toEqual({ code: { code: 0 }, text: lines(500) });
    const { cards } = await api['net.machine']({ vm: 'srv' }, context);
    const bytes = lines(500).length;
    expect(cards[1]).toMatchObject({ network: 'default', receivedBytes: bytes, sentBytes: bytes, droppedPackets: 0 });
    expect(await api['net.conns']({ vm: host }, context)).toEqual([
      expect.objectContaining({ kind: 'tcp', state: 'listen', local: '0.0.0.0:7000' }),
    ]);
    await api['net.capture']({ vm: 'srv', path: null }, context);
    const capture = readFileSync(path);
    expect(capture.readUInt32LE(0)).toBe(0x0a0d0d0a);
    expect(capture.includes('line 499')).toBe(true);
  });

  it('are reached by forwards that come and go while they run', async (test) => {
    const { api } = await server(test);
    const place = { address: '127.0.0.1', hostPort: 0, guestPort: 7000, protocol: 'tcp' } as const;
    const { hostPort } = await api['net.forward']({ vm: 'srv', forward: place }, context);
    const socket = connect(hostPort, '127.0.0.1');
    socket.end('through the forward');
    const heard = Buffer.concat(await socket.toArray()).toString();
    expect(heard).toBe('through the forward');
    await api['net.unforward']({ vm: 'srv', hostPort, protocol: 'tcp' }, context);
    const [error] = await once(connect(hostPort, '127.0.0.1'), 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('lose and repeat what faults on purpose say, and lose nothing at last', async (test) => {
    const { api, ask } = await server(test);
    await api['net.set-faults']({ vm: 'srv', faults: [{ lossPercent: 30, latencyMs: 1, seed: 7 }] }, context);
    expect(await ask(200)).toEqual({ code: { code: 0 }, text: lines(200) });
    const { cards } = await api['net.machine']({ vm: 'srv' }, context);
    expect(cards[1]!.sentBytes).toBe(lines(200).length);
  });
});
