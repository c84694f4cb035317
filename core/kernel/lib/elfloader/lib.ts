/** elfloader: the application that loads programs, with the calls that Unikraft has in it. */
import { defineLib } from '../../lib.ts';
import { archPrctl } from './arch-prctl.ts';
import { brk } from './brk.ts';
import { execve, execveat } from './execve.ts';

export const elfloader = defineLib({
  name: 'elfloader',
  option: 'APPELFLOADER',
  summary: 'ELF programs, their heap and their replacement',
  needs: ['vfscore', 'posix-mmap', 'uksignal'],
  syscalls: [brk, archPrctl, execve, execveat],
});
