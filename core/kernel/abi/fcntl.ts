/** open(2), fcntl(2), flock(2), the *at flags: Linux x86-64 values, with the names that strace prints. */
import type { NameTable } from './names.ts';

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DSYNC = 0o10000;
export const O_ASYNC = 0o20000;
export const O_DIRECT = 0o40000;
export const O_LARGEFILE = 0o100000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_SYNC = 0o4010000;
export const O_PATH = 0o10000000;
/** The bit of O_TMPFILE that is not O_DIRECTORY. */
export const O_TMPFILE_BIT = 0o20000000;
export const O_TMPFILE = O_TMPFILE_BIT | O_DIRECTORY;

/** Every flag that openat2(2) accepts. */
export const O_VALID =
  O_ACCMODE |
  O_CREAT |
  O_EXCL |
  O_NOCTTY |
  O_TRUNC |
  O_APPEND |
  O_NONBLOCK |
  O_SYNC |
  O_ASYNC |
  O_DIRECT |
  O_LARGEFILE |
  O_DIRECTORY |
  O_NOFOLLOW |
  O_NOATIME |
  O_CLOEXEC |
  O_PATH |
  O_TMPFILE;
/** Flags that act at open time only and are not kept in an open file. */
export const O_OPEN_ONLY = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
/** Flags that F_SETFL may change. */
export const O_SETTABLE = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;

export const openFlagNames: NameTable = [
  ['O_TMPFILE', O_TMPFILE],
  ['O_RDWR', O_RDWR, O_ACCMODE],
  ['O_WRONLY', O_WRONLY, O_ACCMODE],
  ['O_RDONLY', O_RDONLY, O_ACCMODE],
  ['O_CREAT', O_CREAT],
  ['O_EXCL', O_EXCL],
  ['O_NOCTTY', O_NOCTTY],
  ['O_TRUNC', O_TRUNC],
  ['O_APPEND', O_APPEND],
  ['O_NONBLOCK', O_NONBLOCK],
  ['O_SYNC', O_SYNC],
  ['O_DSYNC', O_DSYNC],
  ['O_ASYNC', O_ASYNC],
  ['O_DIRECT', O_DIRECT],
  ['O_LARGEFILE', O_LARGEFILE],
  ['O_DIRECTORY', O_DIRECTORY],
  ['O_NOFOLLOW', O_NOFOLLOW],
  ['O_NOATIME', O_NOATIME],
  ['O_CLOEXEC', O_CLOEXEC],
  ['O_PATH', O_PATH],
];

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_FORCE_SYNC = 0x2000;
export const AT_STATX_DONT_SYNC = 0x4000;

export const atFlagNames: NameTable = [
  ['AT_SYMLINK_NOFOLLOW', AT_SYMLINK_NOFOLLOW],
  ['AT_SYMLINK_FOLLOW', AT_SYMLINK_FOLLOW],
  ['AT_NO_AUTOMOUNT', AT_NO_AUTOMOUNT],
  ['AT_EMPTY_PATH', AT_EMPTY_PATH],
  ['AT_STATX_FORCE_SYNC', AT_STATX_FORCE_SYNC],
  ['AT_STATX_DONT_SYNC', AT_STATX_DONT_SYNC],
];
/** 0x200 means different things to faccessat2 and to unlinkat. */
export const accessFlagNames: NameTable = [...atFlagNames, ['AT_EACCESS', AT_EACCESS]];
export const unlinkFlagNames: NameTable = [['AT_REMOVEDIR', AT_REMOVEDIR]];

/** openat2(2). */
export const RESOLVE_NO_XDEV = 1;
export const RESOLVE_NO_MAGICLINKS = 2;
export const RESOLVE_NO_SYMLINKS = 4;
export const RESOLVE_BENEATH = 8;
export const RESOLVE_IN_ROOT = 16;
export const RESOLVE_CACHED = 32;

export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;
export const accessModeNames: NameTable = [
  ['F_OK', 0],
  ['R_OK', R_OK],
  ['W_OK', W_OK],
  ['X_OK', X_OK],
];

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const whenceNames: NameTable = [
  ['SEEK_SET', SEEK_SET],
  ['SEEK_CUR', SEEK_CUR],
  ['SEEK_END', SEEK_END],
  ['SEEK_DATA', SEEK_DATA],
  ['SEEK_HOLE', SEEK_HOLE],
];

