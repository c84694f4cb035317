/** The descriptor table. */
import { defineLib } from '../../lib.ts';
import { close, closeRange, dup, dup2, dup3 } from './descriptors.ts';
import { fcntl } from './fcntl.ts';
import { flock } from './locks.ts';

export const posixFdtab = defineLib({
  name: 'posix-fdtab',
  option: 'LIBPOSIX_FDTAB',
  summary: 'file descriptors: closing, duplicating, flags and locks',
  needs: [],
  syscalls: [close, closeRange, dup, dup2, dup3, fcntl, flock],
});
