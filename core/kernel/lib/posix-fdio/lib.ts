/** Input and output on descriptors. */
import { defineLib } from '../../lib.ts';
import { copyFileRange, sendfile, splice, tee, vmsplice } from './copy.ts';
import { fadvise64, fallocate, fdatasync, fsync, ftruncate, readahead, syncFileRange } from './extent.ts';
import { ioctl } from './ioctl.ts';
import { lseek, pread64, pwrite64, read, write } from './read-write.ts';
import { preadv, preadv2, pwritev, pwritev2, readv, writev } from './vectors.ts';

export const posixFdio = defineLib({
  name: 'posix-fdio',
  option: 'LIBPOSIX_FDIO',
  summary: 'reading, writing and copying on file descriptors',
  needs: ['posix-fdtab', 'uksignal'],
  syscalls: [
    read,
    write,
    lseek,
    pread64,
    pwrite64,
    readv,
    writev,
    preadv,
    pwritev,
    preadv2,
    pwritev2,
    ioctl,
    ftruncate,
    fallocate,
    fsync,
    fdatasync,
    syncFileRange,
    fadvise64,
    readahead,
    sendfile,
    copyFileRange,
    splice,
    tee,
    vmsplice,
  ],
});
