/** What an overlay holds beyond its lower file system. */
import type { Inode } from '../../vfs/inode.ts';
import { OverlayDirectory } from './directory.ts';
import type { OverlayFs } from './file-system.ts';
import type { OverlayInode } from './inode.ts';

export interface OverlayChange {
  /** Absolute path in the file system. */
  path: string;
  /** `added`: new, or moved or linked here; `changed`: content or attributes; `removed`: hidden. */
  kind: 'added' | 'changed' | 'removed';
  /** The object, unless removed. */
  inode: Inode | undefined;
}

/** Path from the root, or undefined for what is not in the tree any more. */
function pathOf(inode: OverlayInode): string | undefined {
  if (inode === inode.fs.root) return '';
  const parent = inode.parent === undefined ? undefined : pathOf(inode.parent);
  return parent === undefined ? undefined : `${parent}/${inode.name}`;
}

function hasLowerChild(directory: OverlayDirectory, name: string): boolean {
  return directory.lower?.lookup(name) !== undefined;
}

/** Adds the entries in which a directory differs, and those of directories made in it. */
function addOwnEntries(changes: Map<string, OverlayChange>, directory: OverlayDirectory, path: string): void {
  for (const [name, inode] of directory.own) {
    const at = `${path}/${name}`;
    const kind = inode === undefined ? 'removed' : hasLowerChild(directory, name) ? 'changed' : 'added';
    const isOurs = inode !== undefined && directory.fs.isProvided(inode);
    if (!isOurs) changes.set(at, { path: at, kind, inode });
    if (inode instanceof OverlayDirectory) addOwnEntries(changes, inode, at);
  }
}

/**
 * All changes, sorted by path, but for what boot provided. A path that stands for another object than before is
 * `changed`. A directory of the lower file system that was moved is listed as added, what it held all along is not.
 */
export function overlayChanges(fs: OverlayFs): OverlayChange[] {
  const changes = new Map<string, OverlayChange>();
  for (const inode of fs.changedInodes) {
    const path = pathOf(inode);
    if (path === undefined) continue;
    const isChanged = !(inode instanceof OverlayDirectory) || inode.hasOwnAttributes;
    if (isChanged && path !== '' && !changes.has(path)) changes.set(path, { path, kind: 'changed', inode });
    if (inode instanceof OverlayDirectory) addOwnEntries(changes, inode, path);
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
