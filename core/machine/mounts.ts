/** The mount tree at boot. */
import type { VmSpec } from '../contract/vm-spec.ts';
import type { Image } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { NinePFs } from '../kernel/lib/9pfs/file-system.ts';
import { OverlayFs } from '../kernel/lib/overlay/file-system.ts';
import { createRamFs } from '../kernel/lib/ramfs/fs.ts';
import { fsTypes } from '../kernel/vfs/fs-types.ts';
import type { FileSystem } from '../kernel/vfs/inode.ts';
import { MountTable } from '../kernel/vfs/mount-table.ts';
import type { Initrd } from './initrd.ts';
import type { MachineHost } from './machine-host.ts';

export function mountFileSystems(
  kernel: Kernel,
  spec: VmSpec,
  _image: Image,
  host: MachineHost,
  _initrd: Initrd | undefined,
): void {
  kernel.mounts = new MountTable(rootFileSystem(kernel, spec, host));
}

function rootFileSystem(kernel: Kernel, { rootfs }: VmSpec, host: MachineHost): FileSystem {
  const ram = () => createRamFs(kernel, { name: 'ramfs', limitBytes: kernel.host.memoryBytes });
  if (rootfs === undefined) return ram();
  const options = {
    dev: fsTypes(kernel).allocateDev(),
    monotonicNs: () => kernel.clock.monotonicNs(),
    realtimeNs: () => kernel.realtimeNs(),
  };
  if (rootfs.kind === 'files')
    return new OverlayFs(new NinePFs(host.openFiles(rootfs.files), options), ram(), fsTypes(kernel).allocateDev());
  const base = new NinePFs(host.openFolder(rootfs.path, rootfs.mode !== 'rw'), options);
  return rootfs.mode === 'overlay' ? new OverlayFs(base, ram(), fsTypes(kernel).allocateDev()) : base;
}
