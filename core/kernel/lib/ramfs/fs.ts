/** The in-memory file system: Unikraft's ramfs, and Linux's tmpfs when it has a size of its own. */
import { EINVAL } from '../../abi/errno.ts';
import { NAME_MAX, RAMFS_MAGIC, TMPFS_MAGIC } from '../../abi/fs.ts';
import { fail } from '../../errors.ts';
import { type Kernel, service } from '../../kernel.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import type { FileSystem, FsStatistics } from '../../vfs/inode.ts';
import { RamDirectory } from './directory.ts';
import { INODE_COST } from './inode.ts';
import { RamPool } from './pool.ts';

export interface RamFsOptions {
  name: 'ramfs' | 'tmpfs';
  limitBytes: number;
  /** Permission bits, owner and group of the root directory. */
  mode?: number;
  uid?: number;
  gid?: number;
}

export class RamFs implements FileSystem {
  readonly name: string;
  readonly dev: number;
  readonly isReadOnly = false;
  readonly pool: RamPool;
  readonly root: RamDirectory;
  inodeCount = 0;
  private readonly kernel: Pick<Kernel, 'clock' | 'realtimeNs'>;
  private nextIno = 1;

  constructor(
    kernel: Pick<Kernel, 'clock' | 'realtimeNs'>,
    dev: number,
    pool: RamPool,
    options: Omit<RamFsOptions, 'limitBytes'>,
  ) {
    this.kernel = kernel;
    this.name = options.name;
    this.dev = dev;
    this.pool = pool;
    this.root = new RamDirectory(this, options.mode ?? 0o755, options.uid ?? 0, options.gid ?? 0);
  }

  allocateIno(): number {
    this.inodeCount++;
    return this.nextIno++;
  }
  monotonicNs(): number {
    return this.kernel.clock.monotonicNs();
  }
  now(): bigint {
    return this.kernel.realtimeNs();
  }
  /** Realtime of a moment of the monotonic clock. */
  realtimeOf(monotonicNs: number): bigint {
    return this.now() - BigInt(Math.round(this.monotonicNs() - monotonicNs));
  }

  statfs(): FsStatistics {
    const { pool } = this;
    const free = Math.floor(pool.freeBytes / 4096);
    return {
      type: this.name === 'tmpfs' ? TMPFS_MAGIC : RAMFS_MAGIC,
      bsize: 4096,
      blocks: Math.floor(pool.limitBytes / 4096),
      bfree: free,
      bavail: free,
      files: this.inodeCount + Math.floor(pool.freeBytes / INODE_COST),
      ffree: Math.floor(pool.freeBytes / INODE_COST),
      namelen: NAME_MAX,
      flags: 0,
    };
  }
  sync(): void {}
}

/** All RAM that file systems of this VM may hold. */
const vmPool = service('ram-pool', (kernel) => new RamPool(kernel.host.memoryBytes));

/** A fresh in-memory file system. */
export function createRamFs(kernel: Kernel, options: RamFsOptions): RamFs {
  const pool = new RamPool(options.limitBytes, vmPool(kernel));
  return new RamFs(kernel, fsTypes(kernel).allocateDev(), pool, options);
}

/** tmpfs with the options of mount(2): `size=64m,mode=1777,uid=0,gid=0`; EINVAL for what it does not know. */
export function createTmpFs(kernel: Kernel, data: string): RamFs {
  const options: RamFsOptions = { name: 'tmpfs', limitBytes: kernel.host.memoryBytes / 2, mode: 0o1777 };
  for (const word of data.split(',').filter((each) => each !== '')) {
    const [key, value = ''] = word.split('=', 2) as [string, string?];
    if (key === 'size') options.limitBytes = parseSize(value, kernel.host.memoryBytes);
    else if (key === 'mode') options.mode = parseNumber(value, 8);
    else if (key === 'uid') options.uid = parseNumber(value, 10);
    else if (key === 'gid') options.gid = parseNumber(value, 10);
    else if (key === 'nr_blocks') options.limitBytes = parseSize(value, kernel.host.memoryBytes) * 4096;
    else if (!['nr_inodes', 'inode64', 'inode32', 'huge', 'noswap'].includes(key)) fail(EINVAL);
  }
  return createRamFs(kernel, options);
}

function parseNumber(text: string, radix: number): number {
  const digits = radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/;
  return digits.test(text) ? Number.parseInt(text, radix) : fail(EINVAL);
}

/** `64m`, `1g`, `50%` of the VM's memory; 0 means no limit but that. */
function parseSize(text: string, memoryBytes: number): number {
  const match = /^([0-9]+)([kKmMgG%]?)$/.exec(text) ?? fail(EINVAL);
  const value = Number(match[1]);
  if (match[2] === '%') return (memoryBytes * value) / 100;
  const shift = { '': 0, k: 10, m: 20, g: 30 }[match[2]!.toLowerCase()] ?? 0;
  const bytes = value * 2 ** shift;
  return bytes === 0 ? memoryBytes : bytes;
}
