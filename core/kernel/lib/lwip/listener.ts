/**
 * The queue of a listening socket, listen(2): connections that are there, and those that ask while the queue is full. Linux
 * drops the SYN of the latter and the peer tries again; here they keep asking until there is room.
 */
import type { Stream } from '../../../net/transport.ts';

export class Listener {
  private backlog: number;
  private readonly pending: Stream[] = [];
  private readonly asking = new Set<Stream>();
  private readonly arrived: () => void;

  /** `arrived` is called when there is another connection to take. */
  constructor(backlog: number, arrived: () => void) {
    this.backlog = backlog;
    this.arrived = arrived;
  }

  get isEmpty(): boolean {
    return this.pending.length === 0;
  }
  /** Connections to take, and how many Linux would let wait: sk_ack_backlog and sk_max_ack_backlog. */
  get waiting(): { readonly count: number; readonly limit: number } {
    return { count: this.pending.length, limit: this.backlog };
  }
  get pendingStreams(): readonly Stream[] {
    return this.pending;
  }
  private get hasRoom(): boolean {
    return this.pending.length <= this.backlog;
  }

  resize(backlog: number): void {
    this.backlog = backlog;
    this.admitAsking();
  }

  /** A connection that asks. */
  offer(stream: Stream): void {
    if (this.hasRoom) {
      this.admit(stream);
      return;
    }
    this.asking.add(stream);
    stream.onChange = () => {
      if (stream.state === 'ended') this.asking.delete(stream);
    };
  }

  private admit(stream: Stream): void {
    stream.onChange = undefined;
    stream.accept();
    this.pending.push(stream);
    this.arrived();
  }

  private admitAsking(): void {
    for (const stream of this.asking) {
      if (!this.hasRoom) return;
      this.asking.delete(stream);
      this.admit(stream);
    }
  }

  take(): Stream | undefined {
    const next = this.pending.shift();
    if (next !== undefined && this.asking.size > 0) this.admitAsking();
    return next;
  }

  /** Nobody will take them. */
  close(): void {
    for (const stream of this.asking) stream.refuse();
    this.asking.clear();
    for (const stream of this.pending.splice(0)) stream.reset();
  }
}
