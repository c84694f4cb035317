/** The tray icon, with the running instances in its menu. Some desktops have no tray; the app does without there. */
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { VmInfo } from '../core/contract/api/vm.ts';
import { iconFile } from './paths.ts';

export interface TrayActions {
  showMain(): void;
  openConsole(vm: string): void;
  stop(vm: string): void;
  quit(): void;
}

const MAX_LISTED = 20;

export class AppTray {
  private readonly tray: Tray;
  private readonly actions: TrayActions;
  private shown = '';

  constructor(actions: TrayActions) {
    this.actions = actions;
    const icon = nativeImage.createFromPath(iconFile()).resize({ width: 16, height: 16 });
    this.tray = new Tray(icon);
    this.tray.setToolTip('Elfdeck');
    this.tray.on('click', () => actions.showMain());
    this.update([]);
  }

  update(vms: readonly VmInfo[]): void {
    const running = vms.filter((vm) => vm.runner !== undefined);
    const text = running.map((vm) => `${vm.name} ${vm.state}`).join('\n');
    if (text === this.shown) return;
    this.shown = text;
    this.tray.setContextMenu(Menu.buildFromTemplate(this.template(running)));
    this.tray.setToolTip(running.length === 0 ? 'Elfdeck' : `Elfdeck: ${running.length} running`);
  }

  private template(running: readonly VmInfo[]): MenuItemConstructorOptions[] {
    const { actions } = this;
    const items = running.slice(0, MAX_LISTED).map(
      (vm): MenuItemConstructorOptions => ({
        label: `${vm.name} (${vm.state})`,
        submenu: [
          { label: 'Open Console', click: () => actions.openConsole(vm.name) },
          { label: 'Stop', click: () => actions.stop(vm.name) },
        ],
      }),
    );
    return [
      { label: 'Show Elfdeck', click: () => actions.showMain() },
      { type: 'separator' },
      ...(items.length === 0 ? [{ label: 'No running instances', enabled: false }] : items),
      { type: 'separator' },
      { label: 'Quit', click: () => actions.quit() },
    ];
  }

  dispose(): void {
    this.tray.destroy();
  }
}
