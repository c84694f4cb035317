import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { keepSpare, prestart, startWorker } from '../../../../core/manager/worker-thread.ts';
import { programFolder, quietInstance } from '../../../support/instances.ts';

const folder = programFolder();
afterAll(() => folder.remove());
afterEach(() => keepSpare(false));

describe('a spare thread', () => {
  it('serves the next instance', async () => {
    keepSpare(true);
    const { instance } = quietInstance(folder.path('exit7'));
    await instance.start();
    expect((await instance.ended).exit).toEqual({ code: 7 });
  });

  it('shows nothing of what it ran to warm up', async () => {
    keepSpare(true);
    const { instance, output } = quietInstance(folder.path('exit7'));
    await instance.start();
    const { statistics } = await instance.ended;
    expect([output, statistics!.syscalls]).toEqual([{ 1: '', 2: '', 3: '', 4: '' }, { exit_group: 1 }]);
  });

  it('is given out once', async () => {
    prestart();
    const threads = [startWorker(), startWorker()];
    expect(threads[0]!.worker).not.toBe(threads[1]!.worker);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  });
});
