// Who gets to the account pages and how, and what they tell.

import { expect } from 'chai';

import { linksOn, startTwoTenants } from '../support/account-steps.ts';
import type { Accounts, TwoTenants } from '../support/account-steps.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn } from '../support/relying-party.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

describe('the account', () => {
  let tenants: TwoTenants;
  let server: Sallyport;
  let organisation: Organisation;
  let accounts: Accounts;
  let elsewhere: Accounts;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    tenants = await startTwoTenants('account');
    ({ server, organisation, accounts, elsewhere } = tenants);
  });
  after(() => tenants.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  describe('is reached', () => {
    it('by a sign-in, which leaves a clean address', async () => {
      const door = await browser.get(accounts.at());
      expect(doorOf(door)).to.equal('password');
      const page = await givePassword(browser, door, person);
      expect(page).to.include({ status: 200 });
      expect(page.url.href).to.equal(accounts.at());
      expect(textOf(page)).to.include(person.username);
      expect(page.headers.get('cross-origin-opener-policy')).to.equal('same-origin');
      expect(page.headers.get('cache-control')).to.equal('no-store');
    });

    it('without one where somebody is signed in already', async () => {
      const app = await createApp(server.issuer('acme'));
      await app.signIn(person, { browser });
      const page = await browser.get(accounts.at());
      expect(page.trail.map(({ status }) => status)).to.deep.equal([200]);
      expect(textOf(page)).to.include('Orders');
    });

    it('at the page that was wanted', async () => {
      const page = await accounts.enter(browser, person, 'add/totp');
      expect(page.url.href).to.equal(accounts.at('add/totp'));
      expect(linksOn(page, /^otpauth:/)).to.have.length(1);
    });

    it('by a request that gives nothing away: no code, no token, no grant', async () => {
      const page = await accounts.enter(browser, person);
      const answers = page.trail.map(({ url }) => url).filter((url) => url.searchParams.has('iss'));
      for (const url of answers) expect([...url.searchParams.keys()]).to.deep.equal(['iss']);
      expect(answers).to.have.length(1);
      const grants = await accounts.db.query('select id from grants where user_id = $1', [
        await accounts.userId(person),
      ]);
      expect(grants).to.deep.equal([]);
    });

    it('by nobody who may not sign in any more', async () => {
      await accounts.enter(browser, person);
      await accounts.db.query(`update users set status = 'disabled' where id = $1`, [await accounts.userId(person)]);
      expect(doorOf(await browser.get(accounts.at()))).to.equal('password');
    });

    it('of one tenant with a session of that tenant alone', async () => {
      await accounts.enter(browser, person);
      expect(doorOf(await browser.get(elsewhere.at()))).to.equal('password');
    });
  });

  describe('says', () => {
    it('that a sign-in was refused, and does not ask again by itself', async () => {
      const page = await browser.get(`${accounts.at()}?error=access_denied&state=add%2Ftotp`);
      expect(page.status).to.equal(400);
      expect(page.trail).to.have.length(1);
      expect(textOf(page)).to.include('access_denied');
      expect(linksOn(page, /\/account$/)).to.deep.equal([accounts.at()]);
    });

    for (const state of ['//evil.example', 'https://evil.example', '../../globex/account', 'add/totp/contact']) {
      it(`nothing of a page that is none of its own: ${state}`, async () => {
        await accounts.enter(browser, person);
        const page = await browser.get(`${accounts.at()}?${new URLSearchParams({ iss: 'x', state }).toString()}`);
        expect(page.url.href).to.equal(accounts.at());
      });
    }

    it('what the person has tried lately, and where', async () => {
      await accounts.enter(browser, person);
      const other = createUserAgent();
      await other.fillAndSubmit(await other.get(accounts.at()), { username: person.username, password: 'wrong' });
      const page = await browser.get(accounts.at());
      const signIns = page.document.querySelector('[aria-labelledby=sign-ins]');
      expect(signIns?.querySelectorAll('li')).to.have.length(2);
      expect(signIns?.structuredText).to.match(/127\.0\.0\.1|::1/);
    });

    it('it in the language that somebody picks there', async () => {
      const page = await accounts.enter(browser, person);
      const [german] = linksOn(page, /ui_locales=de/);
      expect((await browser.get(german ?? '', { from: page })).headers.get('content-language')).to.equal('de');
      expect((await browser.get(accounts.at())).headers.get('content-language')).to.equal('de');
    });
  });

  describe('has a client of its own', () => {
    const request = (parameters: Record<string, string>) =>
      `${server.issuer('acme')}/auth?${new URLSearchParams({ scope: 'openid', ...parameters }).toString()}`;
    const own = () => ({ client_id: 'account', redirect_uri: accounts.at() });

    it('that gets no code', async () => {
      await accounts.enter(browser, person);
      const page = await browser.get(request({ ...own(), response_type: 'code' }), { stopAt: accounts.at() });
      expect(page.location?.searchParams.get('error_description')).to.include('response_type is not allowed');
    });

    it('that leads nowhere else', async () => {
      await accounts.enter(browser, person);
      for (const redirect_uri of [`${accounts.at()}/`, elsewhere.at(), 'https://app.example.com/callback']) {
        const page = await browser.get(request({ ...own(), redirect_uri, response_type: 'none' }));
        expect(page).to.include({ status: 400, location: undefined });
      }
    });

    it('that has no business at the token endpoint', async () => {
      const body = new URLSearchParams({ client_id: 'account', grant_type: 'authorization_code', code: 'x' });
      const answer = await fetch(`${server.issuer('acme')}/token`, { method: 'POST', body });
      expect(await answer.json()).to.include({
        error_description: 'requested grant type is not allowed for this client',
      });
    });

    it('whose response type no other client has', async () => {
      const app = await createApp(server.issuer('acme'));
      const { url } = await app.begin({
        response_type: 'none',
        code_challenge: undefined,
        code_challenge_method: undefined,
      });
      expect(refusalIn(await browser.get(url))).to.equal('invalid_request');
    });
  });

  it('is found from the tenant’s home', async () => {
    const home = await browser.get(`${server.issuer('acme')}/`);
    expect(linksOn(home, /\/account$/)).to.deep.equal([accounts.at()]);
  });

  it('leads to where people sign out', async () => {
    const page = await accounts.enter(browser, person);
    expect(linksOn(page, /\/session\/end$/)).to.deep.equal([`${server.issuer('acme')}/session/end`]);
  });
});
