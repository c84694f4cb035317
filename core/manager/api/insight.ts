/** Handlers of history and figures. */
import type { insightCalls } from '../../contract/api/insight.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { syscallFigures } from '../insight/syscalls.ts';
import type { HandlersOf } from './handlers.ts';

export function insightHandlers({ vms }: ManagerApp): HandlersOf<typeof insightCalls> {
  return {
    'history.runs': ({ vm }) =>
      vms
        .managedVm(vm)
        .runs.list()
        .map(({ report: _, ...run }) => run),
    'history.samples': ({ vm, startedAt, since = 0 }) => {
      const managed = vms.managedVm(vm);
      const isLive = managed.isRunning && (startedAt === undefined || startedAt === managed.startedAt);
      const run = startedAt ?? managed.runs.latest()?.startedAt;
      const samples = isLive ? managed.samples() : run === undefined ? [] : managed.runs.samples(run);
      return samples.filter((sample) => sample.at > since);
    },
    'history.report': ({ vm, startedAt }) => {
      const report = vms.managedVm(vm).runs.get(startedAt)?.report;
      return report === undefined ? null : { text: report };
    },
    'insight.statistics': async ({ vm }) => (await vms.managedVm(vm).statistics()) ?? null,
    'insight.syscalls': async ({ vm }) => {
      const statistics = await vms.managedVm(vm).statistics();
      return statistics === undefined ? [] : syscallFigures(statistics);
    },
  };
}
