/** Figures of a running instance over time: a sample is what changed since the one before. */
import type { VmSample } from '../../contract/api/vm.ts';
import { VmError } from '../../contract/errors.ts';
import type { Statistics } from '../../contract/worker-protocol.ts';

/** Ten minutes at one a second. */
const MAX_SAMPLES = 600;

export class Sampler {
  readonly kept: VmSample[] = [];
  latest: Statistics | undefined;
  private readonly vm: string;
  private readonly read: () => Promise<Statistics>;
  private readonly now: () => number;
  private before: { at: number; statistics: Statistics; output: number } | undefined;
  private output = 0;
  /** A machine that boots answers late. */
  private isReading = false;

  constructor(vm: string, read: () => Promise<Statistics>, now: () => number = Date.now) {
    this.vm = vm;
    this.read = read;
    this.now = now;
  }

  addOutput(count: number): void {
    this.output += count;
  }

  /** Undefined for the first one, and while there is nothing to read. */
  async take(): Promise<VmSample | undefined> {
    if (this.isReading) return undefined;
    this.isReading = true;
    let statistics: Statistics;
    try {
      statistics = await this.read();
    } catch (error) {
      if (error instanceof VmError && error.code === 'instance.not-running') return undefined;
      throw error;
    } finally {
      this.isReading = false;
    }
    const at = this.now();
    const { before } = this;
    this.before = { at, statistics, output: this.output };
    this.latest = statistics;
    if (before === undefined || at <= before.at) return undefined;
    const seconds = (at - before.at) / 1000;
    const cpuMs = statistics.cpuTimeMs - before.statistics.cpuTimeMs;
    const instructions = statistics.instructions - before.statistics.instructions;
    const sample: VmSample = {
      vm: this.vm,
      at,
      cpuPercent: Math.max(0, Math.round(cpuMs / seconds) / 10),
      mips: cpuMs > 0 ? Math.round(instructions / cpuMs / 100) / 10 : 0,
      memoryBytes: statistics.residentBytes,
      threads: statistics.threads,
      openFiles: statistics.openFiles,
      syscallsPerSecond: Math.round((countCalls(statistics) - countCalls(before.statistics)) / seconds),
      outputBytesPerSecond: Math.round((this.output - before.output) / seconds),
    };
    this.kept.push(sample);
    if (this.kept.length > MAX_SAMPLES) this.kept.shift();
    return sample;
  }
}

const countCalls = ({ syscalls }: Statistics): number => Object.values(syscalls).reduce((sum, count) => sum + count, 0);
