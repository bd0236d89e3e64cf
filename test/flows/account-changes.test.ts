// What people change on the account pages with a fresh proof, and what nobody does there in somebody else's name.

import { expect } from 'chai';

import { actionsOn, linksOn, startTwoTenants } from '../support/account-steps.ts';
import type { Accounts, TwoTenants } from '../support/account-steps.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn } from '../support/relying-party.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { csrfOn } from '../support/second-factor-steps.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';
import { authenticatorFrom } from '../support/totp.ts';

describe('a change in the account', () => {
  let tenants: TwoTenants;
  let server: Sallyport;
  let organisation: Organisation;
  let accounts: Accounts;
  let elsewhere: Accounts;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    tenants = await startTwoTenants('account-changes');
    ({ server, organisation, accounts, elsewhere } = tenants);
  });
  after(() => tenants.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  describe('is refused', () => {
    it('for a form without the token of this session', async () => {
      const page = await accounts.enter(browser, person);
      await accounts.enter(createUserAgent(), person);
      const strange = csrfOn(await accounts.enter(createUserAgent(), person, 'sessions/end'));
      for (const fields of [{}, { csrf: 'x' }, { csrf: strange }] as Record<string, string>[]) {
        expect(await browser.post(accounts.at('sessions/end'), fields, { from: page })).to.include({ status: 403 });
      }
      expect(await accounts.sessionsOf(person)).to.have.length(3);
    });

    it('for a form that another site sends', async () => {
      await accounts.enter(createUserAgent(), person);
      const fields = { csrf: csrfOn(await accounts.enter(browser, person, 'sessions/end')) };
      const foreign: Record<string, string>[] = [
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
      ];
      for (const headers of foreign) {
        expect(await browser.post(accounts.at('sessions/end'), fields, { headers })).to.include({ status: 403 });
      }
      expect(await accounts.sessionsOf(person)).to.have.length(2);
    });

    it('of somebody else’s, whose ids do not exist here', async () => {
      const other = await organisation.addPerson(`other${people}`);
      const theirs = createUserAgent();
      const enrolling = await accounts.enter(theirs, other, 'add/totp');
      const code = await authenticatorFrom(enrolling).code();
      await theirs.fillAndSubmit(enrolling, { name: 'Phone', code });
      const [factor = ''] = linksOn(await theirs.get(accounts.at()), /\/rename$/);
      const [session = ''] = await accounts.sessionsOf(other);
      const [foreign = ''] = await sessionsElsewhere(other);

      const csrf = csrfOn(await accounts.enter(browser, person, 'sessions/end'));
      expect(await browser.get(factor)).to.include({ status: 404 });
      expect(await browser.post(factor, { csrf, name: 'Mine' })).to.include({ status: 404 });
      for (const below of [
        `${new URL(factor).pathname.split('/account/')[1]?.replace('rename', 'remove') ?? ''}`,
        `sessions/${session}/end`,
        `sessions/${foreign}/end`,
        'sessions/%00/end',
        'devices/0190a5b0-0000-7000-8000-000000000000/remove',
        'devices/x/remove',
        'factors/directory-email/remove',
      ]) {
        expect(await browser.post(accounts.at(below), { csrf }), below).to.include({ status: 404 });
      }
      expect(linksOn(await theirs.get(accounts.at()), /\/rename$/)).to.deep.equal([factor]);
      expect(await accounts.sessionsOf(other)).to.deep.equal([session]);
      expect(await elsewhere.sessionsOf(other)).to.deep.equal([foreign]);
    });
  });

  describe('ends sessions', () => {
    it('one: its apps’ refresh tokens and its single sign-on with it', async () => {
      const [orders, wiki] = await Promise.all([
        createApp(server.issuer('acme')),
        createApp(server.issuer('acme'), { clientId: 'wiki' }),
      ]);
      const lost = createUserAgent();
      const { tokens } = await orders.signIn(person, { browser: lost });
      const kept = await orders.signIn(person, { browser });
      const page = await browser.get(accounts.at());
      expect(actionsOn(page, /\/sessions\/[\w-]+\/end$/)).to.have.length(1);
      const after = await browser.fillAndSubmit(page, {}, { form: 'form[action$="/end"]' });

      expect(after.url.href).to.equal(accounts.at());
      expect(after.document.querySelector('[role=status]')).not.to.equal(null);
      expect(actionsOn(after, /\/end$/)).to.deep.equal([]);
      expect(await orders.refresh(tokens).catch((error: unknown) => error)).to.include({ error: 'invalid_grant' });
      expect(refusalIn(await lost.get((await wiki.begin({ prompt: 'none' })).url))).to.equal('login_required');
      expect((await orders.refresh(kept.tokens)).refresh_token).to.be.a('string');
      expect(await accounts.eventsOf(person)).to.include('session.ended');
    });

    it('all but this one, after a question', async () => {
      const others = [createUserAgent(), createUserAgent()];
      for (const other of others) await accounts.enter(other, person);
      const page = await accounts.enter(browser, person);
      const [end = ''] = linksOn(page, /\/sessions\/end$/);
      const asked = await browser.get(end, { from: page });
      expect(await accounts.sessionsOf(person)).to.have.length(3);
      const after = await browser.fillAndSubmit(asked);
      expect(after.url.href).to.equal(accounts.at());
      expect(await accounts.sessionsOf(person)).to.have.length(1);
      for (const other of others) expect(doorOf(await other.get(accounts.at()))).to.equal('password');
    });

    it('and says so once', async () => {
      await accounts.enter(createUserAgent(), person);
      const asked = await accounts.enter(browser, person, 'sessions/end');
      expect((await browser.fillAndSubmit(asked)).document.querySelector('.note[role=status]')).not.to.equal(null);
      expect((await browser.get(accounts.at())).document.querySelector('.note[role=status]')).to.equal(null);
    });
  });

  describe('asks for a fresh proof', () => {
    it('before anything is changed, and comes back to what was wanted', async () => {
      await accounts.enter(browser, person);
      await accounts.age(person);
      expect(await browser.get(accounts.at()), 'reading asks for none').to.include({ status: 200 });
      const door = await browser.get(accounts.at('sessions/end'));
      expect(doorOf(door)).to.equal('password');
      const page = await givePassword(browser, door, person);
      expect(page.url.href).to.equal(accounts.at('sessions/end'));
      expect(textOf(page, 'button[type=submit]')).not.to.equal('');
    });

    it('again where a form was left open for too long, which then has done nothing', async () => {
      await accounts.enter(createUserAgent(), person);
      const asked = await accounts.enter(browser, person, 'sessions/end');
      await accounts.age(person);
      const door = await browser.fillAndSubmit(asked);
      expect(doorOf(door)).to.equal('password');
      expect(await accounts.sessionsOf(person)).to.have.length(2);
      const again = await givePassword(browser, door, person);
      expect(again.url.href).to.equal(accounts.at('sessions/end'));
      await browser.fillAndSubmit(again);
      expect(await accounts.sessionsOf(person)).to.have.length(1);
    });

    it('even where the session looks as fresh as can be', async () => {
      await accounts.enter(browser, person);
      await accounts.db.query(`update sessions set proofs = '[]' where user_id = $1`, [await accounts.userId(person)]);
      const door = await browser.get(accounts.at('sessions/end'));
      expect(doorOf(door)).to.equal('password');
      expect((await givePassword(browser, door, person)).url.href).to.equal(accounts.at('sessions/end'));
    });
  });

  async function sessionsElsewhere(other: Employee): Promise<string[]> {
    await elsewhere.enter(createUserAgent(), other);
    return elsewhere.sessionsOf(other);
  }
});
