/**
 * One direction of a stream: a byte ring between its writer and its reader, which are on different threads or the same.
 *
 * Words of a direction in its slot:
 *
 * | word      | written by | meaning                                                                     |
 * |-----------|------------|-----------------------------------------------------------------------------|
 * | WRITTEN   | writer     | bytes written ever, modulo 2^32                                             |
 * | READ      | reader     | bytes read ever                                                             |
 * | FLAGS     | both       | 1: FIN · 2: the reader has let go · 4: the writer has reset the connection  |
 * | WAITS     | both       | 1: the writer wants to be told of room                                      |
 * | SWITCHES  | both       | 1 while the reader has yet to change over to the other ring                 |
 * | SWITCH_AT | writer     | the value of WRITTEN from which on bytes are in the other ring              |
 * | RING      | writer     | byte offset of the other ring                                               |
 * | LENGTH    | writer     | its length, a power of two                                                  |
 *
 * The ring is the small one of the slot until there is more to say; then the writer borrows a large block. It stores
 * SWITCH_AT, RING and LENGTH, then SWITCHES, then moves WRITTEN; the reader reads WRITTEN first and SWITCHES after it. So a
 * reader that sees bytes knows where they are. The writer uses the old ring again only once SWITCHES is 0.
 */
import { SMALL_RING_BYTES, type WireMemory } from './wire-memory.ts';

const WRITTEN = 0;
const READ = 1;
const FLAGS = 2;
const WAITS = 3;
const SWITCHES = 4;
const SWITCH_AT = 5;
const RING = 6;
const LENGTH = 7;
export const DIRECTION_WORDS = 8;

const FIN = 1;
const READER_GONE = 2;
const RESET = 4;

/** Large blocks are chunks of the wire. */
const BLOCK_BYTES = 1 << 18;
/** What is filled in at once by other means. */
const MAX_PLACE = 1 << 16;

abstract class HalfStream {
  protected readonly memory: WireMemory;
  protected readonly words: Int32Array;
  /** The ring that this side is at. */
  protected ring: Uint8Array;

  constructor(memory: WireMemory, wordsOffset: number, smallOffset: number) {
    this.memory = memory;
    this.words = new Int32Array(memory.buffer, wordsOffset, DIRECTION_WORDS);
    this.ring = new Uint8Array(memory.buffer, smallOffset, SMALL_RING_BYTES);
  }

  protected flag(bit: number): boolean {
    return (Atomics.load(this.words, FLAGS) & bit) !== 0;
  }
  protected get used(): number {
    return (Atomics.load(this.words, WRITTEN) - Atomics.load(this.words, READ)) >>> 0;
  }
}

export class HalfWriter extends HalfStream {
  private readonly small: Uint8Array;
  /** Offset of the large block that it has borrowed. */
  private block: number | undefined;
  /** A block that the reader may still read from. */
  private oldBlock: number | undefined;
  private readonly reclaim: () => void;
  /** Somebody fills in a place of the ring: it stays until the next `reserve`. */
  private isReserved = false;

  /** `reclaim` is called when no block is free: it may make idle streams give theirs back. */
  constructor(memory: WireMemory, wordsOffset: number, smallOffset: number, reclaim: () => void) {
    super(memory, wordsOffset, smallOffset);
    this.small = this.ring;
    this.reclaim = reclaim;
  }

  /** For a fresh slot, before the other side knows of it. */
  initialize(): void {
    this.words.fill(0);
  }

  get unsent(): number {
    return this.used;
  }
  /** Bytes ever sent, modulo 2^32. */
  get position(): number {
    return Atomics.load(this.words, WRITTEN);
  }
  /** What a writer may have on its way, large blocks being available. */
  get capacity(): number {
    return BLOCK_BYTES;
  }
  get room(): number {
    const free = this.freeNow;
    // The large block comes when it is written to.
    return this.ring === this.small && !this.isSwitching ? free + BLOCK_BYTES : free;
  }
  private get isSwitching(): boolean {
    return Atomics.load(this.words, SWITCHES) === 1;
  }
  /** Free bytes of the ring that this side is at. */
  private get freeNow(): number {
    const { words } = this;
    if (!this.isSwitching) return this.ring.length - this.used;
    return this.ring.length - ((Atomics.load(words, WRITTEN) - Atomics.load(words, SWITCH_AT)) >>> 0);
  }
  get isReaderGone(): boolean {
    return this.flag(READER_GONE);
  }

  /** Writes as much as fits; returns how many bytes that was. */
  write(bytes: Uint8Array): number {
    this.chooseRing(bytes.length);
    let count = this.put(bytes, 0);
    if (count < bytes.length && this.ring === this.small && this.switchToBlock()) count += this.put(bytes, count);
    return count;
  }

