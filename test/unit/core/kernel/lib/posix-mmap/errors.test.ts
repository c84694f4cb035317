import { describe, expect, it } from 'vitest';
import * as e from '../../../../../../core/kernel/abi/errno.ts';
import { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { madvise } from '../../../../../../core/kernel/lib/posix-mmap/madvise.ts';
import { mlock, mlock2, mlockall } from '../../../../../../core/kernel/lib/posix-mmap/mlock.ts';
import {
  mmap,
  mprotect,
  mremap,
  munmap,
  pkeyAlloc,
  pkeyFree,
  pkeyMprotect,
} from '../../../../../../core/kernel/lib/posix-mmap/mmap.ts';
import { mincore, msync } from '../../../../../../core/kernel/lib/posix-mmap/sync.ts';
import { createPipe } from '../../../../../../core/kernel/lib/posix-pipe/fifo.ts';
import type { AnySyscall } from '../../../../../../core/kernel/syscall/define.ts';
import { openPath } from '../../../../../../core/kernel/vfs/open.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

const P = 4096;
const RW = 3;
const ANON = 0x22;
const ALL_ONES = 2 ** 64;

/** A guest with 16 anonymous pages at `base`, page 8 unmapped, and descriptors of several kinds. */
function setUp() {
  const guest = new TestGuest();
  const { task } = guest;
  const install = (path: string, flags: number): number =>
    task.process.fds.install(openPath(task, -100, path, flags | O_CREAT, 0o644));
  const writable = install('/rw', O_RDWR);
  task.process.fds.require(writable).write(new Uint8Array(6000), 0);
  const [reader] = createPipe(task, 0);
  const fds = {
    rw: writable,
    ro: install('/rw', O_RDONLY),
    wo: install('/rw', O_WRONLY),
    dir: task.process.fds.install(openPath(task, -100, '/', O_RDONLY)),
    pipe: task.process.fds.install(reader),
  };
  const base = guest.call(mmap, 0, 16 * P, RW, ANON, -1, 0);
  guest.call(munmap, base + 8 * P, P);
  return { guest, fds, base };
}

/** Results on Linux 6, by `errno` of the same calls in C. */
const cases: [name: string, call: AnySyscall, args: (s: ReturnType<typeof setUp>) => unknown[], result: number][] = [
  ['no length', mmap, () => [0, 0, RW, ANON, -1, 0], e.EINVAL],
  ['an unaligned offset', mmap, () => [0, P, RW, ANON, -1, 5], e.EINVAL],
  ['neither shared nor private', mmap, () => [0, P, RW, 0x20, -1, 0], e.EINVAL],
  ['a closed descriptor', mmap, () => [0, P, RW, 2, 99, 0], e.EBADF],
  ['a closed descriptor and no length', mmap, () => [0, 0, RW, 2, 99, 0], e.EBADF],
  ['a length beyond the address space', mmap, () => [0, 2 ** 63 - 2 ** 16, RW, ANON, -1, 0], e.ENOMEM],
  ['a length that wraps', mmap, () => [0, ALL_ONES, RW, ANON, -1, 0], e.ENOMEM],
  ['an offset that wraps', mmap, (s) => [0, 2 * P, 1, 2, s.fds.ro, ALL_ONES - P], e.EOVERFLOW],
  ['an unaligned fixed address', mmap, (s) => [s.base + 1, P, RW, 0x32, -1, 0], e.EINVAL],
  ['a fixed address too high', mmap, () => [2 ** 63 - 2 ** 16, P, RW, 0x32, -1, 0], e.ENOMEM],
  ['a place taken, with NOREPLACE', mmap, (s) => [s.base, P, RW, 0x100022, -1, 0], e.EEXIST],
  ['a writable shared mapping of a read-only file', mmap, (s) => [0, P, RW, 1, s.fds.ro, 0], e.EACCES],
  ['a shared mapping of a write-only file', mmap, (s) => [0, P, 2, 1, s.fds.wo, 0], e.EACCES],
  ['a private mapping of a write-only file', mmap, (s) => [0, P, 1, 2, s.fds.wo, 0], e.EACCES],
  ['a directory', mmap, (s) => [0, P, 1, 2, s.fds.dir, 0], e.ENODEV],
  ['a pipe', mmap, (s) => [0, P, 1, 2, s.fds.pipe, 0], e.ENODEV],
  ['unknown validated flags', mmap, (s) => [0, P, 1, 3 | 0x80000, s.fds.rw, 0], e.EOPNOTSUPP],
  ['validated anonymous memory', mmap, () => [0, P, 1, 0x23, -1, 0], e.EINVAL],
  ['a file that grows down', mmap, (s) => [0, P, 1, 0x102, s.fds.rw, 0], e.EINVAL],
  ['shared memory that grows down', mmap, () => [0, P, RW, 0x121, -1, 0], e.EINVAL],
  ['huge pages', mmap, () => [0, P, RW, 0x40022, -1, 0], e.ENOMEM],
  ['an unaligned address', mprotect, (s) => [s.base + 1, P, RW], e.EINVAL],
  ['an unknown right', mprotect, (s) => [s.base, P, 0x40], e.EINVAL],
  ['an unknown right for nothing', mprotect, (s) => [s.base, 0, 0x40], 0],
  ['both directions', mprotect, (s) => [s.base, P, 0x3000001], e.EINVAL],
  ['PROT_GROWSDOWN on plain memory', mprotect, (s) => [s.base, P, 0x1000001], e.EINVAL],
  ['a range with a hole', mprotect, (s) => [s.base + 7 * P, 3 * P, 1], e.ENOMEM],
  ['a hole', mprotect, (s) => [s.base + 8 * P, P, 1], e.ENOMEM],
  ['no length', munmap, (s) => [s.base, 0], e.EINVAL],
  ['an unaligned address', munmap, (s) => [s.base + 1, P], e.EINVAL],
  ['a huge length', munmap, (s) => [s.base, ALL_ONES], e.EINVAL],
  ['a hole', munmap, (s) => [s.base + 8 * P, P], 0],
  ['unknown flags', mremap, (s) => [s.base, P, P, 8, 0], e.EINVAL],
  ['FIXED without MAYMOVE', mremap, (s) => [s.base, P, P, 2, 0], e.EINVAL],
  ['no new length', mremap, (s) => [s.base, P, 0, 1, 0], e.EINVAL],
  ['an unaligned address', mremap, (s) => [s.base + 1, P, P, 1, 0], e.EINVAL],
  ['unmapped memory', mremap, (s) => [s.base + 8 * P, P, P, 1, 0], e.EFAULT],
  ['no old length of private memory', mremap, (s) => [s.base, 0, P, 1, 0], e.EINVAL],
  ['more than one mapping', mremap, (s) => [s.base + 6 * P, 4 * P, 8 * P, 1, 0], e.EFAULT],
  ['growth where there is no room', mremap, (s) => [s.base + 2 * P, P, 2 * P, 0, 0], e.ENOMEM],
  ['overlapping places', mremap, (s) => [s.base, 2 * P, 2 * P, 3, s.base + P], e.EINVAL],
  ['an unaligned new place', mremap, (s) => [s.base, P, P, 3, s.base + 20 * P + 1], e.EINVAL],
  ['DONTUNMAP with another size', mremap, (s) => [s.base, P, 2 * P, 5, 0], e.EINVAL],
  ['unknown advice', madvise, (s) => [s.base, P, 12345], e.EINVAL],
  ['an unaligned address', madvise, (s) => [s.base + 1, P, 4], e.EINVAL],
  ['a range with a hole', madvise, (s) => [s.base + 5 * P, 8 * P, 4], e.ENOMEM],
  ['REMOVE of private memory', madvise, (s) => [s.base, P, 9], e.EINVAL],
  ['unknown flags', msync, (s) => [s.base, P, 99], e.EINVAL],
  ['both flags', msync, (s) => [s.base, P, 5], e.EINVAL],
  ['a range with a hole', msync, (s) => [s.base + 5 * P, 8 * P, 4], e.ENOMEM],
  ['a range with a hole', mincore, (s) => [s.base + 5 * P, 8 * P, SCRATCH], e.ENOMEM],
  ['an unaligned address', mincore, (s) => [s.base + 1, P, SCRATCH], e.EINVAL],
  ['a bad vector', mincore, (s) => [s.base, P, 8], e.EFAULT],
  ['a range with a hole', mlock, (s) => [s.base + 5 * P, 8 * P], e.ENOMEM],
  ['unknown flags', mlock2, (s) => [s.base, P, 4], e.EINVAL],
  ['no flags', mlockall, () => [0], e.EINVAL],
  ['ONFAULT alone', mlockall, () => [4], e.EINVAL],
  ['a CPU without protection keys', pkeyAlloc, () => [0, 0], e.EINVAL],
  ['a key never allocated', pkeyFree, () => [5], e.EINVAL],
  ['no key', pkeyMprotect, (s) => [s.base, P, RW, -1], 0],
  ['a key never allocated', pkeyMprotect, (s) => [s.base, P, RW, 1], e.EINVAL],
];

describe('errors of the mapping calls', () => {
  for (const [name, call, args, result] of cases) {
    it(`${call.name} with ${name}: ${result === 0 ? 'ok' : e.errnoName(result)}`, () => {
      const state = setUp();
      expect(state.guest.call(call, ...args(state))).toBe(result === 0 ? 0 : -result);
    });
  }

  it('refuses advice on locked memory', () => {
    const { guest, base } = setUp();
    const locked = guest.call(mlock, base, P);
    expect([locked, guest.call(msync, base, P, 2), guest.call(madvise, base, P, 4)]).toEqual([0, -e.EBUSY, -e.EINVAL]);
  });

  it('refuses to make a shared mapping of a read-only file writable', () => {
    const { guest, fds } = setUp();
    const at = guest.call(mmap, 0, P, 1, 1, fds.ro, 0);
    expect([guest.call(mprotect, at, P, RW), guest.call(madvise, at, P, 8), guest.call(madvise, at, P, 9)]).toEqual([
      -e.EACCES,
      -e.EINVAL,
      -e.EACCES,
    ]);
  });
});
