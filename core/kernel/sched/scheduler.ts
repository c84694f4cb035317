/**
 * The scheduler and run loop of a machine: round-robin, pre-emptive green threads on the one vCPU. Runs on the machine's
 * worker thread; the owner calls `run` again and again until the machine has ended.
 *
 * A slice: restore the task's registers if another ran in between, finish the call it waited in, then alternate between
 * signals, guest code and its exits until the budget is used up or the task can't go on. System calls are served inside
 * the slice, so that one costs little more than its handler. Between slices: requests, host input, due timers.
 *
 * Invariants: `current` is the task whose registers are in its process's vCPU state; every other task's are in
 * `task.context`. A runnable task that isn't running is in the run queue exactly once. Wake-ups only move tasks to the
 * run queue; no guest code and no `Blocked.resume` runs from within one.
 */
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL } from '../../vcpu/exits.ts';
import { exitReason } from '../../vcpu/state.ts';
import type { Kernel } from '../kernel.ts';
import { checkCpuLimit } from '../lib/posix-process/cpu-limit.ts';
import { abortCriticalSection } from '../lib/posix-process/rseq.ts';
import { type TimerQueue, timers } from '../lib/posix-time/timers.ts';
import { deliverSignals } from '../lib/uksignal/deliver.ts';
import { hasSignalWork, isSignalPending } from '../lib/uksignal/state.ts';
import type { Process } from '../process.ts';
import { Dispatcher, resume } from '../syscall/dispatch.ts';
import type { Task } from '../task.ts';
import type { Blocked, WakeCause } from '../wait.ts';
import { handleException } from './faults.ts';
import { RunQueue } from './run-queue.ts';

/** How the machine ended: as its first process did. */
export type MachineEnd = NonNullable<Process['exit']>;

const EXIT_REASON = exitReason.offset >> 2;
/** Bounds of a slice, in instructions, and the time that it is made to take. */
const FIRST_BUDGET = 100_000;
const MIN_BUDGET = 10_000;
const MAX_BUDGET = 4_000_000;
const SHORT_SLICE_NS = 1_000_000;
const LONG_SLICE_NS = 4_000_000;
/** What a system call or an exception costs of a slice: about what its time is worth in instructions. */
const EXIT_COST = 100;
/** One system call in this many is timed, and stands for the others in the task's system time. */
const SYSTEM_TIME_SAMPLE = 16;

export class Scheduler {
  readonly dispatcher: Dispatcher;
  /** Task whose registers are in the vCPU. */
  current: Task | undefined = undefined;
  /** Set when the machine has ended. */
  end: MachineEnd | undefined = undefined;
  /** Tasks that have not exited, by tid. */
  readonly tasks = new Map<number, Task>();
  /** Switches between tasks since boot. */
  switches = 0;
  /** Called after each slice with the time it took: interval timers of CPU time. */
  readonly accounted = new Set<(task: Task, elapsedNs: number) => void>();
  private readonly kernel: Kernel;
  private readonly timers: TimerQueue;
  private readonly queue = new RunQueue();
  private budget = FIRST_BUDGET;
  /** What is left of the running slice; 0 ends it. */
  private left = 0;
  private running: Task | undefined = undefined;
  private sliceStartNs = 0;
  private systemNs = 0;

