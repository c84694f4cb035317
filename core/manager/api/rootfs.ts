/** Handlers of root file systems. */
import type { rootfsCalls } from '../../contract/api/rootfs.ts';
import type { ManagerApp } from '../app/manager-app.ts';
import { browse, readPiece } from '../rootfs/browse.ts';
import { elfReport } from '../rootfs/elf-report.ts';
import { commitChanges, listChanges } from '../rootfs/overlay-changes.ts';
import { packRoot, unpackRoot } from '../rootfs/pack.ts';
import { makeRootfs } from '../rootfs/rootfs-maker.ts';
import type { HandlersOf } from './handlers.ts';

export function rootfsHandlers(app: ManagerApp): HandlersOf<typeof rootfsCalls> {
  const { roots, jobs, vms } = app;
  const usedBy = (path: string): string[] =>
    vms
      .list()
      .vms.filter(({ spec }) => spec.rootfs?.kind === 'folder' && spec.rootfs.path === path)
      .map((vm) => vm.name);
  const infoOf = (id: string) => roots.list(usedBy).find((root) => root.id === id)!;
  return {
    'rootfs.list': () => roots.list(usedBy),
    'rootfs.add': async ({ path, name }) => infoOf((await roots.add(path, name)).id),
    'rootfs.rename': async ({ rootfs, name }) => {
      await roots.rename(rootfs, name);
      return infoOf(roots.find(rootfs).id);
    },
    'rootfs.remove': async ({ rootfs }) => {
      await roots.remove(rootfs, usedBy(roots.find(rootfs).path));
      return null;
    },
    'rootfs.make': ({ name, programs }) => ({
      job: jobs.start('rootfs.make', name, async ({ step }) => {
        step('copying programs and libraries');
        const root = await roots.make({ name, source: 'made', program: [programs[0]!] }, (folder) => {
          makeRootfs(folder, programs);
        });
        return { rootfs: root.id, path: root.path, program: [programs[0]!] };
      }),
    }),
    'rootfs.browse': ({ rootfs, path }) => browse(roots.find(rootfs).path, path),
    'rootfs.read': ({ rootfs, path, offset, lenBytes }) => readPiece(roots.find(rootfs).path, path, offset, lenBytes),
    'rootfs.elf': ({ rootfs, path }) => elfReport(roots.find(rootfs).path, path),
    'rootfs.usage': ({ rootfs }) => roots.usage(rootfs),
    'rootfs.pack': ({ rootfs, ...target }) => {
      const root = roots.find(rootfs);
      return { job: jobs.start('rootfs.pack', root.name, (control) => packRoot(root.path, target, control)) };
    },
    'rootfs.unpack': ({ path, name }) => ({
      job: jobs.start('rootfs.unpack', name, (control) => unpackRoot(roots, path, name, control)),
    }),
    'overlay.changes': async ({ vm }) => {
      const { spec } = vms.get(vm);
      const archive = await vms.managedVm(vm).overlayChanges(spec);
      return archive === undefined || spec.rootfs?.kind !== 'folder' ? [] : listChanges(archive, spec.rootfs.path);
    },
    'overlay.discard': ({ vm }) => {
      vms.withOverlay(vm, (overlay) => overlay.remove());
      return null;
    },
    'overlay.commit': ({ vm }) =>
      vms.withOverlay(vm, (overlay, folder) => {
        const archive = overlay.read();
        const applied = archive === null ? 0 : commitChanges(archive, folder);
        overlay.remove();
        return { applied };
      }),
  };
}
