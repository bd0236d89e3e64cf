// A whole login in Chromium, at the demo as a newcomer runs it: with JavaScript and without, each on a demo of its own.

import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { startDemo } from '../support/browser-demo.ts';
import type { RunningDemo } from '../support/browser-demo.ts';
import {
  arrive,
  authenticatorWithKeyOf,
  claimOn,
  codeField,
  follow,
  giveCode,
  givePassword,
  keyOn,
  press,
  problemOn,
} from '../support/browser-steps.ts';
import { createVisits } from '../support/browser-visit.ts';
import type { Visits } from '../support/browser-visit.ts';
import type { Authenticator } from '../support/totp.ts';

for (const javaScriptEnabled of [true, false]) {
  describe(`A login with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    const prefix = javaScriptEnabled ? 'login' : 'login-plain';
    let demo: RunningDemo;
    let visits: Visits;

    before(async () => {
      demo = await startDemo();
      visits = createVisits({ origins: demo.origins, javaScriptEnabled, prefix });
    });
    afterEach(() => visits.end());

    /** The sign-in page of a tenant's app, in a browser that has never been there. */
    async function signInPage(app: string): Promise<Page> {
      const page = await visits.open();
      await page.goto(`${demo.app}${app}`);
      await follow(page, 'Sign in');
      await page.getByLabel('User name').waitFor();
      return page;
    }

    describe('of somebody without a second factor', () => {
      let authenticator: Authenticator;
      const { username, password } = { username: 'ann', password: 'ann-demo-1234' };

      it('sets one up on the first visit and lands in the app with the claims', async () => {
        const page = await visits.open();
        await page.goto(demo.app);
        await visits.look(page, 'start');
        await follow(page, 'Orders');
      });
    });
  });
}
