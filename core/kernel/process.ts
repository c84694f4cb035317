/** A thread group: what its tasks share. */
import type { Kernel } from './kernel.ts';
import { ProcessSignals } from './lib/uksignal/state.ts';
import { Credentials } from './lib/posix-user/credentials.ts';
import { ResourceLimits } from './lib/posix-process/rlimits.ts';
import type { Mm } from './mm/mm.ts';
import type { Task } from './task.ts';
import { FdTable } from './vfs/fd-table.ts';
import type { FsContext } from './vfs/fs-context.ts';

export class Process {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly parent: Process | undefined;
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
  /** Set once the process has ended: exit code 0..255 or the signal that killed it. */
  exit: { code: number } | { signal: number; coreDumped: boolean } | undefined = undefined;

  constructor(kernel: Kernel, pid: number, mm: Mm, fs: FsContext, parent?: Process) {
    this.kernel = kernel;
    this.pid = pid;
    this.mm = mm;
    this.fs = fs;
    this.parent = parent;
    this.processGroup = parent?.processGroup ?? pid;
    this.session = parent?.session ?? pid;
  }
}
