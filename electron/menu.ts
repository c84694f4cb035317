/** The application menu: what the system expects where it expects it, and our own commands, which the page carries out. */
import { Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  /** Tells the main window. */
  ask(command: string, argument?: string): void;
  openDataFolder(): void;
  openExternal(url: string): void;
  quit(): void;
}

const HOMEPAGE = 'https://unikraft.org/docs';

export function menuTemplate(isMac: boolean, actions: MenuActions): MenuItemConstructorOptions[] {
  const ask = (label: string, command: string, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => actions.ask(command),
    ...(accelerator === undefined ? {} : { accelerator }),
  });
  const settings = ask('Settings…', 'settings', 'CmdOrCtrl+,');
  const file: MenuItemConstructorOptions[] = [
    ask('New Instance…', 'create', 'CmdOrCtrl+N'),
    ask('Import…', 'import', 'CmdOrCtrl+I'),
    ask('Catalog', 'catalog', 'CmdOrCtrl+Shift+C'),
    { type: 'separator' },
    ...(isMac ? [] : [settings, { type: 'separator' } as const]),
    { role: 'close' },
    ...(isMac ? [] : [{ label: 'Quit', accelerator: 'CmdOrCtrl+Q', click: () => actions.quit() }]),
  ];
  const mac: MenuItemConstructorOptions[] = [
    { role: 'about' },
    { type: 'separator' },
    settings,
    { type: 'separator' },
    { role: 'services' },
    { type: 'separator' },
    { role: 'hide' },
    { role: 'hideOthers' },
    { role: 'unhide' },
    { type: 'separator' },
    { label: 'Quit Elfdeck', accelerator: 'Cmd+Q', click: () => actions.quit() },
  ];
  return [
    ...(isMac ? [{ label: 'Elfdeck', submenu: mac }] : []),
    { label: 'File', submenu: file },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        ask('Command Palette…', 'palette', 'CmdOrCtrl+K'),
        { type: 'separator' },
        { role: 'reload' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Documentation', click: () => actions.openExternal(HOMEPAGE) },
        { label: 'Open Data Folder', click: () => actions.openDataFolder() },
        ask('Diagnostics…', 'diagnostics'),
        ...(isMac ? [] : [{ role: 'about' } as const]),
      ],
    },
  ];
}

export function setMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform === 'darwin', actions)));
}
