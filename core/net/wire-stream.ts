/**
 * A stream on a wire: its slot's header and both directions, seen from one side. The side that connects is the slot's owner:
 * it takes the slot, and has it back when both sides have let go.
 *
 * Words of a slot:
 *
 * | word           | meaning                                                                                    |
 * |----------------|--------------------------------------------------------------------------------------------|
 * | STATE          | FREE → ASKED (owner) → OPEN or REFUSED (the other side)                                    |
 * | FAULT          | of a REFUSED one: position in `faults`                                                     |
 * | RELEASED       | bit 0: the owner has let go; bit 1: the other side has                                     |
 * | BELL + n       | 1 while the slot is in the bell of the owner (n = 0) or the other side (n = 1)             |
 * | PORTS + n      | port of each                                                                               |
 * | HOSTS + 4n     | address of each, 16 bytes                                                                  |
 * | DIRECTIONS + 8n| what each writes (half-stream.ts)                                                          |
 */
import { bytesToStr, strToBytes } from '../base/bytes.ts';
import type { Tap } from './capture.ts';
import { DIRECTION_WORDS, HalfReader, HalfWriter } from './half-stream.ts';
import { type Endpoint, faults, type Stream, type StreamFault, type StreamState } from './transport.ts';
import { SLOT_WORDS, slotOffset, smallRingOffset, type WireMemory } from './wire-memory.ts';

const STATE = 0;
const FAULT = 1;
const RELEASED = 2;
const BELL = 3;
const PORTS = 5;
const HOSTS = 8;
const DIRECTIONS = 16;

const FREE = 0;
const ASKED = 1;
const OPEN = 2;
const REFUSED = 3;

/** Fewer bytes may wait a moment for others, so that one wake-up does for all. */
const URGENT_BYTES = 4096;

/** Side of a slot: 0 its owner, 1 the other. */
type Role = 0 | 1;

/** What a stream needs of the end of the wire it is on. */
export interface StreamPlace {
  /** Number of the wire. */
  readonly id: number;
  readonly memory: WireMemory;
  /** Puts the slot in the other side's bell and wakes it; `isUrgent` false: soon. */
  ring(slot: number, isUrgent: boolean): void;
  /** Has `stream.onChange` called by the next `poll`. */
  tellSelf(stream: WireStream): void;
  /** Nobody on this side holds the stream any more. */
  forget(stream: WireStream): void;
  /** Makes idle streams give large blocks back. */
  readonly reclaim: () => void;
  /** Who is told of what passes, if anybody. */
  readonly tap: Tap | undefined;
  /** Bytes passed on this side. */
  readonly count: (sentBytes: number, receivedBytes: number) => void;
}

export class WireStream implements Stream {
  readonly slot: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  onChange: (() => void) | undefined = undefined;
  fault: StreamFault | undefined = undefined;
  readonly place: StreamPlace;
  private readonly role: Role;
  private readonly words: Int32Array;
  readonly input: HalfReader;
  readonly output: HalfWriter;
  /** Number of the connection on its wire, the same at every run that connects in the same order. */
  flow = 0;
  /** This side has let go. */
  isReleased = false;
  private current: StreamState;
  sentBytes = 0;
  private takenBytes = 0;
  /** The capture has the peer's FIN. */
  private hasShownEnd = false;

  private constructor(place: StreamPlace, slot: number, role: Role, ends: readonly [Endpoint, Endpoint] | undefined) {
    const { memory } = place;
    const offset = slotOffset(slot);
    this.place = place;
    this.slot = slot;
    this.role = role;
    this.words = new Int32Array(memory.buffer, offset, SLOT_WORDS);
    const peer = 1 - role;
    const wordsOf = (n: number): number => offset + (DIRECTIONS + n * DIRECTION_WORDS) * 4;
    const smallOf = (n: number): number => smallRingOffset(slot, n);
    this.output = new HalfWriter(memory, wordsOf(role), smallOf(role), place.reclaim);
    this.input = new HalfReader(memory, wordsOf(peer), smallOf(peer));
    this.local = ends?.[0] ?? this.endpoint(role);
    this.remote = ends?.[1] ?? this.endpoint(peer);
    this.current = role === 0 ? 'connecting' : 'asking';
  }

