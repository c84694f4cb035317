/**
 * Several output streams in one ring, in the order they were written: each record is a 32-bit little-endian header,
 * stream number in bits 24..31 and byte count in bits 0..23, then the bytes.
 */
import type { RingReader, RingWriter } from './shared-ring.ts';

const MAX_FRAME = 0xff_ffff;

/** Writes a record and blocks the thread while the ring is full; false when nobody reads any more. */
export function writeFrame(ring: RingWriter, stream: number, bytes: Uint8Array, wakeReader: () => void): boolean {
  for (let at = 0; at < bytes.length; at += MAX_FRAME) {
    const part = bytes.subarray(at, at + MAX_FRAME);
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, stream * 0x100_0000 + part.length, true);
    if (!writeAll(ring, header, wakeReader) || !writeAll(ring, part, wakeReader)) return false;
  }
  return true;
}

function writeAll(ring: RingWriter, bytes: Uint8Array, wakeReader: () => void): boolean {
  for (let at = 0; at < bytes.length; ) {
    const count = ring.write(bytes.subarray(at));
    at += count;
    if (ring.takeReaderAsleep()) wakeReader();
    if (count === 0 && !ring.waitForRoom()) return false;
  }
  return true;
}

/** Splits the ring's bytes into streams again. */
export class FrameReader {
  private readonly ring: RingReader;
  private readonly header = new Uint8Array(4);
  private headerBytes = 0;
  private stream = 0;
  private remaining = 0;

  constructor(ring: RingReader) {
    this.ring = ring;
  }

  /** The next piece of a record, in a buffer of its own, or undefined when the ring is empty. */
  next(maxBytes: number): { stream: number; bytes: Uint8Array<ArrayBuffer> } | undefined {
    while (this.remaining === 0) {
      const count = this.ring.read(this.header.subarray(this.headerBytes));
      if (count === 0) return undefined;
      this.headerBytes += count;
      if (this.headerBytes < 4) continue;
      const word = new DataView(this.header.buffer).getUint32(0, true);
      this.stream = word >>> 24;
      this.remaining = word & MAX_FRAME;
      this.headerBytes = 0;
    }
    const bytes = new Uint8Array(Math.min(this.remaining, maxBytes, this.ring.available));
    const count = this.ring.read(bytes);
    if (count === 0) return undefined;
    this.remaining -= count;
    return { stream: this.stream, bytes };
  }
}
