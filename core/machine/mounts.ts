/** What the spec gives of file systems, handed to the kernel's mounting at boot. */
import { utf8ToStr } from '../base/bytes.ts';
import { VmError } from '../contract/errors.ts';
import type { VmSpec } from '../contract/vm-spec.ts';
import type { HostFolder } from '../dev/host-folder.ts';
import { CpioError } from '../image/cpio.ts';
import type { Image } from '../image/image.ts';
import { EFBIG, errnoText } from '../kernel/abi/errno.ts';
import { provideBootFiles } from '../kernel/boot-files.ts';
import { SysError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { hostFolders } from '../kernel/lib/9pfs/lib.ts';
import { archiveFolder } from '../kernel/lib/initrd/from-folder.ts';
import { OverlayFs, restoreOverlay } from '../kernel/lib/overlay/lib.ts';
import { MountError, mountFileSystems } from '../kernel/lib/vfscore-fstab/lib.ts';
import type { Initrd } from './initrd.ts';
import type { MachineHost } from './machine-host.ts';
import { configureNetwork } from './network.ts';

const MIB = 1024 * 1024;
/** Tag of the root folder, whatever else the image calls it. */
const ROOT_TAG = 'fs0';

/** Mounts everything and provides the files of /etc. Throws VmError `mount.failed`. */
export function mountAll(
  kernel: Kernel,
  spec: VmSpec,
  image: Image,
  host: MachineHost,
  initrd: Initrd | undefined,
): void {
  registerFolders(kernel, spec, image, host);
  const memoryBytes = spec.memoryMiB * MIB;
  const archive = archiveOf(initrd, host, memoryBytes);
  const volumes = spec.volumes.map(({ target, isReadOnly }, index) => ({
    tag: volumeTag(index),
    path: utf8ToStr(target),
    isReadOnly,
  }));
  try {
    mountFileSystems(kernel, {
      root: image.root,
      rootDevice: image.text('LIBVFSCORE_ROOTDEV'),
      isRootOverlay: spec.rootfs?.kind === 'files' || spec.rootfs?.mode === 'overlay',
      volumes,
      archives: new Map(archive === undefined ? [] : [['initrd0', archive]]),
      gunzip: (bytes) => host.gunzip(bytes, memoryBytes),
    });
  } catch (error) {
    if (error instanceof MountError) throw new VmError('mount.failed', `cannot mount ${error.message}`, {}, error);
    throw error;
  }
  if (host.overlay !== undefined) restoreRoot(kernel, host.overlay);
  const network = configureNetwork(kernel);
  if (image.isSet('APPELFLOADER_AUTOGEN')) provideBootFiles(kernel, network);
}

/** Undefined when the root is no overlay. */
export function rootOverlay(kernel: Kernel): OverlayFs | undefined {
  const { fs } = kernel.mounts.root.inode;
  return fs instanceof OverlayFs ? fs : undefined;
}

function restoreRoot(kernel: Kernel, archive: Uint8Array): void {
  const fs = rootOverlay(kernel);
  if (fs === undefined) return;
  try {
    restoreOverlay(fs, archive);
  } catch (error) {
    if (!(error instanceof SysError) && !(error instanceof CpioError)) throw error;
    const why = error instanceof SysError ? errnoText(error.errno) : error.message;
    throw new VmError(
      'mount.failed',
      `cannot restore the changes kept of the overlay: ${why}; discard them`,
      {},
      error,
    );
  }
}

const volumeTag = (index: number): string => `volume${index}`;

/** Host folders under the tags that the guest mounts them by; they are opened when it does. */
function registerFolders(kernel: Kernel, { rootfs, folders, volumes }: VmSpec, image: Image, host: MachineHost): void {
  const table = hostFolders(kernel);
  for (const { tag, path, isReadOnly } of folders) table.register(tag, () => host.openFolder(path, isReadOnly));
  for (const [index, { source, isReadOnly }] of volumes.entries()) {
    table.register(volumeTag(index), () => host.openFolder(source, isReadOnly));
  }
  if (rootfs === undefined) return;
  const open = (): HostFolder =>
    rootfs.kind === 'files' ? host.openFiles(rootfs.files) : host.openFolder(rootfs.path, rootfs.mode !== 'rw');
  for (const tag of [ROOT_TAG, image.text('LIBVFSCORE_ROOTDEV')]) if (!table.has(tag)) table.register(tag, open);
}

/** The cpio archive of an initrd; one is made of a folder. It must fit the machine's memory. */
function archiveOf(initrd: Initrd | undefined, host: MachineHost, memoryBytes: number): Uint8Array | undefined {
  if (initrd?.kind === 'archive') return initrd.bytes;
  if (initrd?.kind !== 'folder') return undefined;
  const folder = host.openFolder(initrd.path, true);
  try {
    return archiveFolder(folder, memoryBytes);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    const reason =
      error.errno === EFBIG
        ? `it holds more than the memory of ${memoryBytes / MIB} MiB; give more with --memory, or use --rootfs`
        : error.message;
    throw new VmError('initrd.malformed', `cannot make an initrd of ${initrd.path}: ${reason}`, { path: initrd.path });
  } finally {
    folder.dispose();
  }
}
