/** Flags of clone(2), clone3(2), unshare(2) and setns(2). */
import type { NameTable } from './names.ts';

/** The low byte of clone's flags is the signal for the parent. */
export const CSIGNAL = 0xff;
export const CLONE_NEWTIME = 0x80;
export const CLONE_VM = 0x100;
export const CLONE_FS = 0x200;
export const CLONE_FILES = 0x400;
export const CLONE_SIGHAND = 0x800;
export const CLONE_PIDFD = 0x1000;
export const CLONE_PTRACE = 0x2000;
export const CLONE_VFORK = 0x4000;
export const CLONE_PARENT = 0x8000;
export const CLONE_THREAD = 0x1_0000;
export const CLONE_NEWNS = 0x2_0000;
export const CLONE_SYSVSEM = 0x4_0000;
export const CLONE_SETTLS = 0x8_0000;
export const CLONE_PARENT_SETTID = 0x10_0000;
export const CLONE_CHILD_CLEARTID = 0x20_0000;
export const CLONE_DETACHED = 0x40_0000;
export const CLONE_UNTRACED = 0x80_0000;
export const CLONE_CHILD_SETTID = 0x100_0000;
export const CLONE_NEWCGROUP = 0x200_0000;
export const CLONE_NEWUTS = 0x400_0000;
export const CLONE_NEWIPC = 0x800_0000;
export const CLONE_NEWUSER = 0x1000_0000;
export const CLONE_NEWPID = 0x2000_0000;
export const CLONE_NEWNET = 0x4000_0000;
export const CLONE_IO = 0x8000_0000;
/** clone3 only: bits 32 and 33. */
export const CLONE_CLEAR_SIGHAND = 0x1_0000_0000;
export const CLONE_INTO_CGROUP = 0x2_0000_0000;

/** Flags that ask for a namespace of one's own. */
export const CLONE_NAMESPACES =
  CLONE_NEWTIME |
  CLONE_NEWNS |
  CLONE_NEWCGROUP |
  CLONE_NEWUTS |
  CLONE_NEWIPC |
  CLONE_NEWUSER |
  CLONE_NEWPID |
  CLONE_NEWNET;

export const cloneFlagNames: NameTable = [
  ['CLONE_VM', CLONE_VM],
  ['CLONE_FS', CLONE_FS],
  ['CLONE_FILES', CLONE_FILES],
  ['CLONE_SIGHAND', CLONE_SIGHAND],
  ['CLONE_PIDFD', CLONE_PIDFD],
  ['CLONE_PTRACE', CLONE_PTRACE],
  ['CLONE_VFORK', CLONE_VFORK],
  ['CLONE_PARENT', CLONE_PARENT],
  ['CLONE_THREAD', CLONE_THREAD],
  ['CLONE_NEWNS', CLONE_NEWNS],
  ['CLONE_SYSVSEM', CLONE_SYSVSEM],
  ['CLONE_SETTLS', CLONE_SETTLS],
  ['CLONE_PARENT_SETTID', CLONE_PARENT_SETTID],
  ['CLONE_CHILD_CLEARTID', CLONE_CHILD_CLEARTID],
  ['CLONE_DETACHED', CLONE_DETACHED],
  ['CLONE_UNTRACED', CLONE_UNTRACED],
  ['CLONE_CHILD_SETTID', CLONE_CHILD_SETTID],
  ['CLONE_NEWCGROUP', CLONE_NEWCGROUP],
  ['CLONE_NEWUTS', CLONE_NEWUTS],
  ['CLONE_NEWIPC', CLONE_NEWIPC],
  ['CLONE_NEWUSER', CLONE_NEWUSER],
  ['CLONE_NEWPID', CLONE_NEWPID],
  ['CLONE_NEWNET', CLONE_NEWNET],
  ['CLONE_IO', CLONE_IO | 0],
];
