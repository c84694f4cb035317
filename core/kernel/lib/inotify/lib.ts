/** posix-inotify: watching files and directories for changes. */
import { defineLib } from '../../lib.ts';
import { contributedRows } from '../../vfs/generated-fs.ts';
import { MAX_INSTANCES, MAX_QUEUED, MAX_WATCHES } from './inotify-file.ts';
import { inotifyAddWatch, inotifyInit, inotifyInit1, inotifyRmWatch } from './syscalls.ts';

const limits = { max_queued_events: MAX_QUEUED, max_user_instances: MAX_INSTANCES, max_user_watches: MAX_WATCHES };

export const posixInotify = defineLib({
  name: 'posix-inotify',
  option: 'LIBPOSIX_INOTIFY',
  summary: 'inotify',
  needs: ['vfscore', 'posix-fdtab'],
  syscalls: [inotifyInit, inotifyInit1, inotifyAddWatch, inotifyRmWatch],
  init(kernel) {
    const rows = Object.entries(limits).map(([name, value]) => ({
      path: `sys/fs/inotify/${name}`,
      read: () => `${value}\n`,
    }));
    contributedRows(kernel).proc.push(...rows);
  },
});
