/** Clocks, sleeping and timers: manifest. */
import { defineLib } from '../../lib.ts';
import { execHooks } from '../../loader/exec.ts';
import * as adjust from './adjust.ts';
import * as itimers from './itimers.ts';
import { stopItimers } from './itimers.ts';
import * as posixTimers from './posix-timers.ts';
import { deletePosixTimers } from './posix-timers.ts';
import * as read from './read.ts';
import * as sleep from './sleep.ts';

export const posixTime = defineLib({
  name: 'posix-time',
  option: 'LIBPOSIX_TIME',
  summary: 'Clocks, sleeping, interval timers and POSIX timers',
  needs: ['uksignal'],
  syscalls: [
    read.clockGettime,
    read.clockGetres,
    read.gettimeofday,
    read.time,
    adjust.clockSettime,
    adjust.settimeofday,
    adjust.adjtimex,
    adjust.clockAdjtime,
    sleep.nanosleep,
    sleep.clockNanosleep,
    itimers.getitimer,
    itimers.setitimer,
    itimers.alarm,
    posixTimers.timerCreate,
    posixTimers.timerSettime,
    posixTimers.timerGettime,
    posixTimers.timerGetoverrun,
    posixTimers.timerDelete,
  ],
  init(kernel) {
    kernel.exitHooks.add((process) => {
      stopItimers(process);
      deletePosixTimers(process);
    });
    // Interval timers outlive execve, POSIX timers don't.
    execHooks(kernel).add((task) => deletePosixTimers(task.process));
  },
});
