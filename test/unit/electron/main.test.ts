import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { vmApi } from '../../../core/contract/vm-api.ts';
import * as electron from '../../support/electron-double.ts';

vi.mock('electron', () => import('../../support/electron-double.ts'));

const chromium = process.env.ELFDECK_CHROMIUM ?? '/usr/bin/chromium';
const home = mkdtempSync(join(tmpdir(), 'elfdeck-electron-'));
const renderer = join(import.meta.dirname, '../../../build/out/renderer');
/** Any page will do: what is tested is the shell around it. */
const isStandIn = !existsSync(join(renderer, 'index.html'));

interface PageWindow {
  elfdeck: {
    calls: Record<string, (params: unknown) => Promise<{ ok: boolean; result: never; error: { code: string } }>>;
    events: Record<string, (listener: (payload: never) => void) => () => void>;
  };
  elfdeckShell: PageWindow['elfdeck'] & { pathOfFile: unknown };
}
declare const window: PageWindow & { open(url: string): unknown; asked?: unknown; require?: unknown };
declare const location: { href: string };

const mainPage = () => electron.BrowserWindow.all[0]!.ready;

describe.skipIf(!existsSync(chromium))('main process', () => {
  beforeAll(async () => {
    process.env.ELFDECK_HOME = home;
    if (isStandIn) {
      mkdirSync(renderer, { recursive: true });
      writeFileSync(join(renderer, 'index.html'), '<!doctype html><title>stand-in</title>');
    }
    await import('../../../electron/main.ts');
    await vi.waitFor(() => expect(electron.BrowserWindow.all.length).toBe(1), 30_000);
    await mainPage();
  }, 60_000);
  afterAll(async () => {
    await electron.closeBrowser();
    rmSync(home, { recursive: true, force: true });
    if (isStandIn) rmSync(renderer, { recursive: true });
  });

  it('opens a window that is locked up, with the contract and nothing else', async () => {
    const { options } = electron.BrowserWindow.all[0]!;
    expect(options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      webSecurity: true,
    });
    const ours = 'elfdeck-app://window/instances';
    expect([
      electron.app.isSandboxed,
      electron.grants('media', ours),
      electron.grants('clipboard-read', ours),
      electron.grants('clipboard-read', 'https://example.com/'),
      electron.grants('clipboard-read', 'elfdeck-app://window.example.com/'),
    ]).toEqual([true, false, true, false, false]);
    const page = await mainPage();
    const seen = await page.evaluate(() => ({
      calls: Object.keys(window.elfdeck.calls),
      events: Object.keys(window.elfdeck.events),
      require: typeof window.require,
    }));
    const names = (kind: string): string[] =>
      Object.entries(vmApi)
        .filter(([, entry]) => entry.kind === kind)
        .map(([name]) => name);
    expect(seen).toEqual({ calls: names('call'), events: names('event'), require: 'undefined' });
  });

  it('runs an instance for the page and tells it of each change', async () => {
    const page = await mainPage();
    const states = await page.evaluate(async () => {
      const { calls, events } = window.elfdeck;
      const seen: string[] = [];
      const over = new Promise<void>((resolve) => {
        events['vm.changed']!((vm: { state: string }) => {
          if (seen.at(-1) !== vm.state) seen.push(vm.state);
          if (vm.state === 'exited') resolve();
        });
      });
      const { result: plan } = (await calls['vm.plan']!({ source: { kind: 'example', name: 'hello' } })) as {
        result: { name: string; spec: unknown };
      };
      await calls['vm.create']!({ name: plan.name, spec: plan.spec });
      await calls['vm.start']!({ vm: plan.name });
      await over;
      return seen;
    });
    expect(states).toEqual(['created', 'running', 'exited']);
    const failure = await page.evaluate(() => window.elfdeck.calls['vm.get']!({ vm: 'none' }));
    expect(failure).toMatchObject({ ok: false, error: { code: 'vm.not-found' } });
  });

  it('goes nowhere else and opens nothing', async () => {
    const page = await mainPage();
    const before = page.url();
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    await page.evaluate(() => window.open('https://example.com/'));
    expect(page.url()).toBe(before);
    expect(electron.BrowserWindow.all[0]!.webContents.decideOpen('https://example.com/')).toBe(false);
    const answer = await page.evaluate(() =>
      window.elfdeckShell.calls['shell.open-external']!({ url: 'file:///etc/passwd' }),
    );
    expect([answer.ok, electron.recorded.opened]).toEqual([false, []]);
  });

  it('brings what the menu asks for to the page, and consoles to windows of their own', async () => {
    const page = await mainPage();
    await page.evaluate(async () => {
      window.elfdeckShell.events['shell.asked']!((asked) => {
        window.asked = asked;
      });
      // The answer says that the listening has arrived.
      await window.elfdeckShell.calls['shell.check-updates']!({});
    });
    const items = electron.recorded.menu.flatMap((menu) => menu.submenu ?? []);
    items.find((item) => item.label === 'Command Palette…')!.click!();
    await vi.waitFor(async () =>
      expect(await page.evaluate(() => window.asked)).toEqual({ command: 'palette', argument: '' }),
    );
    const open = () => page.evaluate(() => window.elfdeckShell.calls['shell.open-console']!({ vm: 'hello' }));
    await open();
    const { result } = await page.evaluate(() => window.elfdeck.calls['vm.get']!({ vm: 'hello' }));
    const { id } = result as { id: string };
    expect(electron.BrowserWindow.all.map((window) => window.url)).toEqual([
      'elfdeck-app://window/',
      `elfdeck-app://window/console/${id}`,
    ]);
    await open();
    expect(electron.BrowserWindow.all.length).toBe(2);
    const shown = await electron.BrowserWindow.all[1]!.ready;
    if (!isStandIn) await shown.getByText('Hello from an unmodified x86_64 program').waitFor();
  });

  it('ends when it is told to, after its instances', async () => {
    const exited = new Promise((resolve) => electron.app.once('double:exit', resolve));
    electron.app.quit();
    await exited;
    expect(electron.recorded.exits).toBe(1);
  });
});
