/**
 * Byte streams between the two ends of a connection, both ways, many on one channel. A call opens one and gives its number
 * to the other end. Frames:
 *
 * | byte 0 | bytes 1..4 (LE) | then                                             |
 * |--------|-----------------|--------------------------------------------------|
 * | DATA   | stream          | bytes                                            |
 * | ACK    | stream          | 32 bits: bytes that were taken since the last ACK |
 * | CLOSE  | stream          | an error as JSON, or nothing                     |
 *
 * Back-pressure: an end sends at most WINDOW bytes that are not acknowledged; `write` of more waits. What is received is
 * acknowledged when its consumer's promise resolves. So neither end ever holds more than a window of a stream.
 */
import { toErrorData, VmError, type VmErrorData } from './errors.ts';

const DATA = 0;
const ACK = 1;
const CLOSE = 2;
const HEADER = 5;
export const STREAM_WINDOW = 1 << 20;
/** Largest piece of one frame, so that calls get a turn in between. */
const MAX_PIECE = 1 << 16;

/** Takes bytes of the other end; a returned promise holds back what follows. */
export type StreamConsumer = (bytes: Uint8Array) => Promise<void> | void;

export class ByteStream {
  readonly id: number;
  /** Resolves once no more bytes will come: with the error of the other end, if it closed with one. Never rejects. */
  readonly ended: Promise<VmError | undefined>;
  private readonly mux: StreamMux;
  private consumer: StreamConsumer | undefined;
  /** Received before there was a consumer, or while it was busy: at most a window. */
  private readonly received: Uint8Array[] = [];
  private isDelivering = false;
  private endError: VmError | undefined;
  private hasEnd = false;
  private isClosed = false;
  private unacknowledged = 0;
  private wakeWriter: (() => void) | undefined;
  private lastWrite: Promise<void> = Promise.resolve();
  private resolveEnded: (error: VmError | undefined) => void = () => {};

  constructor(mux: StreamMux, id: number) {
    this.mux = mux;
    this.id = id;
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  /** Begins to take bytes. One consumer for a stream. */
  consume(consumer: StreamConsumer): void {
    this.consumer = consumer;
    void this.deliver();
  }

  /** Sends bytes in order; resolves when the other end has room for more. Does nothing once the stream is closed. */
  write(bytes: Uint8Array): Promise<void> {
    this.lastWrite = this.lastWrite.then(() => this.send(bytes));
    return this.lastWrite;
  }
  private async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.isOver; ) {
      const room = Math.min(STREAM_WINDOW - this.unacknowledged, MAX_PIECE, bytes.length - at);
      if (room > 0) {
        this.unacknowledged += room;
        this.mux.send(DATA, this.id, bytes.subarray(at, at + room));
        at += room;
      } else await this.room();
    }
    if (this.unacknowledged >= STREAM_WINDOW && !this.isOver) await this.room();
  }
  private room(): Promise<void> {
    return new Promise((resolve) => {
      this.wakeWriter = resolve;
    });
  }

  /** True once it makes no sense to write. */
  get isOver(): boolean {
    return this.isClosed || this.hasEnd;
  }

  /** Ends both directions, after what was written. */
  close(error?: VmError): void {
    if (this.isClosed) return;
    void this.lastWrite.then(() => this.closeNow(error));
    // A writer that waits for room would wait for ever when nobody reads: `abort` is for that.
  }
  /** Ends both directions at once; what waits is dropped. */
  abort(error?: VmError): void {
    this.closeNow(error);
  }
  private closeNow(error: VmError | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const text = error === undefined ? '' : JSON.stringify(toErrorData(error));
    if (!this.hasEnd) this.mux.send(CLOSE, this.id, new TextEncoder().encode(text));
    this.wakeWriter?.();
    this.received.length = 0;
    this.finish(undefined);
  }

  /** The mux hands over what has come. */
  accept(kind: number, payload: Uint8Array): void {
    if (kind === DATA && !this.isClosed) {
      this.received.push(payload);
      void this.deliver();
    } else if (kind === ACK && payload.length === 4) {
      this.unacknowledged -= new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
      this.wakeWriter?.();
    } else if (kind === CLOSE) {
      const text = new TextDecoder().decode(payload);
      this.lose(text === '' ? undefined : VmError.from(JSON.parse(text) as VmErrorData));
    }
  }
  /** The other end is gone: what has come is still delivered. */
  lose(error: VmError | undefined): void {
    this.hasEnd = true;
    this.endError = error;
    this.wakeWriter?.();
    // The opener may yet come for what it was sent; an end that only writes has nothing to wait for.
    if (this.consumer === undefined && !this.mux.isOpener) this.finish(error);
    else void this.deliver();
  }

  private async deliver(): Promise<void> {
    if (this.isDelivering || this.consumer === undefined) return;
    this.isDelivering = true;
    for (let bytes = this.received.shift(); bytes !== undefined; bytes = this.received.shift()) {
      try {
        await this.consumer(bytes);
      } catch (error) {
        this.abort(error instanceof VmError ? error : VmError.from(toErrorData(error)));
        break;
      }
      if (!this.isOver) this.mux.acknowledge(this.id, bytes.length);
    }
    this.isDelivering = false;
    if (this.hasEnd) this.finish(this.endError);
  }
  private finish(error: VmError | undefined): void {
    this.mux.forget(this.id);
    this.isClosed = true;
    this.resolveEnded(error);
  }
}

/** All streams of a connection. The end that answers calls makes them (`create`), the other takes their number (`open`). */
export class StreamMux {
  private readonly sendFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  private readonly streams = new Map<number, ByteStream>();
  /** Whether frames may come before `open`: they follow the response that names the stream at once. */
  readonly isOpener: boolean;
  private nextId = 1;

  constructor(sendFrame: (frame: Uint8Array<ArrayBuffer>) => void, isOpener: boolean) {
    this.sendFrame = sendFrame;
    this.isOpener = isOpener;
  }

  create(): ByteStream {
    return this.add(this.nextId++);
  }
  open(id: number): ByteStream {
    this.nextId = Math.max(this.nextId, id + 1);
    return this.streams.get(id) ?? this.add(id);
  }
  get size(): number {
    return this.streams.size;
  }
  private add(id: number): ByteStream {
    const stream = new ByteStream(this, id);
    this.streams.set(id, stream);
    return stream;
  }

  accept(frame: Uint8Array): void {
    if (frame.length < HEADER) throw new VmError('contract.malformed', 'a stream frame is too short');
    const id = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
    const stream = this.streams.get(id) ?? (this.isOpener && id >= this.nextId ? this.addUpTo(id) : undefined);
    stream?.accept(frame[0]!, frame.subarray(HEADER));
  }
  private addUpTo(id: number): ByteStream {
    this.nextId = id + 1;
    return this.add(id);
  }

  /** Ends all streams: the connection is gone. */
  closeAll(error?: VmError): void {
    for (const stream of [...this.streams.values()]) stream.lose(error);
  }

  send(kind: number, id: number, payload: Uint8Array): void {
    const frame = new Uint8Array(HEADER + payload.length);
    frame[0] = kind;
    new DataView(frame.buffer).setUint32(1, id, true);
    frame.set(payload, HEADER);
    this.sendFrame(frame);
  }
  acknowledge(id: number, count: number): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, count, true);
    this.send(ACK, id, payload);
  }
  forget(id: number): void {
    this.streams.delete(id);
  }
}
