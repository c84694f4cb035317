/** The window in real Chromium (Debian's): views, screenshots and axe. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const screens = join(import.meta.dirname, '../screens');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 420, height: 780 };

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: FLAGS });
}

export interface Window {
  context: BrowserContext;
  page: Page;
  /** What pages say on their console, or throw. */
  complaints: string[];
}

/** A browser's window with an empty page. */
export async function openWindow(browser: Browser): Promise<Window> {
  const context = await browser.newContext({
    viewport: WIDE,
    locale: 'en-US',
    colorScheme: 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const complaints = listen(context);
  return { context, page: await context.newPage(), complaints };
}

/** Collects what pages say on their console, or throw. */
export function listen(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return complaints;
}

/** One that is signed in. */
export async function signIn(browser: Browser, url: string): Promise<Window> {
  const window = await openWindow(browser);
  await window.page.goto(url);
  return window;
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`) });
}

/** What axe finds wrong with the view, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the browser's debugger, so the page's policy is not loosened for it.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    type Result = { violations: { id: string; help: string; nodes: { target: unknown; failureSummary: string }[] }[] };
    const axe = (window as unknown as { axe: { run(context: object, options: object): Promise<Result> } }).axe;
    const result = await axe.run(document, { resultTypes: ['violations'] });
    return result.violations.flatMap((v) =>
      v.nodes.map((node) => `${v.id}: ${v.help} at ${String(node.target)} (${node.failureSummary})`),
    );
  });
}
