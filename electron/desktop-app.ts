/** The desktop app from its parts: what each is told of the others. */
import { app, type BrowserWindow, nativeTheme, protocol, type Rectangle, shell } from 'electron';
import { VmError } from '../core/contract/errors.ts';
import type { Session } from '../core/contract/session.ts';
import type { ShellApi } from '../core/contract/shell-api.ts';
import { ManagerApp } from '../core/manager/app/manager-app.ts';
import { type DeepLink, linkAmong, parseDeepLink } from './deep-links.ts';
import { confirmQuit } from './dialogs.ts';
import { serveIpc } from './ipc.ts';
import { setMenu } from './menu.ts';
import { showNotification } from './notifications.ts';
import { LINK_SCHEME, SCHEME } from './paths.ts';
import { secure } from './security.ts';
import { openExternal, shellSession } from './shell.ts';
import { AppTray } from './tray.ts';
import { type WindowMemory, Windows } from './windows.ts';

export class DesktopApp {
  private readonly manager = new ManagerApp({
    host: 'electron',
    activate: async () => {
      this.windows.showMain();
      return {};
    },
    openFolder: async (path) => {
      const problem = await shell.openPath(path);
      if (problem !== '') throw new VmError('host.file', `cannot open ${path}: ${problem}`, { path });
    },
    quit: () => app.quit(),
  });
  private readonly windows = new Windows(this.memory());
  private readonly shells = new Map<number, Session<ShellApi>>();
  private tray: AppTray | undefined;
  /** Whether the end was agreed to. */
  private isEnding = false;

  /** Undefined when another app has the data folder, which then comes to the front. */
  static async start(): Promise<DesktopApp | undefined> {
    const desktop = new DesktopApp();
    if (desktop.manager.claimApp() !== undefined) {
      await desktop.manager.dispose();
      return undefined;
    }
    await desktop.begin();
    return desktop;
  }

  private async begin(): Promise<void> {
    secure();
    serveIpc('vm', (channel) => this.manager.connect(channel));
    serveIpc('shell', (channel, contents) => {
      const context = {
        windows: this.windows,
        openConsole: (vm: string) => this.openConsole(vm),
        wantsUpdates: () => this.manager.settings.get().checkForUpdates,
      };
      const { id } = contents;
      this.shells.set(
        id,
        shellSession(channel, id, context, () => this.shells.delete(id)),
      );
    });
    await this.manager.listen();
    this.manager.begin();
    this.connect();
    void this.manager.vms.autostart();
    this.windows.showMain();
    const link = linkAmong(process.argv);
    if (link !== undefined) this.follow(link);
  }

  private connect(): void {
    const { manager, windows } = this;
    setMenu({
      ask: (command, argument) => this.ask(command, argument),
      openDataFolder: () => void shell.openPath(manager.home.path),
      openExternal: (url) => void openExternal(url),
      quit: () => app.quit(),
    });
    this.tray = new AppTray({
      showMain: () => windows.showMain(),
      openConsole: (vm) => this.openConsole(vm),
      stop: (vm) => void manager.vms.stop(vm).catch(() => {}),
      quit: () => app.quit(),
    });
    const updateTray = (): void => this.tray?.update(manager.vms.list().vms);
    manager.vms.changed.on(updateTray);
    manager.vms.removed.on((vm) => {
      windows.closeConsole(vm.id);
      updateTray();
    });
    manager.notifications.posted.on((notification) => showNotification(notification, (vm) => this.ask('vm', vm)));
    this.followTheme();
    app.on('second-instance', (_event, words) => this.activate(linkAmong(words)));
    app.on('open-url', (event, url) => {
      event.preventDefault();
      this.activate(parseDeepLink(url));
    });
    app.on('activate', () => windows.showMain());
    app.on('window-all-closed', () => {
      if (process.platform !== 'darwin' && !this.staysInTray()) app.quit();
    });
    app.on('before-quit', (event) => this.end(event));
    app.setAsDefaultProtocolClient(LINK_SCHEME);
  }

  private followTheme(): void {
    nativeTheme.themeSource = this.manager.settings.get().theme;
    const before = this.manager.settings.onChange;
    this.manager.settings.onChange = (settings) => {
      before(settings);
      nativeTheme.themeSource = settings.theme;
    };
  }

  /** The main window does what a menu, the tray or a link asks for. */
  private ask(command: string, argument = ''): void {
    const window: BrowserWindow = this.windows.showMain();
    const tell = (): void => this.shells.get(window.webContents.id)?.post('shell.asked', { command, argument });
    if (window.webContents.isLoading()) window.webContents.once('did-finish-load', tell);
    else tell();
  }
  private follow({ command, argument }: DeepLink): void {
    if (command === 'console') this.openConsole(argument);
    else this.ask(command, argument);
  }
  /** By id or name. A link may name what is not there: the window says so. */
  private openConsole(vm: string): void {
    const { vms } = this.manager.vms.list();
    this.windows.showConsole(vms.find(({ id, name }) => id === vm || name === vm)?.id ?? vm);
  }
  private activate(link: DeepLink | undefined): void {
    this.windows.showMain();
    if (link !== undefined) this.follow(link);
  }

  private staysInTray(): boolean {
    return this.manager.settings.get().keepRunningInTray && this.manager.vms.running.length > 0;
  }

  /** The end waits for the user's word and for the instances. */
  private end(event: { preventDefault(): void }): void {
    if (this.isEnding) return;
    event.preventDefault();
    void this.endWhenAgreed();
  }
  private async endWhenAgreed(): Promise<void> {
    const running = this.manager.vms.running.map((vm) => this.manager.vms.get(vm.id).name);
    const isAsked = running.length > 0 && this.manager.settings.get().confirmStop;
    if (isAsked && !(await confirmQuit(running))) return;
    this.isEnding = true;
    this.tray?.dispose();
    await this.manager.dispose();
    app.quit();
  }

  private memory(): WindowMemory {
    const { settings } = this.manager;
    return {
      get: (key) => settings.get().view[`window:${key}`] as Rectangle | undefined,
      set: (key, place) => {
        const { view } = settings.get();
        void settings.set({ view: { ...view, [`window:${key}`]: place } });
      },
    };
  }
}

/** Before the app is ready: the scheme of our pages is one that pages may use like https. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}
