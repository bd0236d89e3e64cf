// A whole login in Chromium, at the demo as a newcomer runs it, with JavaScript and without.

import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { sharedDemo } from '../support/browser-demo.ts';
import type { RunningDemo } from '../support/browser-demo.ts';
import {
  arrive,
  authenticatorFor,
  changePassword,
  claimOn,
  codeField,
  codeInInbox,
  focusOn,
  follow,
  giveCode,
  givePassword,
  keyOn,
  newPasswordField,
  passwordField,
  press,
  problemOn,
  saveRecoveryCodes,
  tabTo,
  usernameField,
} from '../support/browser-steps.ts';
import { createVisits } from '../support/browser-visit.ts';
import type { Visits } from '../support/browser-visit.ts';
import { createAuthenticator } from '../support/totp.ts';
import type { Authenticator } from '../support/totp.ts';

for (const javaScriptEnabled of [true, false]) {
  const mode = `JavaScript ${javaScriptEnabled ? 'on' : 'off'}`;

  describe(`A login with ${mode}`, () => {
    let demo: RunningDemo;
    let visits: Visits;

    before(async () => {
      demo = await sharedDemo(mode);
      const origins = [demo.issuers.acme, demo.app].map((url) => new URL(url).origin);
      visits = createVisits({ origins, javaScriptEnabled });
    });
    afterEach(() => visits.end());

    /** The sign-in page of an app, in a browser that has never been there. */
    async function signInPage(app = '/acme/orders'): Promise<Page> {
      const page = await visits.open();
      await page.goto(`${demo.app}${app}`);
      await follow(page, 'Sign in');
      await arrive(page, 'Sign in to Orders');
      return page;
    }

    /** Goes through the first door. */
    async function passwordOf(page: Page, username: string): Promise<void> {
      await givePassword(page, username, demo.person(username).password);
    }

    describe('of somebody new', () => {
      let authenticator: Authenticator;

      it('sets up a second step and lands in the app with the claims', async () => {
        const page = await visits.open();
        await page.goto(demo.app);
        await visits.look(page, 'apps');
        await page.locator('a[href="/acme/orders"]').click();
        await arrive(page, 'Orders');
        await visits.look(page, 'app-signed-out');
        await follow(page, 'Sign in');
        await arrive(page, 'Sign in to Orders');
        await visits.look(page, 'password');
        await passwordOf(page, 'ann');

        await arrive(page, 'Set up an authenticator app');
        await visits.look(page, 'enrol');
        const key = await keyOn(page);
        await page.reload();
        expect(await keyOn(page)).to.equal(key);
        authenticator = await authenticatorFor(page);
        await giveCode(page, authenticator.wrongCode());
        expect(await problemOn(page)).to.contain('That code is not right');
        expect(await keyOn(page)).to.equal(key);
        await visits.look(page, 'enrol-wrong-code');
        await giveCode(page, await authenticator.code());
        await visits.look(page, 'recovery-codes');
        await saveRecoveryCodes(page);

        await arrive(page, 'Hello Ann Anderson');
        expect(page.url()).to.equal(`${demo.app}/acme/orders`);
        expect(await claimOn(page, 'preferred_username')).to.equal('ann');
        expect(await claimOn(page, 'email')).to.equal('ann@acme.test');
        expect(await claimOn(page, 'tenant')).to.equal('acme');
        expect(await claimOn(page, 'groups')).to.equal('engineering, managers, platform, staff');
        expect(await claimOn(page, 'roles')).to.equal('engineer, staff');
        expect(await claimOn(page, 'acr')).to.equal('mfa');
        expect(await claimOn(page, 'amr')).to.equal('pwd, otp, mfa');
        await visits.look(page, 'app');
      });

      it('is told of the second step by mail', async () => {
        const page = await visits.open();
        await page.goto(`${demo.inbox}?still`);
        const mail = page.getByRole('article').filter({ hasText: 'To ann@acme.test' });
        await mail.getByRole('heading', { name: 'A second step was added to your account at Acme' }).waitFor();
        await visits.look(page, 'inbox');
      });

      it('asks for a code on the second visit, and takes it pasted and with spaces', async () => {
        const page = await signInPage();
        await passwordOf(page, 'ann');
        await arrive(page, 'Enter your code');
        await visits.look(page, 'code');
        const code = (await authenticator.code()).replace(/^.{3}/, '$& ');
        await page.evaluate(`navigator.clipboard.writeText(' ${code} ')`);
        await codeField(page).press('Control+V');
        expect(await codeField(page).inputValue()).to.equal(` ${code} `);
        await press(page, 'Sign in');
        await arrive(page, 'Hello Ann Anderson');
      });
    });

    it('copies the key, or leaves no gap where that button would be', async () => {
      const page = await signInPage();
      await passwordOf(page, 'admin@local');
      await arrive(page, 'Set up an authenticator app');
      if (javaScriptEnabled) {
        await press(page, 'Copy the key');
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        expect(await page.evaluate<string>('navigator.clipboard.readText()')).to.equal(await keyOn(page));
      } else {
        expect(await page.locator('[data-copy]').boundingBox()).to.equal(null);
      }
    });

    it('lets in an account that lives here', async () => {
      const page = await signInPage();
      await passwordOf(page, 'admin@local');
      await arrive(page, 'Set up an authenticator app');
      await giveCode(page, await (await authenticatorFor(page)).code());
      await saveRecoveryCodes(page);
      await arrive(page, 'Hello The administrator');
      expect(await claimOn(page, 'roles')).to.equal('administrator, staff');
    });

    it('says the same of a locked account as of a wrong password', async () => {
      const page = await signInPage();
      const answers = [];
      for (const [username, password] of [
        ['lou', demo.person('lou').password],
        ['ann', 'wrong'],
        ['nobody', 'wrong'],
      ] as const) {
        const answered = page.waitForResponse((response) => response.request().method() === 'POST');
        await givePassword(page, username, password);
        const status = (await answered).status();
        expect(await problemOn(page)).to.contain('That user name and password do not match');
        expect(await usernameField(page).inputValue()).to.equal(username);
        answers.push({ status, title: await page.title(), text: await page.locator('body').innerText() });
      }
      const [locked, wrong, unknown] = answers;
      expect(locked).to.deep.equal(wrong);
      expect(unknown).to.deep.equal(wrong);
      await visits.look(page, 'wrong-password');
    });

    it('asks who must change the password for a new one, and goes on', async () => {
      const { password } = demo.person('max');
      const page = await signInPage();
      await passwordOf(page, 'max');
      await arrive(page, 'Your password must be changed');
      await visits.look(page, 'must-change');
      await changePassword(page, password, 'violet');
      expect(await problemOn(page)).to.contain('That password is too short');
      if (javaScriptEnabled) {
        await newPasswordField(page).fill('violet tractor');
        await press(page, 'Show new password');
        expect(await newPasswordField(page).getAttribute('type')).to.equal('text');
      }
      await changePassword(page, password, 'violet tractor');
      await arrive(page, 'Set up an authenticator app');
      const inbox = await visits.open();
      await inbox.goto(demo.inbox);
      const told = inbox.getByRole('article').filter({ hasText: 'To max@acme.test' });
      expect(await told.first().innerText()).to.contain('The password of your account at Acme was changed');
    });

    it('has the look and the policy of the tenant', async () => {
      const colour = (page: Page) =>
        page
          .locator('button[type=submit]:not(.secondary)')
          .evaluate((button) => button.computedStyleMap().get('background-color')?.toString());
      const acme = await signInPage();
      const globex = await signInPage('/globex/orders');
      // With their style sheets.
      for (const page of [acme, globex]) await page.waitForLoadState();
      expect(await acme.title()).to.equal('Sign in to Orders · Acme');
      expect(await globex.title()).to.equal('Sign in to Orders · Globex');
      expect([await colour(acme), await colour(globex)]).to.deep.equal(['rgb(31, 78, 140)', 'rgb(138, 43, 82)']);
      await visits.look(globex, 'globex-password');
      await passwordOf(globex, 'gus');
      await arrive(globex, 'Hello Gus Grønland');
      expect(await claimOn(globex, 'acr')).to.equal('sfa');
    });

    it('asks the members of a group for a second step, and sends them a code', async () => {
      const page = await signInPage('/globex/orders');
      await passwordOf(page, 'gail');
      await arrive(page, 'Enter your code');
      await page.getByText('+1 *** *** **20').waitFor();
      await visits.look(page, 'globex-code');
      await giveCode(page, await codeInInbox(await visits.open(), demo.inbox, '+12025550120'));
      await arrive(page, 'Hello Gail Garcia');
      expect(await claimOn(page, 'acr')).to.equal('mfa');
    });

    it('leads on from a page that is over', async () => {
      const page = await signInPage('/globex/orders');
      const address = page.url();
      await passwordOf(page, 'gus');
      await arrive(page, 'Hello Gus Grønland');
      await page.goBack();
      expect(page.url()).to.equal(address);
      await arrive(page, 'This sign-in has ended');
      await visits.look(page, 'ended');
      await follow(page, 'Go to Orders');
      await arrive(page, 'Hello Gus Grønland');
    });

    it('leads on from a page that began in another browser', async () => {
      const address = (await signInPage()).url();
      const elsewhere = await visits.open();
      await elsewhere.goto(address);
      await arrive(elsewhere, 'This sign-in has ended');
      await follow(elsewhere, 'Go to Orders');
      await arrive(elsewhere, 'Orders');
    });

    it('needs no mouse', async () => {
      const { username, password, totpSecret = '' } = demo.person('tom');
      const authenticator = createAuthenticator({ secret: totpSecret });
      const page = await visits.open();
      const { keyboard } = page;

      await page.goto(`${demo.app}/acme/orders`);
      await tabTo(page, page.getByRole('link', { name: 'Sign in' }));
      await keyboard.press('Enter');
      await arrive(page, 'Sign in to Orders');
      await focusOn(usernameField(page));
      await keyboard.type(username);
      await tabTo(page, passwordField(page));
      await keyboard.type('wrong');
      await tabTo(page, page.getByRole('button', { name: 'Sign in' }));
      await keyboard.press('Enter');

      await focusOn(page.getByRole('alert'));
      await tabTo(page, page.getByRole('alert').getByRole('link'));
      await keyboard.press('Enter');
      await focusOn(passwordField(page));
      await keyboard.type(password);
      await keyboard.press('Enter');

      await arrive(page, 'Enter your code');
      await focusOn(codeField(page));
      await keyboard.type(authenticator.wrongCode());
      await keyboard.press('Enter');
      await focusOn(page.getByRole('alert'));
      await visits.look(page, 'wrong-code');
      await tabTo(page, codeField(page));
      await keyboard.type(await authenticator.code());
      await keyboard.press('Enter');
      await arrive(page, 'Hello Tom Tanaka');
    });
  });
}
