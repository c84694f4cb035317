// @vitest-environment happy-dom

import { mount } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { describe, expect, it } from 'vitest';
import { VmError } from '../../../core/contract/errors.ts';
import { i18n } from '../../../renderer/i18n.ts';
import { router } from '../../../renderer/router.ts';
import { useNoticesStore } from '../../../renderer/stores/notices.ts';
import { useSettingsStore } from '../../../renderer/stores/settings.ts';
import { useVmsStore } from '../../../renderer/stores/vms.ts';
import InstancesView from '../../../renderer/views/InstancesView.vue';
import { FakeApi, type FakeHandlers } from '../support/fake-api.ts';
import { sampleSettings, sampleSystem, sampleVm } from '../support/sample-data.ts';
import { settled, useFakeApi } from '../support/setup.ts';

async function open(handlers: FakeHandlers) {
  const api = useFakeApi(
    new FakeApi({
      'settings.get': () => ({ ...sampleSettings, view: { 'instances.layout': 'cards' } }),
      'system.info': () => sampleSystem,
      ...handlers,
    }),
  );
  await useSettingsStore().load();
  await useVmsStore().load();
  const view = mount(InstancesView, {
    global: { plugins: [getActivePinia()!, i18n, router] },
    attachTo: document.body,
  });
  await settled();
  return { api, view };
}

describe('the instances', () => {
  it('welcome a new user, and boot hello world in one click', async () => {
    const { api, view } = await open({
      'vm.list': () => ({ vms: [], broken: [] }),
      'vm.plan': () => ({ name: 'hello', spec: sampleVm('hello').spec, summary: '', warnings: [] }),
      'vm.create': () => sampleVm('hello'),
      'vm.start': () => sampleVm('hello', { state: 'running' }),
      'settings.set': () => sampleSettings,
    });
    await view.get('[data-test=boot-hello]').trigger('click');
    await settled();
    expect(api.asked.map((call) => call.name).filter((name) => name.startsWith('vm.'))).toEqual([
      'vm.list',
      'vm.plan',
      'vm.create',
      'vm.start',
    ]);
  });

  it('say what is wrong and try again', async () => {
    let isBroken = true;
    const { view } = await open({
      'vm.list': () => {
        if (isBroken) throw new VmError('store.unusable', 'the data folder is gone');
        return { vms: [sampleVm('web')], broken: [] };
      },
    });
    expect(view.get('[role=alert]').text()).toContain('the data folder is gone');
    isBroken = false;
    await view.get('[role=alert] button').trigger('click');
    await settled();
    expect(view.get('[data-test=vm-web]').text()).toContain('web');
  });

  it('show folders of the store that cannot be read', async () => {
    const error = { code: 'store.newer' as const, message: 'made by a newer version', details: {} };
    const { view } = await open({ 'vm.list': () => ({ vms: [], broken: [{ id: 'x1', path: '/data/x1', error }] }) });
    expect(view.get('[role=alert]').text()).toMatch(/x1.*newer version.*\/data\/x1/);
  });

  it('start, and report a failure with its reason', async () => {
    const { view } = await open({
      'vm.list': () => ({ vms: [sampleVm('web')], broken: [] }),
      'vm.start': () => {
        throw new VmError('rootfs.not-found', 'the folder /srv is gone');
      },
    });
    const start = view
      .get('[data-test=vm-web]')
      .findAll('button')
      .find((button) => button.text() === 'Start')!;
    await start.trigger('click');
    await settled();
    expect(useNoticesStore().toasts.map(({ title, text }) => [title, text])).toEqual([
      ['Could not start web', 'the folder /srv is gone'],
    ]);
  });

  it('do one thing to all that are chosen', async () => {
    const { api, view } = await open({
      'vm.list': () => ({ vms: [sampleVm('a'), sampleVm('b'), sampleVm('c')], broken: [] }),
      'vm.bulk': () => [],
    });
    for (const name of ['a', 'c']) await view.get(`[data-test=vm-${name}] [role=checkbox]`).trigger('click');
    const start = view
      .get('[role=toolbar]')
      .findAll('button')
      .find((button) => button.text() === 'Start')!;
    await start.trigger('click');
    await settled();
    expect(api.askedFor('vm.bulk')).toEqual([{ vms: ['id-a', 'id-c'], action: 'start' }]);
  });
});
