/** What a supervisor needs to start a worker: where its code is, as source or in the bundle, and what it is given. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { WorkerChannel } from '../contract/worker-channel.ts';

export const workerEntry = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? 'instance-worker.ts' : 'worker.cjs',
);

/** The thread's workerData. */
export interface WorkerInput {
  readonly channel: WorkerChannel<MessagePort>;
  readonly handlers: WebAssembly.Module | undefined;
  /** It is kept for some later start and may warm up until then. */
  readonly isSpare: boolean;
}

/** The handlers that the build has prepared; without a build they are made as they are met. */
export function prebuiltHandlers(): WebAssembly.Module | undefined {
  const file = join(import.meta.dirname, 'handlers.wasm');
  return existsSync(file) ? new WebAssembly.Module(readFileSync(file)) : undefined;
}
