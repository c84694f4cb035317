/** What all journeys share: when they run, and what each view they come to must stand. */
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { CHROMIUM, screenshot, violations } from './window.ts';

const isRequired = process.env.ELFDECK_REQUIRE_TOOLS === '1';

/** Skipped where there is no Chromium, unless the tools are required. */
export const describeJourneys = describe.skipIf(CHROMIUM === undefined && !isRequired);

/** Keeps a screenshot of the view; axe must find nothing in it. */
export async function checkView(page: Page, name: string): Promise<void> {
  await screenshot(page, name);
  expect(await violations(page)).toEqual([]);
}
