/** The scrollback of a console on the disk, so that it is there after a restart of the manager and for `elfdeck logs`. */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../store/atomic.ts';
import type { Scrollback } from './scrollback.ts';

/** The file may grow to this many times of what is kept before it is cut. */
const SLACK = 2;
const PIECE = 1 << 16;

export class ScrollbackFile {
  private readonly path: string;
  private readonly scrollback: Scrollback;
  /** Position of the scrollback up to which it is written. */
  private saved = 0;
  private fileBytes = 0;
  private start = 0;

  constructor(path: string, scrollback: Scrollback) {
    this.path = path;
    this.scrollback = scrollback;
  }

  /** Takes over what an earlier manager has kept. */
  restore(): void {
    if (!existsSync(this.path)) return;
    const fd = openSync(this.path, 'r');
    try {
      this.fileBytes = fstatSync(fd).size;
      const piece = new Uint8Array(PIECE);
      for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) {
        this.scrollback.write(piece.subarray(0, count));
      }
    } finally {
      closeSync(fd);
    }
    this.saved = this.scrollback.end;
  }

  /** Writes what is new. Of an instance that was removed nothing is written. */
  save(): void {
    const { start, end } = this.scrollback;
    const isCleared = start === end && this.start !== start;
    if ((end === this.saved && !isCleared) || !existsSync(dirname(this.path))) return;
    this.start = start;
    const kept = end - start;
    if (isCleared || this.saved < start || this.fileBytes + end - this.saved > Math.max(PIECE, SLACK * kept)) {
      writeFileAtomic(this.path, this.scrollback.bytes());
      this.fileBytes = kept;
    } else {
      for (let at = this.saved; at < end; ) {
        const piece = this.scrollback.view(at, PIECE);
        appendFileSync(this.path, piece, { mode: 0o600 });
        at += piece.length;
      }
      this.fileBytes += end - this.saved;
    }
    this.saved = end;
  }
}
