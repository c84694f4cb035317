/** System calls that set the clock: clock_settime(2), settimeofday(2), adjtimex(2). */
import { EFAULT, EINVAL, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import {
  ADJ_MICRO,
  ADJ_NANO,
  ADJ_OFFSET_SS_READ,
  ADJ_SETOFFSET,
  ADJ_TAI,
  CLOCK_REALTIME,
  STA_NANO,
  STA_UNSYNC,
  TIME_ERROR,
} from '../../abi/time.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { clocks } from './clocks.ts';
import { clockArg } from './read.ts';

const partial = { partial: 'timers that are armed already keep their deadlines' };

/** Sets the realtime clock from two words; the fraction's unit is `unitNs`. */
function setRealtime(task: Task, gva: number, unitNs: 1 | 1000): number {
  const seconds = task.memory.getLong(gva);
  const fraction = task.memory.getLong(gva + 8);
  if (seconds < 0 || fraction < 0 || fraction * unitNs >= 1e9) return -EINVAL;
  if (!task.process.credentials.isPrivileged) return -EPERM;
  clocks(task.kernel).setRealtime(BigInt(seconds) * 1_000_000_000n + BigInt(fraction * unitNs));
  return 0;
}

export const clockSettime = defineSyscall({
  nr: 227,
  name: 'clock_settime',
  support: partial,
  args: [clockArg, arg.timespec('tp')],
  result: result.ok,
  run: (task, clock, tp) => (clock === CLOCK_REALTIME ? setRealtime(task, tp, 1) : -EINVAL),
});

export const settimeofday = defineSyscall({
  nr: 164,
  name: 'settimeofday',
  support: partial,
  args: [arg.pointer('tv'), arg.pointer('tz')],
  result: result.ok,
  run(task, tv, tz) {
    const { memory, kernel, process } = task;
    if (tv !== 0) {
      const error = setRealtime(task, tv, 1000);
      if (error !== 0) return error;
    }
    if (tz !== 0) {
      const minutesWest = memory.getI32(tz);
      if (!process.credentials.isPrivileged) return -EPERM;
      if (Math.abs(minutesWest) > 15 * 60) return -EINVAL;
      clocks(kernel).timezone = { minutesWest, dstTime: memory.getI32(tz + 4) };
    }
    return 0;
  },
});

/** struct timex: places of the fields that are not 0. */
const TIMEX_SIZE = 208;
const MAXERROR = 24;
const ESTERROR = 32;
const STATUS = 40;
const CONSTANT = 48;
const PRECISION = 56;
const TOLERANCE = 64;
const TIME = 72;
const TICK = 88;
const TAI = 160;
/** 16 seconds in microseconds: what Linux shows for a clock that nobody synchronises. */
const UNSYNCHRONISED_US = 16_000_000;

function adjust(task: Task, gva: number): number {
  const { memory, kernel } = task;
  if (memory.accessible(gva, TIMEX_SIZE, 'w') < TIMEX_SIZE) return -EFAULT;
  const modes = memory.getU32(gva);
  if (modes !== 0 && modes !== ADJ_OFFSET_SS_READ) {
    if (!task.process.credentials.isPrivileged) return -EPERM;
    const error = applyModes(task, gva, modes);
    if (error !== 0) return error;
  }
  const now = clocks(kernel);
  now.readRealtime();
  const isNano = (modes & ADJ_NANO) !== 0;
  memory.fill(gva + 4, TIMEX_SIZE - 4, 0);
  memory.setLong(gva + MAXERROR, UNSYNCHRONISED_US);
  memory.setLong(gva + ESTERROR, UNSYNCHRONISED_US);
  memory.setU32(gva + STATUS, STA_UNSYNC | (isNano ? STA_NANO : 0));
  memory.setLong(gva + CONSTANT, 2);
  memory.setLong(gva + PRECISION, 1);
  memory.setLong(gva + TOLERANCE, 32_768_000);
  memory.setLong(gva + TIME, now.seconds);
  memory.setLong(gva + TIME + 8, isNano ? now.nanos : Math.floor(now.nanos / 1000));
  memory.setLong(gva + TICK, 10_000);
  memory.setU32(gva + TAI, now.taiOffset);
  return TIME_ERROR;
}

function applyModes(task: Task, gva: number, modes: number): number {
  if (modes & ~(ADJ_SETOFFSET | ADJ_NANO | ADJ_MICRO | ADJ_TAI)) return -EOPNOTSUPP;
  const { memory, kernel } = task;
  if (modes & ADJ_TAI) clocks(kernel).taiOffset = Number(BigInt.asIntN(32, memory.getU64(gva + CONSTANT)));
  if (modes & ADJ_SETOFFSET) {
    const unitNs = modes & ADJ_NANO ? 1 : 1000;
    const fraction = memory.getLong(gva + TIME + 8);
    if (fraction < 0 || fraction * unitNs >= 1e9) return -EINVAL;
    const shift = BigInt(memory.getLong(gva + TIME)) * 1_000_000_000n + BigInt(fraction * unitNs);
    clocks(kernel).setRealtime(kernel.realtimeNs() + shift);
  }
  return 0;
}

const adjustSupport = {
  partial: 'the rate of the clock is that of the host: only reading, ADJ_SETOFFSET and ADJ_TAI work',
};

export const adjtimex = defineSyscall({
  nr: 159,
  name: 'adjtimex',
  support: adjustSupport,
  args: [arg.pointer('buf')],
  result: result.int,
  run: adjust,
});

export const clockAdjtime = defineSyscall({
  nr: 305,
  name: 'clock_adjtime',
  support: adjustSupport,
  args: [clockArg, arg.pointer('buf')],
  result: result.int,
  run: (task, clock, gva) => (clock === CLOCK_REALTIME ? adjust(task, gva) : -EINVAL),
});
