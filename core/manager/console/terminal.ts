/**
 * The main console of an instance, for as long as the manager knows the instance: output of all runs goes to the scrollback
 * and from there to everyone who is attached, each at its own pace.
 *
 * Back-pressure: while an attached reader that goes on is behind by more than LAG, the guest's writes wait. A reader that has
 * taken nothing for STALLED_MS does not hold up the guest any more; it gets the rest that is kept when it comes back, with a note
 * of how much was left out. A reader that skips never holds it up: once it is behind by more than SKIP_LAG it goes on with the
 * newest KEPT. Without readers nothing waits. So memory is bounded by the scrollback whatever a client does.
 */
import type { ByteStream } from '../../contract/streams.ts';
import type { TerminalSize } from '../../contract/vm-spec.ts';
import { afterLineEnd, Gap } from './gap.ts';
import { Scrollback } from './scrollback.ts';

const LAG = 1 << 20;
const PIECE = 1 << 16;
const STALLED_MS = 2000;
/** More than a terminal's own scrollback holds; half of it is kept, so that the next gap is some way off. */
const SKIP_LAG = 2 << 20;
/** What a reader is told that came back after a stall, unless it chose words of its own. */
const STALL_NOTE = '{size} left out';

export interface ReaderOptions {
  /** At most this much scrollback. */
  maxScrollbackBytes?: number | undefined;
  /** Ends with the run. */
  untilEnd?: boolean | undefined;
  /** Skips what it can't keep up with, and is told so in these words (see `Gap`). */
  gapNote?: string | undefined;
}

interface Reader {
  stream: ByteStream;
  position: number;
  isPumping: boolean;
  /** When it last took something. */
  tookAtMs: number;
  /** Ends with the run. */
  untilEnd: boolean;
  isEnding: boolean;
  gapNote: string | undefined;
  /** What it missed and was not told yet. */
  gap: Gap | undefined;
}

export interface TerminalInput {
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): void;
}

export class Terminal {
  readonly scrollback: Scrollback;
  size: TerminalSize = { columns: 80, rows: 24 };
  /** The running instance; input is dropped without one. */
  input: TerminalInput | undefined;
  private readonly readers = new Set<Reader>();
  private waiters: (() => void)[] = [];
  private readonly skipLag: number;
  private readonly now: () => number;
  private readonly schedule: (run: () => void, ms: number) => { unref?(): void };

  constructor(
    limitBytes: number,
    now: () => number = () => performance.now(),
    schedule: (run: () => void, ms: number) => { unref?(): void } = setTimeout,
  ) {
    this.scrollback = new Scrollback(limitBytes);
    this.skipLag = Math.min(SKIP_LAG, limitBytes / 2);
    this.now = now;
    this.schedule = schedule;
  }

  get readerCount(): number {
    return this.readers.size;
  }

  /** Output of the guest. The promise, if any, is pending while readers are too far behind. */
  output(bytes: Uint8Array): Promise<void> | undefined {
    this.scrollback.write(bytes);
    for (const reader of this.readers) {
      if (reader.gapNote !== undefined && this.scrollback.end - reader.position > this.skipLag) this.skip(reader);
      void this.pump(reader);
    }
    return this.holdsBack() ? this.untilCaughtUp() : undefined;
  }
  private holdsBack(): boolean {
    const now = this.now();
    for (const reader of this.readers) {
      if (reader.gapNote !== undefined) continue;
      if (this.scrollback.end - reader.position > LAG && now - reader.tookAtMs < STALLED_MS) return true;
    }
    return false;
  }
  private untilCaughtUp(): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.holdsBack()) {
          this.waiters.push(check);
          return;
        }
        resolve();
      };
      this.waiters.push(check);
      // A reader that stalls while we wait says nothing: look again then.
      this.schedule(() => this.wakeWaiters(), STALLED_MS + 10).unref?.();
    });
  }
  private wakeWaiters(): void {
    for (const check of this.waiters.splice(0)) check();
  }

  /** The oldest that the reader has not got yet, down to half the lag, up to and with a line end. */
  private skip(reader: Reader): void {
    const { scrollback } = this;
    const target = scrollback.end - this.skipLag / 2;
    reader.gap ??= new Gap();
    while (reader.position < target) {
      const piece = scrollback.view(reader.position, PIECE);
      const excess = target - reader.position;
      const missed = excess >= piece.length ? piece : piece.subarray(0, afterLineEnd(piece, excess));
      reader.gap.add(missed);
      reader.position += missed.length;
    }
  }

  /** Connects a stream; returns how many bytes of scrollback it will begin with. */
  attach(
    stream: ByteStream,
    { maxScrollbackBytes = Number.POSITIVE_INFINITY, untilEnd = false, gapNote }: ReaderOptions = {},
  ): number {
    const { start, end } = this.scrollback;
    const position = Math.max(start, end - maxScrollbackBytes);
    const reader: Reader = {
      stream,
      position,
      isPumping: false,
      tookAtMs: this.now(),
      untilEnd,
      isEnding: false,
      gapNote,
      gap: undefined,
    };
    this.readers.add(reader);
    stream.consume((bytes) => this.input?.write(bytes));
    void stream.ended.then(() => {
      this.readers.delete(reader);
      this.wakeWaiters();
    });
    void this.pump(reader);
    return end - position;
  }

  private async pump(reader: Reader): Promise<void> {
    if (reader.isPumping) return;
    reader.isPumping = true;
    while (!reader.stream.isOver && reader.position < this.scrollback.end) {
      const overtaken = this.scrollback.start - reader.position;
      if (overtaken > 0) {
        reader.gap ??= new Gap();
        reader.gap.bytes += overtaken;
        reader.position = this.scrollback.start;
      }
      if (reader.gap !== undefined) {
        const text = reader.gap.text(reader.gapNote ?? STALL_NOTE);
        reader.gap = undefined;
        await reader.stream.write(text);
        continue;
      }
      const piece = this.scrollback.read(reader.position, PIECE);
      reader.position += piece.length;
      await reader.stream.write(piece);
      reader.tookAtMs = this.now();
      if (this.waiters.length > 0) this.wakeWaiters();
    }
    reader.isPumping = false;
    if (reader.isEnding) reader.stream.close();
  }

  /** The run is over, and all of its output has been given. */
  endRun(): void {
    this.input = undefined;
    for (const reader of this.readers) {
      reader.isEnding = reader.untilEnd;
      void this.pump(reader);
    }
  }

  resize(size: TerminalSize): void {
    this.size = size;
    this.input?.resize(size);
  }

  /** Ends all streams: the instance is gone. */
  dispose(): void {
    for (const { stream } of this.readers) stream.abort();
  }
}
