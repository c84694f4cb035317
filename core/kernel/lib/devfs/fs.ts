/**
 * The file system of /dev: in memory, with the nodes that libraries add at boot; the guest may add its own. What opening
 * a node means is known to vfs/special.ts.
 */
import { TMPFS_MAGIC } from '../../abi/fs.ts';
import { makeDev } from '../../abi/stat.ts';
import { type Kernel, service } from '../../kernel.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { FsStatistics, Inode } from '../../vfs/inode.ts';
import { childRef, type PathRef } from '../../vfs/path.ts';
import { RamFs } from '../ramfs/fs.ts';
import { RamPool } from '../ramfs/pool.ts';

/** Nodes and links need next to nothing; what is big belongs in /dev/shm. */
const LIMIT_BYTES = 16 * 1024 * 1024;

export class DevFs extends RamFs {
  override readonly name = 'devfs';

  constructor(kernel: Kernel) {
    super(kernel, fsTypes(kernel).allocateDev(), new RamPool(LIMIT_BYTES), { name: 'tmpfs' });
  }

  /** `mode` has the type: S_IFCHR or S_IFBLK. */
  addNode(name: string, mode: number, major: number, minor: number): void {
    this.root.create(name, mode, makeDev(major, minor), 0, 0);
  }
  addLink(name: string, target: string): void {
    this.root.symlink(name, target, 0, 0);
  }
  override statfs(): FsStatistics {
    return { ...super.statfs(), type: TMPFS_MAGIC };
  }
  addDirectory(name: string, mode: number): void {
    this.root.mkdir(name, mode, 0, 0);
  }
}

/** The one /dev of a kernel. */
export const devFs: (kernel: Kernel) => DevFs = service('devfs', (kernel) => new DevFs(kernel));

/** A node of /dev, and its place when devfs is mounted. */
export function nodeRef(kernel: Kernel, name: string): { inode: Inode; ref: PathRef | undefined } {
  const fs = devFs(kernel);
  const inode = fs.root.lookup(name)!;
  const mount = kernel.mounts?.list().find((each) => each.fs === fs);
  return { inode, ref: mount && childRef(mount.root, name, inode) };
}
