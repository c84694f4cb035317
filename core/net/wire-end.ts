/**
 * One side of a wire: its streams by slot, its datagrams, and the bells. `hear` is called on the side's thread when its
 * bell may have been rung; it takes out what is in the bell and tells the streams and the owner of this end.
 */
import type { Tap } from './capture.ts';
import { DatagramLine } from './datagram-line.ts';
import { DatagramReader, type DatagramRecord, DatagramWriter } from './datagram-ring.ts';
import type { Delays } from './delays.ts';
import { concerns, type Stage } from './fault-plan.ts';
import { StreamLine } from './stream-line.ts';
import type { Endpoint } from './transport.ts';
import { BELL_ENTRIES, bellTail, datagramBell, LEFT, other, type Side, WireMemory } from './wire-memory.ts';
import { type StreamPlace, WireStream } from './wire-stream.ts';

/** Slot number that stands for datagrams in a bell. */
const DATAGRAMS = 0;
/** News after which the other side is woken, whatever comes. */
const MAX_UNHEARD = 16;
/** Datagrams taken before others get their turn. */
const DATAGRAM_BURST = 256;

export interface WireOwner {
  /** A connection asks for an answer. */
  asked(stream: WireStream, end: WireEnd): void;
  received(record: DatagramRecord, end: WireEnd): void;
  /** The other side is gone. */
  left(end: WireEnd): void;
  /** Has `hear` called soon. */
  wakeSelf(): void;
  readonly count: (sentBytes: number, receivedBytes: number) => void;
  readonly tap: Tap | undefined;
  /** Has `flush` called soon. */
  readonly wakeLater: (end: WireEnd) => void;
  /** A packet was lost. */
  readonly lost: () => void;
  readonly delays: Delays;
}

export class WireEnd implements StreamPlace {
  readonly id: number;
  readonly memory: WireMemory;
  readonly side: Side;
  /** Streams of this side, by slot; with those that it has let go and the other side has not. */
  readonly streams = new Map<number, WireStream>();
  readonly count: (sentBytes: number, receivedBytes: number) => void;
  private readonly owner: WireOwner;
  private readonly wakeOther: () => void;
  private readonly bellOut: Int32Array;
  private readonly bellIn: Int32Array;
  private heardTo = 0;
  private rungTo = 0;
  /** News that the other side was not woken for yet. */
  private unheard = 0;
  private readonly outgoing: DatagramWriter;
  private readonly incoming: DatagramReader;
  private news: WireStream[] = [];
  private hasMoreDatagrams = false;
  private hasLeft = false;
  /** Faults imposed on what comes in; empty: none. */
  stages: readonly Stage[] = [];
  private readonly lines = new Map<WireStream, StreamLine>();
  private datagramLine: DatagramLine | undefined = undefined;
  /** Connections so far: made here, and made there. */
  private readonly opened = { here: 0, there: 0 };

  /** `wakeOther` wakes the thread of the other side. */
  constructor(id: number, buffer: SharedArrayBuffer, side: Side, owner: WireOwner, wakeOther: () => void) {
    this.id = id;
    this.memory = new WireMemory(buffer);
    this.side = side;
    this.owner = owner;
    this.count = owner.count;
    this.wakeOther = wakeOther;
    this.bellOut = this.memory.bell(other(side));
    this.bellIn = this.memory.bell(side);
    this.outgoing = new DatagramWriter(this.memory, side);
    this.incoming = new DatagramReader(this.memory, other(side));
  }

  get tap(): Tap | undefined {
    return this.owner.tap;
  }
  get delays(): Delays {
    return this.owner.delays;
  }
  dropped(): void {
    this.owner.lost();
  }
  asked(stream: WireStream): void {
    this.owner.asked(stream, this);
  }
  arrived(record: DatagramRecord): void {
    this.owner.received(record, this);
  }

  /** Imposes other faults, from now on; what is lost is tried again. */
  impair(stages: readonly Stage[]): void {
    this.stages = stages;
    for (const line of this.lines.values()) line.retry();
    for (const stream of this.streams.values()) if (!stream.isReleased) this.lineFor(stream);
    if (stages.length > 0) this.datagramLine ??= new DatagramLine(this);
  }

  /** The line that a stream's packets take; one is made when faults concern it. */
  private lineFor(stream: WireStream): StreamLine | undefined {
    let line = this.lines.get(stream);
    const isConcerned = this.stages.length > 0 && concerns(this.stages, line?.ends ?? endsOf(stream));
    if (line === undefined && isConcerned) {
      line = new StreamLine(stream, this);
      this.lines.set(stream, line);
    } else if (line?.isEmpty && !isConcerned) {
      this.dropLine(stream);
      return undefined;
    }
    return line;
  }
  private dropLine(stream: WireStream): void {
    const line = this.lines.get(stream);
    if (line === undefined) return;
    this.lines.delete(stream);
    this.delays.remove(line);
    line.drop();
  }

