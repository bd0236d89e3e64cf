// A person's own second factors on their account page: added, renamed, removed; recovery codes; browsers that they trust.

import { expect } from 'chai';

import { accountsOf, actionsOn, linksOn } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, passkeyOptionsOn, press, recoveryCodesOn } from '../support/second-factor-steps.ts';
import { doorOf, giveCode, givePassword, problemOn } from '../support/sign-in.ts';
import { authenticatorFrom } from '../support/totp.ts';

describe('a factor on the account page', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let accounts: Accounts;
  /** Where a second factor is asked of everybody. */
  let strict: Accounts;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('own-factors'), startCodesSent()]);
    const tenant = (secondFactors: object) => ({
      name: 'Acme',
      policy: { secondFactors, trustDirectoryContacts: false, trustedDevices: {}, sms: { country: 'CH' } },
      directories: { people: organisation.directory },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        acme: tenant({ allowed: ['totp', 'passkey', 'sms', 'email', 'recovery-code'], required: 'never' }),
        strict: tenant({ allowed: ['totp', 'recovery-code'] }),
      },
    });
    accounts = accountsOf(server, 'acme');
    strict = accountsOf(server, 'strict');
  });
  after(async () => {
    await Promise.all([accounts.db.close(), strict.db.close()]);
    await Promise.all([server.stop(), codes.stop()]);
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

  /** On the page that adds one. */
  async function addTotp(page: Page, name = 'Phone'): Promise<Page> {
    const isFirst = person.authenticator === undefined;
    person.authenticator = authenticatorFrom(page);
    // Of all of a person's apps a step is good for one use: that of an earlier app's code has passed.
    if (!isFirst) await person.authenticator.code();
    return browser.fillAndSubmit(page, { name, code: await person.authenticator.code() });
  }
  async function addEmail(page: Page, address: string): Promise<Page> {
    const asked = await browser.fillAndSubmit(page, { contact: address });
    return browser.fillAndSubmit(asked, { code: await codes.next(address) });
  }
  const factorsOn = (page: Page) => textOf(page, '[aria-labelledby=factors]');
  const told = (address: string) =>
    codes.smtp.received.filter(({ to, raw }) => to.includes(address) && !/^\d{6}\r?$/m.test(raw));
  const heard = (address: string, count: number) =>
    eventually(`${count} mails to ${address}`, () => told(address).length === count);

  describe('is added', () => {
    it('as the first one, right after the password', async () => {
      const page = await addTotp(await accounts.enter(browser, person, 'add/totp'));
      expect(page.url.href).to.equal(accounts.at());
      expect(page.document.querySelector('.note[role=status]')).not.to.equal(null);
      expect(factorsOn(page)).to.include('Phone');
      expect(await accounts.eventsOf(person)).to.include('second_factor.enrolled');
      await heard(`${person.username}@own-factors.test`, 1);
    });

    it('after another one only by a proof of that', async () => {
      await addTotp(await accounts.enter(browser, person, 'add/totp'));
      const door = await browser.get(accounts.at('add/email'));
      expect(doorOf(door), 'the password was given a moment ago').to.equal('code');
      const page = await giveCode(browser, door, person);
      expect(page.url.href).to.equal(accounts.at('add/email'));
    });

    it('not by a form that was opened before there was one', async () => {
      const second = createUserAgent({ cookies: browser.cookies });
      const email = await accounts.enter(browser, person, 'add/email');
      await addTotp(await second.get(accounts.at('add/totp')));
      const door = await browser.fillAndSubmit(email, { contact: 'ann@home.test' });
      expect(doorOf(door)).to.equal('code');
      expect(codes.count('ann@home.test')).to.equal(0);
    });

    it('with an address that its code proves, which is told from then on', async () => {
      const address = `${person.username}@home.test`;
      const asked = await browser.fillAndSubmit(await accounts.enter(browser, person, 'add/email'), {
        contact: address,
      });
      expect(textOf(asked, '.target')).to.equal(address);
      const wrong = await browser.fillAndSubmit(asked, { code: '000000' });
      expect(wrong).to.include({ status: 400 });
      expect(problemOn(wrong)).not.to.equal(undefined);
      const page = await browser.fillAndSubmit(wrong, { code: await codes.next(address) });
      expect(factorsOn(page)).to.include(`${address.charAt(0)}***@home.test`);
      await heard(address, 1);
    });

    it('with a number that its code proves', async () => {
      const number = `+4179555${String(1000 + people)}`;
      const contact = await accounts.enter(browser, person, 'add/sms');
      const refused = await browser.fillAndSubmit(contact, { contact: '12' });
      expect(refused).to.include({ status: 400 });
      const asked = await browser.fillAndSubmit(refused, { contact: number.replace('+41', '0') });
      expect(textOf(asked, '.target')).to.equal(number);
      const page = await browser.fillAndSubmit(asked, { code: await codes.next(number) });
      expect(factorsOn(page)).to.include(`** ${number.slice(-2)}`);
    });

    it('with another number than the one that was typed at first', async () => {
      const address = `${person.username}@second.test`;
      const contact = await accounts.enter(browser, person, 'add/email');
      const asked = await browser.fillAndSubmit(contact, { contact: `${person.username}@first.test` });
      const [change = ''] = linksOn(asked, /\?change/);
      const page = await addEmail(await browser.get(change, { from: asked }), address);
      expect(factorsOn(page)).to.include('@second.test');
    });

    it('without a second code before its time', async () => {
      const address = `${person.username}@home.test`;
      const contact = await accounts.enter(browser, person, 'add/email');
      const asked = await browser.fillAndSubmit(contact, { contact: address });
      const again = await browser.fillAndSubmit(asked, {}, { form: 'form[action$="/resend"]' });
      expect(again.url.href).to.equal(accounts.at('add/email'));
      await codes.next(address);
      expect(codes.count(address)).to.equal(1);
    });

    it('as a passkey, and another one beside it', async () => {
      const authenticator = createAuthenticator(new URL(server.publicUrl).origin);
      const page = await accounts.enter(browser, person, 'add/passkey');
      const credential = authenticator.register(passkeyOptionsOn(page));
      const after = await browser.fillAndSubmit(page, { credential, name: 'Laptop' }, { form: '[data-passkey]' });
      expect(factorsOn(after)).to.include('Laptop');

      const door = await browser.get(accounts.at('add/passkey'));
      const answer = { credential: authenticator.assert(passkeyOptionsOn(door)) };
      const second = await browser.fillAndSubmit(door, answer, { form: '[data-passkey]' });
      const options = passkeyOptionsOn(second);
      expect(JSON.parse(options).excludeCredentials).to.have.length(1);
      const other = {
        credential: createAuthenticator(new URL(server.publicUrl).origin).register(options),
        name: 'Key',
      };
      expect(factorsOn(await browser.fillAndSubmit(second, other, { form: '[data-passkey]' }))).to.include('Key');
    });

    it('of no kind that the tenant does not allow, or that does not exist', async () => {
      const page = await accounts.enter(browser, person, 'sessions/end');
      for (const factor of ['recovery-code', 'password', 'toString']) {
        expect(await browser.get(accounts.at(`add/${factor}`)), factor).to.include({ status: 404 });
        const posted = await browser.post(accounts.at(`add/${factor}`), { csrf: csrfOn(page), code: 'saved' });
        expect(posted, factor).to.include({ status: 404 });
      }
    });

    it('and every other session ends', async () => {
      const other = createUserAgent();
      await accounts.enter(other, person);
      await addTotp(await accounts.enter(browser, person, 'add/totp'));
      expect(doorOf(await other.get(accounts.at()))).to.equal('password');
      expect(await browser.get(accounts.at())).to.include({ status: 200 });
    });
  });

  describe('is renamed', () => {
    it('and the person is told, at every verified address', async () => {
      const address = `${person.username}@home.test`;
      await addEmail(await accounts.enter(browser, person, 'add/email'), address);
      const door = await browser.get(accounts.at('add/totp'));
      const code = await codes.next(address);
      await addTotp(await browser.fillAndSubmit(door, { code }));
      const [, rename = ''] = linksOn(await browser.get(accounts.at()), /\/rename$/);
      const page = await browser.fillAndSubmit(await browser.get(rename), { name: ' New phone ' });
      expect(page.url.href).to.equal(accounts.at());
      expect(factorsOn(page)).to.include('New phone');
      expect(await accounts.eventsOf(person)).to.include('second_factor.renamed');
      // The directory's address is not trusted here, and an address that is has been proven.
      await heard(address, 3);
      expect(told(`${person.username}@own-factors.test`)).to.deep.equal([]);
    });

    it('to something', async () => {
      const page = await addTotp(await accounts.enter(browser, person, 'add/totp'));
      const [rename = ''] = linksOn(page, /\/rename$/);
      const form = await giveCode(browser, await browser.get(rename), person);
      const refused = await browser.fillAndSubmit(form, { name: '  ' });
      expect(refused).to.include({ status: 400 });
      expect(factorsOn(await browser.get(accounts.at()))).to.include('Phone');
    });
  });

  describe('is removed', () => {
    it('after a question, and the person is told', async () => {
      const page = await addTotp(await accounts.enter(browser, person, 'add/totp'));
      const [remove = ''] = linksOn(page, /\/remove$/);
      const asked = await giveCode(browser, await browser.get(remove), person);
      expect(asked.url.href).to.equal(remove);
      const after = await browser.fillAndSubmit(asked);
      expect(after.url.href).to.equal(accounts.at());
      expect(linksOn(after, /\/remove$/)).to.deep.equal([]);
      expect(await accounts.eventsOf(person)).to.include('second_factor.removed');
      await heard(`${person.username}@own-factors.test`, 2);
      expect(doorOf(await accounts.enter(createUserAgent(), person))).to.equal(undefined);
    });

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
      const page = await addTotp(await browser.get(strict.at('add/totp')), 'Tablet');
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
      // Added by the sign-in, made, made again, used.
      await heard(`${person.username}@own-factors.test`, 4);
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
