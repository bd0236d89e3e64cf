import { gzipSync } from 'node:zlib';

import { expect } from 'chai';
import type { Page, Response } from 'playwright-core';

import { openPage } from '../support/chromium.ts';
import { CODES } from '../support/samples/enrol.ts';
import { LEAVES_BY_ITSELF, SAMPLES, posted, serveGallery } from '../support/gallery.ts';

const HEAVIEST_FIRST_PAGE = 50_000;

/** The first sample of every page. */
const ONE_OF_EACH = Object.keys(SAMPLES).filter(
  (name, index, names) => names.findIndex((other) => SAMPLES[other]?.page === SAMPLES[name]?.page) === index,
);
const WITH_MORE_TO_PRESS = ['sms', 'enrol-passkey-in-account', 'error-expired'];

describe('Using the pages', () => {
  let origin: string;
  let page: Page;

  before(async () => {
    origin = await serveGallery();
  });

  describe('A page by keyboard', () => {
    before(async () => {
      page = await openPage();
    });
    after(() => page.context().close());

    for (const name of [...ONE_OF_EACH, ...WITH_MORE_TO_PRESS]) {
      it(`${name} lets Tab reach everything that can be used, in the order of the page`, async () => {
        await page.goto(`${origin}/acme/${name}`);
        const usable = await page
          .locator('a[href], button, input:not([type=hidden], [tabindex="-1"], [type=radio]:not(:checked))')
          .evaluateAll((elements) => elements.map((element) => element.outerHTML));
        await page.locator('body').evaluate((body) => {
          body.tabIndex = -1;
          body.focus();
        });
        expect(usable).not.to.deep.equal([]);
        const reached: string[] = [];
        while (reached.length < usable.length) {
          await page.keyboard.press('Tab');
          reached.push(await page.locator(':focus').evaluate((element) => element.outerHTML));
        }
        expect(reached).to.deep.equal(usable);
      });
    }

    it('begins in the first field that is to be filled in', async () => {
      await page.goto(`${origin}/acme/password`);
      expect(await focused(page)).to.equal('username');
      await page.goto(`${origin}/acme/password-again`);
      expect(await focused(page)).to.equal('password');
      for (const name of ['totp', 'sms', 'recovery-code', 'enrol-number-code']) {
        await page.goto(`${origin}/acme/${name}`);
        expect(await focused(page), name).to.equal('code');
      }
      await page.goto(`${origin}/acme/enrol-number`);
      expect(await focused(page)).to.equal('contact');
      await page.goto(`${origin}/acme/rename`);
      expect(await focused(page)).to.equal('name');
    });

    it('chooses with the arrow keys', async () => {
      await page.goto(`${origin}/acme/choose`);
      await page.getByRole('radio', { name: 'Passkey: Laptop' }).focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/posted');
      expect(await posted(page)).to.deep.equal({ csrf: 'csrf-of-this-form', factor: '3' });
    });

    it('begins in the error summary, whose link leads to the field', async () => {
      await page.goto(`${origin}/acme/code-wrong-code`);
      expect(await page.locator(':focus').getAttribute('role')).to.equal('alert');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await focused(page)).to.equal('code');
      const field = page.getByRole('textbox', { name: 'Code' });
      expect(await field.getAttribute('aria-invalid')).to.equal('true');
      const description = await page.locator(`#${(await field.getAttribute('aria-describedby')) ?? ''}`).textContent();
      expect(description).to.contain('That code is not right');
    });
  });

  describe('A page with a script', () => {
    before(async () => {
      page = await openPage();
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    });
    after(() => page.context().close());

    it('shows and hides the password', async () => {
      await page.goto(`${origin}/acme/password`);
      const button = page.getByRole('button', { name: 'Show password' });
      await page.fill('#password', 'correct horse');
      await button.click();
      expect(await page.getAttribute('#password', 'type')).to.equal('text');
      expect(await button.getAttribute('aria-pressed')).to.equal('true');
      await button.click();
      expect(await page.getAttribute('#password', 'type')).to.equal('password');
    });

    it('copies the key without its spaces', async () => {
      await page.goto(`${origin}/acme/enrol`);
      await page.getByRole('button', { name: 'Copy the key' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      await page.focus('#code');
      await page.keyboard.press('Control+V');
      expect(await page.inputValue('#code')).to.equal('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
    });

    it('copies recovery codes one to a line', async () => {
      await page.goto(`${origin}/acme/codes`);
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(CODES.join('\n'));
    });

    it('prints recovery codes, whose they are, and nothing to press', async () => {
      await page.addInitScript('window.print = () => { document.title = "printed"; };');
      await page.goto(`${origin}/acme/codes`);
      await page.getByRole('button', { name: 'Print' }).click();
      expect(await page.title()).to.equal('printed');
      await page.emulateMedia({ media: 'print' });
      expect(await page.getByText('Recovery codes of ann at Acme').isVisible()).to.equal(true);
      expect(await page.getByRole('listitem').allTextContents()).to.deep.equal(CODES);
      expect(await page.getByRole('button').or(page.getByRole('link')).count()).to.equal(0);
      await page.emulateMedia({ media: 'screen' });
    });

    it('counts a wait down in sight, says its end once, and leaves the focus where it is', async () => {
      const fresh = await openPage();
      await fresh.clock.install();
      await fresh.goto(`${origin}/acme/sms`);
      await fresh.getByText('You can ask for another code in 30 seconds.').waitFor();
      await fresh.clock.runFor(29_000);
      await fresh.getByText('You can ask for another code in 1 second.').waitFor();
      expect(await fresh.getByRole('status').textContent()).to.equal('');
      await fresh.clock.runFor(2_000);
      expect(await fresh.getByRole('status').textContent()).to.equal('You can ask for another code now.');
      expect(await fresh.getByText('second').count()).to.equal(0);
      expect(await focused(fresh)).to.equal('code');
      await fresh.context().close();
    });

    it('tells times where the reader is, as the browser’s variant of the language writes them', async () => {
      const fresh = await openPage({ timezoneId: 'Asia/Tokyo' });
      await fresh.goto(`${origin}/acme/account`);
      expect(await fresh.locator('time').first().textContent()).to.equal('1 Feb 2026, 18:41');
      await fresh.context().close();
    });

    it('sends a form once, however often the button is pressed, and again after the back button', async () => {
      const posts: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') posts.push(request.postData() ?? '');
      });
      await page.goto(`${origin}/acme/consent`);
      await page.locator('button[value=deny]').evaluate((button) => {
        for (let i = 0; i < 3; i += 1) button.click();
      });
      await page.waitForURL('**/posted');
      expect(posts).to.deep.equal(['csrf=csrf-of-this-form&decision=deny']);
      await page.goBack();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.waitForURL('**/posted');
      expect(posts[1]).to.equal('csrf=csrf-of-this-form&decision=allow');
    });

    it('moves nothing while it loads', async () => {
      for (const name of ['password', 'sms', 'passkey', 'enrol', 'enrol-passkey', 'codes', 'account']) {
        await page.goto(`${origin}/acme/${name}`);
        expect(await layoutShifts(page), name).to.equal(0);
      }
    });

    it('signs out at once where the app has shown whose session it means, and leaves no trap for the back button', async () => {
      await page.goto(`${origin}/acme/home`);
      await page.goto(`${origin}/acme/${LEAVES_BY_ITSELF}`);
      await page.waitForURL('**/posted');
      expect(await posted(page)).to.deep.equal({ xsrf: 'x', logout: 'yes' });
      await page.goBack();
      expect(new URL(page.url()).pathname).to.equal('/acme/home');
    });

    it('weighs little', async () => {
      const fresh = await openPage();
      const answers: Response[] = [];
      fresh.on('response', (response) => answers.push(response));
      await fresh.goto(`${origin}/acme/password`, { waitUntil: 'networkidle' });
      const sizes = await Promise.all(answers.map(async (answer) => gzipSync(await answer.body()).length));
      await fresh.context().close();
      expect(sizes.length).to.be.at.least(3);
      expect(sizes.reduce((sum, size) => sum + size)).to.be.below(HEAVIEST_FIRST_PAGE);
    });
  });
});

function focused(page: Page): Promise<string | null> {
  return page.locator(':focus').getAttribute('id');
}

/** How often the page has moved since it began to load (Layout Instability API, which Node's types do not know). */
function layoutShifts(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => resolve(list.getEntries().length));
    observer.observe({ type: 'layout-shift', buffered: true });
    setTimeout(resolve, 100, 0);
  })`);
}
