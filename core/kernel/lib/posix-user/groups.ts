/** Supplementary groups: getgroups(2), setgroups(2). */
import { EINVAL, EPERM } from '../../abi/errno.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';

const NGROUPS_MAX = 65536;

export const getgroups = defineSyscall({
  nr: 115,
  name: 'getgroups',
  support: 'full',
  args: [arg.int('size'), arg.pointer('list')],
  result: result.int,
  run(task, size, list) {
    const { groups } = task.process.credentials;
    if (size < 0) return -EINVAL;
    if (size === 0) return groups.length;
    if (size < groups.length) return -EINVAL;
    task.memory.check(list, groups.length * 4, 'w');
    groups.forEach((gid, i) => {
      task.memory.setU32(list + i * 4, gid);
    });
    return groups.length;
  },
});

export const setgroups = defineSyscall({
  nr: 116,
  name: 'setgroups',
  support: { partial: 'groups belong to the process: a thread has none of its own' },
  args: [arg.int('size'), arg.pointer('list')],
  result: result.ok,
  run(task, size, list) {
    const { credentials } = task.process;
    if (!credentials.isPrivileged) return -EPERM;
    if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
    const bytes = task.memory.readBytes(list, size * 4);
    credentials.groups = [...new Uint32Array(bytes.buffer)].sort((a, b) => a - b);
    return 0;
  },
});
