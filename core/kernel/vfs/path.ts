/** A place in the mount tree: what a path look-up yields and what a dentry plus vfsmount is in Linux. */
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';

/** Parent links make `..`, getcwd and /proc/self/fd work; the root of a mount has the place it is mounted on as parent. */
export interface PathRef {
  readonly mount: Mount;
  readonly inode: Inode;
  /** Last component; empty for a root. */
  readonly name: string;
  readonly parent: PathRef | undefined;
}