  /** `kernel.syscalls` is set before. */
  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.timers = timers(kernel);
    this.dispatcher = new Dispatcher(kernel, kernel.syscalls);
  }

  /** Runs the machine until it has ended or `host.hasRequest` says that its owner wants something. */
  run(): 'ended' | 'request' {
    const { host, pollers, inputs } = this.kernel;
    let nowNs = this.kernel.clock.monotonicNs();
    while (this.end === undefined) {
      if (host.hasRequest()) return 'request';
      for (const poll of pollers) poll();
      for (const poll of inputs) poll();
      if (this.timers.nextDeadlineNs() <= nowNs) this.timers.runDue(nowNs);
      const task = this.next();
      if (task === undefined) {
        host.idle(this.timers.nextDeadlineNs());
        nowNs = this.kernel.clock.monotonicNs();
      } else {
        nowNs = this.runSlice(task, nowNs);
      }
    }
    return 'ended';
  }

  /** The next runnable task; those that were stopped or killed while they queued are passed over. */
  private next(): Task | undefined {
    let task = this.queue.shift();
    while (task !== undefined && task.state !== 'runnable') task = this.queue.shift();
    return task;
  }

  /** Runs `task` until its slice is over; returns the time then. */
  private runSlice(task: Task, nowNs: number): number {
    this.sliceStartNs = nowNs;
    this.running = task;
    this.left = this.budget;
    this.switchTo(task);
    if (task.blocked !== undefined) this.finishWait(task);
    while (task.state === 'runnable' && this.left > 0) this.step(task);
    this.running = undefined;
    const endNs = this.kernel.clock.monotonicNs();
    this.account(task, endNs - nowNs);
    if (task.state === 'runnable') {
      this.adaptBudget(endNs - nowNs);
      if (!this.queue.isEmpty) task.involuntarySwitches++;
      this.queue.push(task);
    }
    return endNs;
  }

  /** Signals, then guest code up to its next exit. */
  private step(task: Task): void {
    if (hasSignalWork(task)) {
      if (task.rseq !== 0 && isSignalPending(task)) abortCriticalSection(task);
      deliverSignals(task);
      if (task.state !== 'runnable') return;
    }
    const { mm } = task.process;
    const ran = mm.engine.run(this.left);
    task.instructions += ran;
    this.left -= ran;
    switch (mm.space.i32[EXIT_REASON]) {
      case EXIT_SYSCALL:
        this.left -= EXIT_COST;
        if (this.dispatcher.count % SYSTEM_TIME_SAMPLE === 0) this.dispatchTimed(task);
        else this.dispatcher.dispatch(task);
        break;
      case EXIT_EXCEPTION:
        this.left -= EXIT_COST;
        handleException(task);
        break;
      case EXIT_BUDGET:
        this.left = 0;
        break;
    }
  }

  private dispatchTimed(task: Task): void {
    const startNs = this.kernel.clock.monotonicNs();
    this.dispatcher.dispatch(task);
    this.systemNs += (this.kernel.clock.monotonicNs() - startNs) * SYSTEM_TIME_SAMPLE;
  }

  private account(task: Task, elapsedNs: number): void {
    task.cpuTimeNs += elapsedNs;
    task.systemTimeNs += Math.min(this.systemNs, elapsedNs);
    this.systemNs = 0;
    checkCpuLimit(task);
    for (const tell of this.accounted) tell(task, elapsedNs);
  }

  /** Aims at slices of one to four milliseconds, whatever the engine's speed. */
  private adaptBudget(elapsedNs: number): void {
    if (elapsedNs < SHORT_SLICE_NS) this.budget = Math.min(this.budget * 2, MAX_BUDGET);
    else if (elapsedNs > LONG_SLICE_NS) this.budget = Math.max(this.budget >> 1, MIN_BUDGET);
  }

  private switchTo(task: Task): void {
    const { current } = this;
    if (current === task) return;
    if (current !== undefined) current.vcpu.saveContext(current.context);
    task.vcpu.loadContext(task.context);
    this.current = task;
    this.switches++;
    if (task.rseq !== 0) abortCriticalSection(task);
  }

  /** Registers of `task`, wherever they are: brings its `context` up to date. */
  contextOf(task: Task): Uint8Array {
    if (this.current === task) task.vcpu.saveContext(task.context);
    return task.context;
  }

  /** Adds a new task, whose `context` holds its first registers, to its process and to the run queue. */
  add(task: Task): void {
    task.process.tasks.push(task);
    this.tasks.set(task.tid, task);
    this.queue.push(task);
  }

  /** Parks the task, whose call returned `blocked`; a pending signal is told to the call at once. */
  park(task: Task, blocked: Blocked): void {
    const result = isSignalPending(task) ? resume(blocked, 'signal') : blocked;
    if (typeof result === 'number') {
      this.dispatcher.complete(task, result);
      return;
    }
    const { waiter } = task;
    task.blocked = result;
    task.state = 'blocked';
    task.voluntarySwitches++;
    for (const queue of result.queues) queue.add(waiter);
    if (result.deadlineNs < Number.POSITIVE_INFINITY) {
      waiter.timer = this.timers.add(result.deadlineNs, () => this.wakeUp(task, 'timeout'));
    }
  }

  /** Makes a blocked task runnable; its call is resumed with `cause` when its turn comes. */
  wakeUp(task: Task, cause: WakeCause): void {
    if (task.state !== 'blocked') return;
    this.leaveQueues(task);
    task.waiter.cause = cause;
    task.state = 'runnable';
    this.queue.push(task);
  }

  private leaveQueues(task: Task): void {
    const { waiter, blocked } = task;
    if (blocked !== undefined) for (const queue of blocked.queues) queue.remove(waiter);
    if (waiter.timer !== undefined) this.timers.cancel(waiter.timer);
    waiter.timer = undefined;
  }

  private finishWait(task: Task): void {
    const blocked = task.blocked!;
    task.blocked = undefined;
    const result = resume(blocked, task.waiter.cause);
    if (typeof result === 'number') this.dispatcher.complete(task, result);
    else this.park(task, result);
  }

  /** A signal arrived for a blocked task: its call is asked to give up. */
  interrupt(task: Task): void {
    this.wakeUp(task, 'signal');
  }

  /** Lets a stopped task run again. */
  makeRunnable(task: Task): void {
    if (task.state !== 'stopped') return;
    task.state = 'runnable';
    // It may not have left its slice yet, or may still be queued from before: `runSlice` and the queue see to that.
    if (task !== this.running) this.queue.push(task);
  }

  /** Ends the running slice after this system call: sched_yield. */
  yieldSlice(): void {
    this.left = 0;
  }

  /**
   * Takes a task out for good: nothing of it runs any more. A wait it is in is cancelled, so that the call lets go of
   * what it holds. The process's list of tasks is the caller's business.
   */
  remove(task: Task): void {
    if (task.state === 'exited') return;
    this.leaveQueues(task);
    const { blocked } = task;
    task.blocked = undefined;
    task.state = 'exited';
    this.tasks.delete(task.tid);
    if (blocked !== undefined) resume(blocked, 'signal');
    if (task !== this.running) this.dispatcher.abandon(task);
    if (this.current === task && this.running !== task) this.current = undefined;
  }

  /** Gives the task another id: the thread that calls execve becomes the first of its process. */
  rename(task: Task, tid: number): void {
    if (this.tasks.get(task.tid) === task) this.tasks.delete(task.tid);
    task.tid = tid;
    if (task.state !== 'exited') this.tasks.set(tid, task);
  }

  get taskCount(): number {
    return this.tasks.size;
  }

  /** CPU time of a task up to now, in nanoseconds. */
  cpuTimeNs(task: Task): number {
    const running = task === this.running ? this.kernel.clock.monotonicNs() - this.sliceStartNs : 0;
    return task.cpuTimeNs + running;
  }

  /** True when nothing can run before a wake-up. */
  get isIdle(): boolean {
    return this.queue.isEmpty && this.running === undefined;
  }
}
