/**
 * The contract between a supervisor (the thread that owns an instance) and the worker thread that runs it.
 *
 * Requests and responses travel on a message port. A worker that runs guest code does not return to its event loop, so
 * the supervisor raises CONTROL_REQUEST after posting and wakes the worker, which takes the messages synchronously.
 * Events go the other way. Console bytes travel on two shared rings (core/base/shared-ring.ts), handed over once in
 * `WorkerChannel`. Killing is not a call: the supervisor terminates the thread, whatever it does.
 *
 * Control words (Int32):
 *
 * | word            | written by | meaning                                                              |
 * |-----------------|------------|----------------------------------------------------------------------|
 * | CONTROL_WAKE    | supervisor | counter; the idle worker sleeps on it, every input or request adds 1 |
 * | CONTROL_REQUEST | both       | 1 while requests wait on the port                                    |
 * | CONTROL_CLOSED  | supervisor | bit n is set once nobody takes output stream n any more              |
 *
 * Order: post, set REQUEST, add to WAKE, notify. The worker clears REQUEST before it empties the port.
 */
import * as z from 'zod/mini';
import { call, type EventOf, event, Nothing } from './contract.ts';
import type { VmErrorData } from './errors.ts';
import { TerminalSize, VmSpec } from './vm-spec.ts';

export const CONTROL_WAKE = 0;
export const CONTROL_REQUEST = 1;
export const CONTROL_CLOSED = 2;
const CONTROL_BYTES = 64;

/** Streams of the output ring. */
export const STREAM_STDOUT = 1;
export const STREAM_STDERR = 2;
/** Banner and kernel messages. */
export const STREAM_KERNEL = 3;
export const STREAM_STRACE = 4;
export type OutputStream = 1 | 2 | 3 | 4;

const OUTPUT_RING_BYTES = 1 << 20;
const INPUT_RING_BYTES = 1 << 16;

/** What the two ends share; made by the supervisor, passed to the worker at its creation. */
export interface WorkerChannel<Port> {
  readonly port: Port;
  readonly control: SharedArrayBuffer;
  /** Framed: records of a stream and its bytes (core/base/output-frames.ts). */
  readonly output: SharedArrayBuffer;
  readonly input: SharedArrayBuffer;
}

export function createChannel<Port>(
  port: Port,
  createRing: (lenBytes: number) => SharedArrayBuffer,
): WorkerChannel<Port> {
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  return { port, control, output: createRing(OUTPUT_RING_BYTES), input: createRing(INPUT_RING_BYTES) };
}

/** How a guest program ended. */
export type ProgramExit = { code: number } | { signal: number; coreDumped: boolean };

/** Figures of an instance, as `--stats` prints them. */
export interface Statistics {
  instructions: number;
  /** Million instructions per second of CPU time. */
  mips: number;
  cpuTimeMs: number;
  /** From the start of the boot. */
  elapsedMs: number;
  residentBytes: number;
  openFiles: number;
  threads: number;
  /** Calls by name. */
  syscalls: Record<string, number>;
  /** Calls that were answered ENOSYS, by name or number. */
  missingSyscalls: Record<string, number>;
  engine: Record<string, number>;
}

/** The end of an instance. `exit` is missing when no program ran, or our own error stopped it. */
export interface Ending {
  exit?: ProgramExit;
  error?: VmErrorData;
  /** Crash report for people. */
  report?: string;
  statistics?: Statistics;
}

export const workerApi = {
  'instance.start': call<null>()('Boot the machine and run its program', VmSpec),
  'instance.pause': call<null>()('Stop running guest code until resumed', Nothing),
  'instance.resume': call<null>()('Go on after a pause', Nothing),
  'instance.signal': call<null>()('Send a signal to the program', z.object({ signal: z.int() })),
  'instance.resize': call<null>()('Tell the terminal its new size', TerminalSize),
  'instance.statistics': call<Statistics>()('Figures of the running instance', Nothing),
  'console.ready': event<null>('The output ring has bytes and its reader was asleep'),
  'console.drained': event<null>('The input ring has room again'),
  'instance.ended': event<Ending>('The program ended, or the instance failed'),
} as const;

export type WorkerEvent = EventOf<typeof workerApi>;
