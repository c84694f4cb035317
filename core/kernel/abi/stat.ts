/** stat(2), statx(2), inode(7): mode bits, device numbers and the layouts of struct stat and struct statx. */
import type { NameTable } from './names.ts';

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;

/** d_type of a mode: DT_DIR 4, DT_REG 8, DT_LNK 10... */
export function direntType(mode: number): number {
  return (mode & S_IFMT) >> 12;
}

/**
 * A device number as stat(2) shows it.
 *
 * | bits  | meaning            |
 * |-------|--------------------|
 * | 0-7   | minor, low 8 bits  |
 * | 8-19  | major              |
 * | 20-31 | minor, next 12 bits|
 */
export function makeDev(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
export function devMajor(dev: number): number {
  return (dev >>> 8) & 0xfff;
}
export function devMinor(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
}

export const STAT_SIZE = 144;
export const STATX_SIZE = 256;
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;

export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
export const STATX_MNT_ID = 0x1000;
export const STATX__RESERVED = 0x80000000;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;

export const statxMaskNames: NameTable = [
  ['STATX_ALL', 0xfff],
  ['STATX_BASIC_STATS', STATX_BASIC_STATS],
  ['STATX_TYPE', 1],
  ['STATX_MODE', 2],
  ['STATX_NLINK', 4],
  ['STATX_UID', 8],
  ['STATX_GID', 0x10],
  ['STATX_ATIME', 0x20],
  ['STATX_MTIME', 0x40],
  ['STATX_CTIME', 0x80],
  ['STATX_INO', 0x100],
  ['STATX_SIZE', 0x200],
  ['STATX_BLOCKS', 0x400],
  ['STATX_BTIME', STATX_BTIME],
  ['STATX_MNT_ID', STATX_MNT_ID],
];
