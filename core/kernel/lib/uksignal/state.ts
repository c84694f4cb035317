/**
 * Signal state of tasks and processes: masks, pending signals, actions, the alternate stack. See signal(7).
 *
 * A set of the 64 signals is two 32-bit words: signal n is bit n-1, of `lo` for 1..32, of `hi` for 33..64. The words are
 * kept signed, as JS bit operations yield them.
 */
import { SIG_DFL, SIG_IGN, SIGKILL, SIGSTOP } from '../../abi/signal.ts';
import type { Task } from '../../task.ts';
import { WaitQueue } from '../../wait.ts';

export class SignalSet {
  lo: number;
  hi: number;
  constructor(lo = 0, hi = 0) {
    this.lo = lo | 0;
    this.hi = hi | 0;
  }

  static of(...signals: number[]): SignalSet {
    const set = new SignalSet();
    for (const signal of signals) set.add(signal);
    return set;
  }

  has(signal: number): boolean {
    return ((signal <= 32 ? this.lo >>> (signal - 1) : this.hi >>> (signal - 33)) & 1) !== 0;
  }
  add(signal: number): void {
    if (signal <= 32) this.lo |= 1 << (signal - 1);
    else this.hi |= 1 << (signal - 33);
  }
  delete(signal: number): void {
    if (signal <= 32) this.lo &= ~(1 << (signal - 1));
    else this.hi &= ~(1 << (signal - 33));
  }
  assign(lo: number, hi: number): void {
    this.lo = lo | 0;
    this.hi = hi | 0;
  }
  get isEmpty(): boolean {
    return (this.lo | this.hi) === 0;
  }
  copy(): SignalSet {
    return new SignalSet(this.lo, this.hi);
  }
}

/** The bits of SIGKILL and SIGSTOP, which no mask holds. */
const UNBLOCKABLE_LO = (1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1));

/**
 * What came with a signal: the fields of siginfo_t that its source fills in. Which of them the guest sees follows from
 * the signal and `code` (siginfo.ts).
 */
export interface SignalInfo {
  /** si_code: SI_USER, SEGV_MAPERR... */
  readonly code: number;
  /** Sender (SI_USER, SI_TKILL, SI_QUEUE), or child (SIGCHLD). */
  readonly pid?: number;
  readonly uid?: number;
  /** sigval of sigqueue and timers, all 64 bits. */
  readonly value?: bigint;
  /** Faulting address. */
  readonly addr?: number | bigint;
  /** Exit code or signal of a child, with its times in clock ticks. */
  readonly status?: number;
  readonly utime?: number;
  readonly stime?: number;
  /** SIGIO: POLL* bits and descriptor. */
  readonly band?: number;
  readonly fd?: number;
  /** SI_TIMER: id and overrun count of the timer. */
  readonly timerId?: number;
  readonly overrun?: number;
  /** Called when the signal is taken or dropped; yields the final info. Timers count their overruns then. */
  readonly onTaken?: () => SignalInfo;
  /** SIGSYS: address, number. */
  readonly syscall?: number;
  /** si_errno. */
  readonly errno?: number;
  /** All 128 bytes as the sender gave them (rt_sigqueueinfo); they win over the fields above. */
  readonly raw?: Uint8Array;
}

export interface PendingSignal {
  readonly signal: number;
  readonly info: SignalInfo;
}

/**
 * Signals generated and not yet taken. A standard signal (1..31) is there once at most; real-time ones queue in order.
 * Lower numbers are taken first.
 */
export class PendingSignals {
  readonly set = new SignalSet();
  private queue: PendingSignal[] = [];

  get size(): number {
    return this.queue.length;
  }

  /**
   * False when it is a standard signal that is pending already: the new one is merged into it. Signals of POSIX timers
   * are never merged, each timer has one of its own.
   */
  push(signal: number, info: SignalInfo): boolean {
    if (signal < 32 && info.onTaken === undefined && this.set.has(signal)) return false;
    this.set.add(signal);
    this.queue.push({ signal, info });
    return true;
  }

  /** Takes the oldest entry of `signal`. */
  take(signal: number): PendingSignal | undefined {
    const index = this.queue.findIndex((entry) => entry.signal === signal);
    if (index < 0) return undefined;
    const [entry] = this.queue.splice(index, 1);
    if (!this.queue.some((other) => other.signal === signal)) this.set.delete(signal);
    return entry;
  }

  /** Drops the entries that `test` holds for, and returns them. */
  private drop(test: (entry: PendingSignal) => boolean): PendingSignal[] {
    const dropped = this.queue.filter(test);
    this.queue = this.queue.filter((entry) => !test(entry));
    this.set.assign(0, 0);
    for (const { signal } of this.queue) this.set.add(signal);
    return dropped;
  }

  /** Drops every entry of the signals in `set`. */
  discard(set: SignalSet): void {
    if (((this.set.lo & set.lo) | (this.set.hi & set.hi)) === 0) return;
    for (const { info } of this.drop((entry) => set.has(entry.signal))) info.onTaken?.();
  }

  /** Drops the entry that was pushed with this very `info`. */
  withdraw(info: SignalInfo): void {
    this.drop((entry) => entry.info === info);
  }

  clear(): void {
    this.queue = [];
    this.set.assign(0, 0);
  }
}

/** What the process does on a signal. `handler` is SIG_DFL, SIG_IGN or a guest address. */
export interface SignalAction {
  handler: number;
  /** SA_* bits, unsigned. */
  flags: number;
  restorer: number;
  readonly mask: SignalSet;
}

