/**
 * Measures instances inside one process that owns a manager, a process for each figure so that one doesn't weigh on the
 * other: `node instances.ts FIGURE COUNT PROGRAM [ARGS...]` prints JSON. instance-figures.ts starts it.
 */
import { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';
import { vmSpec } from '../../core/contract/vm-spec.ts';
import type { Ending } from '../../core/contract/worker-protocol.ts';
import type { Instance } from '../../core/manager/instance.ts';
import type { Manager } from '../../core/manager/manager.ts';

// What users run is the bundle.
const bundle: { Manager: typeof Manager } = await import(`${import.meta.dirname}/../../build/out/manager.mjs`);
const [figure, countText, ...program] = process.argv.slice(2);
const count = Number(countText);
const manager = new bundle.Manager({ keepsSpare: figure === 'spare' });
const SETTLE_MS = 500;
const STDOUT = 1;
/** Runs before the first look at the process's memory, and how many looks there are at most. */
const WARM_RUNS = 100;
const LOOKS = 30;

function create(name: string, onOutput: () => void = () => {}): Instance {
  const rootfs = { kind: 'folder', path: '/', mode: 'ro' } as const;
  return manager.create(vmSpec({ name, program, rootfs, isQuiet: true }), (stream) => {
    if (stream === STDOUT) onOutput();
  });
}

async function runToEnd(name: string): Promise<{ ms: number; ending: Ending }> {
  const startMs = performance.now();
  const instance = create(name);
  await instance.start();
  const ending = await instance.ended;
  const ms = performance.now() - startMs;
  manager.remove(name);
  if (ending.exit === undefined || !('code' in ending.exit) || ending.exit.code !== 0)
    throw new Error(`the program failed: ${JSON.stringify(ending)}`);
  return { ms, ending };
}

/** Collects garbage without a flag of V8's, which would keep it from using the code cache as users do. */
const inspector = new Session();
inspector.connect();

async function rssMb(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    await inspector.post('HeapProfiler.collectGarbage');
    await setTimeout(SETTLE_MS);
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

const figures: Record<string, () => Promise<unknown>> = {
  /** From the start of the worker to the end of the program, in ms. */
  async start() {
    const times: number[] = [];
    for (let i = 0; i < count; i++) times.push((await runToEnd('vm')).ms);
    return times;
  },
  /** The same where a thread has been started ahead, and has had the time to get ready. */
  async spare() {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      await setTimeout(2 * SETTLE_MS);
      times.push((await runToEnd('vm')).ms);
    }
    return times;
  },
  /** Memory of the process without and with instances that sleep, in MB. */
  async idle() {
    const before = await rssMb();
    const instances: Instance[] = [];
    for (let i = 0; i < count; i++) {
      await new Promise<void>((resolve, reject) => {
        const instance = create(`vm${i}`, resolve);
        instances.push(instance);
        instance.start().catch(reject);
        instance.ended.then((ending) => reject(new Error(`it ended: ${JSON.stringify(ending)}`)));
      });
    }
    const after = await rssMb();
    for (const instance of instances) instance.kill();
    return { before, after };
  },
  /** Memory of the process every so often from the first WARM_RUNS runs on, in MB. */
  async growth() {
    const sizes: number[] = [];
    const step = Math.max(1, Math.ceil(count / LOOKS));
    for (let i = 0; i < count; i++) {
      await runToEnd('vm');
      if (i + 1 >= Math.min(WARM_RUNS, count / 2) && (i + 1) % step === 0) sizes.push(await rssMb());
    }
    return sizes;
  },
  /** Million instructions per second of so many instances at once, from the first start to the last end. */
  async together() {
    const startMs = performance.now();
    const runs = await Promise.all(Array.from({ length: count }, (_, i) => runToEnd(`vm${i}`)));
    const instructions = runs.reduce((sum, { ending }) => sum + (ending.statistics?.instructions ?? 0), 0);
    return instructions / 1e3 / (performance.now() - startMs);
  },
};
console.log(JSON.stringify(await figures[figure!]!()));
process.exit();
