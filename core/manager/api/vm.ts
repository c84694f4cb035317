/** Handlers of instances. */
import type { vmCalls } from '../../contract/api/vm.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { exportInstance } from '../bundle/export.ts';
import { importInstance } from '../bundle/import.ts';
import { planVm } from '../vms/plan.ts';
import type { HandlersOf } from './handlers.ts';

export function vmHandlers(app: ManagerApp): HandlersOf<typeof vmCalls> {
  const { vms } = app;
  return {
    'vm.list': () => vms.list(),
    'vm.get': ({ vm }) => vms.get(vm),
    'vm.plan': async ({ source }) => {
      const plan = await planVm(source, {
        settings: () => app.settings.get(),
        copyOf: (vm) => vms.get(vm).spec,
        app: (id) => app.catalogs.importedApp(id),
      });
      const name = vms.store.freeName(plan.name);
      return { ...plan, name, spec: { ...plan.spec, name } };
    },
    'vm.create': ({ name, spec, meta }) => vms.create(name, spec, meta),
    'vm.update': ({ vm, ...changes }) => vms.update(vm, changes),
    'vm.start': ({ vm }) => vms.start(vm),
    'vm.pause': ({ vm }) => vms.pause(vm),
    'vm.resume': ({ vm }) => vms.resume(vm),
    'vm.stop': ({ vm, graceMs }) => vms.stop(vm, graceMs),
    'vm.kill': ({ vm }) => vms.kill(vm),
    'vm.restart': ({ vm }) => vms.restart(vm),
    'vm.signal': async ({ vm, signal }) => {
      await vms.managedVm(vm).require().signal(signal);
      return null;
    },
    'vm.clone': ({ vm, name }) => vms.clone(vm, name),
    'vm.remove': ({ vm, force }) => vms.remove(vm, force),
    'vm.restore': ({ id }) => vms.restore(id),
    'vm.removed-list': () => vms.store.removed(),
    'vm.purge': ({ id }) => {
      for (const removed of vms.store.removed()) if (id === undefined || removed.id === id) vms.store.purge(removed.id);
      return null;
    },
    'vm.bulk': ({ vms: names, action }) => {
      const act = {
        start: (vm: string) => vms.start(vm),
        stop: (vm: string) => vms.stop(vm),
        kill: (vm: string) => vms.kill(vm),
        pause: (vm: string) => vms.pause(vm),
        resume: (vm: string) => vms.resume(vm),
        restart: (vm: string) => vms.restart(vm),
        remove: (vm: string) => vms.remove(vm),
      }[action];
      return vms.bulk(names, act);
    },
    'vm.export': (params) => ({ job: exportInstance(app, params) }),
    'vm.import': (params) => ({ job: importInstance(app, params) }),
  };
}
