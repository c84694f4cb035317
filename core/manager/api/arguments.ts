/** Handlers of kernel arguments. */
import { withoutUndefined } from '../../base/objects.ts';
import type { argumentsCalls } from '../../contract/api/arguments.ts';
import { vmSpec } from '../../contract/vm-spec.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { readEnvFile } from '../arguments/env-file.ts';
import { formatForm } from '../arguments/format.ts';
import { parseLine } from '../arguments/parse.ts';
import { parametersOf, previewGuest } from '../arguments/preview.ts';
import type { HandlersOf } from './handlers.ts';

const MAX_LINES = 50;

export function argumentsHandlers(app: ManagerApp): HandlersOf<typeof argumentsCalls> {
  const imageOf = (name: string | undefined) => app.images.load(name ?? app.settings.get().defaultImage);
  return {
    'arguments.parse': async ({ line, image }) => parseLine(line, await imageOf(image)),
    'arguments.format': ({ form }) => formatForm(form),
    'arguments.read-env': ({ text }) => readEnvFile(text),
    'arguments.preview': async ({ spec }) => {
      const full = vmSpec({ program: [], ...withoutUndefined(spec) });
      return previewGuest(full, await imageOf(full.image));
    },
    'arguments.parameters': async ({ image }) => parametersOf(await imageOf(image)),
    'arguments.history': ({ vm }) => {
      const ids = vm === undefined ? app.vms.list().vms.map((info) => info.id) : [vm];
      const runs = ids.flatMap((id) => app.vms.managedVm(id).runs.list());
      runs.sort((a, b) => b.startedAt - a.startedAt);
      const byLine = new Map<string, number>();
      for (const { commandLine, startedAt } of runs) if (!byLine.has(commandLine)) byLine.set(commandLine, startedAt);
      return [...byLine].slice(0, MAX_LINES).map(([line, at]) => ({ line, at }));
    },
    'arguments.presets': () => app.lines.presets(),
    'arguments.save-preset': async ({ name, line }) => {
      await app.lines.save(name, line);
      return null;
    },
    'arguments.remove-preset': async ({ name }) => {
      await app.lines.remove(name);
      return null;
    },
  };
}
