/** What a user does to instances: asks first where that is due, says what went wrong, offers to undo. */
import { AppWindow, Copy, FileOutput, OctagonX, Pause, Pencil, Play, RotateCw, Square, Trash2 } from '@lucide/vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import type { BulkAction, VmInfo } from '../../core/contract/api/vm.ts';
import { useApi, useShell } from '../api.ts';
import type { MenuEntry } from '../components/base/menu.ts';
import { confirm, prompt } from '../dialogs.ts';
import { useJobsStore } from '../stores/jobs.ts';
import { useNoticesStore } from '../stores/notices.ts';
import { useSettingsStore } from '../stores/settings.ts';
import { isLive, useVmsStore, type VmAction } from '../stores/vms.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function useVmActions() {
  const { t } = useI18n();
  const vms = useVmsStore();
  const notices = useNoticesStore();
  const settings = useSettingsStore();
  const jobs = useJobsStore();
  const router = useRouter();

  /** Runs what may fail and says so; resolves to false then. */
  async function attempt(title: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      notices.showError(title, error);
      return false;
    }
  }

  async function act(vm: VmInfo, action: VmAction): Promise<boolean> {
    const asks = action === 'kill' || (action === 'stop' && settings.settings?.confirmStop === true);
    if (asks && !(await confirmAction(vm, action))) return false;
    return attempt(t(`actions.failed.${action}`, { name: vm.name }), () => vms.act(vm.id, action));
  }
  const confirmAction = (vm: VmInfo, action: 'kill' | 'stop') =>
    confirm({
      title: t(`actions.${action}Title`, { name: vm.name }),
      text: t(`actions.${action}Text`),
      yes: t(`actions.${action}`),
      isDanger: true,
    });

  async function remove(vm: VmInfo): Promise<boolean> {
    if (isLive(vm)) {
      const isSure = await confirm({
        title: t('actions.removeRunningTitle', { name: vm.name }),
        text: t('actions.removeRunningText'),
        yes: t('actions.killAndDelete'),
        isDanger: true,
      });
      if (!isSure || !(await attempt(t('actions.failed.kill', { name: vm.name }), () => vms.act(vm.id, 'kill'))))
        return false;
    }
    return attempt(t('actions.failed.remove', { name: vm.name }), async () => {
      const removed = await vms.remove(vm.id);
      notices.show({
        kind: 'info',
        title: t('actions.removed', { name: vm.name }),
        action: {
          label: t('common.undo'),
          run: () => void attempt(t('actions.failed.restore', { name: vm.name }), () => vms.restore(removed.id)),
        },
      });
    });
  }

  function checkName(name: string, own?: string): string | undefined {
    if (!NAME.test(name)) return t('actions.nameRule');
    return name !== own && vms.vms.some((vm) => vm.name === name) ? t('actions.nameTaken') : undefined;
  }
  async function rename(vm: VmInfo): Promise<void> {
    const name = await prompt({
      title: t('actions.renameTitle', { name: vm.name }),
      yes: t('actions.rename'),
      input: { label: t('common.name'), value: vm.name, check: (value) => checkName(value, vm.name) },
    });
    if (name !== undefined && name !== vm.name) {
      await attempt(t('actions.failed.rename', { name: vm.name }), () => vms.update(vm.id, { name }));
    }
  }
  async function clone(vm: VmInfo): Promise<void> {
    const name = await prompt({
      title: t('actions.cloneTitle', { name: vm.name }),
      text: t('actions.cloneText'),
      yes: t('actions.clone'),
      input: { label: t('common.name'), value: vms.freeName(`${vm.name}-copy`), check: (value) => checkName(value) },
    });
    if (name !== undefined) await attempt(t('actions.failed.clone', { name: vm.name }), () => vms.clone(vm.id, name));
  }
  async function exportVm(vm: VmInfo): Promise<void> {
    const fileName = `${vm.name}.elfdeck`;
    const home = settings.system?.homeFolder ?? '';
    const path = await prompt({
      title: t('actions.exportTitle', { name: vm.name }),
      text: t('actions.exportText'),
      yes: t('actions.export'),
      input: { label: t('actions.exportPath'), value: `${home}/${fileName}` },
    });
    if (path === undefined) return;
    await attempt(t('actions.failed.export', { name: vm.name }), async () => {
      const { job } = await useApi().call('vm.export', { vm: vm.id, path });
      await jobs.whenDone(job);
      notices.show({ kind: 'success', title: t('actions.exported', { name: vm.name }), text: path });
    });
  }

  function openConsole(vm: VmInfo): void {
    const shell = useShell();
    if (shell !== undefined)
      void attempt(t('actions.failed.console'), () => shell.call('shell.open-console', { vm: vm.id }));
    else {
      const { href } = router.resolve({ name: 'console', params: { id: vm.id } });
      const opened = window.open(href, `elfdeck-console-${vm.id}`, 'popup,width=920,height=600');
      if (opened === null)
        notices.show({ kind: 'error', title: t('actions.failed.console'), text: t('actions.popupBlocked') });
    }
  }

  async function bulk(ids: readonly string[], action: BulkAction): Promise<void> {
    const needsWord = action === 'kill' || action === 'remove';
    if (needsWord) {
      const isSure = await confirm({
        title: t(`actions.bulk.${action}Title`, { count: ids.length }, ids.length),
        text: t(`actions.bulk.${action}Text`),
        yes: t(`actions.${action === 'kill' ? 'kill' : 'remove'}`),
        isDanger: true,
      });
      if (!isSure) return;
    }
    await attempt(t('actions.failed.bulk'), async () => {
      const failures = await vms.bulk(ids, action);
      if (failures.length > 0) {
        notices.show({
          kind: 'error',
          title: t('actions.bulk.someFailed', { count: failures.length }),
          text: failures.slice(0, 3).join('\n'),
        });
      }
    });
  }

  /** The life-cycle actions that make sense now, the first one being what a user most likely wants. */
  function lifeCycle(vm: VmInfo): VmAction[] {
    if (vm.state === 'paused') return ['resume', 'stop', 'kill', 'restart'];
    return isLive(vm) ? ['stop', 'pause', 'restart', 'kill'] : ['start'];
  }

  const icons = { start: Play, stop: Square, kill: OctagonX, pause: Pause, resume: Play, restart: RotateCw };

  function menu(vm: VmInfo): MenuEntry[] {
    return [
      ...lifeCycle(vm).map((action) => ({
        label: t(`actions.${action}`),
        icon: icons[action],
        isDanger: action === 'kill',
        run: () => void act(vm, action),
      })),
      'separator',
      { label: t('actions.openConsole'), icon: AppWindow, run: () => openConsole(vm) },
      { label: t('actions.renameMenu'), icon: Pencil, run: () => void rename(vm) },
      { label: t('actions.cloneMenu'), icon: Copy, run: () => void clone(vm) },
      ...(settings.has('vm.export')
        ? [{ label: t('actions.exportMenu'), icon: FileOutput, run: () => void exportVm(vm) }]
        : []),
      'separator',
      { label: t('actions.remove'), icon: Trash2, isDanger: true, run: () => void remove(vm) },
    ];
  }

  return { act, remove, rename, clone, exportVm, openConsole, bulk, lifeCycle, icons, menu, attempt, checkName };
}
