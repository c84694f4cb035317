/**
 * The bytes of a file in memory: chunks of 64 KiB, made when they are first written, so that sparse files cost what they
 * hold. The first chunks of small files are shorter and double as they grow. A file that came from an archive reads its
 * chunks from there until they are written.
 *
 * Invariants: bytes of a chunk at or beyond `size` are zero; a missing chunk, or what lies beyond a short one, is a hole
 * unless `base` covers it (chunks hide the base altogether).
 */
import { EFBIG, ENOSPC } from '../../abi/errno.ts';
import type { RamPool } from './pool.ts';

const CHUNK_SHIFT = 16;
const CHUNK = 1 << CHUNK_SHIFT;
const MIN_CHUNK = 4096;
/** Largest size, s_maxbytes in Linux. */
export const MAX_FILE_SIZE = 2 ** 47;

export class FileContent {
  size = 0;
  /** Bytes of all chunks. */
  allocated = 0;
  private readonly pool: RamPool;
  /** By index; a map, since a sparse file may have its only chunk at the far end. */
  private readonly chunks = new Map<number, Uint8Array>();
  private base: Uint8Array | undefined;

  /** `base` is borrowed for the life of the content and never written. */
  constructor(pool: RamPool, base?: Uint8Array) {
    this.pool = pool;
    this.base = base;
    this.size = base?.length ?? 0;
  }

  /** Bytes copied, 0 at or beyond the end. */
  read(into: Uint8Array, offset: number): number {
    const count = Math.min(into.length, this.size - offset);
    if (count <= 0) return 0;
    let done = 0;
    while (done < count) {
      const at = offset + done;
      const within = at % CHUNK;
      const len = Math.min(CHUNK - within, count - done);
      this.readChunk(into, done, Math.floor(at / CHUNK), within, len);
      done += len;
    }
    return count;
  }

  private readChunk(into: Uint8Array, to: number, index: number, within: number, len: number): void {
    const chunk = this.chunks.get(index);
    let source: Uint8Array | undefined;
    if (chunk !== undefined) source = chunk.subarray(within, within + len);
    else if (this.base !== undefined) {
      const at = index * CHUNK + within;
      source = this.base.subarray(at, at + len);
    }
    if (source !== undefined) into.set(source, to);
    const filled = source?.length ?? 0;
    if (filled < len) into.fill(0, to + filled, to + len);
  }

  /** Bytes written, fewer when memory runs out, or -ENOSPC, -EFBIG. */
  write(from: Uint8Array, offset: number): number {
    if (offset + from.length > MAX_FILE_SIZE) return -EFBIG;
    let done = 0;
    while (done < from.length) {
      const at = offset + done;
      const within = at % CHUNK;
      const len = Math.min(CHUNK - within, from.length - done);
      const chunk = this.writable(Math.floor(at / CHUNK), within + len);
      if (chunk === undefined) break;
      chunk.set(len === from.length ? from : from.subarray(done, done + len), within);
      done += len;
    }
    if (done === 0 && from.length > 0) return -ENOSPC;
    if (done > 0 && offset + done > this.size) this.size = offset + done;
    return done;
  }

  /** A chunk of at least `need` bytes that may be written; undefined when memory is used up. */
  private writable(index: number, need: number): Uint8Array | undefined {
    const old = this.chunks.get(index);
    if (old !== undefined && old.length >= need) return old;
    const seed = old ?? this.base?.subarray(index * CHUNK, (index + 1) * CHUNK);
    let len = MIN_CHUNK;
    while (len < need || (seed !== undefined && len < seed.length)) len *= 2;
    const extra = len - (old?.length ?? 0);
    if (!this.pool.take(extra)) return undefined;
    this.allocated += extra;
    const chunk = new Uint8Array(len);
    if (seed !== undefined) chunk.set(seed);
    this.chunks.set(index, chunk);
    return chunk;
  }

