/**
 * Layout of a wire: the shared memory between two stations, sides 0 and 1.
 *
 * | offset       | what                                                                              |
 * |--------------|-----------------------------------------------------------------------------------|
 * | 0            | words of the wire (below), each in a cache line of its own                        |
 * | BELL_BASE    | bell of side 0, then of side 1: slot numbers that the side has news of            |
 * | DATAGRAM_BASE| ring of the datagrams that side 0 sends, then of side 1's                         |
 * | CHUNK_BASE   | chunks of CHUNK_BYTES: each has slots, or is one large block of a stream          |
 *
 * A chunk belongs to the side that took it (NEXT_CHUNK counts), which hands out what is in it without asking the other. The
 * memory grows as chunks are taken, and goes when both stations have let go of it.
 */

const LINE_WORDS = 16;
/** Chunks taken so far by both sides. */
export const NEXT_CHUNK = 0;
/** Bit n: side n has left. */
export const LEFT = LINE_WORDS;
/** Counters of the bell that side n hears: entries ever put. */
export const bellTail = (side: Side): number => (2 + side) * LINE_WORDS;
/** 1 while the news of datagrams is in the bell that side n hears. */
export const datagramBell = (side: Side): number => (4 + side) * LINE_WORDS;
/** Counters of the datagrams that side n sends, in bytes. */
export const datagramsWritten = (side: Side): number => (6 + side) * LINE_WORDS;
export const datagramsRead = (side: Side): number => (8 + side) * LINE_WORDS;
const WIRE_WORDS = 10 * LINE_WORDS;

export type Side = 0 | 1;
export const other = (side: Side): Side => (1 - side) as Side;

/** Entries of a bell. More than both sides have slots, and each slot is in a bell once at most. */
export const BELL_ENTRIES = 1 << 15;
/** A side has at most this many streams of its own making. */
export const MAX_SLOTS = 16_000;
export const DATAGRAM_RING_BYTES = 1 << 19;

const BELL_BASE = WIRE_WORDS * 4;
const DATAGRAM_BASE = BELL_BASE + 2 * BELL_ENTRIES * 4;
export const CHUNK_BASE = DATAGRAM_BASE + 2 * DATAGRAM_RING_BYTES;
export const CHUNK_BYTES = 1 << 18;
const MAX_CHUNKS = 1024;

/** Words of a slot before its two small rings (stream-slot.ts). */
export const SLOT_WORDS = 48;
export const SMALL_RING_BYTES = 1024;
const SLOT_HEADER_BYTES = SLOT_WORDS * 4;
export const SLOTS_PER_CHUNK = Math.floor(CHUNK_BYTES / (SLOT_HEADER_BYTES + 2 * SMALL_RING_BYTES));
const RINGS_BASE = SLOTS_PER_CHUNK * SLOT_HEADER_BYTES;
/** A side borrows at most this many large blocks at a time: 64 MiB. */
export const MAX_BLOCKS = 256;

/** Fresh memory for a wire. */
export function createWireMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CHUNK_BASE, { maxByteLength: CHUNK_BASE + MAX_CHUNKS * CHUNK_BYTES });
}

const chunkOf = (slot: number): number => CHUNK_BASE + Math.floor((slot - 1) / SLOTS_PER_CHUNK) * CHUNK_BYTES;
const inChunk = (slot: number): number => (slot - 1) % SLOTS_PER_CHUNK;

/** Byte offset of a slot's words. Slot numbers count through all chunks; number 0 of a bell means datagrams, so slots begin at 1. */
export const slotOffset = (slot: number): number => chunkOf(slot) + inChunk(slot) * SLOT_HEADER_BYTES;
/** Byte offset of the small ring that one side writes. The rings lie behind all words of the chunk: a page of rings that nobody has used takes no memory. */
export const smallRingOffset = (slot: number, n: number): number =>
  chunkOf(slot) + RINGS_BASE + (2 * inChunk(slot) + n) * SMALL_RING_BYTES;

/** One side's view of a wire's memory, and its store of slots and blocks. */
export class WireMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  private readonly freeSlots: number[] = [];
  private readonly freeBlocks: number[] = [];
  /** Chunks whose slots this side hands out. */
  private readonly slotChunks = new Set<number>();
  private slotCount = 0;
  private blockCount = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, WIRE_WORDS);
  }

  /** Entries of the bell that `side` hears. */
  bell(side: Side): Int32Array {
    return new Int32Array(this.buffer, BELL_BASE + side * BELL_ENTRIES * 4, BELL_ENTRIES);
  }
  /** Bytes of the ring of datagrams that `side` sends. */
  datagramRing(side: Side): Uint8Array {
    return new Uint8Array(this.buffer, DATAGRAM_BASE + side * DATAGRAM_RING_BYTES, DATAGRAM_RING_BYTES);
  }

  private takeChunk(): number | undefined {
    const chunk = Atomics.add(this.words, NEXT_CHUNK, 1);
    if (chunk >= MAX_CHUNKS) {
      Atomics.sub(this.words, NEXT_CHUNK, 1);
      return undefined;
    }
    const end = CHUNK_BASE + (chunk + 1) * CHUNK_BYTES;
    try {
      if (this.buffer.byteLength < end) this.buffer.grow(end);
    } catch (error) {
      // The other side may have grown it further in between.
      if (!(error instanceof RangeError) || this.buffer.byteLength < end) throw error;
    }
    return chunk;
  }

  /** A free slot of this side; undefined when there are too many. */
  takeSlot(): number | undefined {
    const free = this.freeSlots.pop();
    if (free !== undefined) return free;
    if (this.slotCount + SLOTS_PER_CHUNK > MAX_SLOTS) return undefined;
    const chunk = this.takeChunk();
    if (chunk === undefined) return undefined;
    this.slotCount += SLOTS_PER_CHUNK;
    this.slotChunks.add(chunk);
    for (let i = SLOTS_PER_CHUNK; i >= 1; i--) this.freeSlots.push(chunk * SLOTS_PER_CHUNK + i);
    return this.freeSlots.pop();
  }
  /** The slot is one that this side hands out. */
  ownsSlot(slot: number): boolean {
    return this.slotChunks.has(Math.floor((slot - 1) / SLOTS_PER_CHUNK));
  }
  releaseSlot(slot: number): void {
    this.freeSlots.push(slot);
  }

  /** Byte offset of a free large block; undefined when all are lent. */
  takeBlock(): number | undefined {
    const free = this.freeBlocks.pop();
    if (free !== undefined || this.blockCount === MAX_BLOCKS) return free;
    const chunk = this.takeChunk();
    if (chunk === undefined) return undefined;
    this.blockCount++;
    return CHUNK_BASE + chunk * CHUNK_BYTES;
  }
  releaseBlock(offset: number): void {
    this.freeBlocks.push(offset);
  }
}
