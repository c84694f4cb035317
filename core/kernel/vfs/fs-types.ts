/** File system types that mount(2) and vfs.fstab know, and the device numbers of file systems without a device. */
import { makeDev } from '../abi/stat.ts';
import { type Kernel, service } from '../kernel.ts';
import type { FileSystem } from './inode.ts';

export interface FsType {
  /** As mount(2) takes it. */
  readonly name: string;
  /** True when it needs a source (listed without `nodev` in /proc/filesystems). */
  readonly needsSource: boolean;
  /** Makes an instance; `data` is the comma-separated option text. May fail with a SysError. */
  create(kernel: Kernel, source: string, data: string): FileSystem;
}

export class FsTypes {
  private readonly types = new Map<string, FsType>();
  private nextMinor = 1;

  register(type: FsType): void {
    this.types.set(type.name, type);
  }
  get(name: string): FsType | undefined {
    return this.types.get(name);
  }
  list(): FsType[] {
    return [...this.types.values()];
  }
  /** A fresh st_dev for a file system without a block device. */
  allocateDev(): number {
    return makeDev(0, this.nextMinor++);
  }
}

export const fsTypes: (kernel: Kernel) => FsTypes = service('fs-types', () => new FsTypes());
