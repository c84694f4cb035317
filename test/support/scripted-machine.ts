/**
 * A machine whose guest is a script: kernel, scheduler and memory are the real ones, but instead of an engine that runs
 * x86 code there is a queue of steps, each of which changes registers and exits. Time stands still until the script
 * sleeps or `advance` is called.
 */
import type { ConsoleDevice } from '../../core/dev/console.ts';
import { Kernel, type KernelHost } from '../../core/kernel/kernel.ts';
import type { MicroLibrary } from '../../core/kernel/lib.ts';
import { Mm } from '../../core/kernel/mm/mm.ts';
import { Process } from '../../core/kernel/process.ts';
import { Scheduler } from '../../core/kernel/sched/scheduler.ts';
import { SyscallTable } from '../../core/kernel/syscall/table.ts';
import { Task } from '../../core/kernel/task.ts';
import { FsContext } from '../../core/kernel/vfs/fs-context.ts';
import type { PathRef } from '../../core/kernel/vfs/path.ts';
import { AddressSpace } from '../../core/mem/address-space.ts';
import { PAGE_SHIFT } from '../../core/mem/layout.ts';
import type { Engine } from '../../core/vcpu/engine.ts';
import { EXIT_BUDGET, EXIT_EXCEPTION, EXIT_SYSCALL } from '../../core/vcpu/exits.ts';
import * as st from '../../core/vcpu/state.ts';
import type { Vcpu } from '../../core/vcpu/vcpu.ts';

/** Read-write memory for the script's data, and the top of its stack. */
export const DATA = 0x20_0000;
export const STACK_TOP = 0x40_0000;
const FIRST_PAGE = 0x10_0000 >> PAGE_SHIFT;
const PAGE_COUNT = (STACK_TOP >> PAGE_SHIFT) - FIRST_PAGE;
/** Where the script pretends to execute. */
export const CODE = 0x1000_0000;

const ARGUMENTS = [st.RDI, st.RSI, st.RDX, 10, 8, 9];

type Step = (vcpu: Vcpu) => number;

const silentConsole: ConsoleDevice = {
  isTty: false,
  write() {},
  read: () => 0,
  hasInput: () => false,
  size: { columns: 80, rows: 24 },
};

export class ScriptedMachine {
  readonly kernel: Kernel;
  readonly process: Process;
  /** The first task; steps go to it unless another one is named. */
  readonly task: Task;
  readonly log: string[] = [];
  nowNs = 1_000_000_000;
  realtimeOffsetNs = 1_700_000_000_123_456_789n;
  /** When set, an idle machine jumps to the next deadline; else it stops there. */
  jumpsToDeadline = true;
  private readonly scripts = new Map<Task, Step[]>();
  private isStopped = false;
  /** Turns in a row in which nobody had anything to do. */
  private idleRuns = 0;

  constructor(libraries: readonly MicroLibrary[]) {
    const machine = this;
    const host: KernelHost = {
      clock: {
        monotonicNs: () => machine.nowNs,
        get realtimeOffsetNs() {
          return machine.realtimeOffsetNs;
        },
      },
      random: (into) => into.fill(0xa5),
      console: silentConsole,
      logger: { log: (_level, _source, message) => this.log.push(message) },
      memoryBytes: 64 * 1024 * 1024,
      hostname: 'scripted',
      hasRequest: () => this.isStopped,
      idle: (deadlineNs) => {
        if (this.jumpsToDeadline && deadlineNs < Number.POSITIVE_INFINITY)
          this.nowNs = Math.max(this.nowNs, deadlineNs);
        else this.isStopped = true;
      },
    };
    this.kernel = new Kernel(host, libraries);
    this.kernel.syscalls = new SyscallTable(libraries);
    this.kernel.scheduler = new Scheduler(this.kernel);
    this.process = this.addProcess();
    this.task = this.process.tasks[0]!;
  }

  /** Another process with one task; its memory is its own. */
  addProcess(parent?: Process): Process {
    const mm = new Mm(new AddressSpace(16 * 1024 * 1024), (space) => this.createEngine(space));
    mm.space.mapPages(FIRST_PAGE, PAGE_COUNT, 3);
    const pid = this.kernel.allocateId();
    const nowhere = undefined as unknown as PathRef;
    const process = new Process(this.kernel, pid, mm, new FsContext(nowhere), parent);
    this.kernel.processes.set(pid, process);
    this.addTask(process, pid);
    return process;
  }