  private put(bytes: Uint8Array, from: number): number {
    const { ring, words } = this;
    const count = Math.min(bytes.length - from, this.freeNow);
    if (count <= 0) return 0;
    const written = Atomics.load(words, WRITTEN);
    const at = written & (ring.length - 1);
    const first = Math.min(count, ring.length - at);
    ring.set(first === bytes.length ? bytes : bytes.subarray(from, from + first), at);
    if (first < count) ring.set(bytes.subarray(from + first, from + count), 0);
    Atomics.store(words, WRITTEN, written + count);
    return count;
  }

  /**
   * Where the next bytes go, for who fills them in by other means, and whether that place is free yet. It is when
   * `wantRoom` has told of room. `last`: how many bytes came last time.
   */
  reserve(last: number): { place: Uint8Array; isFree: boolean } {
    this.isReserved = true;
    if (last > 0) this.chooseRing(last < SMALL_RING_BYTES ? last : last + 1);
    const quarter = this.ring.length >> 2;
    if (this.freeNow < quarter && this.ring === this.small) this.switchToBlock();
    const { ring, freeNow } = this;
    const at = Atomics.load(this.words, WRITTEN) & (ring.length - 1);
    const count = Math.min(ring.length - at, Math.max(freeNow, ring.length >> 2), MAX_PLACE);
    return { place: ring.subarray(at, at + count), isFree: freeNow >= count };
  }
  /** `count` bytes of the reserved place are filled in. */
  commit(count: number): void {
    Atomics.store(this.words, WRITTEN, Atomics.load(this.words, WRITTEN) + count);
  }

  /** While the ring is empty it costs nothing to change to the one that fits. */
  private chooseRing(lenBytes: number): void {
    if (this.isSwitching || this.used > 0) return;
    this.returnOldBlock();
    if (lenBytes > SMALL_RING_BYTES) {
      if (this.ring === this.small) this.switchToBlock();
    } else this.returnBlock();
  }

  private switchToBlock(): boolean {
    if (this.isSwitching) return false;
    this.returnOldBlock();
    let block = this.memory.takeBlock();
    if (block === undefined) {
      this.reclaim();
      block = this.memory.takeBlock();
      if (block === undefined) return false;
    }
    this.block = block;
    this.switchTo(new Uint8Array(this.memory.buffer, block, BLOCK_BYTES));
    return true;
  }

  /** Goes back to the small ring when all is read: true when a block became free, now or once the reader has noticed. */
  giveBack(): boolean {
    return !this.isReserved && this.returnBlock();
  }
  private returnBlock(): boolean {
    if (this.block === undefined || this.isSwitching || this.used > 0) return false;
    this.returnOldBlock();
    this.oldBlock = this.block;
    this.block = undefined;
    this.switchTo(this.small);
    return true;
  }

  private switchTo(ring: Uint8Array): void {
    const { words } = this;
    Atomics.store(words, SWITCH_AT, Atomics.load(words, WRITTEN));
    Atomics.store(words, RING, ring.byteOffset);
    Atomics.store(words, LENGTH, ring.length);
    Atomics.store(words, SWITCHES, 1);
    this.ring = ring;
  }

  private returnOldBlock(): void {
    if (this.oldBlock !== undefined) this.memory.releaseBlock(this.oldBlock);
    this.oldBlock = undefined;
  }

  /** Asks to be told when a third is free; false when it is so already. */
  wantRoom(): boolean {
    if (this.room * 3 >= this.ring.length) return false;
    Atomics.store(this.words, WAITS, 1);
    if (this.room * 3 < this.ring.length) return true;
    Atomics.store(this.words, WAITS, 0);
    return false;
  }

  markReaderGone(): void {
    Atomics.or(this.words, FLAGS, READER_GONE);
  }
  get hasEnded(): boolean {
    return this.flag(FIN);
  }
  end(): void {
    Atomics.or(this.words, FLAGS, FIN);
  }
  reset(): void {
    Atomics.or(this.words, FLAGS, RESET);
  }
  /** Both sides are done with the slot. */
  release(): void {
    this.returnOldBlock();
    if (this.block !== undefined) this.memory.releaseBlock(this.block);
    this.block = undefined;
  }
}

/** Fills `into` with the bytes of a ring from a position on. */
function copyOut(ring: Uint8Array, position: number, into: Uint8Array): void {
  const at = position & (ring.length - 1);
  const first = Math.min(into.length, ring.length - at);
  into.set(ring.subarray(at, at + first));
  if (first < into.length) into.set(ring.subarray(0, into.length - first), first);
}

