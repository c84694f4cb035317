import { afterAll, describe, expect, it } from 'vitest';
import { programFolder, quietInstance } from '../../../support/instances.ts';

const folder = programFolder();
afterAll(() => folder.remove());

const SIGINT = 2;
const SIGILL = 4;
const SIGKILL = 9;
const SIGTERM = 15;

describe('instance', () => {
  it('ends with the exit code of its program', async () => {
    const { instance } = quietInstance(folder.path('exit7'));
    const states: string[] = [];
    instance.changed.on((state) => states.push(state));
    await instance.start();
    const { exit, error, statistics } = await instance.ended;
    expect([exit, error, states]).toEqual([{ code: 7 }, undefined, ['running', 'exited']]);
    expect(statistics).toMatchObject({ instructions: 3, syscalls: { exit_group: 1 }, missingSyscalls: {} });
  });

  it('passes bytes both ways unharmed, more than its rings hold', async () => {
    const { instance, output } = quietInstance(folder.path('copy'));
    await instance.start();
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff);
    await instance.write(bytes);
    instance.endInput();
    expect((await instance.ended).exit).toEqual({ code: 0 });
    expect(output[1] === Buffer.from(bytes).toString('latin1')).toBe(true);
  });

  it('reports the signal and the registers of a crash', async () => {
    const { instance } = quietInstance(folder.path('illegal'));
    await instance.start();
    const { exit, report } = await instance.ended;
    expect(exit).toMatchObject({ signal: SIGILL });
    expect(report).toMatch(/SIGILL/);
  });

  it('stops in order: the signal reaches a program that runs or sleeps', async () => {
    for (const name of ['spin', 'sleep'] as const) {
      const { instance } = quietInstance(folder.path(name));
      await instance.start();
      expect((await instance.stop()).exit).toMatchObject({ signal: SIGTERM });
    }
  });

  it('is killed at once, whatever it does', async () => {
    const { instance } = quietInstance(folder.path('spin'));
    await instance.start();
    instance.kill();
    expect((await instance.ended).exit).toMatchObject({ signal: SIGKILL });
    await expect(instance.statistics()).rejects.toMatchObject({ code: 'instance.not-running' });
  });

  it('runs nothing while it is paused', async () => {
    const { instance } = quietInstance(folder.path('spin'));
    await instance.start();
    await instance.pause();
    const before = (await instance.statistics()).instructions;
    expect([(await instance.statistics()).instructions, instance.state]).toEqual([before, 'paused']);
    await instance.resume();
    await instance.signal(SIGINT);
    const { exit, statistics } = await instance.ended;
    expect(exit).toMatchObject({ signal: SIGINT });
    expect(statistics!.instructions).toBeGreaterThanOrEqual(before);
  });

  it('fails alone when it cannot be booted', async () => {
    const other = quietInstance(folder.path('sleep'));
    await other.instance.start();
    const { instance } = quietInstance(folder.path('exit7'), { kernelArgs: ['nonsense=1'] });
    await instance.start();
    expect([(await instance.ended).error?.code, instance.state]).toEqual(['parameter.malformed', 'failed']);
    expect((await other.instance.statistics()).threads).toBe(1);
    other.instance.kill();
  });

  it('refuses a spec that is malformed', async () => {
    const { instance } = quietInstance(folder.path('exit7'), { memoryMiB: 1 });
    await expect(instance.start()).rejects.toMatchObject({ code: 'contract.malformed' });
    expect((await instance.ended).error?.code).toBe('contract.malformed');
  });
});
