// One session for all apps in Chromium: signing in to a second app, out of both, and proving more or anew.

import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { sharedDemo } from '../support/browser-demo.ts';
import type { RunningDemo } from '../support/browser-demo.ts';
import {
  arrive,
  authenticatorFor,
  claimOn,
  codeInInbox,
  follow,
  giveCode,
  givePassword,
  press,
  problemOn,
  saveRecoveryCodes,
} from '../support/browser-steps.ts';
import { createVisits } from '../support/browser-visit.ts';
import type { Visits } from '../support/browser-visit.ts';
import { eventually } from '../support/eventually.ts';

const HELLO = 'Hello Gus Grønland';
const REAUTHENTICATE = 'You are signed in already. To go on, confirm that it is you.';

for (const javaScriptEnabled of [true, false]) {
  const mode = `JavaScript ${javaScriptEnabled ? 'on' : 'off'}`;

  describe(`Single sign-on with ${mode}`, () => {
    let demo: RunningDemo;
    let visits: Visits;
    /** Gus, whom Globex asks for the password alone, is signed in to Orders. */
    let page: Page;

    before(async () => {
      demo = await sharedDemo(mode);
      const origins = [demo.issuers.globex, demo.app].map((url) => new URL(url).origin);
      visits = createVisits({ origins, javaScriptEnabled });
    });
    beforeEach(async () => {
      page = await visits.open();
      await open('orders');
      await follow(page, 'Sign in');
      await givePassword(page, 'gus', demo.person('gus').password);
      await arrive(page, HELLO);
    });
    afterEach(() => visits.end());

    async function open(app: 'orders' | 'wiki'): Promise<void> {
      await page.goto(`${demo.app}/globex/${app}`);
    }

    /** The app has not heard yet that the session has ended, and the provider asks for the password. */
    async function expectEnded(app: 'orders' | 'wiki', name: string): Promise<void> {
      await open(app);
      await press(page, 'Refresh');
      expect(await problemOn(page)).to.contain('invalid_grant');
      await visits.look(page, 'app-ended');
      await follow(page, 'Sign in');
      await arrive(page, `Sign in to ${name}`);
      expect(await page.getByText(REAUTHENTICATE).count()).to.equal(0);
    }

    it('asks no password for the second app, only whether it may, and ends for both', async () => {
      await open('wiki');
      await follow(page, 'Sign in');
      await arrive(page, 'Allow Wiki to use your account?');
      const wishes = await page.getByRole('main').getByRole('listitem').allInnerTexts();
      expect(wishes.map((wish) => wish.split('\n')[0])).to.deep.equal([
        'Know that it is you',
        'See your profile',
        'See your e-mail address',
        'See your phone number',
        'See your groups',
        'See your roles',
      ]);
      await visits.look(page, 'consent');
      await press(page, 'Deny');
      expect(await problemOn(page)).to.contain('access_denied');
      await visits.look(page, 'app-refused');
      await follow(page, 'Sign in');
      await press(page, 'Allow');
      await arrive(page, HELLO);
      expect(page.url()).to.equal(`${demo.app}/globex/wiki`);
      expect(await claimOn(page, 'aud')).to.equal('wiki');

      await open('orders');
      await press(page, 'Sign out');
      if (!javaScriptEnabled) {
        await arrive(page, 'Signing you out of Globex');
        await visits.look(page, 'logout-confirmed');
        await press(page, 'Sign out');
      }
      await page.getByRole('status').getByText('You are signed out here and at the provider.').waitFor();
      await visits.look(page, 'app-signed-out-everywhere');
      await follow(page, 'Sign in');
      await arrive(page, 'Sign in to Orders');
      await expectEnded('wiki', 'Wiki');
    });

    it('is not ended by another site, but by the person alone', async () => {
      await follow(page, 'Sign out as another site would');
      await arrive(page, 'Sign out of Globex?');
      await page.getByText('You are signed in as gus.').waitFor();
      await visits.look(page, 'logout-asked');
      await follow(page, 'Stay signed in');
      await arrive(page, 'Apps to sign in to');
      await page.goto(`${demo.app}/globex/orders/sign-in`);
      await arrive(page, HELLO);

      await follow(page, 'Sign out as another site would');
      await press(page, 'Sign out');
      await arrive(page, 'You are signed out');
      await visits.look(page, 'logout-done');
      await follow(page, 'Go to the start page');
      await arrive(page, 'Apps to sign in to');
      await expectEnded('orders', 'Orders');
    });

    it('is stepped up and proven afresh', async () => {
      expect(await claimOn(page, 'acr')).to.equal('sfa');
      await press(page, 'Refresh');
      await page.getByRole('status').getByText('The access token is new.').waitFor();
      await visits.look(page, 'app-refreshed');

      // His mail is not enough, but shows that it is he who sets up more.
      await follow(page, 'Step up');
      await arrive(page, 'Enter your code');
      await giveCode(page, await codeInInbox(await visits.open(), demo.inbox, 'gus@globex.test'));
      await arrive(page, 'Set up codes by text message');
      await follow(page, 'Set up something else');
      await visits.look(page, 'choose');
      await page.getByLabel('Authenticator app').check();
      await press(page, 'Continue');
      await arrive(page, 'Set up an authenticator app');
      const authenticator = await authenticatorFor(page, { algorithm: 'sha256', digits: 8 });
      await giveCode(page, await authenticator.code());
      await saveRecoveryCodes(page);
      await arrive(page, HELLO);
      expect(await claimOn(page, 'acr')).to.equal('mfa');
      expect(await claimOn(page, 'amr')).to.equal('pwd, otp, mfa');

      const before = await claimOn(page, 'auth_time');
      await eventually('the next second', () => utc(new Date()) > before);
      await follow(page, 'Ask for a fresh sign-in');
      await page.getByText(REAUTHENTICATE).waitFor();
      await visits.look(page, 'password-again');
      await givePassword(page, 'gus', demo.person('gus').password);
      await arrive(page, HELLO);
      const afterwards = await claimOn(page, 'auth_time');
      expect(afterwards > before, `${afterwards} after ${before}`).to.equal(true);
      expect(await claimOn(page, 'acr')).to.equal('sfa');

      await follow(page, 'Step up');
      await arrive(page, 'Enter your code');
      await giveCode(page, await authenticator.code());
      await arrive(page, HELLO);
      expect(await claimOn(page, 'acr')).to.equal('mfa');
      expect(await claimOn(page, 'auth_time')).to.equal(afterwards);
    });
  });
}

/** As the demo's app shows times. */
function utc(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
