/** Calls of this family that answer as a kernel built without the feature does. */
import { ENOSYS } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { type AnySyscall, defineSyscall } from '../../syscall/define.ts';

const SYSV = 'System V shared memory comes with processes';
const NUMA = 'one memory node: as a kernel without NUMA';

const rows: readonly (readonly [nr: number, name: string, why: string])[] = [
  [29, 'shmget', SYSV],
  [30, 'shmat', SYSV],
  [31, 'shmctl', SYSV],
  [67, 'shmdt', SYSV],
  [237, 'mbind', NUMA],
  [238, 'set_mempolicy', NUMA],
  [239, 'get_mempolicy', NUMA],
  [256, 'migrate_pages', NUMA],
  [279, 'move_pages', NUMA],
];

export const absentCalls: readonly AnySyscall[] = rows.map(([nr, name, why]) =>
  defineSyscall({
    nr,
    name,
    support: { stub: why },
    args: ['arg1', 'arg2', 'arg3', 'arg4', 'arg5', 'arg6'].map((argument) => arg.pointer(argument)),
    result: result.int,
    run: () => -ENOSYS,
  }),
);
