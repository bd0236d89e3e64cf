import { gzipSync } from 'node:zlib';

import { expect } from 'chai';
import type { Page, Response } from 'playwright-core';

import { openPage, screenshot } from '../support/chromium.ts';
import { LEAVES_BY_ITSELF, serveGallery } from '../support/gallery.ts';

const HEAVIEST_FIRST_PAGE = 50_000;

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

    for (const name of ['password', 'totp', 'enrol', 'consent', 'error-expired', 'home']) {
      it(`${name} lets Tab reach everything that can be used, in the order of the page`, async () => {
        await page.goto(`${origin}/acme/${name}`);
        const usable = await page
          .locator('a[href], button, input:not([type=hidden], [tabindex="-1"])')
          .evaluateAll((elements) => elements.map((element) => element.outerHTML));
        await page.locator('body').evaluate((body) => {
          body.tabIndex = -1;
          body.focus();
        });
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
      await page.goto(`${origin}/acme/totp`);
      expect(await focused(page)).to.equal('code');
    });

    it('begins in the error summary, whose link leads to the field', async () => {
      await page.goto(`${origin}/acme/totp-wrong-code`);
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
      for (const name of ['password', 'enrol']) {
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

  describe('A page without a script', () => {
    before(async () => {
      page = await openPage({ javaScriptEnabled: false });
    });
    after(() => page.context().close());

    it('signs in', async () => {
      await page.goto(`${origin}/acme/password`);
      await page.getByLabel('User name').fill('ann');
      await page.getByLabel('Password', { exact: true }).fill('correct horse');
      await page.getByRole('button', { name: 'Sign in' }).click();
      expect(await posted(page)).to.deep.equal({
        csrf: 'csrf-of-this-form',
        username: 'ann',
        password: 'correct horse',
      });
    });

    it('takes a code with spaces, and nothing besides', async () => {
      for (const [name, label, button] of [
        ['totp', 'Code', 'Sign in'],
        ['enrol', 'Type the code that it shows', 'Finish'],
      ] as const) {
        await page.goto(`${origin}/acme/${name}`);
        await page.getByLabel(label).fill('123 456');
        await page.getByRole('button', { name: button }).click();
        expect(await posted(page), name).to.deep.equal({ csrf: 'csrf-of-this-form', code: '123 456' });
      }
    });

    it('allows, denies, signs out and stays', async () => {
      for (const [name, button, fields] of [
        ['consent', 'Allow', { csrf: 'csrf-of-this-form', decision: 'allow' }],
        ['consent', 'Deny', { csrf: 'csrf-of-this-form', decision: 'deny' }],
        ['notice', 'Continue', { csrf: 'csrf-of-this-form' }],
        ['logout-confirm', 'Sign out', { xsrf: 'x', logout: 'yes' }],
        [LEAVES_BY_ITSELF, 'Sign out', { xsrf: 'x', logout: 'yes' }],
      ] as const) {
        await page.goto(`${origin}/acme/${name}`);
        await page.getByRole('button', { name: button }).click();
        expect(await posted(page), button).to.deep.equal(fields);
      }
      await page.goto(`${origin}/acme/logout-confirm`);
      await page.getByRole('link', { name: 'Stay signed in' }).click();
      expect(page.url()).to.equal(`${origin}/acme/home`);
    });

    it('waits to be sent where it would leave by itself', async () => {
      await page.goto(`${origin}/acme/${LEAVES_BY_ITSELF}`);
      await screenshot(page, LEAVES_BY_ITSELF);
    });

    it('shows no button that would do nothing', async () => {
      await page.goto(`${origin}/acme/enrol`);
      expect(await page.getByRole('button').allTextContents()).to.deep.equal(['Finish']);
      await screenshot(page, 'enrol-without-script');
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

async function posted(page: Page): Promise<unknown> {
  expect(new URL(page.url()).pathname).to.equal('/posted');
  return JSON.parse((await page.locator('body').textContent()) ?? '');
}
