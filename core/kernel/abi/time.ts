/** Clock ids, timer flags and struct timex bits of Linux: clock_gettime(2), timer_create(2), adjtimex(2). Numbers only. */

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_REALTIME_ALARM = 8;
export const CLOCK_BOOTTIME_ALARM = 9;
export const CLOCK_TAI = 11;

export const clockNames = [
  ['CLOCK_REALTIME', CLOCK_REALTIME],
  ['CLOCK_MONOTONIC', CLOCK_MONOTONIC],
  ['CLOCK_PROCESS_CPUTIME_ID', CLOCK_PROCESS_CPUTIME_ID],
  ['CLOCK_THREAD_CPUTIME_ID', CLOCK_THREAD_CPUTIME_ID],
  ['CLOCK_MONOTONIC_RAW', CLOCK_MONOTONIC_RAW],
  ['CLOCK_REALTIME_COARSE', CLOCK_REALTIME_COARSE],
  ['CLOCK_MONOTONIC_COARSE', CLOCK_MONOTONIC_COARSE],
  ['CLOCK_BOOTTIME', CLOCK_BOOTTIME],
  ['CLOCK_REALTIME_ALARM', CLOCK_REALTIME_ALARM],
  ['CLOCK_BOOTTIME_ALARM', CLOCK_BOOTTIME_ALARM],
  ['CLOCK_TAI', CLOCK_TAI],
] as const;

/**
 * Clock ids of the CPU time of a process or thread (clock_getcpuclockid(3)) are negative:
 * `~pid << 3 | (is a thread ? 4 : 0) | kind`.
 */
export const CPUCLOCK_THREAD = 4;
export const CPUCLOCK_KIND = 3;
/** User and system time, user time, CPU time of the scheduler. */
export const CPUCLOCK_PROF = 0;
export const CPUCLOCK_VIRT = 1;
export const CPUCLOCK_SCHED = 2;

export const TIMER_ABSTIME = 1;

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;

export const SIGEV_SIGNAL = 0;
export const SIGEV_NONE = 1;
export const SIGEV_THREAD = 2;
export const SIGEV_THREAD_ID = 4;

/** `modes` of struct timex. */
export const ADJ_OFFSET = 1;
export const ADJ_FREQUENCY = 2;
export const ADJ_MAXERROR = 4;
export const ADJ_ESTERROR = 8;
export const ADJ_STATUS = 0x10;
export const ADJ_TIMECONST = 0x20;
export const ADJ_TAI = 0x80;
export const ADJ_SETOFFSET = 0x100;
export const ADJ_MICRO = 0x1000;
export const ADJ_NANO = 0x2000;
export const ADJ_TICK = 0x4000;
export const ADJ_OFFSET_SINGLESHOT = 0x8001;
export const ADJ_OFFSET_SS_READ = 0xa001;
export const STA_UNSYNC = 0x40;
export const STA_NANO = 0x2000;
export const TIME_ERROR = 5;

/** Ticks per second of clock_t (AT_CLKTCK). */
export const USER_HZ = 100;
