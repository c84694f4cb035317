/** Journeys of what a guest leaves behind: changes kept beside its folder, and output that would do harm in a page. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from './support/hosts.ts';
import { checkView, describeJourneys } from './support/journey.ts';
import { writeProgram } from './support/programs.ts';

describeJourneys('what a guest leaves behind', { timeout: 120_000 }, () => {
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

  const root = () => join(host.folder, 'root');
  const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
  const tab = (name: string) =>
    page.getByRole('navigation', { name: 'Parts of the instance' }).getByRole('link', { name }).click();
  const check = (name: string) => checkView(page, name);
  async function runAgain(): Promise<void> {
    await page.locator('[data-test=action-start]').click();
    await page.getByText('exit code 0').waitFor();
  }

  it('keeps changes beside the folder, and writes them there when told to', async () => {
    writeProgram(root(), 'make');
    await page.goto(`${origin}/new?kind=folder&path=${encodeURIComponent(root())}`);
    await page.locator('[data-test=program-line]').fill('/make');
    await page.locator('[data-test=name]').fill('box');
    await page.locator('[data-test=create]').click();
    await tab('Root file system');
    await page.getByRole('radio', { name: 'Overlay' }).click();
    await page.getByText('The guest has changed nothing.').waitFor();
    await runAgain();
    await page.getByRole('list', { name: '1 change in the overlay' }).getByText('/made').waitFor();
    expect(existsSync(join(root(), 'made'))).toBe(false);
    await check('overlay');
    await button('Commit').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Commit' }).click();
    await page.getByText('1 change written').waitFor();
    expect(readFileSync(join(root(), 'made'), 'utf8')).toBe('/made');
  });

  it('forgets them when told to', async () => {
    await runAgain();
    await page.getByRole('list', { name: '1 change in the overlay' }).waitFor();
    await button('Discard').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('The guest has changed nothing.').waitFor();
  });

  it('shows files with hostile names and content as they are', async () => {
    const name = '<img src=x onerror=document.title=1>';
    mkdirSync(join(root(), name));
    writeFileSync(
      join(root(), name, 'page.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="1"</script></svg>',
    );
    writeFileSync(join(root(), 'escape.txt'), '\x1b]0;owned\x07<script>document.title="1"</script>\u202E');
    await page.goto(`${origin}/rootfs`);
    await button('Add a folder').click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Folder' }).fill(root());
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('link', { name: 'root', exact: true }).click();
    await page.getByRole('treeitem', { name: 'escape.txt' }).click();
    await page.getByText('<script>document.title=').waitFor();
    await page.getByRole('treeitem', { name: '<img' }).click();
    await page.getByRole('treeitem', { name: 'page.svg' }).click();
    await check('rootfs-hostile');
    expect([await page.title(), complaints.filter((text) => !/GPU stall/.test(text))]).toEqual(['Elfdeck', []]);
  });
});
