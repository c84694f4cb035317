/**
 * What a supervisor and its worker share, handed over once: a message port, control words and the two console rings
 * (core/base/shared-ring.ts). The calls over the port are worker-protocol.ts.
 *
 * Control words (Int32):
 *
 * | word            | written by | meaning                                                              |
 * |-----------------|------------|----------------------------------------------------------------------|
 * | CONTROL_WAKE    | supervisor | counter; the idle worker sleeps on it, every input or request adds 1 |
 * | CONTROL_REQUEST | both       | 1 while requests wait on the port                                    |
 * | CONTROL_CLOSED  | supervisor | bit n is set once nobody takes output stream n any more              |
 * | CONTROL_ASLEEP  | worker     | 1 while it sleeps on CONTROL_WAKE (core/base/wake.ts)                |
 *
 * Order: post, set REQUEST, add to WAKE, notify. The worker clears REQUEST before it empties the port.
 */
import { ASLEEP, WAKE } from '../base/wake.ts';

export const CONTROL_WAKE = WAKE;
export const CONTROL_REQUEST = 1;
export const CONTROL_CLOSED = 2;
export const CONTROL_ASLEEP = ASLEEP;
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
