/**
 * The way of one stream's packets to this side while faults are imposed on it. Bytes, ends and resets lie in the wire's
 * memory at once; the line shows them to the reader (`HalfReader.reveal`) when the packets that carry them would arrive.
 *
 * A packet that is lost is sent again, as TCP does: after 200 ms, doubling, a connection's first packet after 1 s; what is
 * behind it waits. When the rules change, what is lost is tried again at once. A connection that nothing of gets through
 * fails after 127 s, as with Linux's six repetitions.
 */
import type { Delays, Line } from './delays.ts';
import { arrivalMs, type PacketEnds, type Stage } from './fault-plan.ts';
import type { WireStream } from './wire-stream.ts';

const SEGMENT_BYTES = 1448;
const RETRY_MS = 200;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 120_000;
const MAX_ASKS = 7;
/** Packet numbers of what has no bytes. */
const ASK = 0x7fff_0000;
const ENDS = 0x7fff_0001;

interface Packet {
  /** `news`: of room, of an answer; it is never lost. */
  readonly kind: 'ask' | 'bytes' | 'ends' | 'news' | 'cut';
  /** What the reader may see once it has arrived: the position behind its last byte, and flags. */
  readonly written: number;
  readonly flags: number;
  readonly lenBytes: number;
  readonly index: number;
  attempt: number;
  /** Infinity while it is lost. */
  readyMs: number;
  retryMs: number;
}

export interface StreamLineOwner {
  readonly stages: readonly Stage[];
  readonly delays: Delays;
  /** A connection asks; its first packet has arrived. */
  asked(stream: WireStream): void;
  /** A packet was lost. */
  dropped(): void;
}

export class StreamLine implements Line {
  readonly ends: PacketEnds;
  private readonly stream: WireStream;
  private readonly owner: StreamLineOwner;
  private readonly packets: Packet[] = [];
  /** What packets are made of already. */
  private seenWritten: number;
  private seenFlags: number;
  private lastReadyMs = 0;

  constructor(stream: WireStream, owner: StreamLineOwner) {
    this.stream = stream;
    this.owner = owner;
    this.ends = { from: stream.remote.host, to: stream.local.host };
    const { written, flags } = stream.input.hold();
    this.seenWritten = written;
    this.seenFlags = flags;
  }

  get isEmpty(): boolean {
    return this.packets.length === 0;
  }

  /** The peer asks for a connection. */
  ask(): void {
    this.add('ask', { index: ASK });
    this.again();
  }

  /** Something has changed in the wire's memory. */
  heard(): void {
    const { input } = this.stream;
    // Flags first: behind an end that is seen no bytes come.
    const flags = input.liveFlags;
    const written = input.liveWritten;
    const isNew = written !== this.seenWritten || flags !== this.seenFlags;
    while (written !== this.seenWritten) this.addSegment(written);
    if (flags !== this.seenFlags) {
      this.seenFlags = flags;
      this.add('ends', { index: ENDS + flags });
    }
    if (!isNew) this.add('news', { index: 0 });
    this.again();
  }

  private addSegment(written: number): void {
    const from = this.seenWritten;
    const inSegment = (from >>> 0) % SEGMENT_BYTES;
    const lenBytes = Math.min((written - from) >>> 0, SEGMENT_BYTES - inSegment);
    this.seenWritten = (from + lenBytes) | 0;
    this.add('bytes', { index: Math.floor((from >>> 0) / SEGMENT_BYTES), lenBytes });
  }

  /** The other side is gone for good: known once what it had sent has arrived. */
  cut(): void {
    this.heard();
    this.add('cut', { index: 0 });
    this.again();
  }

  private add(kind: Packet['kind'], { index, lenBytes = 0 }: { index: number; lenBytes?: number }): void {
    const { seenWritten: written, seenFlags: flags } = this;
    const packet = { kind, written, flags, lenBytes, index, attempt: 0, readyMs: 0, retryMs: 0 };
    this.packets.push(packet);
    this.transmit(packet, this.owner.delays.nowMs());
  }

  private transmit(packet: Packet, nowMs: number): void {
    const { stages } = this.owner;
    const { kind, lenBytes, index, attempt } = packet;
    const isSure = kind === 'news' || kind === 'cut';
    const at = arrivalMs(stages, { ...this.ends, lenBytes, index, attempt, flow: this.stream.flow }, nowMs);
    if (at === undefined && !isSure) {
      packet.readyMs = Number.POSITIVE_INFINITY;
      const first = kind === 'ask' ? FIRST_RETRY_MS : RETRY_MS;
      packet.retryMs = nowMs + Math.min(MAX_RETRY_MS, first * 2 ** attempt);
      packet.attempt++;
      this.owner.dropped();
      return;
    }
    packet.readyMs = this.lastReadyMs = Math.max(at ?? nowMs, this.lastReadyMs);
  }

  look(nowMs: number): number {
    for (const packet of this.packets) {
      if (packet.readyMs !== Number.POSITIVE_INFINITY || packet.retryMs > nowMs) continue;
      if (packet.kind === 'ask' && packet.attempt >= MAX_ASKS) {
        this.packets.length = 0;
        this.stream.refuse('timeout');
        return Number.POSITIVE_INFINITY;
      }
      this.transmit(packet, nowMs);
    }
    this.deliver(nowMs);
    return this.nextMs;
  }

  private deliver(nowMs: number): void {
    const { packets, stream } = this;
    let count = 0;
    while (count < packets.length && packets[count]!.readyMs <= nowMs) count++;
    if (count === 0) return;
    const arrived = packets.splice(0, count);
    const last = arrived.at(-1)!;
    stream.input.reveal(last.written, last.flags);
    for (const { kind } of arrived) {
      if (kind === 'ask') this.owner.asked(stream);
      else if (kind === 'cut') stream.cutOff();
    }
    if (!stream.isReleased) stream.heard();
  }

  private get nextMs(): number {
    let next = this.packets[0]?.readyMs ?? Number.POSITIVE_INFINITY;
    for (const { readyMs, retryMs } of this.packets) {
      if (readyMs === Number.POSITIVE_INFINITY && retryMs < next) next = retryMs;
    }
    return next;
  }

  /** The rules have changed: what is lost is tried again. */
  retry(): void {
    const nowMs = this.owner.delays.nowMs();
    for (const packet of this.packets) {
      if (packet.readyMs === Number.POSITIVE_INFINITY) this.transmit(packet, nowMs);
    }
    this.again();
  }

  /** Nobody holds the stream any more. */
  drop(): void {
    this.packets.length = 0;
    this.stream.input.release();
  }

  private again(): void {
    this.owner.delays.set(this, this.nextMs);
  }
}
