/** Journeys through networks: one is made, an instance is put on it, a port is forwarded, faults are set, all is removed. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHost } from './support/hosts.ts';
import { checkView, describeJourneys } from './support/journey.ts';
import { writeProgram } from './support/programs.ts';
import { NARROW, WIDE } from './support/window.ts';

describeJourneys('networks in the window', { timeout: 120_000 }, () => {
  const host = createHost();
  let page: Page;
  let origin: string;
  let complaints: string[];
  beforeAll(async () => {
    ({ page, origin, complaints } = await host.start());
    page.setDefaultTimeout(30_000);
  }, 60_000);
  afterAll(() => host.remove(), 60_000);

  const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
  const check = (name: string) => checkView(page, name);
  const openTab = () =>
    page.getByRole('navigation', { name: 'Parts of the instance' }).getByRole('link', { name: 'Network' }).click();

  it('makes a network, and says why one can not be made', async () => {
    await page.locator('[data-test=boot-hello]').waitFor();
    await page.goto(`${origin}/networks`);
    await page.locator('[data-test=network-default]').getByText('No machine is on it').waitFor();
    await page.locator('[data-test=new-network]').click();
    await page.locator('[data-test=network-name]').fill('lab');
    await page.getByRole('textbox', { name: 'Subnet' }).fill('172.44.0.0/16');
    await button('Create').click();
    await page.getByText(/overlaps with the network/).waitFor();
    await page.getByRole('textbox', { name: 'Subnet' }).fill('10.77.0.0/24');
    await button('Create').click();
    await page.locator('[data-test=network-lab]').getByText('10.77.0.0/24').waitFor();
    await check('networks');
  });

  it('puts an instance on it with a forward, which shows where it leads', async () => {
    await page.goto(`${origin}/new?kind=elf`);
    const program = writeProgram(join(host.folder, 'programs'), 'sleep');
    await page.getByLabel('ELF file', { exact: true }).last().fill(program);
    await page.locator('[data-test=name]').fill('box');
    await page.locator('[data-test=create]').click();
    await page.locator('.instance-head').waitFor();
    await openTab();
    await page.getByRole('checkbox', { name: 'lab' }).click();
    await page.getByRole('textbox', { name: 'Address on lab' }).fill('10.77.0.9');
    await button('Add a forward').click();
    await page.getByLabel("Port forwards 1: Guest's port").fill('70000');
    await page.getByText('Row 1: ports are numbers').waitFor();
    expect(await page.locator('[data-test=save-network]').isDisabled()).toBe(true);
    await page.getByLabel("Port forwards 1: Guest's port").fill('8080');
    await page.locator('[data-test=save-network]').click();
    await page.getByText('Network settings saved').waitFor();
    await page.locator('[data-test=action-start]').click();
    await page.getByRole('region', { name: 'Network cards' }).getByText('10.77.0.9').waitFor();
    await page.getByRole('link', { name: /^Open port \d+/ }).waitFor();
    await page.goto(`${origin}/networks`);
    await page.locator('[data-test=network-lab]').getByRole('link', { name: 'box' }).click();
    await page.getByText('The guest has no sockets open.').waitFor();
    await check('network-tab');
  });

  it('captures, and sets faults of the running machine', async () => {
    const file = join(host.folder, 'box.pcapng');
    await page.locator('[data-test=capture]').click();
    await page.getByRole('dialog').getByRole('textbox').fill(file);
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    await button('Stop the capture').click();
    await page.getByText('Capture ended').waitFor();
    expect(existsSync(file) && statSync(file).size > 0).toBe(true);
    const loss = page.locator('[data-test=fault-lossPercent]');
    await loss.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => loss.getAttribute('aria-valuetext')).toBe('0.5 %');
    await page.getByText('Unsaved changes').waitFor({ state: 'detached' });
    await page.reload();
    await expect.poll(() => loss.getAttribute('aria-valuetext')).toBe('0.5 %');
    await page.setViewportSize(NARROW);
    await check('network-tab-narrow');
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await page.setViewportSize(WIDE);
  });

  it('refuses to remove a network with machines on it, and removes an empty one', async () => {
    await page.goto(`${origin}/networks`);
    const remove = async () => {
      await button('Delete the network lab').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    };
    await remove();
    await page.getByText(/machines are on the network/).waitFor();
    await page.getByRole('link', { name: 'box' }).click();
    await page.locator('[data-test=action-stop]').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
    await page.locator('[data-test=action-start]').waitFor();
    await page.goto(`${origin}/networks`);
    await remove();
    await page.locator('[data-test=network-lab]').waitFor({ state: 'detached' });
    expect(complaints.filter((text) => !/GPU stall/.test(text))).toEqual([]);
  });
});
