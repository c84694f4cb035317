/** The file system calls. */
import { defineLib } from '../../lib.ts';
import {
  chmod,
  chown,
  fchmod,
  fchmodat,
  fchmodat2,
  fchown,
  fchownat,
  futimesat,
  lchown,
  truncate,
  utime,
  utimensat,
  utimes,
} from './attributes.ts';
import { chdir, chroot, fchdir, getcwd, getdents, getdents64, mkdir, mkdirat, rmdir, umask } from './directories.ts';
import { mount, umount2 } from './mount.ts';
import {
  link,
  linkat,
  mknod,
  mknodat,
  readlink,
  readlinkat,
  rename,
  renameat,
  renameat2,
  symlink,
  symlinkat,
  unlink,
  unlinkat,
} from './names.ts';
import { creat, open, openat, openat2 } from './open.ts';
import { access, faccessat, faccessat2, fstat, fstatfs, lstat, newfstatat, stat, statfs, statx } from './stat.ts';
import { sync, syncfs } from './sync.ts';
import { fgetxattr, flistxattr, fremovexattr, fsetxattr, xattrByLink, xattrByPath } from './xattr.ts';

export const vfscore = defineLib({
  name: 'vfscore',
  option: 'LIBVFSCORE',
  summary: 'paths, files and directories, mounts',
  needs: ['posix-fdtab', 'posix-user'],
  syscalls: [
    ...[open, creat, openat, openat2],
    ...[stat, fstat, lstat, newfstatat, statx, statfs, fstatfs, access, faccessat, faccessat2],
    ...[getcwd, chdir, fchdir, chroot, umask, mkdir, mkdirat, rmdir, getdents, getdents64],
    ...[unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, symlinkat],
    ...[readlink, readlinkat, mknod, mknodat],
    ...[chmod, fchmod, fchmodat, fchmodat2, chown, fchown, lchown, fchownat],
    ...[utime, utimes, futimesat, utimensat, truncate],
    ...[mount, umount2, sync, syncfs],
    ...[...xattrByPath, ...xattrByLink, fsetxattr, fgetxattr, flistxattr, fremovexattr],
  ],
});
