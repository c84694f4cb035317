/** Memory and load of the whole machine: sysinfo(2), and /proc/meminfo, /proc/loadavg. */
import { PAGE_SIZE } from '../../../mem/layout.ts';
import { type Kernel, service } from '../../kernel.ts';
import { processCpuNs } from '../posix-time/clocks.ts';

/** RAM of the machine and what of it no process uses, in bytes. */
export function memoryUsage(kernel: Kernel): { totalBytes: number; freeBytes: number } {
  // After vfork two processes share one memory.
  const spaces = new Set([...kernel.processes.values()].map((process) => process.mm.space));
  let used = 0;
  for (const space of spaces) used += space.residentPages * PAGE_SIZE;
  return { totalBytes: kernel.host.memoryBytes, freeBytes: Math.max(0, kernel.host.memoryBytes - used) };
}

const PERIODS_NS = [60e9, 300e9, 900e9];

/**
 * Load averages over 1, 5 and 15 minutes, as getloadavg(3) shows them. They are brought up to date when asked for, from
 * the CPU time used since then, so that an idle machine need not wake up to count.
 */
class LoadAverages {
  private readonly averages = [0, 0, 0];
  private atNs = 0;
  private cpuNs = 0;

  update(kernel: Kernel): readonly number[] {
    const nowNs = kernel.clock.monotonicNs();
    let cpuNs = 0;
    for (const process of kernel.processes.values()) cpuNs += processCpuNs(process);
    const elapsedNs = nowNs - this.atNs;
    if (elapsedNs > 0) {
      const load = Math.max(0, cpuNs - this.cpuNs) / elapsedNs;
      PERIODS_NS.forEach((periodNs, i) => {
        const kept = Math.exp(-elapsedNs / periodNs);
        this.averages[i] = this.averages[i]! * kept + load * (1 - kept);
      });
    }
    this.atNs = nowNs;
    this.cpuNs = cpuNs;
    return this.averages;
  }
}

const averages = service('loadAverages', () => new LoadAverages());

/** Load averages over 1, 5 and 15 minutes. */
export function loadAverages(kernel: Kernel): readonly number[] {
  return averages(kernel).update(kernel);
}
