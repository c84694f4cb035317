/**
 * The last bytes of a console, in blocks: what is written is counted for ever, what is kept is limited. Readers keep their own
 * position and learn from `start` when it was overtaken.
 */
const BLOCK_BYTES = 1 << 16;

export class Scrollback {
  private readonly limitBytes: number;
  private blocks: Uint8Array<ArrayBuffer>[] = [];
  /** Position of the first block's first byte. */
  private first = 0;
  private total = 0;

  constructor(limitBytes: number) {
    this.limitBytes = Math.max(limitBytes, BLOCK_BYTES);
  }

  /** Position of the oldest byte kept. */
  get start(): number {
    return this.first;
  }
  /** Position after the newest byte. */
  get end(): number {
    return this.total;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const used = (this.total - this.first) % BLOCK_BYTES;
      if (used === 0 && this.total - this.first === this.blocks.length * BLOCK_BYTES) this.grow();
      const count = Math.min(BLOCK_BYTES - used, bytes.length - at);
      this.blocks.at(-1)!.set(bytes.subarray(at, at + count), used);
      this.total += count;
      at += count;
    }
  }
  /** A block for what follows: a new one, or the oldest again. */
  private grow(): void {
    if (this.blocks.length * BLOCK_BYTES < this.limitBytes) this.blocks.push(new Uint8Array(BLOCK_BYTES));
    else {
      this.blocks.push(this.blocks.shift()!);
      this.first += BLOCK_BYTES;
    }
  }

  /** Up to `maxBytes` from `position` on, a copy; empty at the end. Precondition: `position` is not before `start`. */
  read(position: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    return this.view(position, maxBytes).slice();
  }
  /** The same without copying: good until the next `write`. */
  view(position: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    const offset = position - this.first;
    const block = this.blocks[Math.floor(offset / BLOCK_BYTES)];
    if (block === undefined || position >= this.total) return new Uint8Array(0);
    const at = offset % BLOCK_BYTES;
    const count = Math.min(maxBytes, BLOCK_BYTES - at, this.total - position);
    return block.subarray(at, at + count);
  }

  /** All that is kept. */
  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.total - this.first);
    for (let at = this.first; at < this.total; ) {
      const piece = this.read(at, BLOCK_BYTES);
      all.set(piece, at - this.first);
      at += piece.length;
    }
    return all;
  }

  clear(): void {
    this.blocks = [];
    this.first = this.total;
  }
}
