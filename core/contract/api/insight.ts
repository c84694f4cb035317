/** What instances did: runs, figures, system calls, crash reports. */
import * as z from 'zod/mini';
import { call } from '../contract.ts';
import type { Statistics } from '../worker-protocol.ts';
import { type VmEnding, VmRef, type VmSample } from './vm.ts';

export interface RunRecord {
  /** Start time, also its id. */
  startedAt: number;
  commandLine: string;
  image: string;
  ending?: VmEnding;
  statistics?: Statistics;
}

export interface SyscallFigure {
  name: string;
  library: string;
  count: number;
  support: 'full' | 'partial' | 'stub' | 'absent';
  reason: string;
}

const RunRef = z.object({ vm: z.string(), startedAt: z.optional(z.int()) });

export const insightCalls = {
  'history.runs': call<RunRecord[]>()('List the runs of an instance, latest first', VmRef),
  'history.samples': call<VmSample[]>()(
    'Figures of a run over time (the latest run when none is named)',
    z.object({ vm: z.string(), startedAt: z.optional(z.int()), since: z.optional(z.int()) }),
  ),
  'history.report': call<{ text: string } | null>()('Crash report of a run', RunRef),
  'insight.statistics': call<Statistics | null>()('Figures of an instance now, or of its last run', VmRef),
  'insight.syscalls': call<SyscallFigure[]>()('System calls of this or the last run by count', VmRef),
} as const;
