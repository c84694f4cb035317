/**
 * Between a console's stream and the terminal: takes bytes as fast as they come and gives the terminal small pieces, one
 * after another, so that the window answers in between. A guest that writes faster than the terminal can show runs on at
 * full speed; what would scroll out of the scrollback anyway is left out, and a line in the terminal says how much.
 *
 * What is left out never breaks what follows: the terminal goes on after a line end, with attributes reset, and private modes
 * (alternate screen, cursor, mouse) set as the missing bytes left them.
 */
export interface TerminalSink {
  /** Calls back when the bytes are on the screen's model. */
  write(bytes: Uint8Array, done: () => void): void;
}

/** More than this waiting means that the terminal can't keep up. */
export const HIGH_WATER = 4 << 20;
/** Then this much is kept: more than the terminal's scrollback holds. */
export const KEPT = 1 << 20;
/** The terminal parses a piece in a few milliseconds. */
const PIECE = 1 << 15;
/** A flood shows a piece now and then: parsing what scrolls by unread would slow down what brings it. */
const FLOOD_MS = 120;

const ESC = 0x1b;
const NEWLINE = 0x0a;

export class TerminalFeed {
  private readonly sink: TerminalSink;
  private readonly describeGap: (bytes: number) => string;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private isWriting = false;
  private isFlooded = false;
  private skipped = 0;
  private modes = new Map<string, string>();
  /** All bytes ever taken and shown. */
  takenBytes = 0;
  shownBytes = 0;

  private readonly later: (run: () => void) => void;

  constructor(
    sink: TerminalSink,
    describeGap: (bytes: number) => string,
    later: (run: () => void) => void = (run) => void setTimeout(run, FLOOD_MS),
  ) {
    this.sink = sink;
    this.describeGap = describeGap;
    this.later = later;
  }

  push(bytes: Uint8Array): void {
    this.takenBytes += bytes.length;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > HIGH_WATER) this.skip();
    if (!this.isWriting) this.writeNext();
  }

  /** Forgets what waits: the terminal starts afresh. */
  reset(): void {
    this.waiting.length = 0;
    this.waitingBytes = 0;
    this.skipped = 0;
    this.modes.clear();
  }

  private writeNext(): void {
    if (this.skipped > 0) {
      this.write(this.bridgeGap());
      return;
    }
    const first = this.waiting.shift();
    if (first === undefined) {
      this.isWriting = false;
      return;
    }
    const piece = first.length > PIECE ? first.subarray(0, PIECE) : this.join(first);
    if (first.length > PIECE) this.waiting.unshift(first.subarray(PIECE));
    this.waitingBytes -= piece.length;
    this.write(piece);
  }

  /** Small pieces together: one call of the terminal for all that came since the last. */
  private join(first: Uint8Array): Uint8Array {
    const parts = [first];
    let size = first.length;
    for (let next = this.waiting[0]; next !== undefined && size + next.length <= PIECE; next = this.waiting[0]) {
      parts.push(this.waiting.shift()!);
      size += next.length;
    }
    if (parts.length === 1) return first;
    const joined = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  private write(piece: Uint8Array): void {
    this.isWriting = true;
    this.sink.write(piece, () => {
      this.shownBytes += piece.length;
      const taken = this.takenBytes;
      if (this.isFlooded) this.later(() => this.goOn(taken));
      else this.writeNext();
    });
  }

  /** Nothing came meanwhile: the flood is over, and the rest of it is shown at full speed. */
  private goOn(taken: number): void {
    if (taken === this.takenBytes) this.isFlooded = false;
    this.writeNext();
  }

  /** Drops the oldest bytes down to KEPT, up to and with a line end where there is one. */
  private skip(): void {
    this.isFlooded = true;
    while (this.waitingBytes > KEPT) {
      const first = this.waiting[0]!;
      const excess = this.waitingBytes - KEPT;
      if (first.length <= excess) this.drop(this.waiting.shift()!);
      else {
        const lineEnd = first.indexOf(NEWLINE, excess);
        const count = lineEnd === -1 ? excess : lineEnd + 1;
        this.waiting[0] = first.subarray(count);
        this.drop(first.subarray(0, count));
        break;
      }
    }
  }
  private drop(bytes: Uint8Array): void {
    this.skipped += bytes.length;
    this.waitingBytes -= bytes.length;
    for (let at = bytes.indexOf(ESC); at !== -1; at = bytes.indexOf(ESC, at + 1)) this.noteMode(bytes, at);
  }
  /** `ESC [ ? n h` or `l` */
  private noteMode(bytes: Uint8Array, at: number): void {
    if (bytes[at + 1] !== 0x5b || bytes[at + 2] !== 0x3f) return;
    const text = String.fromCharCode(...bytes.subarray(at + 3, at + 10));
    const match = /^(\d{1,4})([hl])/.exec(text);
    if (match !== null) this.modes.set(match[1]!, match[2]!);
  }
  private bridgeGap(): Uint8Array {
    const modes = [...this.modes].map(([mode, value]) => `\x1b[?${mode}${value}`).join('');
    const text = `\x1b[0m${modes}\r\n\x1b[7m ${this.describeGap(this.skipped)} \x1b[0m\r\n`;
    this.skipped = 0;
    this.modes.clear();
    return new TextEncoder().encode(text);
  }
}
