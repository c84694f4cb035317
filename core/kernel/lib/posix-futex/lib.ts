/** Futexes: manifest of the micro-library, and what other libraries use of it. */
import { defineLib } from '../../lib.ts';
import { getRobustList, setRobustList } from './robust-list.ts';
import * as calls from './syscalls.ts';

export { releaseFutexesOf } from './robust-list.ts';
export { wakeFutex } from './wait.ts';

export const posixFutex = defineLib({
  name: 'posix-futex',
  option: 'LIBPOSIX_FUTEX',
  summary: 'Fast user-space locks: futex, PI and robust futexes',
  needs: ['uksignal'],
  syscalls: [
    calls.futex,
    calls.futexWaitv,
    calls.futexWake,
    calls.futexWait,
    calls.futexRequeue,
    setRobustList,
    getRobustList,
  ],
});
