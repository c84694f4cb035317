/** Figures of a machine. */
import type { Statistics } from '../contract/worker-protocol.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Mm } from '../kernel/mm/mm.ts';

export function collectStatistics(kernel: Kernel, mm: Mm, times: { bootNs: number; cpuTimeNs: number }): Statistics {
  const processes = [...kernel.processes.values()];
  const { instructions } = mm.engine.statistics;
  const { bootNs, cpuTimeNs } = times;
  const entries = [...kernel.syscalls].filter((entry) => entry.count > 0);
  const counts = (list: readonly { name: string; count: number }[]): Record<string, number> =>
    Object.fromEntries(list.map(({ name, count }) => [name, count]));
  return {
    instructions,
    mips: cpuTimeNs > 0 ? Math.round((instructions / cpuTimeNs) * 1e4) / 10 : 0,
    cpuTimeMs: Math.round(cpuTimeNs / 1e4) / 100,
    elapsedMs: Math.round((kernel.clock.monotonicNs() - bootNs) / 1e4) / 100,
    residentBytes: mm.residentBytes,
    openFiles: processes.reduce((sum, process) => sum + [...process.fds.entries()].length, 0),
    threads: kernel.scheduler.tasks.size,
    syscalls: counts(entries),
    missingSyscalls: counts(kernel.syscalls.missing()),
    engine: { ...mm.engine.statistics },
  };
}
