import { describe, expect, it } from 'vitest';
import { createSysFs } from '../../../../../../core/kernel/lib/sysfs/lib.ts';
import type { Inode } from '../../../../../../core/kernel/vfs/inode.ts';
import { TestGuest } from '../../../../../support/guest-kernel.ts';

function read(root: Inode, path: string): string {
  const inode = path.split('/').reduce((at, name) => at.lookup(name)!, root);
  const into = new Uint8Array(100);
  return String.fromCharCode(...into.subarray(0, inode.open(0).read(into, -1)));
}

describe('sysfs', () => {
  it('shows one CPU with the caches that CPUID lists', () => {
    const { root } = createSysFs(new TestGuest().kernel);
    const cpu = 'devices/system/cpu';
    expect(['online', 'possible', 'cpu0/topology/core_id'].map((name) => read(root, `${cpu}/${name}`))).toEqual([
      '0\n',
      '0\n',
      '0\n',
    ]);
    expect([0, 1, 2].map((i) => read(root, `${cpu}/cpu0/cache/index${i}/type`))).toEqual([
      'Data\n',
      'Instruction\n',
      'Unified\n',
    ]);
    expect(read(root, `${cpu}/cpu0/cache/index0/size`)).toBe('32K\n');
  });
});
