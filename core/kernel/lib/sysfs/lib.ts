/** sysfs: /sys. */
import { SYSFS_MAGIC } from '../../abi/fs.ts';
import type { Kernel } from '../../kernel.ts';
import { defineLib } from '../../lib.ts';
import { fsTypes } from '../../vfs/fs-types.ts';
import { contributedRows, GeneratedFs, type SysSubject } from '../../vfs/generated-fs.ts';
import { sysRows } from './rows.ts';

/** A file system of /sys. */
export function createSysFs(kernel: Kernel): GeneratedFs<SysSubject> {
  return new GeneratedFs(kernel, {
    name: 'sysfs',
    magic: SYSFS_MAGIC,
    rows: [...sysRows, ...contributedRows(kernel).sys],
    variables: contributedRows(kernel).sysVariables,
    subject: { kernel },
  });
}

export const sysfs = defineLib({
  name: 'sysfs',
  option: 'LIBSYSFS',
  summary: '/sys: CPU topology, caches and memory settings',
  needs: ['vfscore', 'procfs'],
  syscalls: [],
  init: (kernel) => fsTypes(kernel).register({ name: 'sysfs', needsSource: false, create: createSysFs }),
});
