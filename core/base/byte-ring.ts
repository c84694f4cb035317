/**
 * A byte queue in a circular buffer: the storage of pipes, sockets and ttys. It takes memory when
 * bytes come, and doubles up to its capacity. Positions count all bytes ever written and read.
 */
import { assert } from './assert.ts';

const FIRST_ALLOCATION = 4096;
/** Up to here copying one by one is faster than making a view. */
const FEW = 64;

export class ByteRing {
  /** Bytes it may hold. */
  capacity: number;
  /** Bytes put in and taken out since the beginning; exact for 2^53. */
  written = 0;
  taken = 0;
  private bytes: Uint8Array = new Uint8Array(0);

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.written - this.taken;
  }
  get free(): number {
    return this.capacity - this.used;
  }

  /** Puts in as much of `from` as fits: bytes put in. */
  put(from: Uint8Array): number {
    const count = Math.min(from.length, this.free);
    if (count <= 0) return 0;
    if (this.used + count > this.bytes.length) this.reallocate(this.used + count);
    const at = this.written % this.bytes.length;
    const first = Math.min(count, this.bytes.length - at);
    // A view costs more than a few bytes do.
    if (first === from.length) this.bytes.set(from, at);
    else this.bytes.set(from.subarray(0, first), at);
    if (first < count) this.bytes.set(from.subarray(first, count), 0);
    this.written += count;
    return count;
  }

  putByte(byte: number): boolean {
    if (this.free <= 0) return false;
    if (this.used === this.bytes.length) this.reallocate(this.used + 1);
    this.bytes[this.written % this.bytes.length] = byte;
    this.written++;
    return true;
  }

  /** Copies up to `into.length` bytes out, `skip` bytes from the front, and leaves them in: bytes copied. */
  peek(into: Uint8Array, skip = 0): number {
    const count = Math.min(into.length, this.used - skip);
    if (count <= 0) return 0;
    const at = (this.taken + skip) % this.bytes.length;
    const first = Math.min(count, this.bytes.length - at);
    if (first <= FEW) for (let i = 0; i < first; i++) into[i] = this.bytes[at + i]!;
    else into.set(this.bytes.subarray(at, at + first));
    if (first < count) into.set(this.bytes.subarray(0, count - first), first);
    return count;
  }

  /** Takes up to `into.length` bytes out: bytes taken. */
  take(into: Uint8Array): number {
    const count = this.peek(into);
    this.drop(count);
    return count;
  }

  /** Throws away `count` bytes at the front. */
  drop(count: number): void {
    assert(count <= this.used, 'drops more than the ring holds');
    this.taken += count;
  }

  /** The longest run of bytes at the front that lies in one piece; valid until the ring changes. */
  front(): Uint8Array {
    const at = this.taken % this.bytes.length;
    return this.bytes.subarray(at, at + Math.min(this.used, this.bytes.length - at));
  }

  clear(): void {
    this.taken = this.written;
  }

  /** Byte at `index` from the front. */
  at(index: number): number {
    return this.bytes[(this.taken + index) % this.bytes.length]!;
  }

  /** Takes the last byte back out. */
  unput(): void {
    assert(this.used > 0, 'takes a byte back from an empty ring');
    this.written--;
  }

  private reallocate(need: number): void {
    let size = this.bytes.length || Math.min(this.capacity, FIRST_ALLOCATION);
    while (size < need) size *= 2;
    const held = new Uint8Array(this.used);
    this.peek(held);
    this.bytes = new Uint8Array(size);
    const at = this.taken % size;
    const first = Math.min(held.length, size - at);
    this.bytes.set(held.subarray(0, first), at);
    this.bytes.set(held.subarray(first), 0);
  }
}
