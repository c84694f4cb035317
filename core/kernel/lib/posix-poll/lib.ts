/** posix-poll: waiting for readiness of files. */
import { defineLib } from '../../lib.ts';
import { epollCreate, epollCreate1, epollCtl, epollPwait, epollPwait2, epollWait } from './epoll.ts';
import { poll, ppoll } from './poll.ts';
import { pselect6, select } from './select.ts';

export const posixPoll = defineLib({
  name: 'posix-poll',
  option: 'LIBPOSIX_POLL',
  summary: 'poll, select and epoll',
  needs: ['posix-fdtab', 'uksignal'],
  syscalls: [poll, ppoll, select, pselect6, epollCreate, epollCreate1, epollCtl, epollWait, epollPwait, epollPwait2],
});
