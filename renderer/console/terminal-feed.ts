/**
 * Between a console's stream and the terminal: gives the terminal what came in small pieces, one after another, so that the
 * window answers in between, and takes no more from the stream than it can show. Who writes faster is held back, or skipped by the
 * manager, as the stream was asked for.
 */
export interface TerminalSink {
  /** Calls back when the bytes are on the screen's model. */
  write(bytes: Uint8Array, done: () => void): void;
}

/** With more than this waiting nothing is taken; half of it is a flood. */
export const MAX_WAITING = 1 << 18;
/** The terminal parses a piece in some milliseconds. */
export const PIECE = 1 << 16;
/** A flood shows a piece now and then: painting what scrolls by unread would take the processor from what writes it. */
const FLOOD_MS = 50;

export class TerminalFeed {
  private readonly sink: TerminalSink;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isWriting = false;
  /** Bytes that the terminal has taken since the last reset. */
  shownBytes = 0;
  private wakeSource: (() => void) | undefined;
  private readonly later: (run: () => void) => void;

  constructor(sink: TerminalSink, later: (run: () => void) => void = (run) => void setTimeout(run, FLOOD_MS)) {
    this.sink = sink;
    this.later = later;
  }

  /** Takes bytes in order; the promise, if any, is pending until there is room for more. */
  push(bytes: Uint8Array): Promise<void> | undefined {
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.isWriting) this.writeNext();
    if (this.waitingBytes < MAX_WAITING) return undefined;
    return new Promise((resolve) => {
      this.wakeSource = resolve;
    });
  }

  /** Forgets what waits: the terminal starts afresh. */
  reset(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
    this.shownBytes = 0;
    this.wake();
  }
  private wake(): void {
    this.wakeSource?.();
    this.wakeSource = undefined;
  }

  private writeNext(): void {
    const piece = this.take();
    this.isWriting = piece !== undefined;
    if (piece === undefined) return;
    if (this.waitingBytes < MAX_WAITING) this.wake();
    const isFlood = this.waitingBytes > MAX_WAITING / 2;
    this.sink.write(piece, () => {
      this.shownBytes += piece.length;
      if (isFlood) this.later(() => this.writeNext());
      else this.writeNext();
    });
  }

  /** Up to PIECE of what waits, together: one call of the terminal for all that came since the last. */
  private take(): Uint8Array | undefined {
    const first = this.waiting[0];
    if (first === undefined || first.length >= PIECE) return this.cut(PIECE);
    const piece = new Uint8Array(Math.min(PIECE, this.waitingBytes));
    for (let at = 0; at < piece.length; ) {
      const part = this.cut(piece.length - at)!;
      piece.set(part, at);
      at += part.length;
    }
    return piece;
  }
  /** The first bytes, of one array. */
  private cut(maxBytes: number): Uint8Array | undefined {
    const first = this.waiting.shift();
    if (first === undefined) return undefined;
    const part = first.subarray(0, maxBytes);
    if (part.length < first.length) this.waiting.unshift(first.subarray(part.length));
    this.waitingBytes -= part.length;
    return part;
  }
}
