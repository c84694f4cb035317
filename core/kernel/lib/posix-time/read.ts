/** System calls that read clocks: clock_gettime(2), clock_getres(2), gettimeofday(2), time(2). */
import { EINVAL } from '../../abi/errno.ts';
import { CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME_COARSE, clockNames } from '../../abi/time.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import { writePair } from '../../timespec.ts';
import { clocks } from './clocks.ts';

/** Tick of a kernel with CONFIG_HZ=250: what the coarse clocks promise. */
const COARSE_RESOLUTION_NS = 4_000_000;

export const clockArg = arg.oneOf('clockid', clockNames);

export const clockGettime = defineSyscall({
  nr: 228,
  name: 'clock_gettime',
  support: 'full',
  args: [clockArg, arg.pointer('tp')],
  result: result.ok,
  run(task, clock, tp) {
    const now = clocks(task.kernel);
    if (!now.read(task, clock)) return -EINVAL;
    writePair(task.memory, tp, now.seconds, now.nanos);
    return 0;
  },
});

export const clockGetres = defineSyscall({
  nr: 229,
  name: 'clock_getres',
  support: 'full',
  args: [clockArg, arg.pointer('res')],
  result: result.ok,
  run(task, clock, res) {
    if (!clocks(task.kernel).read(task, clock)) return -EINVAL;
    const isCoarse = clock === CLOCK_REALTIME_COARSE || clock === CLOCK_MONOTONIC_COARSE;
    if (res !== 0) writePair(task.memory, res, 0, isCoarse ? COARSE_RESOLUTION_NS : 1);
    return 0;
  },
});

export const gettimeofday = defineSyscall({
  nr: 96,
  name: 'gettimeofday',
  support: 'full',
  args: [arg.pointer('tv'), arg.pointer('tz')],
  result: result.ok,
  run(task, tv, tz) {
    const now = clocks(task.kernel);
    if (tv !== 0) {
      now.readRealtime();
      writePair(task.memory, tv, now.seconds, Math.floor(now.nanos / 1000));
    }
    if (tz !== 0) {
      task.memory.check(tz, 8, 'w');
      task.memory.setU32(tz, now.timezone.minutesWest);
      task.memory.setU32(tz + 4, now.timezone.dstTime);
    }
    return 0;
  },
});

export const time = defineSyscall({
  nr: 201,
  name: 'time',
  support: 'full',
  args: [arg.pointer('tloc')],
  result: result.int,
  run(task, tloc) {
    const now = clocks(task.kernel);
    now.readRealtime();
    if (tloc !== 0) task.memory.setLong(tloc, now.seconds);
    return now.seconds;
  },
});