  /** Asks the other side for a connection. */
  static ask(place: StreamPlace, slot: number, local: Endpoint, remote: Endpoint): WireStream {
    const stream = new WireStream(place, slot, 0, [local, remote]);
    stream.writeHeader();
    place.tap?.opened(stream, true);
    return stream;
  }

  /** The last news of a slot of this side's that nobody holds any more: the next connection in it may ring again. */
  static clearOwnBell({ memory }: StreamPlace, slot: number): void {
    Atomics.store(new Int32Array(memory.buffer, slotOffset(slot), SLOT_WORDS), BELL, 0);
  }

  /** The other side's end of a slot that this side has not seen yet; undefined when nobody asks in it. */
  static answer(place: StreamPlace, slot: number): WireStream | undefined {
    const words = new Int32Array(place.memory.buffer, slotOffset(slot), SLOT_WORDS);
    Atomics.store(words, BELL + 1, 0);
    if (Atomics.load(words, STATE) !== ASKED || (Atomics.load(words, RELEASED) & 2) !== 0) return undefined;
    const stream = new WireStream(place, slot, 1, undefined);
    place.tap?.opened(stream, false);
    return stream;
  }

  private writeHeader(): void {
    const { words, local, remote } = this;
    const bytes = new Uint8Array(words.buffer, words.byteOffset + HOSTS * 4, 32);
    words[PORTS] = local.port;
    words[PORTS + 1] = remote.port;
    bytes.set(strToBytes(local.host), 0);
    bytes.set(strToBytes(remote.host), 16);
    // The bell words stay: the slot may still be in a bell from its last use.
    words.fill(0, DIRECTIONS);
    Atomics.store(words, RELEASED, 0);
    Atomics.store(words, STATE, ASKED);
    this.tell();
  }

  private endpoint(n: number): Endpoint {
    const { words } = this;
    const hosts = new Uint8Array(words.buffer, words.byteOffset + HOSTS * 4, 32);
    return { host: bytesToStr(hosts, n * 16, n * 16 + 16), port: words[PORTS + n]! };
  }

  /** Tells the other side that something changed. */
  private tell(isUrgent = true): void {
    if (Atomics.exchange(this.words, BELL + 1 - this.role, 1) === 0) this.place.ring(this.slot, isUrgent);
  }

  /** The slot has come out of this side's bell: it may be put in again. */
  clearBell(): void {
    Atomics.store(this.words, BELL + this.role, 0);
  }

  /** Looks at what the other side has changed, and tells who uses the stream. */
  heard(): void {
    this.input.settle();
    this.update();
    this.onChange?.();
  }

  private update(): void {
    if (this.current === 'ended') return;
    if (this.current === 'connecting') {
      const state = Atomics.load(this.words, STATE);
      if (state === OPEN) this.current = 'open';
      else if (state === REFUSED) this.finish(faults[Atomics.load(this.words, FAULT)]!);
      if (state === OPEN || state === REFUSED) this.place.tap?.answered(this, false, state === OPEN);
    }
    if (this.input.isReset) {
      this.finish('reset');
      this.place.tap?.reset(this, false);
    }
  }

  private finish(fault: StreamFault): void {
    this.fault = fault;
    this.current = 'ended';
  }

  /** The other side gave up waiting for an answer: told at once, whatever faults are imposed. */
  get hasTimedOut(): boolean {
    const isRefused = this.current === 'connecting' && Atomics.load(this.words, STATE) === REFUSED;
    return isRefused && faults[Atomics.load(this.words, FAULT)] === 'timeout';
  }

  /** This side has made the stream. */
  get isOwn(): boolean {
    return this.role === 0;
  }
  get state(): StreamState {
    return this.current;
  }

  accept(): void {
    if (this.current !== 'asking') return;
    this.current = 'open';
    Atomics.store(this.words, STATE, OPEN);
    this.tell();
    this.place.tap?.answered(this, true, true);
  }
  refuse(fault: StreamFault = 'refused'): void {
    if (this.current !== 'asking') return;
    Atomics.store(this.words, FAULT, faults.indexOf(fault));
    Atomics.store(this.words, STATE, REFUSED);
    this.tell();
    this.current = 'ended';
    this.place.tap?.answered(this, true, false);
    this.letGo();
  }

