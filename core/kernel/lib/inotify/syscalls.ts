/** inotify_init(2), inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2). */
import { EINVAL } from '../../abi/errno.ts';
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, O_RDONLY } from '../../abi/fcntl.ts';
import { fail } from '../../errors.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { resolvePath } from '../../vfs/lookup.ts';
import {
  IN_ALL_EVENTS,
  IN_DONT_FOLLOW,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONLYDIR,
  inotifyMaskNames,
} from '../../vfs/notify.ts';
import { MAY_READ, requireAccess } from '../../vfs/permission.ts';
import { InotifyFile } from './inotify-file.ts';

const initFlagNames: NameTable = [
  ['IN_CLOEXEC', O_CLOEXEC],
  ['IN_NONBLOCK', O_NONBLOCK],
];

function init(task: Task, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  const file = new InotifyFile(task.kernel, O_RDONLY | (flags & O_NONBLOCK));
  return task.process.fds.installOrDrop(file, (flags & O_CLOEXEC) !== 0);
}

function inotifyFile(task: Task, fd: number): InotifyFile {
  const file = task.process.fds.require(fd);
  return file instanceof InotifyFile ? file : fail(EINVAL);
}

export const inotifyInit = defineSyscall({
  nr: 253,
  name: 'inotify_init',
  support: 'full',
  args: [],
  result: result.fd,
  run: (task) => init(task, 0),
});

export const inotifyInit1 = defineSyscall({
  nr: 294,
  name: 'inotify_init1',
  support: 'full',
  args: [arg.flags('flags', initFlagNames)],
  result: result.fd,
  run: init,
});

export const inotifyAddWatch = defineSyscall({
  nr: 254,
  name: 'inotify_add_watch',
  support: {
    partial:
      'changes made outside the guest are not seen; no IN_UNMOUNT; IN_EXCL_UNLINK leaves out files that have no name left',
  },
  args: [arg.fd('fd'), arg.path('pathname'), arg.flags('mask', inotifyMaskNames)],
  result: result.int,
  run: (task, fd, path, mask) => {
    if ((mask & IN_ALL_EVENTS) === 0) return -EINVAL;
    if ((mask & IN_MASK_ADD) !== 0 && (mask & IN_MASK_CREATE) !== 0) return -EINVAL;
    const file = inotifyFile(task, fd);
    const options = { follow: (mask & IN_DONT_FOLLOW) === 0, directory: (mask & IN_ONLYDIR) !== 0 };
    const { inode } = resolvePath(task, AT_FDCWD, path, options);
    requireAccess(task, inode, MAY_READ);
    return file.add(inode, mask);
  },
});

export const inotifyRmWatch = defineSyscall({
  nr: 255,
  name: 'inotify_rm_watch',
  support: 'full',
  args: [arg.fd('fd'), arg.int('wd')],
  result: result.ok,
  run: (task, fd, wd) => {
    inotifyFile(task, fd).removeByDescriptor(wd);
    return 0;
  },
});
