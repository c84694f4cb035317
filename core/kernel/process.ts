/** A thread group: what its tasks share. */
import { RLIMIT_NOFILE } from './abi/resource.ts';
import { SIGCHLD } from './abi/signal.ts';
import type { Kernel } from './kernel.ts';
import { ProcessAttributes, ProcessUsage } from './lib/posix-process/attributes.ts';
import type { ChildState } from './lib/posix-process/child-state.ts';
import { ResourceLimits } from './lib/posix-process/rlimits.ts';
import { Credentials } from './lib/posix-user/credentials.ts';
import { ProcessSignals } from './lib/uksignal/state.ts';
import type { Mm } from './mm/mm.ts';
import type { Task } from './task.ts';
import { FdTable } from './vfs/fd-table.ts';
import type { FsContext } from './vfs/fs-context.ts';
import { WaitQueue } from './wait.ts';

export class Process {
  readonly kernel: Kernel;
  readonly pid: number;
  /** Undefined for the first process; the first process for orphans. */
  parent: Process | undefined;
  readonly children = new Set<Process>();
  /** Woken when a child has news for wait(2). */
  readonly childEvents = new WaitQueue();
  /** Woken when this process ends. */
  readonly ended = new WaitQueue();
  /** Signal that the parent gets at the end; 0 for none. */
  exitSignal = SIGCHLD;
  readonly tasks: Task[] = [];
  /** Address space, VMAs, brk; replaced by execve. */
  mm: Mm;
  /** Root and working directory, umask. */
  readonly fs: FsContext;
  readonly fds = new FdTable();
  readonly signals = new ProcessSignals();
  readonly credentials = new Credentials();
  readonly limits = new ResourceLimits();
  processGroup: number;
  session: number;
  /** Path of the program, argv and envp as at exec; for /proc. */
  executable = '';
  argv: readonly string[] = [];
  envp: readonly string[] = [];
  auxv: Uint8Array = new Uint8Array(0);
  /** Set by PR_SET_*: attributes that prctl(2) keeps. */
  readonly attributes = new ProcessAttributes();
  /** Of waited-for children and of tasks that have exited. */
  readonly usage = new ProcessUsage();
  readonly startNs: number;
  /** News of a stop or continue that the parent has not waited for yet. */
  jobState: ChildState | undefined = undefined;
  /** CPU seconds at which RLIMIT_CPU warns next. */
  nextCpuWarning = 0;
  /** Exit code of the first task, once it has gone before others. */
  leaderExitCode: number | undefined = undefined;
  /** Set once the process has ended: exit code 0..255 or the signal that killed it. */
  exit: { code: number } | { signal: number; coreDumped: boolean } | undefined = undefined;

  constructor(kernel: Kernel, pid: number, mm: Mm, fs: FsContext, parent?: Process) {
    this.kernel = kernel;
    this.startNs = kernel.clock.monotonicNs();
    this.pid = pid;
    this.mm = mm;
    this.fs = fs;
    this.parent = parent;
    parent?.children.add(this);
    this.processGroup = parent?.processGroup ?? pid;
    this.session = parent?.session ?? pid;
    // A process shares its parent's memory only until execve (vfork): the parent's limits hold for it meanwhile.
    if (mm !== parent?.mm) mm.limits = this.limits;
    this.fds.limit = () => this.limits.soft(RLIMIT_NOFILE);
  }
}
