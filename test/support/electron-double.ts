/**
 * Stands in for the `electron` module where its program can't be had: windows are pages of a real Chromium, preload runs in them before
 * the page does, IPC goes both ways; menus, tray, dialogs and notifications are recorded and can be operated. What Chromium can't do
 * here: a second world for preload (it shares the page's), and Electron's own sandbox.
 */
import { EventEmitter } from 'node:events';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page, type Route } from 'playwright-core';

const CHROMIUM = process.env.ELFDECK_CHROMIUM ?? '/usr/bin/chromium';
type Handler = (request: Request) => Promise<Response> | Response;

/** What tests look at. */
export const recorded = {
  menu: [] as MenuItem[],
  trayMenu: [] as MenuItem[],
  notifications: [] as { title: string; body: string }[],
  opened: [] as string[],
  /** Answers of dialogs to come. */
  answers: [] as unknown[],
  exits: 0,
};
export interface MenuItem {
  label?: string;
  role?: string;
  submenu?: MenuItem[];
  click?: () => void;
}

const schemes = new Map<string, Handler>();
let browser: Browser | undefined;
let context: Promise<BrowserContext> | undefined;
let preloadCode: Promise<string> | undefined;

function pages(): Promise<BrowserContext> {
  context ??= (async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    return browser.newContext();
  })();
  return context;
}
export async function closeBrowser(): Promise<void> {
  await browser?.close();
}

/** Chromium knows no schemes of ours: they are hosts here. */
const toHttp = (url: string): string =>
  url.replace(/^([a-z-]+):\/\/([^/]+)/, (whole, scheme: string, host: string) =>
    schemes.has(scheme) ? `http://${host}.${scheme}.test` : whole,
  );
const fromHttp = (url: string): string => url.replace(/^http:\/\/([^./]+)\.([a-z-]+)\.test/, '$2://$1');

/** The renderer's half of `electron`, in the page. */
const rendererModule = `
  const listeners = new Map();
  window.__deliver = (channel, message, isBytes) => {
    const value = isBytes ? Uint8Array.from(atob(message), (c) => c.charCodeAt(0)) : message;
    for (const listener of listeners.get(channel) ?? []) listener({}, value);
  };
  const text = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
  export const ipcRenderer = {
    send: (channel, message) => window.__send(channel, message instanceof Uint8Array ? text(message) : message, message instanceof Uint8Array),
    on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
  };
  export const contextBridge = { exposeInMainWorld: (name, value) => { window[name] = value; } };
  export const webUtils = { getPathForFile: (file) => '/dropped/' + file.name };
`;

function bundlePreload(path: string): Promise<string> {
  preloadCode ??= build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'chrome120',
    plugins: [
      {
        name: 'electron-renderer',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^electron$/ }, () => ({ path: 'electron', namespace: 'double' }));
          onLoad({ filter: /.*/, namespace: 'double' }, () => ({ contents: rendererModule }));
        },
      },
    ],
  }).then(({ outputFiles }) => outputFiles[0]!.text);
  return preloadCode;
}

