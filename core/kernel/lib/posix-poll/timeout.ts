/** Time limits of poll, select and epoll_wait: relative in the guest, monotonic deadlines in the kernel. */
import { EINVAL } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import type { Task } from '../../task.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Negative means no limit. */
export function deadlineOfMs(task: Task, timeoutMs: number): number {
  if (timeoutMs < 0) return NEVER;
  return timeoutMs === 0 ? 0 : task.kernel.clock.monotonicNs() + timeoutMs * 1e6;
}

/** A relative limit read from the guest, and where to write what is left of it. */
export class GuestTimeout {
  readonly deadlineNs: number;
  private readonly task: Task;
  private readonly gva: number;
  private readonly unitNs: number;

  /** NULL means no limit. `unitNs` is that of the second word: 1 for struct timespec, 1000 for struct timeval. */
  constructor(task: Task, gva: number, unitNs: 1 | 1000) {
    this.task = task;
    this.gva = gva;
    this.unitNs = unitNs;
    this.deadlineNs = gva === 0 ? NEVER : this.read();
  }

  private read(): number {
    const seconds = this.task.memory.getLong(this.gva);
    const fraction = this.task.memory.getLong(this.gva + 8);
    // A timeval's microseconds may exceed a second; a timespec's nanoseconds may not.
    if (seconds < 0 || fraction < 0 || (this.unitNs === 1 && fraction >= 1e9)) fail(EINVAL);
    const ns = seconds * 1e9 + fraction * this.unitNs;
    return ns === 0 ? 0 : this.task.kernel.clock.monotonicNs() + ns;
  }

  /** Writes the time left, as Linux's ppoll and select do; memory that can't be written is let be. */
  writeBack(): void {
    const { memory, kernel } = this.task;
    if (this.gva === 0 || this.deadlineNs === 0 || memory.accessible(this.gva, 16, 'w') < 16) return;
    const left = Math.max(0, this.deadlineNs - kernel.clock.monotonicNs());
    memory.setLong(this.gva, Math.floor(left / 1e9));
    memory.setLong(this.gva + 8, Math.floor((left % 1e9) / this.unitNs));
  }
}

/** Installs the signal mask of ppoll, pselect6 and epoll_pwait for the length of the call; NULL leaves it alone. */
export function applyTemporaryMask(task: Task, maskGva: number, size: number): void {
  if (maskGva === 0) return;
  if (size !== 8) fail(EINVAL);
  const { memory } = task;
  task.signals.setTemporaryMask(memory.getI32(maskGva), memory.getI32(maskGva + 4));
}
