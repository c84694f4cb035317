/**
 * A byte ring in shared memory between one writer thread and one reader thread.
 *
 * Header words (Int32), then the data; the data length is a power of two and the counters run modulo 2^32:
 *
 * | word           | written by | meaning                                                  |
 * |----------------|------------|----------------------------------------------------------|
 * | WRITTEN        | writer     | bytes written ever                                       |
 * | READ           | reader     | bytes read ever; the writer may sleep on it              |
 * | FLAGS          | both       | 1: the writer closed; 2: the reader closed               |
 * | READER_ASLEEP  | both       | the reader wants to be told at the next byte             |
 * | WRITER_ASLEEP  | both       | the writer wants to be told when there is room           |
 *
 * A side that is about to sleep sets its flag first and looks at the counters once more; the other side moves its counter
 * first and then exchanges the flag with 0. So no wake-up is lost, and none is sent twice.
 */
const WRITTEN = 0;
const READ = 1;
const FLAGS = 2;
const READER_ASLEEP = 3;
const WRITER_ASLEEP = 4;
const HEADER_BYTES = 64;

const WRITER_CLOSED = 1;
const READER_CLOSED = 2;

/** Shared memory for a ring of `lenBytes`, a power of two. */
export function createRing(lenBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + lenBytes);
}

class RingEnd {
  protected readonly words: Int32Array<SharedArrayBuffer>;
  protected readonly data: Uint8Array<SharedArrayBuffer>;
  protected readonly mask: number;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.data = new Uint8Array(buffer, HEADER_BYTES);
    this.mask = this.data.length - 1;
  }

  /** Bytes written and not yet read. */
  get available(): number {
    return (Atomics.load(this.words, WRITTEN) - Atomics.load(this.words, READ)) >>> 0;
  }
}

export class RingWriter extends RingEnd {
  /** Writes as much as fits; returns how many bytes that was. */
  write(bytes: Uint8Array): number {
    const written = Atomics.load(this.words, WRITTEN);
    const count = Math.min(bytes.length, this.data.length - this.available);
    if (count === 0) return 0;
    const at = written & this.mask;
    const first = Math.min(count, this.data.length - at);
    this.data.set(bytes.subarray(0, first), at);
    if (first < count) this.data.set(bytes.subarray(first, count), 0);
    Atomics.store(this.words, WRITTEN, written + count);
    return count;
  }

  /** True once when the reader sleeps: tell it. */
  takeReaderAsleep(): boolean {
    return Atomics.exchange(this.words, READER_ASLEEP, 0) === 1;
  }

  /** Blocks the thread until there is room; false once the reader closed. */
  waitForRoom(): boolean {
    const read = Atomics.load(this.words, READ);
    if (this.available < this.data.length || this.isReaderClosed) return !this.isReaderClosed;
    Atomics.wait(this.words, READ, read);
    return !this.isReaderClosed;
  }

  /** Asks to be told about room; false when there is some already. */
  sleepUntilRoom(): boolean {
    Atomics.store(this.words, WRITER_ASLEEP, 1);
    return this.available === this.data.length;
  }

  get isReaderClosed(): boolean {
    return (Atomics.load(this.words, FLAGS) & READER_CLOSED) !== 0;
  }
  /** The reader sees the end once it has read what is there. */
  close(): void {
    Atomics.or(this.words, FLAGS, WRITER_CLOSED);
  }
}

export class RingReader extends RingEnd {
  /** Takes up to `into.length` bytes; returns how many. */
  read(into: Uint8Array): number {
    const read = Atomics.load(this.words, READ);
    const count = Math.min(into.length, this.available);
    if (count === 0) return 0;
    const at = read & this.mask;
    const first = Math.min(count, this.data.length - at);
    into.set(this.data.subarray(at, at + first), 0);
    if (first < count) into.set(this.data.subarray(0, count - first), first);
    Atomics.store(this.words, READ, read + count);
    Atomics.notify(this.words, READ);
    return count;
  }

  /** True once when the writer sleeps: tell it. */
  takeWriterAsleep(): boolean {
    return Atomics.exchange(this.words, WRITER_ASLEEP, 0) === 1;
  }

  /** Asks to be told at the next byte; false when there are some already. */
  sleepUntilBytes(): boolean {
    Atomics.store(this.words, READER_ASLEEP, 1);
    return this.available === 0;
  }

  /** True when the writer closed and all is read. */
  get isAtEnd(): boolean {
    return (Atomics.load(this.words, FLAGS) & WRITER_CLOSED) !== 0 && this.available === 0;
  }
  /** Nobody reads any more: a blocked writer wakes up and is told. */
  close(): void {
    Atomics.or(this.words, FLAGS, READER_CLOSED);
    // Taking everything changes READ, so that a writer that is just falling asleep on it does not.
    Atomics.store(this.words, READ, Atomics.load(this.words, WRITTEN));
    Atomics.notify(this.words, READ);
  }
}
