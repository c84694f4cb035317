/**
 * A guest kernel without a vCPU: system calls are called as functions on a task whose memory is real, waiting ones are
 * resumed when their queues are woken. Time stands still unless a test moves it.
 */
import type { ConsoleDevice } from '../../core/dev/console.ts';
import { EFAULT } from '../../core/kernel/abi/errno.ts';
import { SysError } from '../../core/kernel/errors.ts';
import { Kernel } from '../../core/kernel/kernel.ts';
import { timers } from '../../core/kernel/lib/posix-time/timers.ts';
import { createRamFs } from '../../core/kernel/lib/ramfs/fs.ts';
import type { MicroLibrary } from '../../core/kernel/lib.ts';
import { Mm } from '../../core/kernel/mm/mm.ts';
import { Process } from '../../core/kernel/process.ts';
import type { Scheduler } from '../../core/kernel/sched/scheduler.ts';
import type { AnySyscall } from '../../core/kernel/syscall/define.ts';
import { Task } from '../../core/kernel/task.ts';
import { FsContext } from '../../core/kernel/vfs/fs-context.ts';
import { MountTable } from '../../core/kernel/vfs/mount-table.ts';
import type { Blocked, SysResult, Waiter, WakeCause } from '../../core/kernel/wait.ts';
import { AddressSpace } from '../../core/mem/address-space.ts';
import { UserFault } from '../../core/mem/user-memory.ts';
import type { Transport } from '../../core/net/transport.ts';
import type { Engine } from '../../core/vcpu/engine.ts';

const MEMORY_BYTES = 64 * 1024 * 1024;
/** Guest memory that tests may use freely. */
export const SCRATCH = 0x2_0000;
const SCRATCH_BYTES = 0x4_0000;

/** A console whose input is given by `type` and whose output is kept. */
export class FakeConsole implements ConsoleDevice {
  readonly isTty: boolean;
  size = { columns: 80, rows: 24 };
  readonly written = { 1: '', 2: '' };
  private input: number[] = [];
  private hasEnded = false;

  constructor(isTty: boolean) {
    this.isTty = isTty;
  }
  type(text: string): void {
    for (const char of text) this.input.push(char.charCodeAt(0));
  }
  end(): void {
    this.hasEnded = true;
  }
  write(stream: 1 | 2, bytes: Uint8Array): void {
    this.written[stream] += String.fromCharCode(...bytes);
  }
  read(into: Uint8Array): number {
    if (this.input.length === 0) return this.hasEnded ? -1 : 0;
    const taken = this.input.splice(0, into.length);
    into.set(taken);
    return taken.length;
  }
  hasInput(): boolean {
    return this.input.length > 0 || this.hasEnded;
  }
  /** What was written to stdout since the last call. */
  take(): string {
    const text = this.written[1];
    this.written[1] = '';
    return text;
  }
}

/** A system call under way; `result` is set when it has ended. */
export class PendingCall implements Waiter {
  result: number | undefined = undefined;
  private readonly task: Task;
  private blocked: Blocked | undefined = undefined;
  private isWoken = false;

  constructor(task: Task, first: () => SysResult) {
    this.task = task;
    this.accept(guard(first));
  }

  private accept(result: SysResult): void {
    if (typeof result === 'number') {
      this.result = result;
      this.task.state = 'runnable';
      this.task.blocked = undefined;
      return;
    }
    this.blocked = result;
    this.task.state = 'blocked';
    this.task.blocked = result;
    for (const queue of result.queues) queue.add(this);
  }

  wake(): void {
    this.isWoken = true;
  }
  get deadlineNs(): number {
    return this.blocked?.deadlineNs ?? Number.POSITIVE_INFINITY;
  }
  /** Resumes the call if it was woken. */
  settle(): this {
    while (this.result === undefined && this.isWoken) this.resume('wake');
    return this;
  }
  resume(cause: WakeCause): this {
    const { blocked } = this;
    if (blocked === undefined || this.result !== undefined) return this;
    this.isWoken = false;
    for (const queue of blocked.queues) queue.remove(this);
    this.blocked = undefined;
    this.accept(guard(() => blocked.resume(cause)));
    return this;
  }
}

function guard(run: () => SysResult): SysResult {
  try {
    return run();
  } catch (error) {
    if (error instanceof SysError) return -error.errno;
    if (error instanceof UserFault) return -EFAULT;
    throw error;
  }
}

export interface GuestOptions {
  libraries?: readonly MicroLibrary[];
  isTty?: boolean;
  /** The machine's networks; none by default. */
  transport?: Transport;
}

