/** poll(2), select(2): event bits, struct layouts, limits. */
import type { NameTable } from './names.ts';

export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;
export const POLLRDNORM = 0x40;
export const POLLRDBAND = 0x80;
export const POLLWRNORM = 0x100;
export const POLLWRBAND = 0x200;
export const POLLRDHUP = 0x2000;

export const pollEventNames: NameTable = [
  ['POLLIN', POLLIN],
  ['POLLPRI', POLLPRI],
  ['POLLOUT', POLLOUT],
  ['POLLERR', POLLERR],
  ['POLLHUP', POLLHUP],
  ['POLLNVAL', POLLNVAL],
  ['POLLRDNORM', POLLRDNORM],
  ['POLLRDBAND', POLLRDBAND],
  ['POLLWRNORM', POLLWRNORM],
  ['POLLWRBAND', POLLWRBAND],
  ['POLLRDHUP', POLLRDHUP],
];

/** struct pollfd: i32 fd, i16 events, i16 revents. */
export const POLLFD_SIZE = 8;

/** What makes a descriptor belong to each of select's result sets. */
export const SELECT_IN = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
export const SELECT_OUT = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
export const SELECT_EX = POLLPRI;
