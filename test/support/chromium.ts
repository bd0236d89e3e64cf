// Debian's Chromium for tests: started when first asked for, one for all of them, kept on this machine, stopped at the end.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'chai';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';

const SCREENSHOTS = path.join(import.meta.dirname, '..', 'screenshots');

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
];

let launched: Promise<Browser> | undefined;

/** A page in a browser profile of its own: no cookies, no cache. Close it with `page.context().close()`. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const browser = await (launched ??= launch());
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', ...options });
  return context.newPage();
}

async function launch(): Promise<Browser> {
  const executablePath = await ensureInstalled('chromium', 'chromium');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  atEnd(() => browser.close());
  return browser;
}

/** WCAG 2.2 AA as far as axe can tell, and axe's own advice. */
export async function expectAccessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  // Without a second page to gather the results of frames in, as there are none.
  const { violations } = await new AxeBuilder({ page }).withTags(tags).setLegacyMode().analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
  expect(found, `accessibility of ${page.url()}`).to.deep.equal([]);
}

/** Keeps a picture of the whole page in test/screenshots, to be looked at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Everything a page complains of, or asks another origin for, from now on. */
export function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    const home = page.url() === 'about:blank' ? origin : new URL(page.url()).origin;
    if (protocol !== 'data:' && origin !== home) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}
