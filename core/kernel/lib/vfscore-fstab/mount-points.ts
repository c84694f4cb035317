/** Places in the mount tree at boot, before there is a process: path walking as root, and mount points that are missing. */
import { ELOOP, ENOENT, ENOTDIR } from '../../abi/errno.ts';
import { S_IFDIR, S_IFLNK } from '../../abi/stat.ts';
import { fail } from '../../errors.ts';
import type { Kernel } from '../../kernel.ts';
import { belowMounts, childRef, type PathRef } from '../../vfs/path.ts';

const MAX_LINKS = 40;

/** What is done about a component that is missing. */
type Missing = (directory: PathRef, name: string) => void;

function walk(kernel: Kernel, path: string, missing: Missing): PathRef {
  const { mounts } = kernel;
  let at = mounts.root;
  let links = 0;
  const todo = path.split('/').reverse();
  while (todo.length > 0) {
    const name = todo.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      const up = belowMounts(at).parent;
      if (up !== undefined) at = mounts.topAt(up);
      continue;
    }
    if (at.inode.type !== S_IFDIR) fail(ENOTDIR);
    if (at.inode.lookup(name) === undefined) missing(at, name);
    const inode = at.inode.lookup(name) ?? fail(ENOENT);
    if (inode.type !== S_IFLNK) {
      at = mounts.topAt(childRef(at, name, inode));
      continue;
    }
    if (++links > MAX_LINKS) fail(ELOOP);
    const target = inode.readlink();
    if (target.startsWith('/')) at = mounts.root;
    todo.push(...target.split('/').reverse());
  }
  return at;
}

/** The place of a path, symlinks followed. ENOENT, ENOTDIR, ELOOP. */
export function findPlace(kernel: Kernel, path: string): PathRef {
  return walk(kernel, path, () => {});
}

/** The same; directories that are missing on the way are provided. */
export function provideDirectory(kernel: Kernel, path: string): PathRef {
  const place = walk(kernel, path, ({ inode }, name) => inode.provideDirectory(name));
  return place.inode.type === S_IFDIR ? place : fail(ENOTDIR);
}
