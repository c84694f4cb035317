/**
 * Bytes that TCP_CORK or MSG_MORE hold back, tcp(7): what is less than a segment waits for more, 200 ms at most. They are held
 * only while the stream has room for them, so that they can always be let go.
 */
import type { Stream } from '../../../net/transport.ts';
import type { Kernel } from '../../kernel.ts';
import { type TimerHandle, timers } from '../posix-time/timers.ts';

/** An Ethernet's segment with time stamps. */
const SEGMENT_BYTES = 1448;
const HOLD_NS = 200e6;

export class HeldBytes {
  private readonly kernel: Kernel;
  private readonly stream: Stream;
  private readonly bytes = new Uint8Array(SEGMENT_BYTES);
  private lenBytes = 0;
  private timer: TimerHandle | undefined = undefined;

  constructor(kernel: Kernel, stream: Stream) {
    this.kernel = kernel;
    this.stream = stream;
  }

  get length(): number {
    return this.lenBytes;
  }

  /** Keeps them; false when they make a segment with what is kept, or could not be let go later. */
  keep(bytes: Uint8Array): boolean {
    const lenBytes = this.lenBytes + bytes.length;
    if (lenBytes >= SEGMENT_BYTES || this.stream.room < lenBytes) return false;
    this.bytes.set(bytes, this.lenBytes);
    this.lenBytes = lenBytes;
    this.timer ??= timers(this.kernel).add(this.kernel.clock.monotonicNs() + HOLD_NS, () => {
      this.timer = undefined;
      this.letGo();
    });
    return true;
  }

  /** Sends what is kept. */
  letGo(): void {
    if (this.timer !== undefined) timers(this.kernel).cancel(this.timer);
    this.timer = undefined;
    if (this.lenBytes > 0) this.stream.send(this.bytes.subarray(0, this.lenBytes));
    this.lenBytes = 0;
  }
}
