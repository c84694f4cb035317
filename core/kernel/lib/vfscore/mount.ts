/** mount(2), umount2(2). There is one mount name space and nothing propagates. */
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOENT, EPERM } from '../../abi/errno.ts';
import { AT_FDCWD } from '../../abi/fcntl.ts';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_PER_MOUNT,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  mountFlagNames,
  UMOUNT_NOFOLLOW,
  umountFlagNames,
} from '../../abi/fs.ts';
import { fail } from '../../errors.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import type { Mount } from '../../vfs/mount.ts';
import type { OpenFile } from '../../vfs/open-file.ts';
import { isMountRoot, type PathRef, pathFrom } from '../../vfs/path.ts';

const PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

function requirePrivileged(task: Task): void {
  if (!task.process.credentials.isPrivileged) fail(EPERM);
}

function mountRoot(ref: PathRef): Mount {
  return isMountRoot(ref) ? ref.mount : fail(EINVAL);
}

/** A directory or file shown at a second place. */
function bind(task: Task, source: string, target: PathRef, flags: number): void {
  const from = resolvePath(task, AT_FDCWD, source);
  const { mounts } = task.kernel;
  const made = bindOne(task, from, target);
  if ((flags & MS_REC) === 0) return;
  const base = pathFrom(from, undefined)!;
  for (const below of [...mounts.list()]) {
    const on = below.on && pathFrom(below.on, undefined)!;
    if (below === made || on === undefined || !on.startsWith(base === '/' ? '/' : `${base}/`)) continue;
    if (pathFrom(target, undefined) === on) continue;
    const inner = resolvePath(task, AT_FDCWD, `${pathFrom(target, undefined)}/${on.slice(base.length)}`);
    bindOne(task, below.root, inner);
  }
}

function bindOne(task: Task, from: PathRef, target: PathRef): Mount {
  const { fs } = from.mount;
  const root = from.mount.rootPath === '/' ? '' : from.mount.rootPath;
  const within = pathFrom(from, from.mount.root) ?? '/';
  const path = `${root}${within}` || '/';
  return task.kernel.mounts.mount(fs, target, {
    source: from.mount.source,
    flags: from.mount.flags,
    part: { inode: from.inode, path },
  });
}

function remount(task: Task, ref: PathRef, flags: number): void {
  const mount = mountRoot(ref);
  if ((flags & MS_RDONLY) !== 0 && openFiles(task, mount).some((file) => file.isWritable)) fail(EBUSY);
  const readOnly = mount.fs.isReadOnly ? MS_RDONLY : 0;
  mount.flags = (flags & MS_PER_MOUNT) | readOnly;
}

function mountNew(task: Task, source: string, target: PathRef, typeName: string, flags: number, data: string): void {
  const type = fsTypes(task.kernel).get(typeName) ?? fail(ENODEV);
  if (type.needsSource && source === '') fail(EINVAL);
  const fs = type.create(task.kernel, source, data);
  task.kernel.mounts.mount(fs, target, { source: source === '' ? 'none' : source, flags: flags & MS_PER_MOUNT });
}

export const mount = defineSyscall({
  nr: 165,
  name: 'mount',
  support: { partial: 'no MS_MOVE (EINVAL); no shared propagation; the types of /proc/filesystems' },
  args: [
    arg.optionalPath('source'),
    arg.path('target'),
    arg.optionalPath('filesystemtype'),
    arg.flags('mountflags', mountFlagNames),
    arg.pointer('data'),
  ],
  result: result.ok,
  run: (task, source, path, type, flags, data) => {
    const target = resolvePath(task, AT_FDCWD, path);
    requirePrivileged(task);
    if ((flags & MS_REMOUNT) !== 0) remount(task, target, flags);
    else if ((flags & MS_BIND) !== 0) bind(task, source ?? fail(EFAULT), target, flags);
    else if ((flags & PROPAGATION) !== 0) {
      // Nothing propagates: that is what private and unbindable ask for, and what a slave of nothing has.
      mountRoot(target);
      if ((flags & MS_SHARED) !== 0) return -EINVAL;
    } else if ((flags & MS_MOVE) !== 0) return -EINVAL;
    else mountNew(task, source ?? '', target, type ?? fail(EFAULT), flags, readOptions(task, data));
    return 0;
  },
});

function readOptions(task: Task, gva: number): string {
  return gva === 0 ? '' : (task.memory.readCString(gva, 4096) ?? fail(EINVAL));
}

/** Files of the mount that processes have open. */
function openFiles(task: Task, mount: Mount): OpenFile[] {
  return [...task.kernel.processes.values()].flatMap(({ fds }) =>
    [...fds.entries()].map(([, file]) => file).filter(({ path }) => path?.mount === mount),
  );
}

/** True when a process works in the mount or has something of it open. */
function isInUse(task: Task, mount: Mount): boolean {
  for (const { fs } of task.kernel.processes.values()) {
    if (fs.cwd.mount === mount || fs.root.mount === mount) return true;
  }
  return openFiles(task, mount).length > 0;
}

export const umount2 = defineSyscall({
  nr: 166,
  name: 'umount2',
  support: { partial: 'no MNT_EXPIRE (EINVAL)' },
  args: [arg.path('target'), arg.flags('flags', umountFlagNames)],
  result: result.ok,
  run: (task, path, flags) => {
    if ((flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW)) !== 0 || (flags & MNT_EXPIRE) !== 0) return -EINVAL;
    if (path === '') return -ENOENT;
    const target = resolvePath(task, AT_FDCWD, path, { follow: (flags & UMOUNT_NOFOLLOW) === 0 });
    requirePrivileged(task);
    const top = mountRoot(target);
    const isLazy = (flags & MNT_DETACH) !== 0;
    if (!isLazy && isInUse(task, top)) return -EBUSY;
    task.kernel.mounts.umount(top, isLazy);
    return 0;
  },
});
