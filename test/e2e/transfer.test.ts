/**
 * Journeys of what comes from outside: catalogs from folders and archives, hostile ones too, instances as one file, and a manager
 * that is killed while it imports.
 */
import { existsSync, mkdirSync, openSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTarGz } from '../support/archives.ts';
import { createHost } from './support/hosts.ts';
import { checkView, describeJourneys } from './support/journey.ts';
import { writeProgram } from './support/programs.ts';

/** Takes a second or more to copy, and none to make: a file with a hole. */
const LARGE_BYTES = 600_000_000;

describeJourneys('transfers in the window', { timeout: 120_000 }, () => {
  const host = createHost();
  let page: Page;
  let origin: string;
  let complaints: string[];
  beforeAll(async () => {
    ({ page, origin, complaints } = await host.start());
    page.setDefaultTimeout(30_000);
    await page.locator('[data-test=boot-hello]').waitFor();
  }, 60_000);
  afterAll(() => host.remove(), 60_000);

  const go = (path: string) => page.goto(origin + path);
  const app = (name: string): Locator => page.locator(`[data-test="app-${name}"]`);
  const home = () => join(host.folder, 'data/elfdeck');
  const check = (name: string) => checkView(page, name);
  async function addSource(location: string): Promise<void> {
    await go('/catalog');
    await page.locator('[data-test=sources]').click();
    await page.getByRole('dialog').getByRole('textbox').first().fill(location);
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  }
  const closeDialog = () => page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  it('imports an app of a folder in the layout of dynamic-apps, and runs it', async () => {
    const folder = join(host.folder, 'apps');
    writeProgram(join(folder, 'seven/bin'), 'exit7');
    mkdirSync(join(folder, 'seven/lib'));
    writeFileSync(join(folder, 'seven/lib/note'), 'a library would be here');
    await addSource(folder);
    await page.getByRole('dialog').getByText(folder).waitFor();
    await check('catalog-sources');
    await closeDialog();
    await app('seven').getByRole('button', { name: 'Import' }).click();
    await app('seven').getByRole('button', { name: 'New instance' }).click();
    await page.locator('[data-test=create-start]').click();
    await page.getByText('exit code 7').waitFor();
  });

  it('refuses an archive that reaches out of its folder, says so, and keeps nothing of it', async () => {
    const archive = join(host.folder, 'evil.tar.gz');
    await writeTarGz(archive, [
      { name: 'evil/bin/evil', mode: 0o755, content: 'x' },
      { name: 'evil/lib/out', type: 'symlink', linkname: '../../../../../etc' },
      { name: 'evil/lib/out/planted', content: 'x' },
    ]);
    const before = readdirSync(join(home(), 'rootfs'));
    await addSource(archive);
    await page.getByRole('dialog').getByText(archive).waitFor();
    await closeDialog();
    await app('evil').getByRole('button', { name: 'Import' }).click();
    await page.getByText('Could not import').first().waitFor();
    await check('catalog-refused');
    expect([
      existsSync('/etc/planted'),
      readdirSync(join(home(), 'rootfs')),
      readdirSync(join(home(), 'staging')),
    ]).toEqual([false, before, []]);
  });

  it('shows what a catalog says as text, whatever it says', async () => {
    const folder = join(host.folder, 'hostile');
    writeProgram(join(folder, 'app/bin'), 'exit7');
    const markup = '<img src=x onerror="document.title=\'broken in\'"><script>document.title="broken in"</script>';
    writeFileSync(
      join(folder, 'elfdeck-catalog.json'),
      JSON.stringify({
        version: 1,
        title: markup,
        apps: [
          {
            path: 'app',
            name: 'hostile',
            title: `${markup}${'W'.repeat(5000)}`,
            description: `${markup} ${'long'.repeat(2000)} \u202Egnp.exe`,
            category: markup,
            icon: 'constructor',
            program: ['/bin/exit7'],
          },
        ],
      }),
    );
    await addSource(folder);
    await page.getByRole('dialog').getByText(folder).waitFor();
    await closeDialog();
    await app('hostile').waitFor();
    await check('catalog-hostile');
    expect([await page.title(), await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)]).toEqual(
      ['Elfdeck', true],
    );
  });

  it('is killed in the middle of an import, starts clean, and imports it then', async () => {
    const folder = join(host.folder, 'large');
    writeProgram(join(folder, 'big/bin'), 'exit7');
    mkdirSync(join(folder, 'big/lib'));
    const data = join(folder, 'big/lib/data');
    openSync(data, 'w');
    truncateSync(data, LARGE_BYTES);
    await addSource(folder);
    await page.getByRole('dialog').getByText(folder).waitFor();
    await closeDialog();
    const before = readdirSync(join(home(), 'rootfs'));
    await app('big').getByRole('button', { name: 'Import' }).click();
    await expect.poll(() => readdirSync(join(home(), 'staging')).length, { interval: 5 }).toBeGreaterThan(0);
    await host.kill();
    expect(readdirSync(join(home(), 'rootfs'))).toEqual(before);
    truncateSync(data, 1000);
    ({ page, origin } = await host.restart(page));
    expect(readdirSync(join(home(), 'staging'))).toEqual([]);
    await go('/catalog');
    await app('seven').getByText('Imported').waitFor();
    await app('big').getByRole('button', { name: 'Import' }).click();
    await app('big').getByText('Imported').waitFor();
  });

  it('writes an instance to a file, and makes one of it again', async () => {
    const file = join(host.folder, 'seven.elfdeck');
    await go('/instances');
    await page.getByRole('button', { name: 'More actions for seven' }).click();
    await page.getByRole('menuitem', { name: /Export/ }).click();
    await page.getByRole('dialog').getByRole('textbox').fill(file);
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click();
    await expect.poll(() => existsSync(file)).toBe(true);
    await go('/new?kind=elfdeck');
    await page
      .locator('[data-test=path] input, input[data-test=path]')
      .or(page.getByRole('textbox').first())
      .first()
      .fill(file);
    await check('new-import');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.locator('[data-test=action-start]').click();
    await page.getByText('exit code 7').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/instances\//);
  });

  it('says what is wrong with a file that is no instance', async () => {
    const file = join(host.folder, 'broken.elfdeck');
    writeFileSync(file, 'not an archive');
    await go('/new?kind=elfdeck');
    await page.getByRole('textbox').first().fill(file);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Could not import').first().waitFor();
    await check('new-import-broken');
    const isExpected = /GPU stall|WebSocket connection|ERR_CONNECTION_REFUSED/;
    expect(complaints.filter((text) => !isExpected.test(text))).toEqual([]);
  });
});