export class HalfReader extends HalfStream {
  /** What the reader may see while faults are imposed on the stream: a position behind bytes, and flags. */
  private shown: { written: number; flags: number } | undefined = undefined;

  get liveWritten(): number {
    return Atomics.load(this.words, WRITTEN);
  }
  get liveFlags(): number {
    return Atomics.load(this.words, FLAGS) & (FIN | RESET);
  }
  /** From now on the reader sees no more than what `reveal` says. Returns what it sees. */
  hold(): { written: number; flags: number } {
    const flags = this.liveFlags;
    this.shown ??= { written: this.liveWritten, flags };
    return this.shown;
  }
  reveal(written: number, flags: number): void {
    if (this.shown !== undefined) this.shown = { written, flags };
  }
  /** The reader sees everything at once again. */
  release(): void {
    this.shown = undefined;
  }

  /** Bytes that the reader may take. */
  private get readable(): number {
    const written = this.shown === undefined ? this.liveWritten : this.shown.written;
    return (written - Atomics.load(this.words, READ)) >>> 0;
  }
  private sees(bit: number): boolean {
    return ((this.shown === undefined ? Atomics.load(this.words, FLAGS) : this.shown.flags) & bit) !== 0;
  }

  get available(): number {
    return this.readable;
  }
  /** Bytes ever taken, modulo 2^32. */
  get position(): number {
    return Atomics.load(this.words, READ);
  }
  /** FIN has come and all before it is taken. */
  get isAtEnd(): boolean {
    return this.sees(FIN) && this.readable === 0;
  }
  get hasPeerEnded(): boolean {
    return this.sees(FIN);
  }
  get isReset(): boolean {
    return this.sees(RESET);
  }

  /** Longest run of bytes, up to `most`, that lies in one piece; valid until `drop`. */
  front(most = Number.POSITIVE_INFINITY): Uint8Array {
    const available = this.readable;
    this.settle();
    const { words } = this;
    const read = Atomics.load(words, READ);
    const before =
      Atomics.load(words, SWITCHES) === 1 ? (Atomics.load(words, SWITCH_AT) - read) >>> 0 : Number.POSITIVE_INFINITY;
    return this.piece(read, Math.min(before, available, most));
  }
  /** Changes over to the other ring once all of this one is read, so that the writer has the old one back. */
  settle(): void {
    const { words, memory } = this;
    if (Atomics.load(words, SWITCHES) === 0 || Atomics.load(words, SWITCH_AT) !== Atomics.load(words, READ)) return;
    this.ring = new Uint8Array(memory.buffer, Atomics.load(words, RING), Atomics.load(words, LENGTH));
    Atomics.store(words, SWITCHES, 0);
  }
  private piece(read: number, count: number): Uint8Array {
    const at = read & (this.ring.length - 1);
    return this.ring.subarray(at, Math.min(at + count, this.ring.length));
  }
  read(into: Uint8Array): number {
    let count = 0;
    while (count < into.length) {
      const piece = this.front(into.length - count);
      if (piece.length === 0) break;
      into.set(piece, count);
      count += piece.length;
      this.drop(piece.length);
    }
    return count;
  }

  /** Copies bytes out, `skip` bytes from the front, and leaves them in. */
  peek(into: Uint8Array, skip: number): number {
    const { words, memory } = this;
    const available = this.readable;
    this.settle();
    const start = Atomics.load(words, READ) + skip;
    const count = Math.max(0, Math.min(into.length, available - skip));
    let before = count;
    if (Atomics.load(words, SWITCHES) === 1) {
      before = Math.min(count, Math.max(0, (Atomics.load(words, SWITCH_AT) - start) | 0));
      const next = new Uint8Array(memory.buffer, Atomics.load(words, RING), Atomics.load(words, LENGTH));
      copyOut(next, start + before, into.subarray(before, count));
    }
    copyOut(this.ring, start, into.subarray(0, before));
    return count;
  }

  /** Throws away `count` bytes of `front`. */
  drop(count: number): void {
    Atomics.store(this.words, READ, Atomics.load(this.words, READ) + count);
  }

  /** True once when the writer waits for room and there is enough of it now. */
  takeWriterWaits(): boolean {
    if (Atomics.load(this.words, WAITS) === 0 || this.used * 3 > this.ring.length * 2) return false;
    return Atomics.exchange(this.words, WAITS, 0) === 1;
  }
  letGo(): void {
    Atomics.or(this.words, FLAGS, READER_GONE);
  }
}