  ring(slot: number, isUrgent = true): void {
    this.bellOut[this.rungTo & (BELL_ENTRIES - 1)] = slot;
    this.rungTo = (this.rungTo + 1) | 0;
    Atomics.store(this.memory.words, bellTail(other(this.side)), this.rungTo);
    if (isUrgent || this.unheard >= MAX_UNHEARD) this.wakeNow();
    else if (this.unheard++ === 0) this.owner.wakeLater(this);
  }
  /** Wakes the other side if it has news that it was not woken for. */
  flush(): void {
    if (this.unheard > 0) this.wakeNow();
  }
  private wakeNow(): void {
    this.unheard = 0;
    this.wakeOther();
  }

  /** A connection to the other side; undefined when there are too many. */
  connect(local: Endpoint, remote: Endpoint): WireStream | undefined {
    const slot = this.memory.takeSlot();
    if (slot === undefined) return undefined;
    const stream = WireStream.ask(this, slot, local, remote);
    this.streams.set(slot, stream);
    stream.flow = 2 * this.opened.here++;
    this.lineFor(stream);
    return stream;
  }

  /** False when there was no room. */
  send(record: DatagramRecord): boolean {
    if (!this.outgoing.put(record)) return false;
    if (record.kind === 0) this.tap?.datagram(record);
    if (Atomics.exchange(this.memory.words, datagramBell(other(this.side)), 1) === 0) this.ring(DATAGRAMS);
    return true;
  }

  readonly tellSelf = (stream: WireStream): void => {
    this.news.push(stream);
    this.owner.wakeSelf();
  };
  /** There is something to hear though nobody has rung. */
  get hasNews(): boolean {
    return this.news.length > 0 || this.hasMoreDatagrams;
  }

  hear(): void {
    const { news } = this;
    if (news.length > 0) {
      this.news = [];
      for (const stream of news) stream.onChange?.();
    }
    if (this.hasMoreDatagrams) {
      this.hasMoreDatagrams = false;
      this.takeDatagrams();
    }
    const tail = Atomics.load(this.memory.words, bellTail(this.side));
    while (this.heardTo !== tail) {
      const slot = this.bellIn[this.heardTo & (BELL_ENTRIES - 1)]!;
      this.heardTo = (this.heardTo + 1) | 0;
      if (slot === DATAGRAMS) this.takeDatagrams();
      else this.hearSlot(slot);
    }
    if (!this.hasLeft && Atomics.load(this.memory.words, LEFT) & (1 << other(this.side))) this.lost();
  }

  private hearSlot(slot: number): void {
    const stream = this.streams.get(slot);
    if (stream !== undefined) {
      stream.clearBell();
      if (!stream.isReleased) {
        this.tellStream(stream);
        return;
      }
      if (!stream.isOver) return;
      this.streams.delete(slot);
      stream.free();
    }
    if (this.memory.ownsSlot(slot)) {
      WireStream.clearOwnBell(this, slot);
      return;
    }
    const asking = WireStream.answer(this, slot);
    if (asking === undefined) return;
    this.streams.set(slot, asking);
    asking.flow = 2 * this.opened.there++ + 1;
    const line = this.lineFor(asking);
    if (line === undefined) this.owner.asked(asking, this);
    else line.ask();
  }

  private tellStream(stream: WireStream): void {
    const line = this.lines.size === 0 ? undefined : this.lineFor(stream);
    if (line === undefined || stream.hasTimedOut) stream.heard();
    else line.heard();
  }

  private takeDatagrams(): void {
    const bell = datagramBell(this.side);
    Atomics.store(this.memory.words, bell, 0);
    for (let i = 0; i < DATAGRAM_BURST; i++) {
      const record = this.incoming.next();
      if (record === undefined) return;
      if (record.kind === 0) this.tap?.datagram(record);
      if (this.stages.length > 0) this.datagramLine!.put(record);
      else this.owner.received(record, this);
      this.incoming.drop();
    }
    this.hasMoreDatagrams = true;
  }
  forget(stream: WireStream): void {
    this.dropLine(stream);
    if (!stream.isOver) return;
    this.streams.delete(stream.slot);
    stream.free();
  }

  /** Streams whose blocks lie idle give them back. */
  readonly reclaim = (): void => {
    for (const stream of this.streams.values()) stream.giveBack();
  };

  /** Cuts all streams off: nothing comes from the other side any more. */
  lost(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    for (const stream of [...this.streams.values()]) {
      const line = this.lines.get(stream);
      if (line === undefined) stream.cutOff();
      else line.cut();
    }
    this.owner.left(this);
  }

  /** Ends all that is open, and tells the other side that nothing comes any more. */
  leave(): void {
    for (const stream of [...this.streams.values()]) if (!stream.isReleased) stream.reset();
    Atomics.or(this.memory.words, LEFT, 1 << this.side);
    this.wakeOther();
  }

  /** Bytes that the other side has yet to take. */
  get unsent(): number {
    let sum = 0;
    for (const stream of this.streams.values()) if (!stream.isOver) sum += stream.unsent;
    return sum;
  }
}

const endsOf = ({ local, remote }: WireStream) => ({ from: remote.host, to: local.host });
