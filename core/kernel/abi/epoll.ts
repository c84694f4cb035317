/** epoll(7): commands, flags, struct layout. The event bits are those of poll(2). */
import type { NameTable } from './names.ts';

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const epollCommandNames: NameTable = [
  ['EPOLL_CTL_ADD', EPOLL_CTL_ADD],
  ['EPOLL_CTL_DEL', EPOLL_CTL_DEL],
  ['EPOLL_CTL_MOD', EPOLL_CTL_MOD],
];

export const EPOLL_CLOEXEC = 0x80000;
export const epollCreateNames: NameTable = [['EPOLL_CLOEXEC', EPOLL_CLOEXEC]];

export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLWAKEUP = 1 << 29;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 1 << 31;

/** struct epoll_event, packed: u32 events, u64 data. */
export const EPOLL_EVENT_SIZE = 12;
/** Most events that epoll_wait's buffer may be said to hold: INT_MAX / sizeof(struct epoll_event). */
export const EPOLL_MAX_EVENTS = Math.floor(0x7fffffff / EPOLL_EVENT_SIZE);
/** How deep epoll descriptors may nest. */
export const EPOLL_MAX_NESTS = 4;