  get receivedBytes(): number {
    return this.takenBytes + this.available;
  }
  get available(): number {
    return this.input.available;
  }
  receive(into: Uint8Array): number {
    const count = this.input.read(into);
    if (count > 0) this.took(count);
    if (this.place.tap !== undefined) this.tapInput(into.subarray(0, count));
    return count;
  }
  peek(into: Uint8Array, skip = 0): number {
    return this.input.peek(into, skip);
  }
  private tapInput(bytes: Uint8Array): void {
    const { tap } = this.place;
    if (bytes.length > 0) tap?.data(this, false, bytes);
    if (this.input.isAtEnd && !this.hasShownEnd) {
      this.hasShownEnd = true;
      tap?.ended(this, false);
    }
  }

  /** After bytes were taken from `input` directly. */
  took(count: number): void {
    this.takenBytes += count;
    this.place.count(0, count);
    if (this.input.takeWriterWaits()) this.tell();
  }
  get hasPeerEnded(): boolean {
    return this.input.hasPeerEnded;
  }
  get isAtEnd(): boolean {
    return this.input.isAtEnd;
  }

  get room(): number {
    return this.current === 'open' && !this.output.hasEnded ? this.output.room : 0;
  }
  get capacity(): number {
    return this.output.capacity;
  }
  get unsent(): number {
    return this.output.unsent;
  }
  send(bytes: Uint8Array): number {
    if (this.current !== 'open' || this.output.hasEnded || bytes.length === 0) return 0;
    if (this.output.isReaderGone) {
      // TCP takes the bytes, and learns by a reset that nobody is there.
      this.finish('reset');
      this.place.tellSelf(this);
      return bytes.length;
    }
    const count = this.output.write(bytes);
    if (count > 0) this.sent(count);
    if (count > 0) this.place.tap?.data(this, true, bytes.subarray(0, count));
    return count;
  }
  /** After bytes were put into `output` directly. */
  sent(count: number): void {
    this.sentBytes += count;
    this.place.count(count, 0);
    this.tell(count >= URGENT_BYTES);
  }
  wantRoom(): boolean {
    return this.current === 'open' && this.output.wantRoom();
  }
  /** Gives the large block back while it is not needed. */
  giveBack(): void {
    if (this.output.giveBack()) this.tell();
  }

  shutdown(): void {
    if (this.current === 'ended' || this.output.hasEnded) return;
    this.endOutput();
    this.tell();
  }
  private endOutput(): void {
    if (this.output.hasEnded) return;
    this.output.end();
    this.place.tap?.ended(this, true);
  }
  close(): void {
    this.onChange = undefined;
    if (this.current === 'asking') {
      this.refuse();
      return;
    }
    if (this.current === 'open') this.endOutput();
    else if (!this.output.hasEnded) this.output.end();
    this.input.letGo();
    this.current = 'ended';
    this.letGo();
  }
  reset(): void {
    this.onChange = undefined;
    if (this.current === 'asking') {
      this.refuse();
      return;
    }
    if (this.current === 'open') this.place.tap?.reset(this, true);
    this.output.reset();
    this.input.letGo();
    this.current = 'ended';
    this.letGo();
  }

  /** This side is done: the slot goes back to its owner when the other side is done as well. */
  private letGo(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    Atomics.or(this.words, RELEASED, 1 << this.role);
    this.tell();
    this.place.forget(this);
  }
  /** Of one that this side has let go: true when the other side has, too. The owner may even have used the slot again. */
  get isOver(): boolean {
    const released = Atomics.load(this.words, RELEASED);
    return released === 3 || (released & (1 << this.role)) === 0;
  }
  /** Gives back what both sides were using. */
  free(): void {
    this.output.release();
    if (this.role !== 0) return;
    Atomics.store(this.words, STATE, FREE);
    this.place.memory.releaseSlot(this.slot);
  }

  /** The other side is gone for good and will change nothing any more. */
  cutOff(): void {
    this.update();
    if (this.current === 'ended') return;
    if (this.current === 'open' && this.input.hasPeerEnded) {
      // What it had said to its end can still be read.
      this.output.markReaderGone();
    } else this.finish(this.current === 'connecting' ? 'host-unreachable' : 'reset');
    this.onChange?.();
  }
}
