// @vitest-environment happy-dom

import { describe, expect, it, vi } from 'vitest';
import type { Job } from '../../../core/contract/api/catalog.ts';
import { VmError } from '../../../core/contract/errors.ts';
import { useCommandsStore } from '../../../renderer/stores/commands.ts';
import { useJobsStore } from '../../../renderer/stores/jobs.ts';
import { useNoticesStore } from '../../../renderer/stores/notices.ts';
import { useSettingsStore } from '../../../renderer/stores/settings.ts';
import { useVmsStore } from '../../../renderer/stores/vms.ts';
import { FakeApi } from '../support/fake-api.ts';
import { sampleOf, sampleSettings, sampleSystem, sampleVm } from '../support/sample-data.ts';
import { settled, useFakeApi } from '../support/setup.ts';

describe('instances', () => {
  it('follow the events of the manager', async () => {
    const api = useFakeApi(new FakeApi({ 'vm.list': () => ({ vms: [sampleVm('a')], broken: [] }) }));
    const store = useVmsStore();
    await store.load();
    api.emit('vm.changed', sampleVm('a', { state: 'running' }));
    api.emit('vm.changed', sampleVm('b'));
    api.emit('vm.stats', [sampleOf('id-a', 1), sampleOf('id-a', 2)]);
    expect([store.vms.map((vm) => `${vm.name} ${vm.state}`), store.samples.get('id-a')?.length]).toEqual([
      ['a running', 'b created'],
      2,
    ]);
    api.emit('vm.changed', sampleVm('a', { state: 'exited' }));
    api.emit('vm.removed', { id: 'id-b', name: 'b', removedAt: 0 });
    expect([store.vms.map((vm) => vm.name), store.samples.size]).toEqual([['a'], 0]);
  });

  it('listen once however often they are read', async () => {
    const api = useFakeApi(new FakeApi({ 'vm.list': () => ({ vms: [], broken: [] }) }));
    const store = useVmsStore();
    await store.load();
    await store.load();
    expect(api.listenerCount('vm.changed')).toBe(1);
  });

  it('keep the error when they cannot be read, and forget it when they can', async () => {
    let isBroken = true;
    useFakeApi(
      new FakeApi({
        'vm.list': () => {
          if (isBroken) throw new VmError('store.unusable', 'the data folder is gone');
          return { vms: [], broken: [] };
        },
      }),
    );
    const store = useVmsStore();
    await store.load();
    expect(store.error?.message).toBe('the data folder is gone');
    isBroken = false;
    await store.load();
    expect(store.error).toBeUndefined();
  });

  it('know what is under way and name what a bulk action could not do', async () => {
    let answer: () => void = () => {};
    useFakeApi(
      new FakeApi({
        'vm.list': () => ({ vms: [sampleVm('a')], broken: [] }),
        'vm.start': () => new Promise((resolve) => (answer = () => resolve(sampleVm('a', { state: 'running' })))),
        'vm.bulk': () => [
          { vm: 'id-a' },
          { vm: 'id-b', error: { code: 'vm.not-found', message: 'gone', details: {} } },
        ],
      }),
    );
    const store = useVmsStore();
    await store.load();
    const started = store.act('id-a', 'start');
    expect(store.isPending('id-a', 'start')).toBe(true);
    answer();
    await started;
    expect([store.isPending('id-a', 'start'), store.find('a')?.state]).toEqual([false, 'running']);
    expect(await store.bulk(['id-a', 'id-b'], 'stop')).toEqual(['id-b: gone']);
  });

  it('propose names that are free', async () => {
    useFakeApi(new FakeApi({ 'vm.list': () => ({ vms: [sampleVm('web'), sampleVm('web-2')], broken: [] }) }));
    const store = useVmsStore();
    await store.load();
    expect([store.freeName('web'), store.freeName('db')]).toEqual(['web-3', 'db']);
  });
});

describe('jobs', () => {
  const job = (changes: Partial<Job>): Job => ({
    id: 'j',
    kind: 'catalog.import',
    title: 'Import',
    state: 'running',
    step: '',
    doneBytes: 0,
    startedAt: 0,
    canResume: false,
    ...changes,
  });

  it('resolve when done, whether that comes before or after one waits', async () => {
    const api = useFakeApi(new FakeApi({ 'job.list': () => [] }));
    const store = useJobsStore();
    await store.load();
    api.emit('job.changed', job({}));
    const waiting = store.whenDone('j');
    api.emit('job.changed', job({ state: 'done', result: { rootfs: 'r' } }));
    expect([(await waiting).result, (await store.whenDone('j')).state, store.running]).toEqual([
      { rootfs: 'r' },
      'done',
      [],
    ]);
  });

  it('reject with their own error', async () => {
    const api = useFakeApi(new FakeApi({ 'job.list': () => [] }));
    const store = useJobsStore();
    await store.load();
    const waiting = store.whenDone('j');
    api.emit(
      'job.changed',
      job({ state: 'failed', error: { code: 'catalog.checksum', message: 'wrong checksum', details: {} } }),
    );
    await expect(waiting).rejects.toMatchObject({ code: 'catalog.checksum' });
  });
});

describe('settings', () => {
  it('set theme and language of the document', async () => {
    const api = useFakeApi(
      new FakeApi({ 'settings.get': () => ({ ...sampleSettings, theme: 'dark' }), 'system.info': () => sampleSystem }),
    );
    const store = useSettingsStore();
    await store.load();
    expect(document.documentElement.dataset.theme).toBe('dark');
    api.emit('settings.changed', { ...sampleSettings, theme: 'light', language: 'zh-CN' });
    await vi.waitFor(() => expect(document.documentElement.lang).toBe('zh-CN'));
    expect([document.documentElement.dataset.theme, store.language]).toEqual(['light', 'zh-CN']);
  });
});

describe('notices', () => {
  it('count what was not seen, and show crashes at once', async () => {
    const api = useFakeApi(new FakeApi({ 'notifications.list': () => [] }));
    const store = useNoticesStore();
    await store.load();
    const base = { at: 1, title: 'web', body: 'SIGSEGV' };
    api.emit('notification.posted', { ...base, id: '1', kind: 'exit' });
    api.emit('notification.posted', { ...base, id: '2', kind: 'crash' });
    await settled();
    expect([store.unread, store.toasts.map((toast) => toast.text)]).toEqual([2, ['SIGSEGV']]);
  });
});

describe('commands', () => {
  it('run by shortcut, but leave keys to whoever takes text', () => {
    useFakeApi(new FakeApi());
    const store = useCommandsStore();
    const ran: string[] = [];
    const stop = store.add(() => [
      { id: 'a', title: 'A', group: '', shortcut: '/', run: () => ran.push('a') },
      { id: 'b', title: 'B', group: '', shortcut: 'Mod+Shift+P', isGlobal: true, run: () => ran.push('b') },
    ]);
    const input = document.body.appendChild(document.createElement('input'));
    const press = (target: Element, init: KeyboardEventInit) => {
      const event = new KeyboardEvent('keydown', { bubbles: true, ...init });
      target.addEventListener('keydown', (e) => store.handleKey(e as KeyboardEvent), { once: true });
      target.dispatchEvent(event);
    };
    const palette = { key: 'P', code: 'KeyP', ctrlKey: true, shiftKey: true };
    press(document.body, { key: '/', code: 'Slash' });
    press(input, { key: '/', code: 'Slash' });
    press(input, palette);
    stop();
    press(document.body, palette);
    expect(ran).toEqual(['a', 'b']);
  });
});
