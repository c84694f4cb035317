/**
 * Measures traffic between instances of one process, and through a forward: `node net-instances.ts FIGURE` prints JSON.
 * net-figures.ts starts it. The program is test/bench/src/net.c.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';
import { type VmSpec, vmSpec } from '../../core/contract/vm-spec.ts';
import type { Instance } from '../../core/manager/instance.ts';
import type { Manager } from '../../core/manager/manager.ts';
import { build } from './programs.ts';

// What users run is the bundle.
const bundle: { Manager: typeof Manager } = await import(`${import.meta.dirname}/../../build/out/manager.mjs`);
const manager = new bundle.Manager();
const program = build('net');
const STDOUT = 1;
const GUEST_PORT = 9000;
const HOST_PORT = 21_380;
const SETTLE_MS = 1000;
const IDLE_CONNECTIONS = 10_000;
const PAIRS = 10;

/** Starts one; what it prints is gathered. */
async function start(name: string, words: readonly string[], given: Partial<VmSpec> = {}) {
  const output = { text: '' };
  const rootfs = { kind: 'folder', path: '/', mode: 'ro' } as const;
  const spec = vmSpec({ name, program: [program, ...words], rootfs, network: true, isQuiet: true, ...given });
  const instance = manager.create(spec, (stream, bytes) => {
    if (stream === STDOUT) output.text += Buffer.from(bytes).toString('latin1');
  });
  await instance.start();
  return { instance, output };
}

async function serve(name: string, given: Partial<VmSpec> = {}): Promise<Instance> {
  const { instance } = await start(name, ['serve', `${GUEST_PORT}`], given);
  // Its listening cannot be seen from outside but by its sockets.
  await setTimeout(SETTLE_MS);
  return instance;
}

async function ask(name: string, ...words: string[]): Promise<number[]> {
  const { instance, output } = await start(name, words);
  const { exit } = await instance.ended;
  manager.remove(name);
  if (exit === undefined || !('code' in exit) || exit.code !== 0) throw new Error(`net ${words.join(' ')} failed`);
  return output.text.trim().split(' ').map(Number);
}

const forwards = [{ address: '127.0.0.1', hostPort: HOST_PORT, guestPort: GUEST_PORT, protocol: 'tcp' }] as const;
const inspector = new Session();
inspector.connect();
async function rssMb(): Promise<number> {
  await inspector.post('HeapProfiler.collectGarbage');
  await setTimeout(SETTLE_MS);
  return process.memoryUsage.rss() / 2 ** 20;
}

/** MB/s of so many pairs at once, together, and of the slowest. */
async function pairs(count: number): Promise<{ total: number; slowest: number }> {
  for (let i = 0; i < count; i++) await serve(`srv${i}`);
  const megabytes = `${Math.round(4000 / count)}`;
  const rates = await Promise.all(
    Array.from({ length: count }, (_, i) => ask(`client${i}`, 'stream', `srv${i}`, `${GUEST_PORT}`, megabytes)),
  );
  const each = rates.map(([rate]) => rate!);
  return { total: each.reduce((sum, rate) => sum + rate, 0), slowest: Math.min(...each) };
}

const figures: Record<string, () => Promise<unknown>> = {
  /** Median and 99th percentile of the round trip of a byte, in microseconds. */
  async rtt() {
    await serve('srv');
    await ask('warm', 'rtt', 'srv', `${GUEST_PORT}`, '2000');
    const [median, p99] = await ask('client', 'rtt', 'srv', `${GUEST_PORT}`, '5000');
    return { median, p99 };
  },
  /** The same while two others stream to the same server. */
  async 'rtt-load'() {
    await serve('srv');
    const busy = await Promise.all(
      ['a', 'b'].map((name) => start(name, ['stream', 'srv', `${GUEST_PORT}`, '1000000'])),
    );
    const [median, p99] = await ask('client', 'rtt', 'srv', `${GUEST_PORT}`, '2000');
    for (const { instance } of busy) instance.kill();
    return { median, p99 };
  },
  stream: () => pairs(1),
  'stream-20': () => pairs(PAIRS),
  /** MB that so many idle connections through a forward take. */
  async idle() {
    await serve('srv', { forwards: [...forwards] });
    const before = await rssMb();
    const client = spawn(program, ['idle', '127.0.0.1', `${HOST_PORT}`, `${IDLE_CONNECTIONS}`]);
    await once(client.stdout, 'data');
    const after = await rssMb();
    client.kill();
    return { mb: after - before };
  },
  /** Connections per second through a forward, and how the memory grows over five rounds of 2,000. */
  async connects() {
    await serve('srv', { forwards: [...forwards] });
    const rates: number[] = [];
    const sizes: number[] = [];
    for (let round = 0; round < 6; round++) {
      const client = spawn(program, ['connects', '127.0.0.1', `${HOST_PORT}`, '2000']);
      const [text] = await once(client.stdout, 'data');
      rates.push(Number(`${text}`));
      sizes.push(await rssMb());
    }
    return { rate: Math.max(...rates), growthMb: sizes.at(-1)! - sizes[0]! };
  },
};

// A client of 10,000 connections needs as many descriptors.
if (spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim() === '1024')
  throw new Error('at most 1024 files may be open here');
console.log(JSON.stringify(await figures[process.argv[2]!]!()));
process.exit();
