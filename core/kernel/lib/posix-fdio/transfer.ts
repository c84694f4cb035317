/**
 * Bytes from file to file within the kernel: sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2). A transfer
 * looks at up to 64 KiB of the source, writes them, and takes from the source only what the target accepted.
 */
import { EAGAIN, ERESTARTSYS } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import { MAX_RW_COUNT } from '../../abi/fs.ts';
import type { Task } from '../../task.ts';
import { orPartial, signalBrokenPipe } from '../../vfs/blocking.ts';
import { AT_POSITION, readBytes, writeBytes } from '../../vfs/io.ts';
import { type OpenFile, POLLOUT } from '../../vfs/open-file.ts';
import { Blocked, type SysResult, type WakeCause } from '../../wait.ts';

const CHUNK = 65536;
/** Chunks after which a transfer lets the machine look at signals, timers and its owner's requests. */
const CHUNKS_AT_ONCE = 128;
/** What fits a pipe that shows POLLOUT. */
const PIPE_BUF = 4096;
const chunk = new Uint8Array(CHUNK);

/** One end: a file with an explicit offset, or at its own position (or a stream) for AT_POSITION. */
export interface TransferEnd {
  readonly file: OpenFile;
  offset: number;
}

export interface TransferOptions {
  /** Goes on, waiting as needed, until all is moved (sendfile); else it waits only for the first bytes (splice). */
  all: boolean;
  /** Never waits (SPLICE_F_NONBLOCK). */
  nonBlocking: boolean;
}

class Transfer {
  done = 0;
  /** Whom the last -EAGAIN came from. */
  waitingFor: OpenFile;
  /** The last -EAGAIN means that it can go on at once. */
  isPaused = false;
  private readonly task: Task;
  private readonly from: TransferEnd;
  private readonly to: TransferEnd;
  private readonly count: number;
  private readonly options: TransferOptions;

  constructor(task: Task, from: TransferEnd, to: TransferEnd, count: number, options: TransferOptions) {
    this.task = task;
    this.from = from;
    this.to = to;
    this.count = Math.min(count, MAX_RW_COUNT);
    this.options = options;
    this.waitingFor = from.file;
  }

  /** Moves what can be moved now: bytes in all, -errno, or -EAGAIN when it should wait and go on. */
  run(): number {
    this.isPaused = false;
    for (let chunks = 0; this.done < this.count; chunks++) {
      if (chunks === CHUNKS_AT_ONCE) {
        this.isPaused = true;
        return -EAGAIN;
      }
      const answer = this.step();
      if (answer === 0) break;
      if (answer < 0) {
        if (answer === -EAGAIN && this.options.all && this.mayWait) return -EAGAIN;
        return this.done > 0 ? this.done : answer;
      }
      this.done += answer;
    }
    return this.done;
  }

  get mayWait(): boolean {
    return this.isPaused || (!this.options.nonBlocking && (this.waitingFor.flags & O_NONBLOCK) === 0);
  }

  private step(): number {
    const { task, from, to } = this;
    // What a stream gave and the target refused would be lost, so a stream is asked for what surely fits.
    const isLossy = !from.file.isPipe && !from.file.isSeekable;
    if (isLossy && (to.file.poll() & POLLOUT) === 0) {
      this.waitingFor = to.file;
      return -EAGAIN;
    }
    const wanted = chunk.subarray(0, Math.min(isLossy ? PIPE_BUF : CHUNK, this.count - this.done));
    const seen = this.look(wanted);
    if (seen <= 0) {
      this.waitingFor = from.file;
      return seen;
    }
    const written = writeBytes(task, to.file, wanted.subarray(0, seen), to.offset);
    if (written <= 0) {
      this.waitingFor = to.file;
      return signalBrokenPipe(task, written);
    }
    if (to.offset !== AT_POSITION) to.offset += written;
    this.take(written);
    return written;
  }

  private look(into: Uint8Array): number {
    const { file, offset } = this.from;
    if (file.isPipe) return file.peek(into, 0);
    return readBytes(this.task, file, into, file.isSeekable && offset === AT_POSITION ? file.position : offset);
  }

  private take(count: number): void {
    const { from } = this;
    if (from.file.isPipe) from.file.read(chunk.subarray(0, count), AT_POSITION);
    else if (from.offset !== AT_POSITION) from.offset += count;
    else if (from.file.isSeekable) from.file.position += count;
  }
}

/** Runs a transfer, waiting as its options say; `finished` is called with the ends' final offsets in place. */
export function transfer(
  task: Task,
  from: TransferEnd,
  to: TransferEnd,
  count: number,
  options: TransferOptions,
  finished: () => void,
): SysResult {
  const move = new Transfer(task, from, to, count, options);
  const answer = move.run();
  if (answer !== -EAGAIN || !move.mayWait) {
    finished();
    return answer === -EAGAIN && move.done > 0 ? move.done : answer;
  }
  from.file.retain();
  to.file.retain();
  const letGo = (): void => {
    from.file.drop();
    to.file.drop();
    finished();
  };
  return orPartial(goOn(task, move, letGo), () => move.done);
}

/** Waits for what the transfer waits for, or after a pause for its next turn. */
function goOn(task: Task, move: Transfer, finished: () => void): Blocked {
  const resume = (cause: WakeCause): SysResult => {
    let answer: number;
    try {
      answer = move.run();
    } catch (error) {
      finished();
      throw error;
    }
    if (answer === -EAGAIN && cause === 'signal') answer = -ERESTARTSYS;
    else if (answer === -EAGAIN && move.mayWait) return goOn(task, move, finished);
    finished();
    return answer;
  };
  if (move.isPaused) return new Blocked([], resume, task.kernel.clock.monotonicNs());
  return new Blocked([move.waitingFor.queue], resume);
}
