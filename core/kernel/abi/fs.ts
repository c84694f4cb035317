/** mount(2), rename(2), xattr(7), statfs(2): Linux x86-64 values, with the names that strace prints. */
import type { NameTable } from './names.ts';

export const PATH_MAX = 4096;
export const NAME_MAX = 255;
/** Most bytes that one read, write or copy moves. */
export const MAX_RW_COUNT = 0x7ffff000;
export const IOV_MAX = 1024;

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_SYNCHRONOUS = 16;
export const MS_REMOUNT = 32;
export const MS_MANDLOCK = 64;
export const MS_DIRSYNC = 128;
export const MS_NOSYMFOLLOW = 256;
export const MS_NOATIME = 1024;
export const MS_NODIRATIME = 2048;
export const MS_BIND = 4096;
export const MS_MOVE = 8192;
export const MS_REC = 16384;
export const MS_SILENT = 32768;
export const MS_UNBINDABLE = 1 << 17;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;
export const MS_RELATIME = 1 << 21;
export const MS_STRICTATIME = 1 << 24;
export const MS_LAZYTIME = 1 << 25;
/** Flags that a mount keeps. */
export const MS_PER_MOUNT =
  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | MS_NOATIME | MS_NODIRATIME | MS_RELATIME;
export const mountFlagNames: NameTable = [
  ['MS_RDONLY', MS_RDONLY],
  ['MS_NOSUID', MS_NOSUID],
  ['MS_NODEV', MS_NODEV],
  ['MS_NOEXEC', MS_NOEXEC],
  ['MS_SYNCHRONOUS', MS_SYNCHRONOUS],
  ['MS_REMOUNT', MS_REMOUNT],
  ['MS_DIRSYNC', MS_DIRSYNC],
  ['MS_NOSYMFOLLOW', MS_NOSYMFOLLOW],
  ['MS_NOATIME', MS_NOATIME],
  ['MS_NODIRATIME', MS_NODIRATIME],
  ['MS_BIND', MS_BIND],
  ['MS_MOVE', MS_MOVE],
  ['MS_REC', MS_REC],
  ['MS_SILENT', MS_SILENT],
  ['MS_UNBINDABLE', MS_UNBINDABLE],
  ['MS_PRIVATE', MS_PRIVATE],
  ['MS_SLAVE', MS_SLAVE],
  ['MS_SHARED', MS_SHARED],
  ['MS_RELATIME', MS_RELATIME],
  ['MS_STRICTATIME', MS_STRICTATIME],
  ['MS_LAZYTIME', MS_LAZYTIME],
];

export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const MNT_EXPIRE = 4;
export const UMOUNT_NOFOLLOW = 8;
export const umountFlagNames: NameTable = [
  ['MNT_FORCE', MNT_FORCE],
  ['MNT_DETACH', MNT_DETACH],
  ['MNT_EXPIRE', MNT_EXPIRE],
  ['UMOUNT_NOFOLLOW', UMOUNT_NOFOLLOW],
];

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;
export const renameFlagNames: NameTable = [
  ['RENAME_NOREPLACE', RENAME_NOREPLACE],
  ['RENAME_EXCHANGE', RENAME_EXCHANGE],
  ['RENAME_WHITEOUT', RENAME_WHITEOUT],
];

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
export const XATTR_NAME_MAX = 255;
export const XATTR_SIZE_MAX = 65536;
export const XATTR_LIST_MAX = 65536;
export const xattrFlagNames: NameTable = [
  ['XATTR_CREATE', XATTR_CREATE],
  ['XATTR_REPLACE', XATTR_REPLACE],
];

/** f_type of statfs(2). */
export const TMPFS_MAGIC = 0x01021994;
export const RAMFS_MAGIC = 0x858458f6;
export const V9FS_MAGIC = 0x01021997;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x62656572;
export const DEVPTS_SUPER_MAGIC = 0x1cd1;
export const OVERLAYFS_SUPER_MAGIC = 0x794c7630;

/** f_flags of statfs(2): ST_VALID is always set; the low bits are those of mount(2). */
export const ST_VALID = 0x20;
export const ST_RELATIME = 0x1000;