export class TestGuest {
  readonly console: FakeConsole;
  readonly kernel: Kernel;
  readonly process: Process;
  readonly task: Task;
  /** Messages of the kernel's log. */
  readonly messages: string[] = [];
  private nowNs = 1e9;
  private readonly pending = new Set<PendingCall>();

  constructor({ libraries = [], isTty = false, transport }: GuestOptions = {}) {
    this.console = new FakeConsole(isTty);
    let seed = 1;
    const host = {
      clock: { monotonicNs: () => this.nowNs, realtimeOffsetNs: 1_700_000_000_000_000_000n },
      random: (into: Uint8Array) => {
        for (let i = 0; i < into.length; i++) into[i] = seed = (seed * 75 + 74) % 65537;
      },
      console: this.console,
      logger: { log: (_level: string, source: string, message: string) => this.messages.push(`${source}: ${message}`) },
      memoryBytes: MEMORY_BYTES,
      hostname: 'guest',
      transport,
      hasRequest: () => false,
      idle: () => {},
    };
    this.kernel = new Kernel(host, libraries);
    this.kernel.mounts = new MountTable(createRamFs(this.kernel, { name: 'ramfs', limitBytes: MEMORY_BYTES }));
    const scheduler = {
      current: undefined as Task | undefined,
      switches: 0,
      cpuTimeNs: (task: Task) => task.cpuTimeNs,
      interrupt: (task: Task) => this.interrupt(task),
      makeRunnable: (task: Task) => {
        task.state = 'runnable';
      },
    };
    this.kernel.scheduler = scheduler as unknown as Scheduler;
    for (const library of libraries) library.init?.(this.kernel);
    this.process = this.addProcess();
    this.task = this.process.tasks[0]!;
    scheduler.current = this.task;
  }

  addProcess(parent?: Process): Process {
    const space = new AddressSpace(MEMORY_BYTES);
    const engine = { run: () => 0 } as unknown as Engine;
    const mm = new Mm(space, () => engine);
    mm.map({ address: SCRATCH, len: SCRATCH_BYTES, prot: 3, flags: 0, fixed: 'noreplace' });
    const pid = this.kernel.allocateId();
    const process = new Process(this.kernel, pid, mm, new FsContext(this.kernel.mounts.root), parent);
    this.kernel.processes.set(pid, process);
    process.tasks.push(new Task(process, pid, 'test'));
    return process;
  }

  /** Makes `task` the one that runs. */
  switchTo(task: Task): void {
    (this.kernel.scheduler as { current: Task | undefined }).current = task;
  }

  private interrupt(task: Task): void {
    for (const call of [...this.pending]) if (this.taskOf.get(call) === task) call.resume('signal');
  }
  private readonly taskOf = new WeakMap<PendingCall, Task>();

  /** Begins a call with decoded arguments. */
  start(call: AnySyscall, ...args: unknown[]): PendingCall {
    return this.startOn(this.task, call, ...args);
  }
  startOn(task: Task, call: AnySyscall, ...args: unknown[]): PendingCall {
    const pending = new PendingCall(task, () => call.run(task, ...args));
    this.taskOf.set(pending, task);
    this.pending.add(pending);
    return pending;
  }

  /** A call that must end at once. */
  call(call: AnySyscall, ...args: unknown[]): number {
    const { result } = this.start(call, ...args);
    if (result === undefined) throw new Error(`${call.name} waits`);
    return result;
  }

  /** Resumes what was woken. */
  settle(): void {
    for (const call of this.pending) {
      call.settle();
      if (call.result !== undefined) this.pending.delete(call);
    }
  }

  /** Moves time on: runs timers, ends waits whose deadline passes. */
  advanceNs(ns: number): void {
    this.nowNs += ns;
    timers(this.kernel).runDue(this.nowNs);
    for (const call of this.pending) if (call.deadlineNs <= this.nowNs) call.resume('timeout');
    this.settle();
  }

  // Guest memory.

  write(gva: number, data: string | readonly number[]): void {
    const bytes =
      typeof data === 'string' ? Uint8Array.from(data, (char) => char.charCodeAt(0)) : Uint8Array.from(data);
    this.task.memory.writeBytes(gva, bytes);
  }
  text(gva: number, len: number): string {
    return String.fromCharCode(...this.task.memory.readBytes(gva, len));
  }
  u32(gva: number): number {
    return this.task.memory.getU32(gva);
  }
}
