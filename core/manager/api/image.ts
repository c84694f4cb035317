/** Handlers of images. */
import type { imageCalls } from '../../contract/api/image.ts';
import { VmError } from '../../contract/errors.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { compareImages, specialise } from '../images/compare.ts';
import { checkOptions, optionsTree } from '../images/options-tree.ts';
import type { HandlersOf } from './handlers.ts';

export function imageHandlers({ images, vms }: ManagerApp): HandlersOf<typeof imageCalls> {
  const usedBy = (name: string): string[] =>
    vms
      .list()
      .vms.filter((vm) => vm.spec.image === name)
      .map((vm) => vm.name);
  return {
    'image.list': () => images.list(usedBy),
    'image.get': ({ image }) => images.get(image, usedBy(image)),
    'image.options': () => optionsTree(),
    'image.check': ({ options }) => checkOptions(options),
    'image.save': ({ name, options, isNew }) => {
      images.save(name, options, isNew === true);
      return images.get(name, usedBy(name));
    },
    'image.remove': ({ image }) => {
      images.remove(image, usedBy(image));
      return null;
    },
    'image.import': ({ name, text }) => {
      images.import(name, text);
      return images.get(name, []);
    },
    'image.export': ({ image }) => images.export(image),
    'image.compare': async ({ a, b }) => compareImages(await images.load(a), await images.load(b)),
    'image.specialise': async ({ vm }) => {
      const { spec, name } = vms.get(vm);
      const statistics = await vms.managedVm(vm).statistics();
      if (statistics === undefined)
        throw new VmError(
          'vm.wrong-state',
          `the instance "${name}" has not run yet; run it once, and try what it is to do`,
          { vm },
        );
      return specialise(await images.load(spec.image), statistics);
    },
  };
}
