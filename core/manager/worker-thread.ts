/**
 * The worker thread of an instance with what it shares with its supervisor. One may be started before it is known what it
 * will run, while the supervisor still works that out: `prestart`, once.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { createRing } from '../base/shared-ring.ts';
import { createChannel, type WorkerChannel } from '../contract/worker-channel.ts';
import { prebuiltHandlers, type WorkerInput, workerEntry } from '../host/entry.ts';

/** Deep guest recursion nests wasm frames; a thread's default stack of 4 MiB would end it. */
const STACK_MIB = 64;
/** Running guest code allocates next to nothing, so a small young generation does, and an idle instance keeps 2 MB less. */
const YOUNG_GENERATION_MIB = 6;

export interface WorkerThread {
  readonly worker: Worker;
  /** Our end of the port. */
  readonly port: MessagePort;
  readonly channel: WorkerChannel<MessagePort>;
}

let prestarted: WorkerThread | undefined;

/** Handlers of tier 0, compiled once: what one instance has V8 compile serves the others of the process. */
let handlers: WebAssembly.Module | undefined;

/** True while there is to be a thread ahead at all times. */
let keepsSpare = false;
/** The next spare thread waits until the instance that took the last one is under way: both would want the processor. */
const SPARE_DELAY_MS = 300;

/** Starts a thread for the next `startWorker`. It does not keep the process alive until then. */
export function prestart({ isSpare = false } = {}): void {
  const thread = create(isSpare);
  prestarted = thread;
  thread.worker.unref();
  const forget = (): void => {
    if (prestarted === thread) prestarted = undefined;
  };
  // One that fails before it is asked for anything is replaced when it is needed.
  thread.worker.on('error', forget);
  thread.worker.on('exit', forget);
}

/**
 * Keeps a thread started for the next instance from now on, or no longer: it saves each start what a thread needs to begin,
 * to load its code and to warm up, and costs some 30 MB. For processes that live long.
 */
export function keepSpare(isWanted: boolean): void {
  keepsSpare = isWanted;
  if (isWanted) {
    if (prestarted === undefined) prestart({ isSpare: true });
  } else {
    void prestarted?.worker.terminate();
    prestarted = undefined;
  }
}

export function startWorker(): WorkerThread {
  const thread = prestarted ?? create(false);
  prestarted = undefined;
  thread.worker.ref();
  if (keepsSpare) setTimeout(() => keepSpare(keepsSpare), SPARE_DELAY_MS).unref();
  return thread;
}

function create(isSpare: boolean): WorkerThread {
  const { port1, port2 } = new MessageChannel();
  const channel = createChannel(port2, createRing);
  handlers ??= prebuiltHandlers();
  const worker = new Worker(workerEntry, {
    workerData: { channel, handlers, isSpare } satisfies WorkerInput,
    transferList: [port2],
    resourceLimits: { stackSizeMb: STACK_MIB, maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
  });
  return { worker, port: port1, channel };
}
