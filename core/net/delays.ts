/**
 * What waits for its time on a station's thread: lines of packets that were slowed or lost on purpose. Each line says when it
 * wants to be looked at next. `nextMs` bounds the sleep of the station's thread.
 */

/** Something that waits. */
export interface Line {
  /** Delivers what is due and returns when the next is: Infinity when nothing waits. */
  look(nowMs: number): number;
}

export class Delays {
  /** Milliseconds, on a clock that all threads of the process share. */
  readonly nowMs: () => number;
  private readonly lines = new Map<Line, number>();
  private earliest = Number.POSITIVE_INFINITY;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** When `runDue` is to be called next, in `nowMs`. */
  get nextMs(): number {
    return this.earliest;
  }

  /** The line wants to be looked at then. */
  set(line: Line, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) this.lines.delete(line);
    else this.lines.set(line, atMs);
    if (atMs < this.earliest) this.earliest = atMs;
  }
  remove(line: Line): void {
    this.lines.delete(line);
  }

  runDue(): void {
    if (this.earliest === Number.POSITIVE_INFINITY) return;
    const now = this.nowMs();
    if (now < this.earliest) return;
    // Lines that begin to wait while others deliver bring their own times.
    this.earliest = Number.POSITIVE_INFINITY;
    for (const [line, atMs] of [...this.lines]) {
      if (atMs <= now) this.set(line, line.look(now));
      else if (atMs < this.earliest) this.earliest = atMs;
    }
  }
}
