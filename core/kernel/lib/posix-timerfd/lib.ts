/** posix-timerfd: timers as files. */
import { defineLib } from '../../lib.ts';
import { timerfdCreate, timerfdGettime, timerfdSettime } from './timerfd.ts';

export const posixTimerfd = defineLib({
  name: 'posix-timerfd',
  option: 'LIBPOSIX_TIMERFD',
  summary: 'timerfd',
  needs: ['posix-fdtab', 'posix-time'],
  syscalls: [timerfdCreate, timerfdSettime, timerfdGettime],
});
