/**
 * System call dispatch: number and arguments out of the vCPU state, the handler, the result into RAX. `dispatch` is the
 * hot path: it allocates nothing and touches no bigint. The only place that catches SysError and UserFault.
 *
 * A call ends in one of these ways: a number goes to RAX; -ERESTART* goes to `task.signals` and signal delivery decides;
 * REGISTERS_SET leaves the registers alone; `Blocked` parks the task, and `complete` follows when it is resumed.
 */
import { UserFault } from '../../mem/user-memory.ts';
import { EFAULT, ENOSYS, ERESTART_RESTARTBLOCK, ERESTARTSYS } from '../abi/errno.ts';
import { SysError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task.ts';
import type { Blocked, SysResult, WakeCause } from '../wait.ts';
import type { ArgType } from './define.ts';
import { RecentCalls } from './recent.ts';
import { RAX_WORD, RegisterArgs } from './registers.ts';
import type { SyscallTrace } from './strace.ts';
import type { SyscallEntry, SyscallTable } from './table.ts';

/** Result of a call that doesn't return. */
const NO_RESULT = Number.NaN;

export class Dispatcher {
  readonly recent = new RecentCalls();
  /** Gets every call while set. */
  trace: SyscallTrace | undefined = undefined;
  /** Measures the time in each handler. */
  isTiming = false;
  /** Calls made since boot. */
  count = 0;
  private readonly kernel: Kernel;
  private readonly table: SyscallTable;
  private readonly raw = new RegisterArgs();

  constructor(kernel: Kernel, table: SyscallTable) {
    this.kernel = kernel;
    this.table = table;
  }

  /** Runs the call that `task`, whose registers are in the vCPU, has just made. */
  dispatch(task: Task): void {
    const { raw } = this;
    raw.words = task.vcpu.space.i32;
    const nr = raw.words[RAX_WORD]!;
    const entry = this.table.entries[nr] ?? this.table.absent(nr);
    entry.count++;
    this.count++;
    task.syscall = entry;
    task.syscallTicket = this.recent.begin(task.tid, nr, raw);
    const result =
      this.trace === undefined && !this.isTiming ? invoke(entry, task, raw) : this.invokeObserved(entry, task);
    if (typeof result === 'number') this.complete(task, result);
    else this.kernel.scheduler.park(task, result);
  }

  private invokeObserved(entry: SyscallEntry, task: Task): SysResult {
    this.trace?.begin(task, entry, this.raw);
    if (!this.isTiming) return invoke(entry, task, this.raw);
    const start = this.kernel.clock.monotonicNs();
    const result = invoke(entry, task, this.raw);
    entry.timeNs += this.kernel.clock.monotonicNs() - start;
    return result;
  }

  /** Ends the task's call with `result`. The task's registers are in the vCPU, unless it has exited. */
  complete(task: Task, result: number): void {
    const entry = task.syscall;
    task.syscall = undefined;
    this.recent.end(task.syscallTicket, result);
    if (entry !== undefined && result < 0) entry.errors++;
    if (this.trace !== undefined && entry !== undefined) this.trace.end(task, entry, tracedResult(task, result));
    if (task.state === 'exited' || Number.isNaN(result)) return;
    if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK && entry !== undefined) {
      task.signals.restartNumber = entry.nr;
      task.signals.restartResult = result;
      return;
    }
    setResult(task, result);
  }

  /** Ends the call of a task that goes away within it. */
  abandon(task: Task): void {
    const entry = task.syscall;
    task.syscall = undefined;
    if (entry !== undefined) this.trace?.end(task, entry, NO_RESULT);
  }
}

/** What a trace shows: no result of a task that has gone, success of a call that has set the registers itself. */
function tracedResult(task: Task, result: number): number {
  if (task.state === 'exited') return NO_RESULT;
  return Number.isNaN(result) ? 0 : result;
}

/** Writes a result to RAX. Results are integers below 2^53. */
export function setResult(task: Task, result: number): void {
  const { i32 } = task.vcpu.space;
  i32[RAX_WORD] = result | 0;
  i32[RAX_WORD + 1] = result < 0 ? -1 : result < 0x1_0000_0000 ? 0 : Math.floor(result / 0x1_0000_0000);
}

/** Resumes a blocked call; errors become their numbers as at the first try. */
export function resume(blocked: Blocked, cause: WakeCause): SysResult {
  try {
    return blocked.resume(cause);
  } catch (error) {
    return errnoOf(error);
  }
}

function invoke(entry: SyscallEntry, task: Task, raw: RegisterArgs): SysResult {
  if (entry.call === undefined) return -ENOSYS;
  try {
    return call(entry, task, raw);
  } catch (error) {
    return errnoOf(error);
  }
}

/** Specialised by arity, because a spread call costs several times as much. */
function call(entry: SyscallEntry, task: Task, raw: RegisterArgs): SysResult {
  const { run } = entry;
  const a = entry.args as readonly ArgType<never>[];
  switch (entry.arity) {
    case 0:
      return run(task);
    case 1:
      return run(task, a[0]!.decode(task, raw, 0));
    case 2:
      return run(task, a[0]!.decode(task, raw, 0), a[1]!.decode(task, raw, 1));
    case 3:
      return run(task, a[0]!.decode(task, raw, 0), a[1]!.decode(task, raw, 1), a[2]!.decode(task, raw, 2));
    default:
      return callMany(entry, task, raw);
  }
}

function callMany(entry: SyscallEntry, task: Task, raw: RegisterArgs): SysResult {
  const { run } = entry;
  const a = entry.args as readonly ArgType<never>[];
  const a0 = a[0]!.decode(task, raw, 0);
  const a1 = a[1]!.decode(task, raw, 1);
  const a2 = a[2]!.decode(task, raw, 2);
  const a3 = a[3]!.decode(task, raw, 3);
  if (entry.arity === 4) return run(task, a0, a1, a2, a3);
  const a4 = a[4]!.decode(task, raw, 4);
  if (entry.arity === 5) return run(task, a0, a1, a2, a3, a4);
  return run(task, a0, a1, a2, a3, a4, a[5]!.decode(task, raw, 5));
}

/** -errno of an expected failure; anything else is our bug and goes on to the worker boundary. */
function errnoOf(error: unknown): number {
  if (error instanceof SysError) return -error.errno;
  if (error instanceof UserFault) return -EFAULT;
  throw error;
}
