/** posix-inotify: watching files and directories for changes. */
import { defineLib } from '../../lib.ts';
import { inotifyAddWatch, inotifyInit, inotifyInit1, inotifyRmWatch } from './syscalls.ts';

export const posixInotify = defineLib({
  name: 'posix-inotify',
  option: 'LIBPOSIX_INOTIFY',
  summary: 'inotify',
  needs: ['vfscore', 'posix-fdtab'],
  syscalls: [inotifyInit, inotifyInit1, inotifyAddWatch, inotifyRmWatch],
});
