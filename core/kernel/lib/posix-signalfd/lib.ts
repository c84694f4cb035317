/** posix-signalfd: signals as files. */
import { defineLib } from '../../lib.ts';
import { signalfd, signalfd4 } from './signalfd.ts';

export const posixSignalfd = defineLib({
  name: 'posix-signalfd',
  option: 'LIBPOSIX_SIGNALFD',
  summary: 'signalfd',
  needs: ['posix-fdtab', 'uksignal'],
  syscalls: [signalfd, signalfd4],
});
