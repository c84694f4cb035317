/** Files in memory: Unikraft's ramfs, Linux's tmpfs, memfds. */
import { defineLib } from '../../lib.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { createRamFs, createTmpFs } from './fs.ts';
import { memfdCreate } from './memfd.ts';

export const ramfs = defineLib({
  name: 'ramfs',
  option: 'LIBRAMFS',
  summary: 'file systems in memory (ramfs, tmpfs) and memfd_create',
  needs: ['vfscore'],
  syscalls: [memfdCreate],
  init(kernel) {
    const types = fsTypes(kernel);
    types.register({
      name: 'ramfs',
      needsSource: false,
      create: (owner) => createRamFs(owner, { name: 'ramfs', limitBytes: owner.host.memoryBytes }),
    });
    types.register({
      name: 'tmpfs',
      needsSource: false,
      create: (owner, _source, data) => createTmpFs(owner, data),
    });
  },
});
