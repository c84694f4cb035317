/**
 * What the journeys run in: real Chromium on `elfdeck serve`, or Electron itself (ELFDECK_E2E_HOST=electron). Both keep their
 * data in a folder of their own and can be killed as a crash would.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type Browser, type ElectronApplication, type Page } from 'playwright-core';
import { electronProgram } from '../../../build/electron-program.mjs';
import { AppServer, isolated } from './app-server.ts';
import { launch, listen, signIn, WIDE } from './window.ts';

const root = join(import.meta.dirname, '../../..');

export interface Shown {
  page: Page;
  /** Of the page's address, without what follows it. */
  origin: string;
  /** What pages say on their console, or throw. */
  complaints: string[];
}

export interface AppHost {
  readonly folder: string;
  /** The page outlives the manager. */
  readonly isServed: boolean;
  start(): Promise<Shown>;
  /** The manager is gone as after a crash. */
  kill(): Promise<void>;
  /** It starts again, on the same data; the page is signed in. */
  restart(page: Page): Promise<Shown>;
  remove(): Promise<void>;
}

class ServeHost implements AppHost {
  readonly isServed = true;
  private readonly server = new AppServer();
  private browser: Browser | undefined;
  private complaints: string[] = [];

  get folder(): string {
    return this.server.folder;
  }
  async start(): Promise<Shown> {
    const url = await this.server.start();
    this.browser = await launch();
    const { page, complaints } = await signIn(this.browser, url);
    this.complaints = complaints;
    return { page, complaints, origin: new URL(url).origin };
  }
  kill(): Promise<void> {
    return this.server.kill();
  }
  async restart(page: Page): Promise<Shown> {
    const url = await this.server.start();
    await page.goto(url);
    return { page, complaints: this.complaints, origin: new URL(url).origin };
  }
  async remove(): Promise<void> {
    await this.browser?.close();
    await this.server.remove();
  }
}

class ElectronHost implements AppHost {
  readonly isServed = false;
  readonly folder = mkdtempSync(join(tmpdir(), 'elfdeck-e2e-'));
  private app: ElectronApplication | undefined;

  async start(): Promise<Shown> {
    this.app = await _electron.launch({
      executablePath: electronProgram(root)!,
      args: [root, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
      env: isolated(this.folder),
    });
    const complaints = listen(this.app.context());
    const page = await this.app.firstWindow();
    await page.setViewportSize(WIDE);
    return { page, complaints, origin: 'elfdeck-app://window' };
  }
  async kill(): Promise<void> {
    const child = this.app!.process();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  restart(): Promise<Shown> {
    return this.start();
  }
  async remove(): Promise<void> {
    await this.app?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const createHost = (): AppHost =>
  process.env.ELFDECK_E2E_HOST === 'electron' ? new ElectronHost() : new ServeHost();
