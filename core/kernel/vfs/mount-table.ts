/**
 * The mount tree. Mounts are found by the name they hide and then by the exact place, so that a path step over an
 * ordinary name costs one map look-up. Mounts stack: the last one at a place is the one that is seen.
 */
import { EBUSY, EINVAL, ENOTDIR } from '../abi/errno.ts';
import { S_IFDIR } from '../abi/stat.ts';
import { fail } from '../errors.ts';
import type { FileSystem, Inode } from './inode.ts';
import type { Mount } from './mount.ts';
import { isMountRoot, isSamePlace, type PathRef } from './path.ts';

export interface MountOptions {
  source?: string;
  /** MS_RDONLY, MS_NOEXEC... */
  flags?: number;
  /** Bind mount: the part of the file system to show, and its path there. */
  part?: { inode: Inode; path: string };
}

export class MountTable {
  private readonly mounts: Mount[] = [];
  /** Mounts by the last component of their mount point; '' for those on the root of another mount. */
  private readonly byName = new Map<string, Mount[]>();
  private nextId = 1;

  constructor(rootFs: FileSystem, options: MountOptions = {}) {
    this.add(rootFs, undefined, options);
  }

  /** The root of the whole tree, as seen (the top of what is mounted on `/`). */
  get root(): PathRef {
    return this.topAt(this.mounts[0]!.root);
  }

  /** Mounts `fs` on the directory `at` (or a file, for a bind mount of a file). */
  mount(fs: FileSystem, at: PathRef, options: MountOptions = {}): Mount {
    const inode = options.part?.inode ?? fs.root;
    if ((inode.type === S_IFDIR) !== (at.inode.type === S_IFDIR)) fail(ENOTDIR);
    return this.add(fs, at, options);
  }

  private add(fs: FileSystem, on: PathRef | undefined, options: MountOptions): Mount {
    const inode = options.part?.inode ?? fs.root;
    const root = { mount: undefined as unknown as Mount, inode, name: '', parent: on };
    const mount: Mount = {
      id: this.nextId++,
      fs,
      source: options.source ?? fs.name,
      on,
      root,
      rootPath: options.part?.path ?? '/',
      flags: (options.flags ?? 0) | (fs.isReadOnly ? 1 : 0),
    };
    root.mount = mount;
    if (options.part === undefined) inode.place = root;
    this.mounts.push(mount);
    if (on !== undefined) {
      const list = this.byName.get(on.name);
      if (list === undefined) this.byName.set(on.name, [mount]);
      else list.push(mount);
    }
    return mount;
  }

  /** Removes a mount. EBUSY when others are mounted below it, EINVAL for the root of the tree. */
  umount(mount: Mount, isLazy = false): void {
    if (mount === this.mounts[0] || !this.mounts.includes(mount)) fail(EINVAL);
    const below = this.mounts.filter((other) => other.on?.mount === mount);
    if (below.length > 0 && !isLazy) fail(EBUSY);
    for (const other of below) this.umount(other, true);
    this.mounts.splice(this.mounts.indexOf(mount), 1);
    const list = this.byName.get(mount.on!.name)!;
    list.splice(list.indexOf(mount), 1);
    if (list.length === 0) this.byName.delete(mount.on!.name);
    mount.fs.sync();
  }

  /** The mount whose root `ref` is; undefined when it is no mount root. */
  mountAt(ref: PathRef): Mount | undefined {
    const top = this.topAt(ref);
    return isMountRoot(top) ? top.mount : undefined;
  }

  /** What is seen at a place: the root of the last mount on it, or the place itself. */
  topAt(ref: PathRef): PathRef {
    let at = ref;
    for (;;) {
      const list = this.byName.get(at.name);
      if (list === undefined) return at;
      let next: PathRef | undefined;
      for (let i = list.length - 1; i >= 0 && next === undefined; i--) {
        if (isSamePlace(list[i]!.on!, at)) next = list[i]!.root;
      }
      if (next === undefined) return at;
      at = next;
    }
  }

  /** True when something is mounted exactly on `ref` (which then can't be removed or renamed). */
  isMountPoint(ref: PathRef): boolean {
    return this.byName.get(ref.name)?.some((mount) => isSamePlace(mount.on!, ref)) === true;
  }

  /** All mounts in the order they were made. */
  list(): readonly Mount[] {
    return this.mounts;
  }
}
