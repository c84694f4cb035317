/** A guest thread: its register context, what it waits for, its own signal mask. Linux calls it a task too. */
import type { UserMemory } from '../mem/user-memory.ts';
import type { Vcpu } from '../vcpu/vcpu.ts';
import { CONTEXT_SIZE } from '../vcpu/vcpu.ts';
import type { Kernel } from './kernel.ts';
import { TaskSignals } from './lib/uksignal/state.ts';
import type { Process } from './process.ts';
import { SchedulingParameters } from './sched/parameters.ts';
import { TaskWaiter } from './sched/task-waiter.ts';
import type { SyscallEntry } from './syscall/table.ts';
import type { Blocked } from './wait.ts';

export type TaskState = 'runnable' | 'blocked' | 'stopped' | 'exited';

export class Task {
  /** Thread id; execve in another than the main thread takes over the process's. */
  tid: number;
  readonly process: Process;
  state: TaskState = 'runnable';
  /** Registers while the task is not the one on the vCPU. */
  readonly context = new Uint8Array(CONTEXT_SIZE);
  /** Its place in the run queue. */
  isQueued = false;
  nextQueued: Task | undefined = undefined;
  /** What the task waits for, while `blocked`. */
  blocked: Blocked | undefined = undefined;
  /** What stands on the wait queues for it. */
  readonly waiter: TaskWaiter = new TaskWaiter(this);
  /** The system call it is in, and its ticket in the dispatcher's list of recent calls. */
  syscall: SyscallEntry | undefined = undefined;
  syscallTicket = 0;
  readonly signals = new TaskSignals();
  /** set_tid_address: zeroed and futex-woken at exit. */
  clearChildTid = 0;
  robustListHead = 0;
  /** rseq area, or 0, its size, and the signature that abort handlers carry. */
  rseq = 0;
  rseqLen = 0;
  rseqSignature = 0;
  /** PR_SET_PDEATHSIG. */
  parentDeathSignal = 0;
  /** PR_SET_NAME, at most 15 bytes. */
  comm: string;
  /** Instructions run and CPU time used, up to its last time slice; the scheduler knows them to the moment. */
  instructions = 0;
  cpuTimeNs = 0;
  /** The part of `cpuTimeNs` spent in system calls, by samples. */
  systemTimeNs = 0;
  /** Page fault that was served last, and `instructions` then (sched/faults.ts). */
  lastServed = { rip: 0, address: 0n, instructions: 0 };
  /** Times it gave the vCPU up by waiting, and because its slice was over. */
  voluntarySwitches = 0;
  involuntarySwitches = 0;
  /** Scheduling parameters: they are kept and shown; the run loop is round-robin for all. */
  readonly scheduling = new SchedulingParameters();

  constructor(process: Process, tid: number, comm: string) {
    this.process = process;
    this.tid = tid;
    this.comm = comm;
  }

  get kernel(): Kernel {
    return this.process.kernel;
  }
  get memory(): UserMemory {
    return this.process.mm.user;
  }
  /** The vCPU: holds this task's registers only while the task is current. */
  get vcpu(): Vcpu {
    return this.process.mm.vcpu;
  }
}
