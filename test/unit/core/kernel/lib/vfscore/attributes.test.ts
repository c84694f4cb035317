import { describe, expect, it } from 'vitest';
import { EBADF, EFAULT } from '../../../../../../core/kernel/abi/errno.ts';
import { AT_FDCWD } from '../../../../../../core/kernel/abi/fcntl.ts';
import { futimesat, utimensat } from '../../../../../../core/kernel/lib/vfscore/attributes.ts';
import { TestGuest } from '../../../../../support/guest-kernel.ts';

describe('utimensat and futimesat', () => {
  it('take an open file in place of a path, but not the working directory', () => {
    const guest = new TestGuest();
    expect(guest.call(utimensat, AT_FDCWD, undefined, 0, 0)).toBe(-EFAULT);
    expect(guest.call(futimesat, AT_FDCWD, undefined, 0)).toBe(-EFAULT);
    expect(guest.call(utimensat, 99, undefined, 0, 0)).toBe(-EBADF);
  });
});
