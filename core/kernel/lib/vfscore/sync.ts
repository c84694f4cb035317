/** sync(2), syncfs(2). */
import { sharedMappings } from '../../mm/shared-mappings.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';

export const sync = defineSyscall({
  nr: 162,
  name: 'sync',
  support: 'full',
  args: [],
  result: result.ok,
  run: ({ kernel, process }) => {
    for (const [, file] of process.fds.entries()) {
      if (file.inode !== undefined) sharedMappings(kernel).syncToFile(file.inode);
    }
    for (const { fs } of kernel.mounts.list()) fs.sync();
    return 0;
  },
});

export const syncfs = defineSyscall({
  nr: 306,
  name: 'syncfs',
  support: 'full',
  args: [arg.fd('fd')],
  result: result.ok,
  run: (task, fd) => {
    const file = task.process.fds.require(fd);
    if (file.inode !== undefined) sharedMappings(task.kernel).syncToFile(file.inode);
    file.inode?.fs.sync();
    return 0;
  },
});
