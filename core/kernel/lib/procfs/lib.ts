/** procfs: /proc. */

import { ENOENT } from '../../abi/errno.ts';
import { PROC_SUPER_MAGIC } from '../../abi/fs.ts';
import { fail } from '../../errors.ts';
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import type { Task } from '../../task.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { contributedRows, GeneratedFs } from '../../vfs/generated-fs.ts';
import { processRows } from './process-rows.ts';
import { type ProcRow, type Subject, variables } from './subject.ts';
import { sysctlRows } from './sysctl-rows.ts';
import { systemRows } from './system-rows.ts';

export { caches, cpuinfo } from './cpuinfo.ts';

/** The task that looks. */
const reader = ({ kernel }: Subject): Task => kernel.scheduler.current ?? fail(ENOENT);

const rootRows: readonly ProcRow[] = [
  { path: '<pid>', directory: true },
  { path: 'self', link: (subject) => String(reader(subject).process.pid) },
  { path: 'thread-self', link: (subject) => `${reader(subject).process.pid}/task/${reader(subject).tid}` },
  { path: 'mounts', link: () => 'self/mounts' },
];

/** A file system of /proc. */
export function createProcFs(kernel: Kernel): GeneratedFs<Subject> {
  return new GeneratedFs<Subject>(kernel, {
    name: 'proc',
    magic: PROC_SUPER_MAGIC,
    rows: [...rootRows, ...processRows, ...systemRows, ...sysctlRows, ...contributedRows(kernel).proc],
    variables,
    subject: { kernel },
    owner: ({ process }) => ({ uid: process?.credentials.euid ?? 0, gid: process?.credentials.egid ?? 0 }),
  });
}

export const procfs = defineLib({
  name: 'procfs',
  option: 'LIBPROCFS',
  summary: '/proc: processes, memory, CPU and settings of the kernel',
  needs: ['vfscore', 'posix-process', 'posix-sysinfo', 'posix-tty', 'posix-pipe'],
  syscalls: [],
  init: (kernel) => fsTypes(kernel).register({ name: 'proc', needsSource: false, create: createProcFs }),
});
