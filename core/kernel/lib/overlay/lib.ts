/** overlay: used by the machine for folders that stay untouched; the guest can't mount one. */
import type { Kernel } from '../../kernel.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { FileSystem } from '../../vfs/inode.ts';
import { createRamFs } from '../ramfs/fs.ts';
import { OverlayFs } from './file-system.ts';

export { overlayArchive, restoreOverlay } from './archive.ts';
export { type OverlayChange, overlayChanges } from './changes.ts';
export { OverlayFs } from './file-system.ts';

/** `lower` with changes kept in RAM. */
export function createOverlay(kernel: Kernel, lower: FileSystem): OverlayFs {
  const upper = createRamFs(kernel, { name: 'tmpfs', limitBytes: kernel.host.memoryBytes });
  return new OverlayFs(lower, upper, fsTypes(kernel).allocateDev());
}
