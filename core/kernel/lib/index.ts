/** All micro-libraries. An image selects from these by option; which comes first at boot follows from their `needs`. */
import type { MicroLibrary } from '../lib.ts';
import { ninepfs } from './9pfs/lib.ts';
import { devfs } from './devfs/lib.ts';
import { elfloader } from './elfloader/lib.ts';
import { posixInotify } from './inotify/lib.ts';
import { lwip } from './lwip/lib.ts';
import { netlink } from './netlink/lib.ts';
import { posixEnviron } from './posix-environ/lib.ts';
import { posixEventfd } from './posix-eventfd/lib.ts';
import { posixFdio } from './posix-fdio/lib.ts';
import { posixFdtab } from './posix-fdtab/lib.ts';
import { posixFutex } from './posix-futex/lib.ts';
import { posixMmap } from './posix-mmap/lib.ts';
import { posixPipe } from './posix-pipe/lib.ts';
import { posixPoll } from './posix-poll/lib.ts';
import { posixProcess } from './posix-process/lib.ts';
import { posixSignalfd } from './posix-signalfd/lib.ts';
import { posixSocket } from './posix-socket/lib.ts';
import { posixSysinfo } from './posix-sysinfo/lib.ts';
import { posixTime } from './posix-time/lib.ts';
import { posixTimerfd } from './posix-timerfd/lib.ts';
import { posixTty } from './posix-tty/lib.ts';
import { posixUnixsocket } from './posix-unixsocket/lib.ts';
import { posixUser } from './posix-user/lib.ts';
import { procfs } from './procfs/lib.ts';
import { ramfs } from './ramfs/lib.ts';
import { syscallShim } from './syscall_shim/lib.ts';
import { sysfs } from './sysfs/lib.ts';
import { ukboot } from './ukboot/lib.ts';
import { uknetdev } from './uknetdev/lib.ts';
import { ukrandom } from './ukrandom/lib.ts';
import { uksched } from './uksched/lib.ts';
import { uksignal } from './uksignal/lib.ts';
import { vfscore } from './vfscore/lib.ts';
import { vfscoreFstab } from './vfscore-fstab/lib.ts';

export const libraries: readonly MicroLibrary[] = [
  devfs,
  elfloader,
  lwip,
  netlink,
  ninepfs,
  posixEnviron,
  posixEventfd,
  posixFdio,
  posixFdtab,
  posixFutex,
  posixInotify,
  posixMmap,
  posixPipe,
  posixPoll,
  posixProcess,
  posixSignalfd,
  posixSocket,
  posixSysinfo,
  posixTime,
  posixTimerfd,
  posixTty,
  posixUnixsocket,
  posixUser,
  procfs,
  ramfs,
  syscallShim,
  sysfs,
  ukboot,
  uknetdev,
  ukrandom,
  uksched,
  uksignal,
  vfscore,
  vfscoreFstab,
];

/** Options that select them. */
export const libraryOptions: ReadonlySet<string> = new Set(libraries.map((library) => library.option));
