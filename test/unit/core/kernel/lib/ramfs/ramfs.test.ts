import { describe, expect, it } from 'vitest';
import { ENOSPC } from '../../../../../../core/kernel/abi/errno.ts';
import { AT_FDCWD, O_CREAT, O_RDWR } from '../../../../../../core/kernel/abi/fcntl.ts';
import { write } from '../../../../../../core/kernel/lib/posix-fdio/read-write.ts';
import { close } from '../../../../../../core/kernel/lib/posix-fdtab/descriptors.ts';
import type { RamFs } from '../../../../../../core/kernel/lib/ramfs/fs.ts';
import { ramfs } from '../../../../../../core/kernel/lib/ramfs/lib.ts';
import { mkdir, rmdir } from '../../../../../../core/kernel/lib/vfscore/directories.ts';
import { mount, umount2 } from '../../../../../../core/kernel/lib/vfscore/mount.ts';
import { link, rename, symlink, unlink } from '../../../../../../core/kernel/lib/vfscore/names.ts';
import { openat } from '../../../../../../core/kernel/lib/vfscore/open.ts';
import { SCRATCH, TestGuest } from '../../../../../support/guest-kernel.ts';

describe('RamFs', () => {
  it('gives back what it took', () => {
    const guest = new TestGuest({ libraries: [ramfs] });
    const { pool } = guest.kernel.mounts.root.inode.fs as RamFs;
    const before = pool.usedBytes;
    guest.call(mkdir, 'd', 0o755);
    const fd = guest.call(openat, AT_FDCWD, 'd/f', O_CREAT | O_RDWR, 0o644);
    guest.call(write, fd, SCRATCH, 100_000);
    guest.call(link, 'd/f', 'd/hard');
    guest.call(symlink, 'somewhere', 'd/s');
    guest.call(rename, 'd/hard', 'hard');
    expect(pool.usedBytes).toBeGreaterThan(before + 100_000);
    for (const path of ['d/f', 'hard', 'd/s']) expect(guest.call(unlink, path)).toBe(0);
    expect(guest.call(write, fd, SCRATCH, 10)).toBe(10);
    guest.call(close, fd);
    guest.call(rmdir, 'd');
    expect(pool.usedBytes).toBe(before);
  });

  it('is full when its size is used up, whatever uses it', () => {
    const guest = new TestGuest({ libraries: [ramfs] });
    guest.call(mkdir, 'm', 0o755);
    guest.write(SCRATCH, 'size=16k\0');
    expect(guest.call(mount, 'none', 'm', 'tmpfs', 0, SCRATCH)).toBe(0);
    const answers = Array.from({ length: 100 }, (_, i) => guest.call(symlink, 'x'.repeat(200), `m/${i}`));
    expect([answers[0], answers.at(-1)]).toEqual([0, -ENOSPC]);
    expect(guest.call(umount2, 'm', 0)).toBe(0);
  });
});
