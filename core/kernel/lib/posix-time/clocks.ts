/**
 * The guest's clocks, see clock_gettime(2). A reading is two numbers, seconds and nanoseconds, left in the `Clocks` object:
 * the hot calls neither allocate nor touch a bigint.
 *
 * CLOCK_BOOTTIME is CLOCK_MONOTONIC, as the machine never sleeps; the coarse clocks are as exact as the others; TAI is
 * realtime plus the offset that adjtimex sets.
 */

import type { SharedClocks } from '../../../dev/clock.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  CPUCLOCK_KIND,
  CPUCLOCK_THREAD,
  CPUCLOCK_VIRT,
} from '../../abi/time.ts';
import { type Kernel, service } from '../../kernel.ts';
import type { Process } from '../../process.ts';
import type { Task } from '../../task.ts';
import { NS_PER_SECOND } from '../../timespec.ts';

/** How long a reading of the host's wall clock offset holds: it costs more than the clock itself. */
const OFFSET_LIFETIME_NS = 10_000_000;

export class Clocks implements SharedClocks {
  /** The last reading. */
  seconds = 0;
  nanos = 0;
  /** struct timezone of settimeofday. */
  timezone = { minutesWest: 0, dstTime: 0 };
  /** TAI minus UTC in seconds. */
  taiOffset = 0;
  private readonly kernel: Kernel;
  private offsetSeconds = 0;
  private offsetNanos = 0;
  private offsetReadNs = Number.NEGATIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Reads `clock` as the task sees it; false when there is no such clock. */
  read(task: Task, clock: number): boolean {
    if (this.readShared(clock)) return true;
    const source = cpuTimeSource(task, clock);
    if (source === undefined) return false;
    this.setNs(source());
    return true;
  }

  readShared(clock: number): boolean {
    switch (clock) {
      case CLOCK_REALTIME:
      case CLOCK_REALTIME_COARSE:
      case CLOCK_REALTIME_ALARM:
        this.readRealtime();
        return true;
      case CLOCK_MONOTONIC:
      case CLOCK_MONOTONIC_RAW:
      case CLOCK_MONOTONIC_COARSE:
      case CLOCK_BOOTTIME:
      case CLOCK_BOOTTIME_ALARM:
        this.setNs(this.kernel.clock.monotonicNs());
        return true;
      case CLOCK_TAI:
        this.readRealtime();
        this.seconds += this.taiOffset;
        return true;
    }
    return false;
  }

  readRealtime(): void {
    const nowNs = this.kernel.clock.monotonicNs();
    if (nowNs - this.offsetReadNs > OFFSET_LIFETIME_NS) this.refreshOffset(nowNs);
    this.setNs(nowNs);
    this.seconds += this.offsetSeconds;
    this.nanos += this.offsetNanos;
    if (this.nanos < NS_PER_SECOND) return;
    this.nanos -= NS_PER_SECOND;
    this.seconds++;
  }

  private setNs(ns: number): void {
    this.seconds = Math.floor(ns / NS_PER_SECOND);
    this.nanos = Math.floor(ns - this.seconds * NS_PER_SECOND);
  }

  private refreshOffset(nowNs: number): void {
    const offset = this.kernel.host.clock.realtimeOffsetNs + this.kernel.realtimeShiftNs;
    const nanos = Number(BigInt.asIntN(64, offset) % 1_000_000_000n);
    this.offsetNanos = nanos < 0 ? nanos + NS_PER_SECOND : nanos;
    this.offsetSeconds = Number((offset - BigInt(this.offsetNanos)) / 1_000_000_000n);
    this.offsetReadNs = nowNs;
  }

  /** Sets the realtime clock; file times and every later reading follow. */
  setRealtime(ns: bigint): void {
    this.kernel.realtimeShiftNs += ns - this.kernel.realtimeNs();
    this.offsetReadNs = Number.NEGATIVE_INFINITY;
  }

  /** The monotonic time at which a clock that follows the wall shows `seconds` and `nanos`. */
  deadlineNs(clock: number, seconds: number, nanos: number): number {
    if (!isRealtime(clock)) return seconds * NS_PER_SECOND + nanos;
    this.readRealtime();
    const tai = clock === CLOCK_TAI ? this.taiOffset : 0;
    return (seconds - tai - this.offsetSeconds) * NS_PER_SECOND + (nanos - this.offsetNanos);
  }
}

export const clocks = service('clocks', (kernel) => new Clocks(kernel));

export function isRealtime(clock: number): boolean {
  return (
    clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_COARSE || clock === CLOCK_REALTIME_ALARM || clock === CLOCK_TAI
  );
}

/** Clocks that sleeps and timers can use besides the CPU clocks. */
export function isWaitable(clock: number): boolean {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return true;
  }
  return false;
}

/** CPU time of a process, tasks that have exited included. */
export function processCpuNs(process: Process): number {
  let total = process.usage.exitedCpuNs;
  for (const task of process.tasks) if (task.state !== 'exited') total += process.kernel.scheduler.cpuTimeNs(task);
  return total;
}

/** The part of it that was spent in guest code. */
export function processUserNs(process: Process): number {
  let system = process.usage.exitedSystemNs;
  for (const task of process.tasks) if (task.state !== 'exited') system += task.systemTimeNs;
  return Math.max(0, processCpuNs(process) - system);
}

/** What a CPU-time clock id measures, as seen by `task`; undefined when it names nothing. */
export function cpuTimeSource(task: Task, clock: number): (() => number) | undefined {
  const { process, kernel } = task;
  if (clock === CLOCK_PROCESS_CPUTIME_ID) return () => processCpuNs(process);
  if (clock === CLOCK_THREAD_CPUTIME_ID) return () => kernel.scheduler.cpuTimeNs(task);
  if (clock >= 0 || (clock & CPUCLOCK_KIND) === CPUCLOCK_KIND) return undefined;
  const id = ~(clock >> 3);
  if (clock & CPUCLOCK_THREAD) {
    const target = id === 0 ? task : process.tasks.find((each) => each.tid === id);
    return target && (() => kernel.scheduler.cpuTimeNs(target));
  }
  const target = id === 0 ? process : kernel.processes.get(id);
  if (target === undefined) return undefined;
  return (clock & CPUCLOCK_KIND) === CPUCLOCK_VIRT ? () => processUserNs(target) : () => processCpuNs(target);
}
