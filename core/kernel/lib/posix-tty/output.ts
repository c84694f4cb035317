/** Output processing of a terminal: the OPOST flags of termios(3), and the column the cursor is in. */
import { OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TABDLY, XTABS } from '../../abi/termios.ts';
import type { Termios } from './termios.ts';

const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const BACKSPACE = 8;
const SPACE = 32;
/** Most bytes that one byte becomes: a tab as spaces. */
export const MAX_EXPANSION = 8;

/** Flags that change or place more than the newlines. With none of them, ONLCR is all there is to do. */
const NOT_PLAIN = OLCUC | OCRNL | ONOCR | ONLRET | TABDLY;

export class OutputProcessor {
  /** Cursor column, as far as it can be told without knowing the terminal's width. */
  column = 0;
  private readonly termios: Termios;

  constructor(termios: Termios) {
    this.termios = termios;
  }

  /** The bytes to send for `from`; `from` itself when nothing changes. */
  process(from: Uint8Array): Uint8Array {
    const { oflag } = this.termios;
    if (!(oflag & OPOST)) return from;
    const out = new Uint8Array(from.length * ((oflag & TABDLY) === XTABS ? MAX_EXPANSION : 2));
    const lines = (oflag & NOT_PLAIN) === 0 && oflag & ONLCR ? from.lastIndexOf(NEWLINE) + 1 : 0;
    const at = lines === 0 ? 0 : this.copyLines(from.subarray(0, lines), out);
    return out.subarray(0, this.expand(from.subarray(lines), out, at, oflag));
  }

  /** Whole lines as nearly every program has them written: copied as they are, each newline with a return before it. */
  private copyLines(from: Uint8Array, out: Uint8Array): number {
    let at = 0;
    for (let start = 0; start < from.length; ) {
      const end = from.indexOf(NEWLINE, start);
      out.set(from.subarray(start, end), at);
      at += end - start;
      out[at++] = RETURN;
      out[at++] = NEWLINE;
      start = end + 1;
    }
    this.column = 0;
    return at;
  }

  /** Byte by byte, to `out` from `start` on; returns where it ends. */
  private expand(from: Uint8Array, out: Uint8Array, start: number, oflag: number): number {
    let at = start;
    for (const byte of from) {
      if (byte >= SPACE || byte === 0) {
        out[at++] = this.printable(byte, oflag);
      } else if (byte === NEWLINE) {
        if (oflag & ONLCR) out[at++] = RETURN;
        if (oflag & (ONLCR | ONLRET)) this.column = 0;
        out[at++] = NEWLINE;
      } else if (byte === RETURN) {
        if (!(oflag & ONOCR && this.column === 0)) out[at++] = this.carriageReturn(oflag);
      } else if (byte === TAB) {
        at = this.tab(out, at, oflag);
      } else {
        if (byte === BACKSPACE && this.column > 0) this.column--;
        out[at++] = byte;
      }
    }
    return at;
  }

  private printable(byte: number, oflag: number): number {
    // Bytes 0x80..0xbf continue a UTF-8 character; DEL and NUL don't move the cursor.
    if ((byte & 0xc0) !== 0x80 && byte !== 127 && byte !== 0) this.column++;
    return oflag & OLCUC && byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
  }

  private carriageReturn(oflag: number): number {
    if (!(oflag & OCRNL)) {
      this.column = 0;
      return RETURN;
    }
    if (oflag & ONLRET) this.column = 0;
    return NEWLINE;
  }

  private tab(out: Uint8Array, at: number, oflag: number): number {
    const spaces = 8 - (this.column & 7);
    this.column += spaces;
    if ((oflag & TABDLY) !== XTABS) {
      out[at] = TAB;
      return at + 1;
    }
    out.fill(SPACE, at, at + spaces);
    return at + spaces;
  }
}
