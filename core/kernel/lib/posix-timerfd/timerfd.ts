/** timerfd_create(2), timerfd_settime(2), timerfd_gettime(2). */
import { EINVAL, EPERM } from '../../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  clockNames,
} from '../../abi/time.ts';
import { fail } from '../../errors.ts';
import { arg, type NameTable, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { readTimespecNs, writeTimespecNs } from '../../timespec.ts';
import { clocks } from '../posix-time/clocks.ts';
import { TimerFile } from './timer-file.ts';

const TFD_CLOEXEC = O_CLOEXEC;
const TFD_NONBLOCK = O_NONBLOCK;
const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;
const createNames: NameTable = [
  ['TFD_CLOEXEC', TFD_CLOEXEC],
  ['TFD_NONBLOCK', TFD_NONBLOCK],
];
const setNames: NameTable = [
  ['TFD_TIMER_ABSTIME', TFD_TIMER_ABSTIME],
  ['TFD_TIMER_CANCEL_ON_SET', TFD_TIMER_CANCEL_ON_SET],
];

const CLOCKS = [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM];
const ALARM_CLOCKS = [CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM];

export const timerfdCreate = defineSyscall({
  nr: 283,
  name: 'timerfd_create',
  support: 'full',
  args: [arg.oneOf('clockid', clockNames), arg.flags('flags', createNames)],
  result: result.fd,
  run(task, clock, flags) {
    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK) || !CLOCKS.includes(clock)) return -EINVAL;
    if (ALARM_CLOCKS.includes(clock) && !task.process.credentials.isPrivileged) return -EPERM;
    const file = new TimerFile(task.kernel, clock, O_RDWR | (flags & TFD_NONBLOCK));
    return task.process.fds.installOrDrop(file, (flags & TFD_CLOEXEC) !== 0);
  },
});

/** The timer behind a descriptor. EBADF, EINVAL. */
function timerOf(task: Task, fd: number): TimerFile {
  const file = task.process.fds.require(fd);
  return file instanceof TimerFile ? file : fail(EINVAL);
}

/** Writes struct itimerspec: period, then time left. */
function writeState(task: Task, gva: number, { left: { leftNs, intervalNs } }: TimerFile): void {
  task.memory.check(gva, 32, 'w');
  writeTimespecNs(task.memory, gva, intervalNs);
  writeTimespecNs(task.memory, gva + 16, leftNs);
}

/** Monotonic time of the first expiry that struct itimerspec's value asks for; undefined for 0. */
function firstExpiry(task: Task, file: TimerFile, gva: number, isAbsolute: boolean): number | undefined {
  const { memory, kernel } = task;
  const valueNs = readTimespecNs(memory, gva);
  if (Number.isNaN(valueNs)) fail(EINVAL);
  if (valueNs === 0) return undefined;
  if (!isAbsolute) return kernel.clock.monotonicNs() + valueNs;
  return clocks(kernel).deadlineNs(file.clock, memory.getLong(gva), memory.getLong(gva + 8));
}

export const timerfdSettime = defineSyscall({
  nr: 286,
  name: 'timerfd_settime',
  support: {
    partial:
      'a clock that is set does not move timers of CLOCK_REALTIME; TFD_TIMER_CANCEL_ON_SET tells at the next read',
  },
  args: [arg.fd('fd'), arg.flags('flags', setNames), arg.pointer('new_value'), arg.pointer('old_value')],
  result: result.ok,
  run(task, fd, flags, newGva, oldGva) {
    task.memory.check(newGva, 32, 'r');
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    const file = timerOf(task, fd);
    const intervalNs = readTimespecNs(task.memory, newGva);
    if (Number.isNaN(intervalNs)) return -EINVAL;
    const isAbsolute = (flags & TFD_TIMER_ABSTIME) !== 0;
    const expiryNs = firstExpiry(task, file, newGva + 16, isAbsolute);
    if (oldGva !== 0) writeState(task, oldGva, file);
    const isCancelledByJump = isAbsolute && (flags & TFD_TIMER_CANCEL_ON_SET) !== 0;
    file.set({ expiryNs, intervalNs, flags, isCancelledByJump });
    return 0;
  },
});

export const timerfdGettime = defineSyscall({
  nr: 287,
  name: 'timerfd_gettime',
  support: 'full',
  args: [arg.fd('fd'), arg.pointer('curr_value')],
  result: result.ok,
  run(task, fd, gva) {
    writeState(task, gva, timerOf(task, fd));
    return 0;
  },
});
