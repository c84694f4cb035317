/** The last system calls, for the crash report: a ring of plain words, cheap enough to be always on. */

import { syscallName } from './names.ts';
import { hexArgument, type RegisterArgs, SavedArgs } from './registers.ts';

const WORDS = 12;
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
    const at = slot * WORDS;
    for (let i = 0; i < 6; i++) {
      this.words[at + 2 * i] = args.lo(i);
      this.words[at + 2 * i + 1] = args.hi(i);
    }
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