  addTask(process: Process = this.process, tid: number = this.kernel.allocateId()): Task {
    const task = new Task(process, tid, `task${tid}`);
    const { vcpu } = task;
    const current = new Uint8Array(task.context.length);
    vcpu.saveContext(current);
    vcpu.reset();
    vcpu.rip = CODE;
    vcpu.setGprNumber(st.RSP, STACK_TOP - 0x1_0000 * process.tasks.length - 64);
    vcpu.saveContext(task.context);
    vcpu.loadContext(current);
    this.scripts.set(task, []);
    this.kernel.scheduler.add(task);
    return task;
  }

  private createEngine(space: AddressSpace): Engine {
    return {
      run: () => {
        const task = this.kernel.scheduler.current!;
        const step = this.scriptOf(task).shift();
        const isDone = [...this.scripts.values()].every((script) => script.length === 0);
        // Tasks that were woken meanwhile still have to end their calls: each one gets a turn before the machine stops.
        this.idleRuns = step === undefined && isDone ? this.idleRuns + 1 : 0;
        if (this.idleRuns > this.scripts.size) this.isStopped = true;
        space.i32[st.exitReason.offset >> 2] = step === undefined ? EXIT_BUDGET : step(task.vcpu);
        return 1;
      },
      onSample: undefined,
      begin: () => {},
      end: () => {},
      statistics: {
        instructions: 0,
        decodedInstructions: 0,
        keptInstructions: 0,
        decodedBlocks: 0,
        handlers: 0,
        flushes: 0,
      },
    };
  }

  /** The script of a task, empty for one that the guest made. */
  private scriptOf(task: Task): Step[] {
    let script = this.scripts.get(task);
    if (script === undefined) {
      script = [];
      this.scripts.set(task, script);
    }
    return script;
  }

  /** Appends a step that changes registers or memory. */
  push(step: Step, task: Task = this.task): void {
    this.scriptOf(task).push(step);
  }

  /** Appends a system call; numbers are sign-extended to 64 bits. */
  pushCall(nr: number, args: readonly number[] = [], task: Task = this.task): void {
    this.push((vcpu) => {
      args.forEach((value, i) => {
        vcpu.setGprNumber(ARGUMENTS[i]!, value);
      });
      vcpu.setGprNumber(st.RAX, nr);
      vcpu.rip += 2;
      return EXIT_SYSCALL;
    }, task);
  }

  /** Runs until every script is used up or nothing can go on without more time. */
  run(): void {
    this.isStopped = false;
    this.idleRuns = 0;
    this.kernel.scheduler.run();
  }

  /** Makes a call and runs; returns RAX afterwards. */
  call(nr: number, ...args: readonly number[]): number {
    this.pushCall(nr, args);
    this.run();
    return this.rax();
  }

  /** Raises an exception at the task's RIP and runs. */
  raise(vector: number, error = 0, cause = 0, address = 0n): void {
    this.push((vcpu) => {
      vcpu.setI32(st.excVector, vector);
      vcpu.setI32(st.excError, error);
      vcpu.setI32(st.excCause, cause);
      vcpu.setU64(st.excAddress, address);
      return EXIT_EXCEPTION;
    });
    this.run();
  }

  /** Lets time pass and runs. */
  advance(ns: number): void {
    this.nowNs += ns;
    this.run();
  }

  /** A general register of the task as a signed number. */
  register(index: number, task: Task = this.task): number {
    const context = this.kernel.scheduler.contextOf(task);
    const at = st.gprOffset(index) - st.CONTEXT_START;
    return Number(new DataView(context.buffer).getBigInt64(at, true));
  }
  rax(task: Task = this.task): number {
    return this.register(st.RAX, task);
  }
  rip(task: Task = this.task): number {
    const context = this.kernel.scheduler.contextOf(task);
    return Number(new DataView(context.buffer).getBigUint64(st.rip.offset - st.CONTEXT_START, true));
  }
}