export class ProcessSignals {
  /** By signal number 1..64; entry 0 is unused. */
  readonly actions: SignalAction[] = Array.from({ length: 65 }, () => ({
    handler: SIG_DFL,
    flags: 0,
    restorer: 0,
    mask: new SignalSet(),
  }));
  /** Signals sent to the process as a whole. */
  readonly pending = new PendingSignals();
  /** Woken whenever a signal arrives, blocked or not: signalfd waits here. */
  readonly arrived = new WaitQueue();
  /** Signal that stopped the process, 0 while it runs. Its tasks stop at their next return to user code. */
  stopSignal = 0;

  /** As a fork child: the parent's actions, nothing pending. */
  inherit(from: ProcessSignals): void {
    for (let i = 1; i <= 64; i++) {
      const source = from.actions[i]!;
      const target = this.actions[i]!;
      target.handler = source.handler;
      target.flags = source.flags;
      target.restorer = source.restorer;
      target.mask.assign(source.mask.lo, source.mask.hi);
    }
  }

  /** As execve does: handlers become SIG_DFL, ignored signals stay ignored (CLONE_CLEAR_SIGHAND: not even those). */
  resetActions(keepIgnored = true): void {
    for (let i = 1; i <= 64; i++) {
      const action = this.actions[i]!;
      if (!(keepIgnored && action.handler === SIG_IGN)) action.handler = SIG_DFL;
      action.flags = 0;
      action.restorer = 0;
      action.mask.assign(0, 0);
    }
  }
}

/** sigaltstack(2). */
export interface AltStack {
  address: number;
  size: number;
  /** SS_DISABLE or SS_AUTODISARM, unsigned. */
  flags: number;
}

export class TaskSignals {
  /** Blocked signals; never SIGKILL or SIGSTOP. Change it through `setMask`. */
  readonly mask = new SignalSet();
  /** Signals sent to this task alone. */
  readonly pending = new PendingSignals();
  /** Mask to go back to after sigsuspend, ppoll, pselect, epoll_pwait. */
  savedMask: SignalSet | undefined = undefined;
  /** Signals that sigtimedwait waits for: they interrupt the wait though blocked. */
  waitingFor: SignalSet | undefined = undefined;
  /** The last hardware exception, for the sigcontext fields trapno, err and cr2. */
  lastTrap = { vector: 0, error: 0, address: 0n };
  altStack: AltStack = { address: 0, size: 0, flags: 0 };
  /**
   * Number of the system call that ended with -ERESTART* and may have to run again, else -1. The dispatcher sets it
   * instead of writing the result; `deliverSignals` decides.
   */
  restartNumber = -1;
  /** The -ERESTART* result that goes with it. */
  restartResult = 0;
  /** Monotonic deadline of an interrupted relative wait that is about to be restarted, or -1 (`takeRestartDeadline`). */
  restartDeadlineNs = -1;

  /** Sets the mask; SIGKILL and SIGSTOP stay out of it. */
  setMask(lo: number, hi: number): void {
    this.mask.assign(lo & ~UNBLOCKABLE_LO, hi);
  }

  /**
   * Sets the mask for the length of one system call (ppoll, pselect6, epoll_pwait, sigsuspend). The call ends it with
   * `endTemporaryMask`.
   */
  setTemporaryMask(lo: number, hi: number): void {
    this.savedMask = this.mask.copy();
    this.setMask(lo, hi);
  }

  /**
   * Goes back from the temporary mask, unless the call was interrupted (`wasInterrupted`): then the handler must still
   * run under it, and `deliverSignals` goes back. Does nothing without a temporary mask.
   */
  endTemporaryMask(wasInterrupted: boolean): void {
    if (wasInterrupted || this.savedMask === undefined) return;
    this.mask.assign(this.savedMask.lo, this.savedMask.hi);
    this.savedMask = undefined;
  }

  /**
   * Deadline that a relative wait had before a signal without handler interrupted it, or -1. A call that waits for a
   * relative time asks at its entry, and sets `restartDeadlineNs` before it returns -ERESTART_RESTARTBLOCK.
   */
  takeRestartDeadline(): number {
    const deadline = this.restartDeadlineNs;
    this.restartDeadlineNs = -1;
    return deadline;
  }

  /** As a new task: the creator's mask; its alternate stack only if it has an address space of its own (or vfork). */
  inherit(from: TaskSignals, keepAltStack: boolean): void {
    this.mask.assign(from.mask.lo, from.mask.hi);
    if (keepAltStack) this.altStack = { ...from.altStack };
  }

  /** As execve does; mask and pending signals stay. */
  resetForExec(): void {
    this.altStack = { address: 0, size: 0, flags: 0 };
  }
}

/** True when a signal that the task does not block is pending: a waiting call must give up. */
export function isSignalPending(task: Task): boolean {
  const own = task.signals;
  const shared = task.process.signals.pending.set;
  return (((own.pending.set.lo | shared.lo) & ~own.mask.lo) | ((own.pending.set.hi | shared.hi) & ~own.mask.hi)) !== 0;
}

/** True when `deliverSignals` has something to do before the task returns to user code. */
export function hasSignalWork(task: Task): boolean {
  const own = task.signals;
  return (
    isSignalPending(task) ||
    own.restartNumber >= 0 ||
    own.savedMask !== undefined ||
    task.process.signals.stopSignal !== 0
  );
}
