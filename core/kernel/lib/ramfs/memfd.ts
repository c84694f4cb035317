/** memfd_create(2): a file in memory without a name, which may be sealed. */
import { EINVAL } from '../../abi/errno.ts';
import {
  F_SEAL_EXEC,
  F_SEAL_SEAL,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGETLB,
  MFD_NOEXEC_SEAL,
  memfdNames,
  O_LARGEFILE,
  O_RDWR,
} from '../../abi/fcntl.ts';
import { type Kernel, service } from '../../kernel.ts';
import { arg, result } from '../../syscall/args.ts';
import { defineSyscall } from '../../syscall/define.ts';
import type { Task } from '../../task.ts';
import { RamRegular } from './file.ts';
import { createRamFs, type RamFs } from './fs.ts';

/** Longest name: NAME_MAX less "memfd:". */
const MAX_NAME = 249;

/** The file system that memfds live in; no path reaches it. */
const memfdFs: (kernel: Kernel) => RamFs = service('memfd', (kernel) =>
  createRamFs(kernel, { name: 'tmpfs', limitBytes: kernel.host.memoryBytes }),
);

function createMemfd(task: Task, name: string, flags: number): number {
  const known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
  if ((flags & ~known) !== 0 || name.length > MAX_NAME) return -EINVAL;
  const isNoExec = (flags & MFD_NOEXEC_SEAL) !== 0;
  if (isNoExec && (flags & MFD_EXEC) !== 0) return -EINVAL;
  // There are no huge pages: what a Linux without them answers.
  if ((flags & MFD_HUGETLB) !== 0) return -EINVAL;
  const { fsuid, fsgid } = task.process.credentials;
  const inode = new RamRegular(memfdFs(task.kernel), isNoExec ? 0o666 : 0o777, fsuid, fsgid);
  inode.nlink = 0;
  inode.label = `/memfd:${name} (deleted)`;
  inode.seals = (flags & MFD_ALLOW_SEALING) !== 0 || isNoExec ? 0 : F_SEAL_SEAL;
  if (isNoExec) inode.seals |= F_SEAL_EXEC;
  const file = inode.open(O_RDWR | O_LARGEFILE);
  return task.process.fds.installOrDrop(file, (flags & MFD_CLOEXEC) !== 0);
}

export const memfdCreate = defineSyscall({
  nr: 319,
  name: 'memfd_create',
  support: { partial: 'no MFD_HUGETLB (EINVAL)' },
  args: [arg.string('name', 4096), arg.flags('flags', memfdNames)],
  result: result.fd,
  run: createMemfd,
});
