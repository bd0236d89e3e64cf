// The account where a second factor is asked of everybody: the last one stays; recovery codes; browsers that people trust.

import { expect } from 'chai';

import { accountsOf, addTotp, actionsOn, linksOn } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, press, recoveryCodesOn } from '../support/second-factor-steps.ts';
import { doorOf, giveCode, givePassword, problemOn } from '../support/sign-in.ts';

describe('a factor that is asked for, on the account page', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let strict: Accounts;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('asked-factors'), startCodesSent()]);
    const tenant = (secondFactors: object) => ({
      name: 'Acme',
      policy: { secondFactors, trustDirectoryContacts: false, trustedDevices: {}, sms: { country: 'CH' } },
      directories: { people: organisation.directory },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        strict: tenant({ allowed: ['totp', 'recovery-code'] }),
      },
    });
    strict = accountsOf(server, 'strict');
  });
  after(async () => {
    await Promise.all([strict.db.close(), server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** Signs in where a factor is asked for, sets one up the first time, and puts recovery codes off. */
  async function enterStrict(inBrowser = browser): Promise<Page> {
    const page = await strict.enter(inBrowser, person);
    return recoveryCodesOn(page).length > 0 ? press(inBrowser, page, 'postpone') : page;
  }

  describe('is removed', () => {
    it('but for the last one that is asked for', async () => {
      const page = await enterStrict();
      expect(linksOn(page, /\/remove$/)).to.deep.equal([]);
      const [rename = ''] = linksOn(page, /\/rename$/);
      const remove = rename.replace(/rename$/, 'remove');
      const csrf = csrfOn(await browser.get(rename));
      for (const refused of [await browser.get(remove), await browser.post(remove, { csrf })]) {
        expect(refused).to.include({ status: 409 });
        expect(problemOn(refused)).not.to.equal(undefined);
      }
      expect(linksOn(await browser.get(strict.at()), /\/rename$/)).to.deep.equal([rename]);
    });

    it('of two that are asked for not both, even at once', async () => {
      await enterStrict();
      const page = await addTotp(person, browser, await browser.get(strict.at('add/totp')), 'Tablet');
      const removals = linksOn(page, /\/factors\/[\w-]+\/remove$/);
      expect(removals).to.have.length(2);
      const csrf = csrfOn(await browser.get(removals[0] ?? ''));
      const answers = await Promise.all(removals.map((removal) => browser.post(removal, { csrf })));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409]);
      expect(linksOn(await browser.get(strict.at()), /\/rename$/)).to.have.length(1);
    });
  });

  describe('recovery codes', () => {
    it('are made, counted, and made anew, which ends the old ones', async () => {
      await enterStrict();
      const made = await browser.get(strict.at('add/recovery-code'));
      const old = recoveryCodesOn(made);
      expect(old).to.have.length(10);
      const file = await browser.get(strict.at('recovery-codes.txt'));
      expect(file.headers.get('content-disposition')).to.include('attachment');
      expect(file.body.trim().split('\n')).to.deep.equal(old);
      expect(await browser.fillAndSubmit(made, { code: undefined })).to.include({ status: 400 });
      expect(
        textOf(await browser.fillAndSubmit(made, { code: 'saved' }), '[aria-labelledby=recovery-codes]'),
      ).to.include('10');

      const anew = await browser.get(strict.at('add/recovery-code'));
      const [fresh = ''] = recoveryCodesOn(anew);
      expect(old).not.to.include(fresh);
      await browser.fillAndSubmit(anew, { code: 'saved' });

      const elsewhere = createUserAgent();
      const asked = await givePassword(elsewhere, await elsewhere.get(strict.at()), person);
      const choice = await elsewhere.get(below(asked, 'factor'));
      const question = await elsewhere.fillAndSubmit(choice, { factor: 'recovery-code' });
      const refused = await elsewhere.fillAndSubmit(question, { code: old[0] ?? '' });
      expect(doorOf(refused)).to.equal('code');
      const page = await elsewhere.fillAndSubmit(refused, { code: fresh });
      expect(textOf(page, '[aria-labelledby=recovery-codes]')).to.include('9');
      // Added by the sign-in, made there, made again twice, used.
      await codes.untilNotices(`${person.username}@asked-factors.test`, 5);
    });
  });

  describe('a trusted browser', () => {
    /** Signs in to `strict` with the box ticked, then again in a session of its own. */
    async function trust(): Promise<Page> {
      await enterStrict(createUserAgent());
      const door = await givePassword(browser, await browser.get(strict.at()), person);
      const code = (await person.authenticator?.code()) ?? '';
      await browser.fillAndSubmit(door, { code, trust: 'yes' });
      await signOut();
      return givePassword(browser, await browser.get(strict.at()), person);
    }
    const signOut = () => strict.db.query('update sessions set ended_at = now() where ended_at is null', []);

    it('is listed, and marked as this one', async () => {
      const page = await trust();
      expect(page.url.href).to.equal(strict.at());
      expect(actionsOn(page, /\/devices\/[\w-]+\/remove$/)).to.have.length(1);
      expect(page.document.querySelector('[aria-labelledby=devices] .mark')).not.to.equal(null);
    });

    it('answers for nothing where something is changed', async () => {
      await trust();
      const door = await browser.get(strict.at('devices/remove'));
      expect(door.trail.map(({ url }) => url.searchParams.get('acr_values'))).to.include('mfa');
      expect(doorOf(door)).to.equal('code');
      const page = await giveCode(browser, door, person);
      expect(page.url.href).to.equal(strict.at('devices/remove'));
      const after = await browser.fillAndSubmit(page);
      expect(actionsOn(after, /\/devices\//)).to.deep.equal([]);
      expect(await strict.eventsOf(person)).to.include('device.forgotten');

      await signOut();
      const asked = await givePassword(browser, await browser.get(strict.at()), person);
      expect(doorOf(asked)).to.equal('code');
    });

    it('is taken away once, where the proof is fresh', async () => {
      const page = await trust();
      const [remove = ''] = actionsOn(page, /\/devices\/[\w-]+\/remove$/);
      await strict.db.query(`update sessions set proofs = proofs || $2::jsonb where user_id = $1`, [
        await strict.userId(person),
        JSON.stringify([{ factor: 'totp', amr: ['otp'], at: Math.floor(Date.now() / 1000) }]),
      ]);
      expect(actionsOn(await browser.post(remove, { csrf: csrfOn(page) }), /\/devices\//)).to.deep.equal([]);
      expect(await browser.post(remove, { csrf: csrfOn(page) })).to.include({ status: 404 });
    });
  });
});
