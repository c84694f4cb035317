/** 9pfs: folders of the host, by the tags under which the machine knows them (`fs0`, `fs1`, ...). */
import type { HostFolder } from '../../../dev/host-folder.ts';
import { ENODEV } from '../../abi/errno.ts';
import { fail } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { NinePFs } from './file-system.ts';

export { NinePFs } from './file-system.ts';

/** The 9pfs of a folder, not mounted yet. `guestOwner`: whom the host user's files belong to, root by default. */
export function createNinePFs(kernel: Kernel, folder: HostFolder, guestOwner?: { uid: number; gid: number }): NinePFs {
  return new NinePFs(folder, {
    dev: fsTypes(kernel).allocateDev(),
    monotonicNs: () => kernel.clock.monotonicNs(),
    realtimeNs: () => kernel.realtimeNs(),
    ...(guestOwner === undefined ? {} : { guestOwner }),
  });
}

/** The folders that the guest may mount, opened when they are. */
export class HostFolders {
  private readonly kernel: Kernel;
  private readonly openers = new Map<string, () => HostFolder>();
  private readonly opened = new Map<string, NinePFs>();
  private guestOwner = { uid: 0, gid: 0 };

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  register(tag: string, open: () => HostFolder): void {
    this.openers.set(tag, open);
  }
  has(tag: string): boolean {
    return this.openers.has(tag);
  }
  get tags(): string[] {
    return [...this.openers.keys()];
  }
  /** Whom files of the host's user belong to in the guest: its first user. Root until this is called. */
  setGuestOwner(uid: number, gid: number): void {
    this.guestOwner = { uid, gid };
    for (const fs of this.opened.values()) fs.guestOwner = this.guestOwner;
  }
  /** The one file system of a folder, however often it is mounted; undefined for an unknown tag. */
  fileSystem(tag: string): NinePFs | undefined {
    const open = this.openers.get(tag);
    let fs = this.opened.get(tag);
    if (fs === undefined && open !== undefined) {
      fs = createNinePFs(this.kernel, open(), this.guestOwner);
      this.opened.set(tag, fs);
    }
    return fs;
  }
}

export const hostFolders: (kernel: Kernel) => HostFolders = service(
  'host-folders',
  (kernel: Kernel) => new HostFolders(kernel),
);

export const ninepfs = defineLib({
  name: '9pfs',
  option: 'LIB9PFS',
  summary: 'folders of the host as file systems',
  needs: ['vfscore'],
  syscalls: [],
  init(kernel) {
    fsTypes(kernel).register({
      name: '9pfs',
      needsSource: true,
      create: (owner, source) => hostFolders(owner).fileSystem(source) ?? fail(ENODEV),
    });
  },
});
