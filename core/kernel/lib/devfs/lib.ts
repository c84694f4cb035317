/** devfs: /dev and the memory devices. */
import { S_IFCHR } from '../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { Mount } from '../../vfs/mount.ts';
import { childRef, type PathRef } from '../../vfs/path.ts';
import { specialFiles } from '../../vfs/special.ts';
import { devFs } from './fs.ts';
import { MEMORY_MAJOR, memoryDevices, openMemoryDevice } from './memory-devices.ts';

export { devFs, nodeRef } from './fs.ts';

const links = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
] as const;

/** Directories of /dev, each with the file system type that is mounted on it. */
const subtrees = [
  { name: 'pts', mode: 0o755, type: 'devpts', data: '' },
  { name: 'shm', mode: 0o1777, type: 'tmpfs', data: 'mode=1777' },
] as const;

/** Mounts what belongs below /dev on a mounted devfs; types that no library of the image serves are left out. */
export function mountSubtrees(kernel: Kernel, dev: Mount): void {
  for (const { name, type, data } of subtrees) {
    const inode = dev.fs.root.lookup(name);
    const fsType = fsTypes(kernel).get(type);
    if (inode === undefined || fsType === undefined) continue;
    kernel.mounts.mount(fsType.create(kernel, type, data), childRef(dev.root, name, inode), { source: type });
  }
}

/** Mounts /dev with all that belongs below it on the directory `at`. */
export function mountDevices(kernel: Kernel, at: PathRef): Mount {
  const mount = kernel.mounts.mount(devFs(kernel), at, { source: 'devfs' });
  mountSubtrees(kernel, mount);
  return mount;
}

export const devfs = defineLib({
  name: 'devfs',
  option: 'LIBDEVFS',
  summary: '/dev: null, zero, full, random and the nodes of other libraries',
  needs: ['vfscore', 'ramfs'],
  syscalls: [],
  init(kernel) {
    const fs = devFs(kernel);
    for (const device of memoryDevices) {
      fs.addNode(device.name, S_IFCHR | device.mode, MEMORY_MAJOR, device.minor);
      specialFiles(kernel).registerChar(openMemoryDevice(device), MEMORY_MAJOR, device.minor);
    }
    for (const [name, target] of links) fs.addLink(name, target);
    for (const { name, mode } of subtrees) fs.addDirectory(name, mode);
    fsTypes(kernel).register({ name: 'devfs', needsSource: false, create: () => fs });
    fsTypes(kernel).register({ name: 'devtmpfs', needsSource: false, create: () => fs });
  },
});
