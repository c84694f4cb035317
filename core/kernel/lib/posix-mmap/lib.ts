/** posix-mmap: memory mappings of a process. */
import { defineLib } from '../../lib.ts';
import { absentCalls } from './absent.ts';
import { madvise } from './madvise.ts';
import { mlock, mlock2, mlockall, munlock, munlockall } from './mlock.ts';
import { mmap, mprotect, mremap, munmap, pkeyAlloc, pkeyFree, pkeyMprotect } from './mmap.ts';
import { mincore, msync } from './sync.ts';

export const posixMmap = defineLib({
  name: 'posix-mmap',
  option: 'LIBPOSIX_MMAP',
  summary: 'mmap and its family',
  needs: ['posix-fdtab'],
  syscalls: [
    mmap,
    mprotect,
    munmap,
    mremap,
    msync,
    mincore,
    madvise,
    mlock,
    munlock,
    mlockall,
    munlockall,
    mlock2,
    pkeyMprotect,
    pkeyAlloc,
    pkeyFree,
    ...absentCalls,
  ],
});