let nextContents = 1;
export class WebContents extends EventEmitter {
  readonly id = nextContents++;
  page: Page | undefined;
  private isLoaded = false;
  private openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }
  decideOpen(url: string): boolean {
    return this.openHandler({ url }).action === 'allow';
  }
  isLoading(): boolean {
    return !this.isLoaded;
  }
  isDestroyed(): boolean {
    return this.page?.isClosed() ?? false;
  }
  loaded(): void {
    this.isLoaded = true;
    this.emit('did-finish-load');
  }
  send(channel: string, message: string | Uint8Array): void {
    const isBytes = typeof message !== 'string';
    const text = isBytes ? Buffer.from(message).toString('base64') : message;
    // A page that goes away takes its messages with it.
    this.page
      ?.evaluate(([c, m, b]) => (globalThis as unknown as { __deliver(...args: unknown[]): void }).__deliver(c, m, b), [
        channel,
        text,
        isBytes,
      ] as const)
      .catch(() => {});
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly webContents = new WebContents();
  readonly options: { webPreferences: Record<string, unknown>; title?: string };
  isShown = false;
  url = '';
  /** Resolves with the page, which has loaded. */
  readonly ready: Promise<Page>;
  private resolveReady: (page: Page) => void = () => {};

  constructor(options: BrowserWindow['options']) {
    super();
    this.options = options;
    this.ready = new Promise((resolve) => {
      this.resolveReady = resolve;
    });
    BrowserWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  async loadURL(url: string): Promise<void> {
    this.url = url;
    const page = await (await pages()).newPage();
    this.webContents.page = page;
    await page.exposeBinding('__send', ({ frame }, channel: string, message: string, isBytes: boolean) => {
      const senderFrame = { url: fromHttp(frame.url()), parent: frame.parentFrame() };
      ipcMain.emit(
        channel,
        { sender: this.webContents, senderFrame },
        isBytes ? Buffer.from(message, 'base64') : message,
      );
    });
    await page.addInitScript({ content: await bundlePreload(preloadSource()) });
    await page.route('**/*', (route) => this.answer(route));
    page.on('popup', (popup) => void popup.close());
    page.on('close', () => this.webContents.emit('destroyed'));
    await page.goto(toHttp(url));
    this.webContents.loaded();
    this.emit('ready-to-show');
    this.resolveReady(page);
  }

  /** Requests of our schemes are answered by their handlers; a page that wants to go elsewhere asks first. */
  private async answer(route: Route): Promise<void> {
    const request = route.request();
    const url = fromHttp(request.url());
    const handler = schemes.get(url.split(':')[0]!);
    if (request.isNavigationRequest()) {
      let isPrevented = false;
      this.webContents.emit(
        'will-navigate',
        {
          preventDefault: () => {
            isPrevented = true;
          },
        },
        url,
      );
      // ERR_ABORTED leaves the page as it is, as a prevented navigation does.
      if (isPrevented) return route.abort('aborted');
    }
    if (handler === undefined) return route.abort();
    const response = await handler(new Request(url));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  show(): void {
    this.isShown = true;
  }
  focus(): void {}
  isMinimized(): boolean {
    return false;
  }
  restore(): void {}
  getBounds() {
    return { x: 10, y: 20, width: 800, height: 600 };
  }
  close(): void {
    this.emit('close');
    BrowserWindow.all.splice(BrowserWindow.all.indexOf(this), 1);
    void this.webContents.page?.close();
    this.emit('closed');
  }
}
const preloadSource = (): string => new URL('../../electron/preload.ts', import.meta.url).pathname;

class App extends EventEmitter {
  isPackaged = false;
  isSandboxed = false;
  enableSandbox(): void {
    this.isSandboxed = true;
  }
  requestSingleInstanceLock(): boolean {
    return true;
  }
  async whenReady(): Promise<void> {}
  setAsDefaultProtocolClient(): boolean {
    return true;
  }
  quit(): void {
    let isPrevented = false;
    this.emit('before-quit', {
      preventDefault: () => {
        isPrevented = true;
      },
    });
    if (isPrevented) return;
    recorded.exits++;
    this.emit('double:exit');
  }
  exit(): void {
    recorded.exits++;
    this.emit('double:exit');
  }
}
export const app = new App();
export const ipcMain = new EventEmitter();
export const Menu = {
  buildFromTemplate: (template: MenuItem[]) => template,
  setApplicationMenu: (menu: MenuItem[]) => {
    recorded.menu = menu;
  },
};
export class Tray extends EventEmitter {
  setToolTip(): void {}
  setContextMenu(menu: MenuItem[]): void {
    recorded.trayMenu = menu;
  }
  destroy(): void {}
}
export class Notification extends EventEmitter {
  static isSupported = (): boolean => true;
  private readonly about: { title: string; body: string };
  constructor(about: { title: string; body: string }) {
    super();
    this.about = about;
  }
  show(): void {
    recorded.notifications.push(this.about);
  }
}
const answer = async (): Promise<unknown> => recorded.answers.shift();
export const dialog = { showOpenDialog: answer, showSaveDialog: answer, showMessageBox: answer };
export const shell = {
  openExternal: async (url: string) => void recorded.opened.push(url),
  openPath: async () => '',
};
export const nativeTheme = { themeSource: 'system' };
export const nativeImage = { createFromPath: () => ({ resize: () => ({}) }) };
export const screen = { getDisplayMatching: () => ({ workArea: { x: 0, y: 0, width: 1280, height: 800 } }) };
export const protocol = { registerSchemesAsPrivileged: () => {} };
const permissions = { request: undefined as unknown, check: undefined as unknown };
export const session = {
  defaultSession: {
    protocol: { handle: (scheme: string, handler: Handler) => void schemes.set(scheme, handler) },
    setPermissionRequestHandler: (handler: unknown) => {
      permissions.request = handler;
    },
    setPermissionCheckHandler: (handler: unknown) => {
      permissions.check = handler;
    },
    setDevicePermissionHandler: () => {},
    on: () => {},
  },
};
type Decide = (granted: boolean) => void;
/** Whether a page of that address would be granted something. */
export function grants(permission: string, requestingUrl: string): boolean {
  let isGranted = true;
  (permissions.request as (c: unknown, p: string, decide: Decide, about: object) => void)(
    {},
    permission,
    (granted) => {
      isGranted = granted;
    },
    { requestingUrl },
  );
  return (
    isGranted ||
    (permissions.check as (c: unknown, p: string, origin: string) => boolean)({}, permission, requestingUrl)
  );
}
