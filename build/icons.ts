/**
 * Draws the app's icons from renderer/public/icon.svg with Chromium: build/icons/icon.png, from which the packager makes those
 * of each system. The result is committed; run this again when the drawing changes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const SIZE = 1024;
/** Of the side, as the systems' own icons have it. */
const MARGIN = 0.08;
const root = join(import.meta.dirname, '..');
const drawing = readFileSync(join(root, 'renderer/public/icon.svg'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.ELFDECK_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage({ viewport: { width: SIZE, height: SIZE } });
const source = `data:image/svg+xml;base64,${Buffer.from(drawing).toString('base64')}`;
await page.setContent(
  `<body style="margin:${SIZE * MARGIN}px"><img src="${source}" style="display:block;width:${SIZE * (1 - 2 * MARGIN)}px">`,
);
await page.locator('img').evaluate((image) => (image as unknown as { decode(): Promise<void> }).decode());
writeFileSync(join(root, 'build/icons/icon.png'), await page.screenshot({ omitBackground: true }));
await browser.close();
