import { describe, expect, it } from 'vitest';
import { ENOSPC } from '../../../../../../core/kernel/abi/errno.ts';
import { O_RDWR, O_WRONLY } from '../../../../../../core/kernel/abi/fcntl.ts';
import { makeDev } from '../../../../../../core/kernel/abi/stat.ts';
import { devfs, mountDevices } from '../../../../../../core/kernel/lib/devfs/lib.ts';
import { openPath } from '../../../../../../core/kernel/vfs/open.ts';
import { childRef } from '../../../../../../core/kernel/vfs/path.ts';
import { TestGuest } from '../../../../../support/guest-kernel.ts';

function boot() {
  const guest = new TestGuest({ libraries: [devfs] });
  const { root } = guest.kernel.mounts;
  mountDevices(guest.kernel, childRef(root, 'dev', root.inode.mkdir('dev', 0o755, 0, 0)));
  const open = (name: string, flags = O_RDWR) => openPath(guest.task, -100, `/dev/${name}`, flags);
  return { guest, open };
}

describe('devfs', () => {
  it('has the memory devices with their numbers', () => {
    const { open } = boot();
    const numbers = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => open(name).stat().rdev);
    expect(numbers).toEqual([3, 5, 7, 8, 9].map((minor) => makeDev(1, minor)));
  });

  it('reads and writes as null, zero and full do', () => {
    const { open } = boot();
    const buffer = new Uint8Array(4).fill(1);
    const answers = ['null', 'zero', 'full'].map((name) => {
      const file = open(name);
      return [file.write(buffer, -1), file.read(buffer, -1), file.seek(5, 0)];
    });
    expect(answers).toEqual([
      [4, 0, 0],
      [4, 4, 0],
      [-ENOSPC, 4, 0],
    ]);
    expect([...buffer]).toEqual([0, 0, 0, 0]);
  });

  it('logs lines written to kmsg', () => {
    const { guest, open } = boot();
    open('kmsg', O_WRONLY).write(new TextEncoder().encode('<6>hello\n'), -1);
    expect(guest.messages).toEqual(['kmsg: hello']);
  });

  it('lets the guest make files in it', () => {
    const { open } = boot();
    expect(open('mine', O_RDWR | 0o100).write(new Uint8Array(3), -1)).toBe(3);
  });
});
