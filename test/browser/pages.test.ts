import { readdirSync } from 'node:fs';

import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { expectAccessible, openPage, screenshot, watch } from '../support/chromium.ts';
import { LEAVES_BY_ITSELF, SAMPLES, serveGallery, VIEWS } from '../support/gallery.ts';

/** CSS pixels: a small phone, and an ordinary window at 400 % (WCAG 2.2, 1.4.10). */
const NARROWEST = 320;

describe('The pages', () => {
  let origin: string;
  let page: Page;

  before(async () => {
    origin = await serveGallery();
  });

  describe('The gallery', () => {
    it('shows every page that there is', () => {
      const folders = ['login', 'enrol', 'link', 'account', 'logout'];
      const templates = [
        ...readdirSync(VIEWS).filter((name) => name !== 'layout.eta'),
        ...folders.flatMap((folder) => readdirSync(`${VIEWS}/${folder}`).map((name) => `${folder}/${name}`)),
      ].filter((name) => name.endsWith('.eta'));
      const shown = new Set(Object.values(SAMPLES).map((sample) => `${sample.page}.eta`));
      expect([...shown].sort()).to.deep.equal(templates.sort());
    });
  });

  describe('Each page', () => {
    let complaints: string[];
    before(async () => {
      page = await openPage();
      complaints = watch(page);
    });
    after(() => page.context().close());

    const seen = new Set<string>();
    for (const [name, sample] of Object.entries(SAMPLES)) {
      if (name === LEAVES_BY_ITSELF) continue;
      // Variants of a page differ in a sentence: they are looked at once, on a dark phone.
      const variant = seen.has(sample.page);
      seen.add(sample.page);
      const schemes = variant ? (['dark'] as const) : (['light', 'dark'] as const);
      const widths = variant ? [360] : [1280, 360];

      it(`${name} is accessible, fits a phone and stays within its origin`, async () => {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.goto(`${origin}/acme/${name}`);
        await expectWellFormed(page);
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme });
          for (const width of widths) {
            await page.setViewportSize({ width, height: 800 });
            await expectAccessible(page);
            await screenshot(page, `${name}-${colorScheme}-${String(width)}`);
          }
        }
        await expectNoSidewaysScroll(page);
        expect(complaints.splice(0)).to.deep.equal([]);
      });
    }

    for (const look of ['globex', 'neutral']) {
      it(`is accessible with the look of ${look}`, async () => {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.goto(`${origin}/${look}/password-wrong-password`);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await expectAccessible(page);
          await screenshot(page, `${look}-password-${colorScheme}`);
        }
      });
    }
  });
});

/** One main, one h1, a title and a language; at most one primary button, and no form without a button. */
async function expectWellFormed(page: Page): Promise<void> {
  for (const single of ['html[lang=en]', 'main', 'h1']) expect(await page.locator(single).count(), single).to.equal(1);
  expect(await page.locator('button[type=submit]:not(.secondary, .quiet)').count()).to.be.at.most(1);
  expect(await page.locator('form:not(:has(button[type=submit]))').count()).to.equal(0);
  expect(await page.title()).to.match(/\S · Acme$/);
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  await page.setViewportSize({ width: NARROWEST, height: 640 });
  expect(await page.locator('html').evaluate((html) => html.scrollWidth)).to.equal(NARROWEST);
}
