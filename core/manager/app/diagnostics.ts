/**
 * What helps with a bug report, as one text: versions, settings, instances without what may be secret. Values of environment
 * variables, program arguments, notes and console output stay out; the user's folder is written as `~`.
 */
import { homedir } from 'node:os';
import type { VmInfo } from '../../contract/api/vm.ts';
import type { ManagerApp } from './manager-app.ts';
import { systemInfo } from './system-info.ts';

export async function diagnosticsText(app: ManagerApp): Promise<string> {
  const { view: _, proxy, ...settings } = app.settings.get();
  const { vms, broken } = app.vms.list();
  const sections = {
    system: await systemInfo(app),
    settings: { ...settings, proxy: proxy === '' ? '' : '(set)' },
    instances: vms.map(withoutSecrets),
    brokenFolders: broken,
    images: (await app.images.list(() => []))
      .filter((image) => image.kind === 'own')
      .map(({ name, options }) => ({ name, options })),
    catalogs: app.catalogs.sources().map(({ location: __, ...source }) => source),
    jobs: app.jobs.list().map(({ title: __, ...job }) => job),
    runs: vms.map((vm) => ({
      vm: vm.id,
      runs: app.vms
        .managedVm(vm.id)
        .runs.list()
        .slice(0, 5)
        .map(({ commandLine: __, ...run }) => run),
    })),
  };
  const text = Object.entries(sections).map(([name, value]) => `## ${name}\n${JSON.stringify(value, null, 2)}\n`);
  const home = homedir();
  const whole = ['Elfdeck diagnostics', new Date().toISOString(), '', ...text].join('\n');
  return home.length > 1 ? whole.replaceAll(home, '~') : whole;
}

function withoutSecrets({ spec, meta, ...vm }: VmInfo): unknown {
  const { env, program, append, kernelArgs, ...rest } = spec;
  const { notes: _, ...plainMeta } = meta;
  return {
    ...vm,
    meta: plainMeta,
    spec: {
      ...rest,
      program: program.slice(0, 1),
      argumentCount: program.length,
      env: env.map((entry) => entry.replace(/=.*/s, '=...')),
      // Parameters may hold variables.
      kernelArgs: kernelArgs.map((arg) => arg.replace(/=.*/s, '=...')),
      hasAppend: append !== undefined,
    },
  };
}