  /** 0, -EFBIG or -ENOSPC. */
  resize(size: number): number {
    if (size > MAX_FILE_SIZE) return -EFBIG;
    if (size < this.size) this.cut(size);
    this.size = size;
    return 0;
  }

  private cut(size: number): void {
    if (this.base !== undefined && size < this.base.length) this.base = this.base.subarray(0, size);
    const keep = Math.ceil(size / CHUNK);
    for (const index of this.chunks.keys()) if (index >= keep) this.dropChunk(index);
    if (size % CHUNK !== 0) this.chunks.get(keep - 1)?.fill(0, size % CHUNK);
  }

  private dropChunk(index: number): void {
    const chunk = this.chunks.get(index);
    if (chunk === undefined) return;
    this.chunks.delete(index);
    this.allocated -= chunk.length;
    this.pool.give(chunk.length);
  }

  /** Makes `[offset, offset+len)` read as zeros, giving memory back where it can. 0 or -ENOSPC. */
  zero(offset: number, len: number): number {
    const end = Math.min(offset + len, this.size);
    // Only chunks that are there, or that the base shows, can be other than zero: the rest of the range is skipped.
    const last = Math.ceil(end / CHUNK);
    for (const index of [...this.chunks.keys()]) {
      if (index * CHUNK >= this.baseEnd && index * CHUNK < end) this.zeroChunk(index, offset, end);
    }
    for (let index = Math.floor(offset / CHUNK); index < last && index * CHUNK < this.baseEnd; index++) {
      if (!this.zeroChunk(index, offset, end)) return -ENOSPC;
    }
    return 0;
  }

  /** Zeroes what lies in `[offset, end)` of one chunk; false when memory is used up. */
  private zeroChunk(index: number, offset: number, end: number): boolean {
    const start = index * CHUNK;
    const from = Math.max(offset - start, 0);
    const to = Math.min(end - start, CHUNK);
    if (from >= to) return true;
    const isWhole = from === 0 && (to === CHUNK || start + to === this.size);
    if (isWhole && start >= this.baseEnd) {
      this.dropChunk(index);
      return true;
    }
    const isHole = this.chunks.get(index) === undefined && start + from >= this.baseEnd;
    if (isHole) return true;
    const chunk = this.writable(index, to);
    chunk?.fill(0, from, to);
    return chunk !== undefined;
  }

  private get baseEnd(): number {
    return this.base?.length ?? 0;
  }

  /** Reserves memory for `[offset, offset+len)`; the size stays. 0, -ENOSPC or -EFBIG. */
  allocate(offset: number, len: number): number {
    const end = offset + len;
    if (end > MAX_FILE_SIZE) return -EFBIG;
    // Asked first, so that a hopeless request does not use up what there is.
    if (len - this.allocated > this.pool.freeBytes) return -ENOSPC;
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / CHUNK);
      const stop = Math.min(CHUNK, end - index * CHUNK);
      if (this.writable(index, stop) === undefined) return -ENOSPC;
      at = index * CHUNK + stop;
    }
    return 0;
  }

  private isData(index: number): boolean {
    return this.chunks.has(index) || index * CHUNK < this.baseEnd;
  }
  /** First offset ≥ `offset` with data, or the size. */
  nextData(offset: number): number {
    const start = Math.floor(offset / CHUNK);
    if (this.isData(start)) return offset;
    let first = Number.POSITIVE_INFINITY;
    for (const index of this.chunks.keys()) if (index > start && index < first) first = index;
    return Math.min(first * CHUNK, this.size);
  }
  /** First offset ≥ `offset` in a hole, or the size. */
  nextHole(offset: number): number {
    let index = Math.floor(offset / CHUNK);
    if (!this.isData(index)) return offset;
    while (this.isData(index)) index++;
    return Math.min(index * CHUNK, this.size);
  }

  /** Gives all memory back. */
  dispose(): void {
    this.cut(0);
    this.size = 0;
  }
}
