import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { createMessages } from '../../src/http/messages.ts';
import { expectAccessible, openPage, screenshot, watch } from '../support/chromium.ts';
import { LEAVES_BY_ITSELF, SAMPLES, serveGallery, VIEWS } from '../support/gallery.ts';

const NARROWEST = 320;
const { languages, messagesFor } = createMessages(`${VIEWS}/messages`);

/** One sample of each page, and those with more on them. */
const EACH_PAGE = Object.entries(SAMPLES)
  .filter(
    ([name, { page }], index, all) =>
      name !== LEAVES_BY_ITSELF && index === all.findIndex(([, one]) => one.page === page),
  )
  .map(([name]) => name)
  .concat('password-wrong-password', 'sms', 'enrol-in-account');

describe('The languages', () => {
  let origin: string;
  let page: Page;

  before(async () => {
    origin = await serveGallery();
  });
  afterEach(() => page.context().close());

  async function expectLanguage(language: string): Promise<void> {
    const t = messagesFor(language);
    const html = page.locator('html');
    expect(await html.getAttribute('lang')).to.equal(language);
    expect(await html.getAttribute('dir')).to.equal(t('language.direction'));
    expect(await page.locator('h1').innerText()).to.equal(t('login.password.titleApp', { app: 'Orders' }));
    expect(await page.locator('.languages [aria-current]').allInnerTexts()).to.deep.equal([t('language.name')]);
  }

  for (const language of languages) {
    it(`show the sign-in page in ${language}, accessible in light and dark`, async () => {
      page = await openPage({ locale: language });
      const complaints = watch(page);
      await page.goto(`${origin}/acme/password`);
      await expectLanguage(language);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
        await screenshot(page, `password-${language}-${colorScheme}`);
      }
      expect(complaints).to.deep.equal([]);
    });

    it(`fit every page on the narrowest screen, in ${language}`, async () => {
      page = await openPage({ locale: language, viewport: { width: NARROWEST, height: 640 } });
      for (const name of EACH_PAGE) {
        await page.goto(`${origin}/acme/${name}`);
        expect(await page.locator('html').evaluate((html) => html.scrollWidth), name).to.equal(NARROWEST);
      }
    });
  }

  it('are all accessible from right to left, in light and dark', async () => {
    page = await openPage({ locale: 'ar', viewport: { width: 360, height: 800 } });
    for (const name of EACH_PAGE) {
      await page.goto(`${origin}/acme/${name}`);
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
      await screenshot(page, `${name}-ar`);
    }
  });

  for (const javaScriptEnabled of [true, false]) {
    describe(`picked with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
      beforeEach(async () => {
        page = await openPage({ javaScriptEnabled });
        await page.goto(`${origin}/acme/password?client_id=orders`);
        await expectLanguage('en');
      });

      it('answer with the same page, by keyboard too', async () => {
        await page.getByRole('link', { name: 'العربية' }).focus();
        await page.keyboard.press('Enter');
        await page.locator('html[lang=ar]').waitFor();
        await expectLanguage('ar');
        expect(new URL(page.url()).searchParams.get('client_id')).to.equal('orders');
      });

      it('are remembered on the pages that follow', async () => {
        await page.getByRole('link', { name: 'Français' }).click();
        await expectLanguage('fr');
        await page.goto(`${origin}/acme/password`);
        await expectLanguage('fr');
        const [cookie] = (await page.context().cookies()).filter(({ name }) => name === 'language');
        expect(cookie).to.include({ value: 'fr', httpOnly: true, sameSite: 'Lax' });
      });

      it('give way to what the app asks for, which is not remembered', async () => {
        await page.getByRole('link', { name: 'Deutsch' }).click();
        await page.goto(`${origin}/acme/password?ui_locales=es`);
        await expectLanguage('es');
        await page.goto(`${origin}/acme/password`);
        await expectLanguage('de');
      });
    });
  }
});
