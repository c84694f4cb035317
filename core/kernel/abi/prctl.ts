/** Operations of prctl(2) that processes use on x86-64, and capability numbers of capabilities(7). */
import type { NameTable } from './names.ts';

export const PR_SET_PDEATHSIG = 1;
export const PR_GET_PDEATHSIG = 2;
export const PR_GET_DUMPABLE = 3;
export const PR_SET_DUMPABLE = 4;
export const PR_GET_KEEPCAPS = 7;
export const PR_SET_KEEPCAPS = 8;
export const PR_GET_TIMING = 13;
export const PR_SET_TIMING = 14;
export const PR_SET_NAME = 15;
export const PR_GET_NAME = 16;
export const PR_GET_SECCOMP = 21;
export const PR_SET_SECCOMP = 22;
export const PR_CAPBSET_READ = 23;
export const PR_CAPBSET_DROP = 24;
export const PR_GET_TSC = 25;
export const PR_SET_TSC = 26;
export const PR_GET_SECUREBITS = 27;
export const PR_SET_SECUREBITS = 28;
export const PR_SET_TIMERSLACK = 29;
export const PR_GET_TIMERSLACK = 30;
export const PR_SET_MM = 35;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_GET_CHILD_SUBREAPER = 37;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_GET_NO_NEW_PRIVS = 39;
export const PR_GET_TID_ADDRESS = 40;
export const PR_SET_THP_DISABLE = 41;
export const PR_GET_THP_DISABLE = 42;
export const PR_CAP_AMBIENT = 47;
export const PR_GET_SPECULATION_CTRL = 52;
export const PR_SET_VMA = 0x5356_4d41;
export const PR_SET_PTRACER = 0x5961_6d61;

export const PR_SET_VMA_ANON_NAME = 0;
export const PR_TSC_ENABLE = 1;
export const PR_CAP_AMBIENT_IS_SET = 1;
export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_LOWER = 3;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

export const prctlNames: NameTable = [
  ['PR_SET_PDEATHSIG', PR_SET_PDEATHSIG],
  ['PR_GET_PDEATHSIG', PR_GET_PDEATHSIG],
  ['PR_GET_DUMPABLE', PR_GET_DUMPABLE],
  ['PR_SET_DUMPABLE', PR_SET_DUMPABLE],
  ['PR_GET_KEEPCAPS', PR_GET_KEEPCAPS],
  ['PR_SET_KEEPCAPS', PR_SET_KEEPCAPS],
  ['PR_GET_TIMING', PR_GET_TIMING],
  ['PR_SET_TIMING', PR_SET_TIMING],
  ['PR_SET_NAME', PR_SET_NAME],
  ['PR_GET_NAME', PR_GET_NAME],
  ['PR_GET_SECCOMP', PR_GET_SECCOMP],
  ['PR_SET_SECCOMP', PR_SET_SECCOMP],
  ['PR_CAPBSET_READ', PR_CAPBSET_READ],
  ['PR_CAPBSET_DROP', PR_CAPBSET_DROP],
  ['PR_GET_TSC', PR_GET_TSC],
  ['PR_SET_TSC', PR_SET_TSC],
  ['PR_GET_SECUREBITS', PR_GET_SECUREBITS],
  ['PR_SET_SECUREBITS', PR_SET_SECUREBITS],
  ['PR_SET_TIMERSLACK', PR_SET_TIMERSLACK],
  ['PR_GET_TIMERSLACK', PR_GET_TIMERSLACK],
  ['PR_SET_MM', PR_SET_MM],
  ['PR_SET_CHILD_SUBREAPER', PR_SET_CHILD_SUBREAPER],
  ['PR_GET_CHILD_SUBREAPER', PR_GET_CHILD_SUBREAPER],
  ['PR_SET_NO_NEW_PRIVS', PR_SET_NO_NEW_PRIVS],
  ['PR_GET_NO_NEW_PRIVS', PR_GET_NO_NEW_PRIVS],
  ['PR_GET_TID_ADDRESS', PR_GET_TID_ADDRESS],
  ['PR_SET_THP_DISABLE', PR_SET_THP_DISABLE],
  ['PR_GET_THP_DISABLE', PR_GET_THP_DISABLE],
  ['PR_CAP_AMBIENT', PR_CAP_AMBIENT],
  ['PR_GET_SPECULATION_CTRL', PR_GET_SPECULATION_CTRL],
  ['PR_SET_VMA', PR_SET_VMA],
  ['PR_SET_PTRACER', PR_SET_PTRACER],
];

export const CAP_SETPCAP = 8;
/** Highest capability of Linux 6: CAP_CHECKPOINT_RESTORE. */
export const CAP_LAST_CAP = 40;
