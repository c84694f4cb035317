/** A file system, or with a bind mount a part of one, at a place of the tree. */
import type { FileSystem } from './inode.ts';
import type { PathRef } from './path.ts';

export interface Mount {
  readonly id: number;
  readonly fs: FileSystem;
  /** Shown in /proc/mounts as the device. */
  readonly source: string;
  /** Where it is mounted; undefined for the root file system. */
  readonly on: PathRef | undefined;
  /** The top directory of the mount; its parent is `on`. */
  readonly root: PathRef;
  /** Path of `root` within the file system: `/` unless it is a bind mount of a part. For mountinfo. */
  readonly rootPath: string;
  /** MS_RDONLY, MS_NOEXEC, MS_NOSUID... */
  flags: number;
}
