/**
 * Datagrams on their way to this side while faults are imposed on them. One that was slowed may be overtaken by others, as on
 * a network; one that was lost stays lost. What waits is bounded: beyond that the newest is lost.
 */
import type { DatagramRecord } from './datagram-ring.ts';
import type { Delays, Line } from './delays.ts';
import { arrivalMs, type Stage } from './fault-plan.ts';

/** Bounds of what waits: packets, as the queue of Linux's netem has them, and bytes. */
const MAX_PACKETS = 1000;
const MAX_BYTES = 1 << 22;

export interface DatagramLineOwner {
  readonly stages: readonly Stage[];
  readonly delays: Delays;
  arrived(record: DatagramRecord): void;
  dropped(): void;
}

interface Waiting {
  readonly record: DatagramRecord;
  readonly readyMs: number;
}

export class DatagramLine implements Line {
  private readonly owner: DatagramLineOwner;
  /** By time; of two with the same the one that came first is first. */
  private readonly waiting: Waiting[] = [];
  private lenBytes = 0;
  private index = 0;

  constructor(owner: DatagramLineOwner) {
    this.owner = owner;
  }

  /** Takes a copy of a datagram that has come. */
  put(record: DatagramRecord): void {
    const { stages, delays } = this.owner;
    const lenBytes = record.bytes.length;
    const ends = { from: record.from.host, to: record.to.host };
    const readyMs = arrivalMs(stages, { ...ends, lenBytes, flow: 0, index: this.index++, attempt: 0 }, delays.nowMs());
    if (readyMs === undefined || this.waiting.length >= MAX_PACKETS || this.lenBytes + lenBytes > MAX_BYTES) {
      this.owner.dropped();
      return;
    }
    let at = this.waiting.length;
    while (at > 0 && this.waiting[at - 1]!.readyMs > readyMs) at--;
    this.waiting.splice(at, 0, { record: { ...record, bytes: record.bytes.slice() }, readyMs });
    this.lenBytes += lenBytes;
    delays.set(this, this.waiting[0]!.readyMs);
  }

  look(nowMs: number): number {
    while (this.waiting.length > 0 && this.waiting[0]!.readyMs <= nowMs) {
      const { record } = this.waiting.shift()!;
      this.lenBytes -= record.bytes.length;
      this.owner.arrived(record);
    }
    return this.waiting[0]?.readyMs ?? Number.POSITIVE_INFINITY;
  }
}
