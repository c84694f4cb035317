/** A guest thread: its register context, what it waits for, its own signal mask. Linux calls it a task too. */
import type { UserMemory } from '../mem/user-memory.ts';
import type { Vcpu } from '../vcpu/vcpu.ts';
import { CONTEXT_SIZE } from '../vcpu/vcpu.ts';
import type { Kernel } from './kernel.ts';
import { TaskSignals } from './lib/uksignal/state.ts';
import type { Process } from './process.ts';
import type { Blocked } from './wait.ts';

export type TaskState = 'runnable' | 'blocked' | 'stopped' | 'exited';

export class Task {
  readonly tid: number;
  readonly process: Process;
  state: TaskState = 'runnable';
  /** Registers while the task is not the one on the vCPU. */
  readonly context = new Uint8Array(CONTEXT_SIZE);
  /** What the task waits for, while `blocked`. */
  blocked: Blocked | undefined = undefined;
  readonly signals = new TaskSignals();
  /** set_tid_address: zeroed and futex-woken at exit. */
  clearChildTid = 0;
  robustListHead = 0;
  /** rseq area, or 0. */
  rseq = 0;
  /** PR_SET_NAME, at most 15 bytes. */
  comm: string;
  /** Instructions run and CPU time used. */
  instructions = 0;
  cpuTimeNs = 0;

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
