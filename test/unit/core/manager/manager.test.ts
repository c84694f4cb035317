import { afterAll, describe, expect, it } from 'vitest';
import { vmSpec } from '../../../../core/contract/vm-spec.ts';
import { Manager } from '../../../../core/manager/manager.ts';
import { programFolder } from '../../../support/instances.ts';

const folder = programFolder();
afterAll(() => folder.remove());

describe('manager', () => {
  it('keeps instances by name and forgets those that have ended', async () => {
    const manager = new Manager();
    const spec = vmSpec({
      name: 'a',
      initrd: folder.path('sleep'),
      image: 'qemu-x86_64-initrd',
      program: [],
      isQuiet: true,
    });
    const instance = manager.create(spec, () => {});
    expect(() => manager.create(spec, () => {})).toThrow('there is an instance named "a" already');
    await instance.start();
    expect(() => manager.remove('a')).toThrow('still running');
    instance.kill();
    await instance.ended;
    expect(manager.list()).toEqual([instance]);
    manager.remove('a');
    expect(manager.get('a')).toBeUndefined();
  });
});
