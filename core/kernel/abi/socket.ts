/** socket(2), socket(7), unix(7), sendmsg(2), cmsg(3): Linux x86-64 numbers and layouts, with the names of strace. */
import type { NameTable } from './names.ts';

export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const domainNames: NameTable = [
  ['AF_UNSPEC', AF_UNSPEC],
  ['AF_UNIX', AF_UNIX],
  ['AF_INET', AF_INET],
  ['AF_INET6', AF_INET6],
  ['AF_NETLINK', AF_NETLINK],
  ['AF_PACKET', AF_PACKET],
];
/** One past the highest address family. */
export const AF_MAX = 46;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_TYPE_MASK = 0xf;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const socketTypeNames: NameTable = [
  ['SOCK_NONBLOCK', SOCK_NONBLOCK],
  ['SOCK_CLOEXEC', SOCK_CLOEXEC],
  ['SOCK_SEQPACKET', SOCK_SEQPACKET],
  ['SOCK_RAW', SOCK_RAW],
  ['SOCK_DGRAM', SOCK_DGRAM],
  ['SOCK_STREAM', SOCK_STREAM],
];

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
export const shutdownNames: NameTable = [
  ['SHUT_RD', SHUT_RD],
  ['SHUT_WR', SHUT_WR],
  ['SHUT_RDWR', SHUT_RDWR],
];

export const MSG_OOB = 1;
export const MSG_PEEK = 2;
export const MSG_DONTROUTE = 4;
export const MSG_CTRUNC = 8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_WAITFORONE = 0x10000;
export const MSG_CMSG_CLOEXEC = 0x40000000;
export const messageFlagNames: NameTable = [
  ['MSG_OOB', MSG_OOB],
  ['MSG_PEEK', MSG_PEEK],
  ['MSG_DONTROUTE', MSG_DONTROUTE],
  ['MSG_CTRUNC', MSG_CTRUNC],
  ['MSG_TRUNC', MSG_TRUNC],
  ['MSG_DONTWAIT', MSG_DONTWAIT],
  ['MSG_EOR', MSG_EOR],
  ['MSG_WAITALL', MSG_WAITALL],
  ['MSG_ERRQUEUE', MSG_ERRQUEUE],
  ['MSG_NOSIGNAL', MSG_NOSIGNAL],
  ['MSG_MORE', MSG_MORE],
  ['MSG_WAITFORONE', MSG_WAITFORONE],
  ['MSG_CMSG_CLOEXEC', MSG_CMSG_CLOEXEC],
];

export const SOL_SOCKET = 1;
export const SO_DEBUG = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_PRIORITY = 12;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_BINDTODEVICE = 25;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const SO_MARK = 36;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_RXQ_OVFL = 40;
export const SO_SELECT_ERR_QUEUE = 45;
export const SO_BUSY_POLL = 46;
export const SO_INCOMING_CPU = 49;
export const SO_COOKIE = 57;
export const SO_INCOMING_NAPI_ID = 56;
export const SO_NO_CHECK = 11;
export const SO_PREFER_BUSY_POLL = 69;
export const SO_PEERNAME = 28;
export const SO_RCVTIMEO_NEW = 66;
export const SO_SNDTIMEO_NEW = 67;
export const levelNames: NameTable = [
  ['SOL_SOCKET', SOL_SOCKET],
  ['IPPROTO_TCP', 6],
  ['IPPROTO_IP', 0],
  ['IPPROTO_IPV6', 41],
];
export const optionNames: NameTable = [
  ['SO_DEBUG', SO_DEBUG],
  ['SO_REUSEADDR', SO_REUSEADDR],
  ['SO_TYPE', SO_TYPE],
  ['SO_ERROR', SO_ERROR],
  ['SO_DONTROUTE', SO_DONTROUTE],
  ['SO_BROADCAST', SO_BROADCAST],
  ['SO_SNDBUF', SO_SNDBUF],
  ['SO_RCVBUF', SO_RCVBUF],
  ['SO_KEEPALIVE', SO_KEEPALIVE],
  ['SO_OOBINLINE', SO_OOBINLINE],
  ['SO_PRIORITY', SO_PRIORITY],
  ['SO_LINGER', SO_LINGER],
  ['SO_REUSEPORT', SO_REUSEPORT],
  ['SO_PASSCRED', SO_PASSCRED],
  ['SO_PEERCRED', SO_PEERCRED],
  ['SO_RCVLOWAT', SO_RCVLOWAT],
  ['SO_SNDLOWAT', SO_SNDLOWAT],
  ['SO_RCVTIMEO', SO_RCVTIMEO],
  ['SO_SNDTIMEO', SO_SNDTIMEO],
  ['SO_BINDTODEVICE', SO_BINDTODEVICE],
  ['SO_TIMESTAMP', SO_TIMESTAMP],
  ['SO_TIMESTAMPNS', SO_TIMESTAMPNS],
  ['SO_MARK', SO_MARK],
  ['SO_ACCEPTCONN', SO_ACCEPTCONN],
  ['SO_SNDBUFFORCE', SO_SNDBUFFORCE],
  ['SO_RCVBUFFORCE', SO_RCVBUFFORCE],
  ['SO_PROTOCOL', SO_PROTOCOL],
  ['SO_DOMAIN', SO_DOMAIN],
];

export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
/** Most descriptors that one message carries. */
export const SCM_MAX_FD = 253;

export const SOMAXCONN = 4096;
/** net.unix.max_dgram_qlen: datagrams that wait at a socket from others than its peer. */
export const UNIX_MAX_DGRAM_QLEN = 10;
export const SIOCOUTQ = 0x5411;
export const SIOCATMARK = 0x8905;

/** Longest sockaddr of any family. */
export const SOCKADDR_MAX = 128;
/** struct sockaddr_un: u16 family, up to 108 bytes of path. */
export const SUN_PATH_MAX = 108;
/** struct msghdr: name, namelen, iov, iovlen, control, controllen, flags. */
export const MSGHDR_SIZE = 56;
/** struct mmsghdr: a msghdr and a u32 length. */
export const MMSGHDR_SIZE = 64;
/** struct cmsghdr: u64 len, i32 level, i32 type; data and headers aligned to 8. */
export const CMSGHDR_SIZE = 16;
export const cmsgAlign = (len: number): number => (len + 7) & ~7;
