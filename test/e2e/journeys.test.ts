/**
 * Journeys through the window in real Chromium, on `elfdeck serve`: each numbered point of what a user can do. They share one
 * data folder and build on each other, as a user's day does. Screenshots go to test/e2e/screens.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from './support/hosts.ts';
import { checkView, describeJourneys } from './support/journey.ts';
import { writeProgram } from './support/programs.ts';
import { NARROW, screenshot, WIDE } from './support/window.ts';

const WAIT_MS = 30_000;

describeJourneys('the window', { timeout: 180_000 }, () => {
  const host = createHost();
  let origin: string;
  let page: Page;
  let complaints: string[];
  /** Address of each instance by name. */
  const pages = new Map<string, string>();

  beforeAll(async () => {
    ({ page, complaints, origin } = await host.start());
    page.setDefaultTimeout(WAIT_MS);
  }, 60_000);
  afterAll(() => host.remove(), 60_000);

  /** Address of the instance that is shown, without the tab. */
  const here = () => new URL(page.url()).pathname.replace(/^(\/instances\/[^/]+).*/, '$1');
  const go = (path: string) => page.goto(origin + path);
  const button = (name: string | RegExp): Locator =>
    page.getByRole('button', { name, exact: typeof name === 'string' });
  const terminal = (): Locator => page.locator('.xterm-rows');
  const terminalText = async (pattern: RegExp): Promise<void> => {
    await expect
      .poll(async () => (await terminal().locator('> div').allTextContents()).join('\n').replaceAll('\u00a0', ' '), {
        timeout: WAIT_MS,
      })
      .toMatch(pattern);
  };
  const state = (word: string) => page.locator('.instance-head .state').getByText(word, { exact: true }).waitFor();
  async function create(kind: string, name: string, fill: () => Promise<void>): Promise<void> {
    await go(`/new?kind=${kind}`);
    await fill();
    await page.locator('[data-test=name]').fill(name);
    await page.locator('[data-test=create-start]').click();
    await page.locator('.xterm').waitFor();
    pages.set(name, here());
  }
  const elf = (name: Parameters<typeof writeProgram>[1]) =>
    create('elf', name, () =>
      page
        .getByLabel('ELF file', { exact: true })
        .last()
        .fill(writeProgram(join(host.folder, 'programs'), name)),
    );
  const check = (name: string) => checkView(page, name);

  it('boots hello world in one click on the first run', async () => {
    await page.locator('[data-test=boot-hello]').waitFor();
    await check('welcome');
    await page.locator('[data-test=boot-hello]').click();
    await terminalText(/Hello from an unmodified x86_64 program/);
    await page.getByText('That was a Linux program in a unikernel of its own').waitFor();
    pages.set('hello', here());
    await check('hello');
  });

  it('creates an instance of a catalog app, talks to it, and keeps the scrollback over a reload', async () => {
    await create('catalog', 'calc', async () => {
      await page.getByRole('combobox', { name: 'App' }).click();
      // Without waiting: what was chosen before must not be created.
      await page.getByRole('option', { name: 'calc' }).click();
    });
    await terminalText(/Type an expression/);
    await page.keyboard.type('6*7\n');
    await terminalText(/\n42\s/);
    await page.reload();
    await terminalText(/6\*7\s+42/);
    await page.keyboard.type('40+3\n');
    await terminalText(/\n43\s/);
  });

  it('finds, selects and copies in a console window of its own', async () => {
    await go(pages.get('calc')!.replace('/instances', '/console'));
    await terminalText(/6\*7/);
    await page.keyboard.press('Control+Shift+F');
    await page.getByRole('textbox', { name: 'Find' }).fill('expression');
    await page.getByText('1/1').waitFor();
    await check('console-window');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Shift+A');
    await page.keyboard.press('Control+Shift+C');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/6\*7\s+42/);
    const size = await page.locator('.xterm-rows').evaluate((rows) => getComputedStyle(rows).fontSize);
    await page.keyboard.press('Control+=');
    await expect
      .poll(() => page.locator('.xterm-rows').evaluate((rows) => getComputedStyle(rows).fontSize))
      .not.toBe(size);
    await page.keyboard.press('Control+0');
    const download = page.waitForEvent('download');
    await page.keyboard.press('Control+Shift+S');
    expect(readFileSync(await (await download).path(), 'utf8')).toMatch(/6\*7[\s\S]*42/);
  });

  it('pauses, resumes, restarts and stops', async () => {
    await go(pages.get('calc')!);
    await state('Running');
    await button('Pause').click();
    await state('Paused');
    await page.locator('[data-test=action-resume]').click();
    await state('Running');
    await button('Restart').click();
    await terminalText(/42[\s\S]*Type an expression/);
    await page.locator('[data-test=action-stop]').click();
    const sure = page.getByRole('dialog').getByRole('button', { name: 'Stop' });
    await sure.click();
    await page.locator('[data-test=action-start]').waitFor();
  });

  it('shows a crash with its registers and copies the report', async () => {
    await elf('illegal');
    await state('Crashed');
    await page.getByRole('link', { name: 'Crash report' }).click();
    await page.getByText('SIGILL').first().waitFor();
    await check('crash');
    await button('Copy as text').click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/SIGILL[\s\S]*RAX/);
  });

  it('lists instances as rows and cards, filters, chooses several, deletes and brings back', async () => {
    await elf('spin');
    await elf('sleep');
    await go('/instances');
    await page.getByRole('table', { name: 'Instances' }).waitFor();
    await check('instances');
    await page.keyboard.press('/');
    await page.keyboard.type('illegal');
    await expect.poll(() => page.locator('[data-test^=vm-]').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: /Running/ }).click();
    await expect.poll(() => page.locator('[data-test^=vm-]').count()).toBe(2);
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    await check('instances-selected');
    await page.getByRole('toolbar').getByRole('button', { name: 'Stop' }).click();
    await page.getByText('No instance matches').waitFor();
    await button('Show all').click();
    await page.getByRole('radio', { name: 'Show as cards' }).click();
    await page.getByRole('article', { name: 'illegal' }).waitFor();
    await check('instances-cards');
    await button('More actions for illegal').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('article', { name: 'illegal' }).waitFor({ state: 'detached' });
    await button('Undo').click();
    await page.getByRole('article', { name: 'illegal' }).waitFor();
    await page.getByRole('radio', { name: 'Show as list' }).click();
  });

  it('renames, clones, tags and notes', async () => {
    await button('More actions for sleep').click();
    await page.getByRole('menuitem', { name: 'Clone' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('bad name!');
    await page.getByText('A name has 1 to 63 letters').waitFor();
    await page.getByRole('dialog').getByRole('textbox').fill('nap');
    await page.getByRole('dialog').getByRole('button', { name: 'Clone' }).click();
    await page.getByRole('link', { name: 'nap', exact: true }).click();
    await page
      .getByRole('navigation', { name: 'Parts of the instance' })
      .getByRole('link', { name: 'Settings' })
      .click();
    await page.getByLabel('Tags', { exact: true }).fill('quiet');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Notes' }).fill('does nothing, well');
    await button('Save').click();
    await page.getByText('Settings saved').waitFor();
    await check('instance-settings');
    await go('/instances');
    await page.locator('[data-test=vm-nap]').getByText('quiet').waitFor();
  });

  it('edits kernel arguments as a form and as a line, with errors at their position', async () => {
    await go(`${pages.get('calc')}/arguments`);
    const line = page.locator('[data-test=raw-line]');
    await expect.poll(() => line.inputValue()).toContain('/bin/calc');
    await line.fill('env.vars=[ A=1 "B=two words" ] vfs.fstab=[ "fs1:/data:9pfs:::mkmp" ] -- /bin/calc "one two');
    await page.getByRole('button', { name: /is never closed/ }).waitFor();
    await check('arguments-error');
    await line.fill('env.vars=[ A=1 "B=two words" ] vfs.fstab=[ "fs1:/data:9pfs:::mkmp" ] -- /bin/calc "one two"');
    await expect.poll(() => page.getByRole('textbox', { name: 'Environment 2: Value' }).inputValue()).toBe('two words');
    await page.getByRole('textbox', { name: 'Environment 1: Value' }).fill('changed');
    await expect.poll(() => line.inputValue()).toContain('A=changed');
    await page.getByRole('region', { name: 'What the guest will see' }).getByText('A=changed').waitFor();
    await button('Paste .env text').click();
    await page.getByRole('textbox', { name: 'Paste .env text' }).fill('# comment\nGREETING="hello world"\n');
    await button('Add variables').click();
    await expect.poll(() => line.inputValue()).toContain('"GREETING=hello world"');
    await check('arguments');
    await line.fill('-- /bin/calc');
    await page
      .getByRole('region', { name: 'What the guest will see' })
      .getByText('A=changed')
      .waitFor({ state: 'detached' });
  });

  it('shows kernel log, system calls that are missing, and figures', async () => {
    await go(`${pages.get('hello')}/log`);
    await page.getByRole('complementary', { name: 'Missing system calls' }).getByText('ioctl').waitFor();
    await check('log');
    await go(`${pages.get('hello')}/insight`);
    await page.getByRole('cell', { name: 'exit_group' }).waitFor();
    await check('insight');
  });

  it('makes an image from options, compares and specialises', async () => {
    await go('/images');
    await page.getByRole('heading', { name: 'qemu-x86_64-9pfs' }).waitFor();
    await check('images');
    await page.locator('[data-test=new-image]').click();
    await page.getByRole('searchbox', { name: /Search options/ }).fill('STRACE_ANSI');
    const option = page.getByRole('treeitem', { name: /STRACE_ANSI_COLOR/ });
    await option.focus();
    await page.keyboard.press('Space');
    await expect.poll(() => option.getAttribute('aria-checked')).toBe('true');
    await page.locator('[data-test=image-name]').fill('colourful');
    await check('image-editor');
    await button('Save').click();
    await page.getByText('CONFIG_LIBSYSCALL_SHIM_STRACE_ANSI_COLOR').waitFor();
    const download = page.waitForEvent('download');
    await button('Export defconfig').click();
    expect(readFileSync(await (await download).path(), 'utf8')).toContain('CONFIG_LIBSYSCALL_SHIM_STRACE_ANSI_COLOR=y');
    await go('/images-compare?a=colourful&b=qemu-x86_64-9pfs');
    await page.getByText('Options that differ').waitFor();
    await check('images-compare');
    await go('/images');
    await button('Specialise …').click();
    await page.getByText(/system calls become/).waitFor();
    await check('specialise');
    await button('Save and run').click();
    await page.locator('.xterm').waitFor();
  });

  it('adds a folder as root file system and shows its files', async () => {
    writeProgram(join(host.folder, 'root/bin'), 'exit7');
    await go('/rootfs');
    await button('Add a folder').click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Folder' }).fill(join(host.folder, 'root'));
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('link', { name: 'root', exact: true }).click();
    await page.getByRole('treeitem', { name: 'bin' }).click();
    await page.getByRole('treeitem', { name: /exit7/ }).click();
    await page.getByText('Entry', { exact: true }).waitFor();
    await check('rootfs');
  });

  it('browses the catalog offline', async () => {
    await go('/catalog');
    await page.locator('[data-test=app-hello]').waitFor();
    await page.getByRole('searchbox', { name: 'Search apps' }).fill('calculator');
    await expect.poll(() => page.locator('[data-test^=app-]').count()).toBe(1);
    await check('catalog');
  });

  it('takes a program that is dropped on the window', async () => {
    await go('/instances');
    await page.getByRole('table').waitFor();
    const bytes = [...readFileSync(writeProgram(join(host.folder, 'programs'), 'exit7'))];
    await page.evaluate((data) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(data)], 'dropped'));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, bytes);
    await page.locator('[data-test=create-start]').click();
    await page.getByText('exit code 7').waitFor();
  });

  it('does everything by name or key', async () => {
    await go('/instances');
    await page.getByRole('table').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('show calc');
    await check('palette');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).pathname).toBe(pages.get('calc')!);
    await go('/settings');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Alt+2');
    await page.getByRole('heading', { name: 'Catalog' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await check('shortcuts');
    await page.keyboard.press('Escape');
  });

  it('connects again and loses nothing when the manager is killed', async () => {
    await go(pages.get('calc')!);
    await page.locator('[data-test=action-start]').click();
    await terminalText(/Type an expression/);
    await host.kill();
    if (host.isServed) await page.getByText('Connection lost').first().waitFor();
    ({ page, origin } = await host.restart(page));
    page.setDefaultTimeout(WAIT_MS);
    await page.getByRole('table').waitFor();
    for (const name of ['calc', 'hello', 'nap']) await page.locator(`[data-test=vm-${name}]`).waitFor();
    await page.locator('[data-test=vm-nap]').getByText('quiet').waitFor();
  });

  it('looks right dark, in Chinese and in a narrow window, and axe finds nothing', async () => {
    await go('/settings');
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page.getByRole('combobox', { name: 'Language' }).click();
    await page.getByRole('option', { name: '简体中文' }).click();
    await page.getByRole('heading', { name: '设置' }).waitFor();
    const calc = pages.get('calc')!;
    const views = [
      '/instances',
      '/new',
      '/catalog',
      '/images',
      '/image-editor',
      '/rootfs',
      '/networks',
      '/settings',
      ...['console', 'log', 'arguments', 'rootfs', 'network', 'insight', 'settings'].map((tab) => `${calc}/${tab}`),
    ];
    for (const view of views) {
      await page.setViewportSize(WIDE);
      await go(view);
      await page.locator('h1').first().waitFor();
      await page.waitForLoadState('networkidle');
      const name = view.replace(calc, '/calc').replaceAll('/', '-');
      await check(`dark-zh${name}`);
      await page.setViewportSize(NARROW);
      await screenshot(page, `narrow-dark-zh${name}`);
      expect([view, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)]).toEqual([
        view,
        true,
      ]);
    }
  });

  it('had nothing to complain about', () => {
    const isExpected = /GPU stall|WebSocket connection|ERR_CONNECTION_REFUSED|task queue exceeded/;
    expect(complaints.filter((text) => !isExpected.test(text))).toEqual([]);
  });
});
