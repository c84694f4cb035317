/** The last system calls, for the crash report: a ring of plain words, cheap enough to be always on. */

import { syscallName } from './names.ts';
import { ARG_WORDS, hexArgument, type RegisterArgs, SavedArgs } from './registers.ts';

const WORDS = 12;
const [RDI, RSI, RDX, R10, R8, R9] = ARG_WORDS as [number, number, number, number, number, number];
const UNFINISHED = Number.NaN;

export interface RecentCall {
  tid: number;
  nr: number;
  name: string;
  /** Six arguments in hex. */
  args: string[];
  /** Undefined when it has not returned. */
  result: number | undefined;
}

export class RecentCalls {
  private readonly capacity: number;
  private readonly words: Int32Array;
  private readonly numbers: Int32Array;
  private readonly tids: Int32Array;
  private readonly results: Float64Array;
  private begun = 0;

  /** `capacity` is a power of two. */
  constructor(capacity = 64) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * WORDS);
    this.numbers = new Int32Array(capacity);
    this.tids = new Int32Array(capacity);
    this.results = new Float64Array(capacity);
  }

  /** Notes a call; returns its ticket for `end`. */
  begin(tid: number, nr: number, args: RegisterArgs): number {
    const ticket = this.begun++;
    const slot = ticket & (this.capacity - 1);
    this.numbers[slot] = nr;
    this.tids[slot] = tid;
    this.results[slot] = UNFINISHED;
    const { words } = this;
    const from = args.words;
    const at = slot * WORDS;
    // Word by word: a loop over the registers costs twice as much, on the path of every call.
    words[at] = from[RDI]!;
    words[at + 1] = from[RDI + 1]!;
    words[at + 2] = from[RSI]!;
    words[at + 3] = from[RSI + 1]!;
    words[at + 4] = from[RDX]!;
    words[at + 5] = from[RDX + 1]!;
    words[at + 6] = from[R10]!;
    words[at + 7] = from[R10 + 1]!;
    words[at + 8] = from[R8]!;
    words[at + 9] = from[R8 + 1]!;
    words[at + 10] = from[R9]!;
    words[at + 11] = from[R9 + 1]!;
    return ticket;
  }

  end(ticket: number, result: number): void {
    if (ticket >= this.begun - this.capacity) this.results[ticket & (this.capacity - 1)] = result;
  }

  /** Oldest first. */
  list(): RecentCall[] {
    const calls: RecentCall[] = [];
    for (let ticket = Math.max(0, this.begun - this.capacity); ticket < this.begun; ticket++) {
      const slot = ticket & (this.capacity - 1);
      const at = slot * WORDS;
      const args = new SavedArgs({
        lo: (i) => this.words[at + 2 * i]!,
        hi: (i) => this.words[at + 2 * i + 1]!,
      });
      const nr = this.numbers[slot]!;
      const result = this.results[slot]!;
      calls.push({
        tid: this.tids[slot]!,
        nr,
        name: syscallName(nr) ?? `syscall_${nr}`,
        args: [0, 1, 2, 3, 4, 5].map((i) => hexArgument(args, i)),
        result: Number.isNaN(result) ? undefined : result,
      });
    }
    return calls;
  }
}
