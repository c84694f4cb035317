/** posix-eventfd: event counters as files. */
import { defineLib } from '../../lib.ts';
import { eventfd, eventfd2 } from './eventfd.ts';

export const posixEventfd = defineLib({
  name: 'posix-eventfd',
  option: 'LIBPOSIX_EVENTFD',
  summary: 'eventfd',
  needs: ['posix-fdtab'],
  syscalls: [eventfd, eventfd2],
});
