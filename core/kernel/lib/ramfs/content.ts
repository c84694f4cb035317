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
  private readonly chunks: (Uint8Array | undefined)[] = [];
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
    const chunk = this.chunks[index];
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
    const old = this.chunks[index];
    if (old !== undefined && old.length >= need) return old;
    const seed = old ?? this.base?.subarray(index * CHUNK, (index + 1) * CHUNK);
    let len = MIN_CHUNK;
    while (len < need || (seed !== undefined && len < seed.length)) len *= 2;
    const extra = len - (old?.length ?? 0);
    if (!this.pool.take(extra)) return undefined;
    this.allocated += extra;
    const chunk = new Uint8Array(len);
    if (seed !== undefined) chunk.set(seed);
    this.chunks[index] = chunk;
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
    for (let i = keep; i < this.chunks.length; i++) this.dropChunk(i);
    this.chunks.length = Math.min(this.chunks.length, keep);
    if (size % CHUNK !== 0) this.chunks[keep - 1]?.fill(0, size % CHUNK);
  }

  private dropChunk(index: number): void {
    const chunk = this.chunks[index];
    if (chunk === undefined) return;
    this.chunks[index] = undefined;
    this.allocated -= chunk.length;
    this.pool.give(chunk.length);
  }

  /** Makes `[offset, offset+len)` read as zeros, giving memory back where it can. 0 or -ENOSPC. */
  zero(offset: number, len: number): number {
    const end = Math.min(offset + len, this.size);
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / CHUNK);
      const within = at % CHUNK;
      const stop = Math.min(CHUNK, end - index * CHUNK);
      const isCovered = this.base !== undefined && at < this.base.length;
      const isWhole = within === 0 && (stop === CHUNK || index * CHUNK + stop === this.size);
      if (isWhole && !isCovered) this.dropChunk(index);
      else if (isCovered && this.chunks[index] === undefined) {
        const chunk = this.writable(index, stop);
        if (chunk === undefined) return -ENOSPC;
        chunk.fill(0, within, stop);
      } else this.chunks[index]?.fill(0, within, stop);
      at = index * CHUNK + stop;
    }
    return 0;
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
    return this.chunks[index] !== undefined || (this.base !== undefined && index * CHUNK < this.base.length);
  }
  nextData(offset: number): number {
    return this.scan(offset, true);
  }
  nextHole(offset: number): number {
    return this.scan(offset, false);
  }
  private scan(offset: number, wantData: boolean): number {
    const start = Math.floor(offset / CHUNK);
    const end = Math.ceil(this.size / CHUNK);
    // Beyond the chunks and the base all is one hole: no need to count through it.
    const known = Math.max(this.chunks.length, Math.ceil((this.base?.length ?? 0) / CHUNK));
    for (let index = start; index < Math.min(end, known); index++) {
      if (this.isData(index) === wantData) return index === start ? offset : index * CHUNK;
    }
    if (wantData) return this.size;
    return Math.min(Math.max(offset, known * CHUNK), this.size);
  }

  /** Gives all memory back. */
  dispose(): void {
    this.cut(0);
    this.size = 0;
  }
}
