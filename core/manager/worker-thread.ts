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

/** Starts a thread for the next `startWorker`. It does not keep the process alive until then. */
export function prestart(): void {
  prestarted = create();
  prestarted.worker.unref();
}

export function startWorker(): WorkerThread {
  const thread = prestarted ?? create();
  prestarted = undefined;
  thread.worker.ref();
  return thread;
}

function create(): WorkerThread {
  const { port1, port2 } = new MessageChannel();
  const channel = createChannel(port2, createRing);
  handlers ??= prebuiltHandlers();
  const worker = new Worker(workerEntry, {
    workerData: { channel, handlers } satisfies WorkerInput,
    transferList: [port2],
    resourceLimits: { stackSizeMb: STACK_MIB, maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
  });
  return { worker, port: port1, channel };
}
