/**
 * A place in the mount tree: what a path look-up yields and what a dentry plus vfsmount is in Linux.
 *
 * The place of a directory is one object per inode (`Inode.place`) that later look-ups and renames correct, so that a
 * working directory or an open directory keeps its true name when it, or a directory above it, is renamed.
 */
import { S_IFDIR } from '../abi/stat.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';

/** Parent links make `..`, getcwd and /proc/self/fd work; the root of a mount has the place it is mounted on as parent. */
export interface PathRef {
  readonly mount: Mount;
  readonly inode: Inode;
  /** Last component; empty for a root. */
  name: string;
  parent: PathRef | undefined;
}

/** The place of the child `inode` called `name` in `parent`. */
export function childRef(parent: PathRef, name: string, inode: Inode): PathRef {
  if (inode.type !== S_IFDIR) return { mount: parent.mount, inode, name, parent };
  const known = inode.place;
  if (known === undefined || known.mount !== parent.mount) {
    const place = { mount: parent.mount, inode, name, parent };
    if (known === undefined) inode.place = place;
    return place;
  }
  // Truth is where it was found just now; a root keeps being a root.
  if (known.name !== '' && known.name !== name) known.name = name;
  if (known.name !== '' && known.parent !== parent) known.parent = parent;
  return known;
}

/** True when both name the same directory or file of the same mount. */
export function isSamePlace(a: PathRef, b: PathRef): boolean {
  if (a === b) return true;
  if (a.mount !== b.mount) return false;
  if (a.inode === b.inode) return a.name === b.name || a.inode.type === S_IFDIR;
  if (a.name !== b.name) return false;
  if (a.parent === undefined || b.parent === undefined) return a.parent === b.parent;
  return isSamePlace(a.parent, b.parent);
}

/** True for the root of a mount. */
export function isMountRoot(ref: PathRef): boolean {
  return ref === ref.mount.root;
}

/** The same place seen on the mount below: where a mount root is mounted, again and again. */
export function belowMounts(ref: PathRef): PathRef {
  let at = ref;
  while (at.name === '' && at.parent !== undefined) at = at.parent;
  return at;
}

/**
 * Path string from `root` (a process's root) on; undefined when `root` is not above `ref`. The global root when `root`
 * is undefined.
 */
export function pathFrom(ref: PathRef, root: PathRef | undefined): string | undefined {
  let text = '';
  let at: PathRef | undefined = ref;
  for (;;) {
    if (root !== undefined && isSamePlace(at, root)) break;
    at = belowMounts(at);
    if (root !== undefined && isSamePlace(at, root)) break;
    if (at.parent === undefined) {
      if (root !== undefined) return undefined;
      break;
    }
    text = `/${at.name}${text}`;
    at = at.parent;
  }
  return text === '' ? '/' : text;
}

/** Absolute path of a place in the mount tree. */
export function pathString(ref: PathRef, root?: PathRef): string {
  return pathFrom(ref, root) ?? pathFrom(ref, undefined)!;
}
