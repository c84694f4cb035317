/** Scheduling policies and flags of Linux: sched(7), sched_setattr(2), ioprio_set(2). */
import type { NameTable } from './names.ts';

export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const SCHED_DEADLINE = 6;
/** Or-ed to the policy of sched_setscheduler. */
export const SCHED_RESET_ON_FORK = 0x4000_0000;

export const policyNames: NameTable = [
  ['SCHED_OTHER', SCHED_OTHER],
  ['SCHED_FIFO', SCHED_FIFO],
  ['SCHED_RR', SCHED_RR],
  ['SCHED_BATCH', SCHED_BATCH],
  ['SCHED_IDLE', SCHED_IDLE],
  ['SCHED_DEADLINE', SCHED_DEADLINE],
];

/** sched_flags of struct sched_attr. */
export const SCHED_FLAG_RESET_ON_FORK = 1;
export const SCHED_FLAG_KEEP_POLICY = 8;
export const SCHED_FLAG_KEEP_PARAMS = 0x10;
/** Least size of struct sched_attr that the kernel knows, and its size with the utilisation hints. */
export const SCHED_ATTR_SIZE_VER0 = 48;
export const SCHED_ATTR_SIZE_VER1 = 56;

export const IOPRIO_WHO_PROCESS = 1;
export const IOPRIO_WHO_PGRP = 2;
export const IOPRIO_WHO_USER = 3;
export const IOPRIO_CLASS_SHIFT = 13;
export const IOPRIO_CLASS_NONE = 0;
export const IOPRIO_CLASS_RT = 1;
export const IOPRIO_CLASS_BE = 2;
export const IOPRIO_CLASS_IDLE = 3;
