// A person's own second factors on their account page: added, renamed, removed.

import { expect } from 'chai';

import { accountsOf, addTotp, linksOn } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { csrfOn, passkeyOptionsOn } from '../support/second-factor-steps.ts';
import { doorOf, giveCode, problemOn } from '../support/sign-in.ts';

describe('a factor on the account page', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let accounts: Accounts;
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
      },
    });
    accounts = accountsOf(server, 'acme');
  });
  after(async () => {
    await Promise.all([accounts.db.close(), server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  async function addEmail(page: Page, address: string): Promise<Page> {
    const asked = await browser.fillAndSubmit(page, { contact: address });
    return browser.fillAndSubmit(asked, { code: await codes.next(address) });
  }
  const factorsOn = (page: Page) => textOf(page, '[aria-labelledby=factors]');

  describe('is added', () => {
    it('as the first one, right after the password', async () => {
      const page = await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
      expect(page.url.href).to.equal(accounts.at());
      expect(page.document.querySelector('.note[role=status]')).not.to.equal(null);
      expect(factorsOn(page)).to.include('Phone');
      expect(await accounts.eventsOf(person)).to.include('second_factor.enrolled');
      await codes.untilNotices(`${person.username}@own-factors.test`, 1);
    });

    it('after another one only by a proof of that', async () => {
      await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
      const door = await browser.get(accounts.at('add/email'));
      expect(doorOf(door), 'the password was given a moment ago').to.equal('code');
      const page = await giveCode(browser, door, person);
      expect(page.url.href).to.equal(accounts.at('add/email'));
    });

    it('not by a form that was opened before there was one', async () => {
      const second = createUserAgent({ cookies: browser.cookies });
      const email = await accounts.enter(browser, person, 'add/email');
      await addTotp(person, browser, await second.get(accounts.at('add/totp')));
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
      await codes.untilNotices(address, 1);
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
      await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
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
      await addTotp(person, browser, await browser.fillAndSubmit(door, { code }));
      const [, rename = ''] = linksOn(await browser.get(accounts.at()), /\/rename$/);
      // The address was enough until there was something stronger.
      const form = await giveCode(browser, await browser.get(rename), person);
      const page = await browser.fillAndSubmit(form, { name: ' New phone ' });
      expect(page.url.href).to.equal(accounts.at());
      expect(factorsOn(page)).to.include('New phone');
      expect(await accounts.eventsOf(person)).to.include('second_factor.renamed');
      // The directory's address is not trusted here, and an address that is has been proven.
      await codes.untilNotices(address, 3);
      expect(codes.notices(`${person.username}@own-factors.test`)).to.deep.equal([]);
    });

    it('to something', async () => {
      const page = await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
      const [rename = ''] = linksOn(page, /\/rename$/);
      const form = await giveCode(browser, await browser.get(rename), person);
      const refused = await browser.fillAndSubmit(form, { name: '  ' });
      expect(refused).to.include({ status: 400 });
      expect(factorsOn(await browser.get(accounts.at()))).to.include('Phone');
    });
  });

  describe('is renamed too often', () => {
    it('no more than ten times in an hour, since each is told', async () => {
      const page = await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
      const [rename = ''] = linksOn(page, /\/rename$/);
      const csrf = csrfOn(await giveCode(browser, await browser.get(rename), person));
      const statuses = [];
      for (let n = 0; n < 12; n++) statuses.push((await browser.post(rename, { csrf, name: `Phone ${n}` })).status);
      expect(statuses).to.deep.equal([...Array<number>(10).fill(200), 429, 429]);
      expect(factorsOn(await browser.get(accounts.at()))).to.include('Phone 9');
    });
  });

  describe('is removed', () => {
    it('after a question, and the person is told', async () => {
      const page = await addTotp(person, browser, await accounts.enter(browser, person, 'add/totp'));
      const [remove = ''] = linksOn(page, /\/remove$/);
      const asked = await giveCode(browser, await browser.get(remove), person);
      expect(asked.url.href).to.equal(remove);
      const after = await browser.fillAndSubmit(asked);
      expect(after.url.href).to.equal(accounts.at());
      expect(linksOn(after, /\/remove$/)).to.deep.equal([]);
      expect(await accounts.eventsOf(person)).to.include('second_factor.removed');
      await codes.untilNotices(`${person.username}@own-factors.test`, 2);
      expect(doorOf(await accounts.enter(createUserAgent(), person))).to.equal(undefined);
    });
  });
});
