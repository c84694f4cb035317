/**
 * What a terminal has received and nobody has read yet. In canonical mode complete lines are readable, and the line being
 * edited is not; an end-of-file mark ends a line without being a byte of it. Positions count all bytes ever received.
 */
import { ByteRing } from '../../../base/byte-ring.ts';

/** Linux: N_TTY_BUF_SIZE, one place of which stays free. */
export const INPUT_CAPACITY = 4096;
export const MAX_LINE = INPUT_CAPACITY - 1;

interface LineEnd {
  /** Position after the line's last byte. */
  readonly position: number;
  /** Ended by the EOF character, which is no byte of the line. */
  readonly isEof: boolean;
}

export class InputQueue {
  private readonly ring = new ByteRing(INPUT_CAPACITY);
  private ends: LineEnd[] = [];
  /** Position where the line being edited begins. */
  private lineStart = 0;

  /** All bytes held, readable or not. */
  get size(): number {
    return this.ring.used;
  }
  get room(): number {
    return MAX_LINE - this.ring.used;
  }
  get hasLine(): boolean {
    return this.ends.length > 0;
  }
  /** Bytes in complete lines. */
  get lineBytes(): number {
    return this.hasLine ? this.ends[this.ends.length - 1]!.position - this.ring.taken : 0;
  }
  /** Bytes of the line being edited. */
  get editLength(): number {
    return this.ring.written - this.lineStart;
  }

  /** False when there is no room. */
  put(byte: number): boolean {
    return this.room > 0 && this.ring.putByte(byte);
  }
  putAll(bytes: Uint8Array): number {
    return this.ring.put(bytes.subarray(0, Math.max(0, this.room)));
  }
  /** Puts the byte that ends a line, for which the last free place is kept. */
  putLineEnd(byte: number): void {
    if (this.ring.putByte(byte)) this.endLine(false);
  }
  /** Ends the line here. */
  endLine(isEof: boolean): void {
    this.ends.push({ position: this.ring.written, isEof });
    this.lineStart = this.ring.written;
  }

  /** Byte `back` places before the end of the line being edited; 0 is the last one. */
  editByte(back: number): number {
    return this.ring.at(this.ring.used - 1 - back);
  }
  /** Takes the last byte of the line being edited away. */
  eraseByte(): number {
    const byte = this.editByte(0);
    this.ring.unput();
    return byte;
  }

  /** Canonical read: at most the rest of one line. -1 when there is none, 0 for end of file. */
  readLine(into: Uint8Array): number {
    const end = this.ends[0];
    if (end === undefined) return -1;
    const count = this.ring.take(into.subarray(0, end.position - this.ring.taken));
    if (this.ring.taken === end.position) this.ends.shift();
    return count;
  }

  /** Raw read: whatever is there. */
  read(into: Uint8Array): number {
    const count = this.ring.take(into);
    this.lineStart = Math.max(this.lineStart, this.ring.taken);
    return count;
  }

  clear(): void {
    this.ring.clear();
    this.ends = [];
    this.lineStart = this.ring.written;
  }

  /** ICANON was switched on or off: what is held becomes one complete line, or plain bytes. */
  switchMode(isCanonical: boolean): void {
    this.ends = [];
    this.lineStart = this.ring.taken;
    if (isCanonical && this.size > 0) this.endLine(false);
  }
}
