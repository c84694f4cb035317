/** Mounted file systems. */
import type { FileSystem } from './inode.ts';
import type { PathRef } from './path.ts';

export interface Mount {
  readonly id: number;
  readonly fs: FileSystem;
  /** Shown in /proc/mounts as the device. */
  readonly source: string;
  /** Where it is mounted; undefined for the root file system. */
  readonly on: PathRef | undefined;
  /** MS_RDONLY, MS_NOEXEC, MS_NOSUID... */
  flags: number;
}