export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_GETLK = 5;
export const F_SETLK = 6;
export const F_SETLKW = 7;
export const F_SETOWN = 8;
export const F_GETOWN = 9;
export const F_SETSIG = 10;
export const F_GETSIG = 11;
export const F_SETOWN_EX = 15;
export const F_GETOWN_EX = 16;
export const F_OFD_GETLK = 36;
export const F_OFD_SETLK = 37;
export const F_OFD_SETLKW = 38;
export const F_SETLEASE = 1024;
export const F_GETLEASE = 1025;
export const F_NOTIFY = 1026;
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_GET_RW_HINT = 1035;
export const F_SET_RW_HINT = 1036;
export const fcntlCommandNames: NameTable = [
  ['F_DUPFD', F_DUPFD],
  ['F_GETFD', F_GETFD],
  ['F_SETFD', F_SETFD],
  ['F_GETFL', F_GETFL],
  ['F_SETFL', F_SETFL],
  ['F_GETLK', F_GETLK],
  ['F_SETLK', F_SETLK],
  ['F_SETLKW', F_SETLKW],
  ['F_SETOWN', F_SETOWN],
  ['F_GETOWN', F_GETOWN],
  ['F_SETSIG', F_SETSIG],
  ['F_GETSIG', F_GETSIG],
  ['F_SETOWN_EX', F_SETOWN_EX],
  ['F_GETOWN_EX', F_GETOWN_EX],
  ['F_OFD_GETLK', F_OFD_GETLK],
  ['F_OFD_SETLK', F_OFD_SETLK],
  ['F_OFD_SETLKW', F_OFD_SETLKW],
  ['F_SETLEASE', F_SETLEASE],
  ['F_GETLEASE', F_GETLEASE],
  ['F_NOTIFY', F_NOTIFY],
  ['F_DUPFD_CLOEXEC', F_DUPFD_CLOEXEC],
  ['F_SETPIPE_SZ', F_SETPIPE_SZ],
  ['F_GETPIPE_SZ', F_GETPIPE_SZ],
  ['F_ADD_SEALS', F_ADD_SEALS],
  ['F_GET_SEALS', F_GET_SEALS],
  ['F_GET_RW_HINT', F_GET_RW_HINT],
  ['F_SET_RW_HINT', F_SET_RW_HINT],
];
export const FD_CLOEXEC = 1;

export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;
export const F_SEAL_WRITE = 8;
export const F_SEAL_FUTURE_WRITE = 16;
export const F_SEAL_EXEC = 32;

export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const flockNames: NameTable = [
  ['LOCK_SH', LOCK_SH],
  ['LOCK_EX', LOCK_EX],
  ['LOCK_NB', LOCK_NB],
  ['LOCK_UN', LOCK_UN],
];

export const CLOSE_RANGE_UNSHARE = 2;
export const CLOSE_RANGE_CLOEXEC = 4;
export const closeRangeNames: NameTable = [
  ['CLOSE_RANGE_UNSHARE', CLOSE_RANGE_UNSHARE],
  ['CLOSE_RANGE_CLOEXEC', CLOSE_RANGE_CLOEXEC],
];

/** preadv2(2). */
export const RWF_HIPRI = 1;
export const RWF_DSYNC = 2;
export const RWF_SYNC = 4;
export const RWF_NOWAIT = 8;
export const RWF_APPEND = 16;
export const RWF_NOAPPEND = 32;
export const rwfNames: NameTable = [
  ['RWF_HIPRI', RWF_HIPRI],
  ['RWF_DSYNC', RWF_DSYNC],
  ['RWF_SYNC', RWF_SYNC],
  ['RWF_NOWAIT', RWF_NOWAIT],
  ['RWF_APPEND', RWF_APPEND],
  ['RWF_NOAPPEND', RWF_NOAPPEND],
];

export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;
export const FALLOC_FL_COLLAPSE_RANGE = 8;
export const FALLOC_FL_ZERO_RANGE = 16;
export const FALLOC_FL_INSERT_RANGE = 32;
export const FALLOC_FL_UNSHARE_RANGE = 64;
export const fallocateNames: NameTable = [
  ['FALLOC_FL_KEEP_SIZE', FALLOC_FL_KEEP_SIZE],
  ['FALLOC_FL_PUNCH_HOLE', FALLOC_FL_PUNCH_HOLE],
  ['FALLOC_FL_COLLAPSE_RANGE', FALLOC_FL_COLLAPSE_RANGE],
  ['FALLOC_FL_ZERO_RANGE', FALLOC_FL_ZERO_RANGE],
  ['FALLOC_FL_INSERT_RANGE', FALLOC_FL_INSERT_RANGE],
  ['FALLOC_FL_UNSHARE_RANGE', FALLOC_FL_UNSHARE_RANGE],
];

export const SPLICE_F_MOVE = 1;
export const SPLICE_F_NONBLOCK = 2;
export const SPLICE_F_MORE = 4;
export const SPLICE_F_GIFT = 8;
export const spliceNames: NameTable = [
  ['SPLICE_F_MOVE', SPLICE_F_MOVE],
  ['SPLICE_F_NONBLOCK', SPLICE_F_NONBLOCK],
  ['SPLICE_F_MORE', SPLICE_F_MORE],
  ['SPLICE_F_GIFT', SPLICE_F_GIFT],
];

export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;
export const MFD_HUGETLB = 4;
export const MFD_NOEXEC_SEAL = 8;
export const MFD_EXEC = 16;
export const memfdNames: NameTable = [
  ['MFD_CLOEXEC', MFD_CLOEXEC],
  ['MFD_ALLOW_SEALING', MFD_ALLOW_SEALING],
  ['MFD_HUGETLB', MFD_HUGETLB],
  ['MFD_NOEXEC_SEAL', MFD_NOEXEC_SEAL],
  ['MFD_EXEC', MFD_EXEC],
];

/** ioctl(2) requests that work on every descriptor. */
export const FIONCLEX = 0x5450;
export const FIOCLEX = 0x5451;
export const FIOASYNC = 0x5452;
export const FIONBIO = 0x5421;
export const FIONREAD = 0x541b;
export const FIOQSIZE = 0x5460;
