import { expect } from 'chai';
import * as oidc from 'openid-client';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { createApp, refusalIn, refusalOf, registration, sentTo, SIGNED_OUT } from '../support/relying-party.ts';
import type { App, SignedIn, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

describe('signing out', () => {
  let server: Sallyport;
  let kim: Employee;
  let orders: App;
  let wiki: App;
  /** Kim has signed in to both apps. */
  let browser: UserAgent;
  let atOrders: SignedIn;
  let atWiki: SignedIn;

  before(async () => {
    const organisation = await createOrganisation('logout');
    kim = await organisation.addPerson('kim');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: {
            orders: registration(),
            wiki: registration({ client_name: 'Wiki', client_uri: 'https://wiki.example.com/' }),
            told: registration({ backchannel_logout_uri: 'http://127.0.0.1:9/logout' }),
            backup: registration({ refreshOutlivesSession: true }),
          },
        },
      },
    });
    orders = await createApp(server.issuer('acme'));
    wiki = await createApp(server.issuer('acme'), { clientId: 'wiki' });
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    atOrders = await orders.signIn(kim, { browser });
    atWiki = await wiki.signIn(kim, { browser });
  });

  function signOut(parameters: Record<string, string>, inBrowser = browser): Promise<Page> {
    return inBrowser.get(`${server.issuer('acme')}/session/end?${new URLSearchParams(parameters).toString()}`);
  }
  async function isSignedIn(app = wiki, inBrowser = browser): Promise<boolean> {
    const answer = refusalIn(await inBrowser.get((await app.begin({ prompt: 'none' })).url));
    if (answer !== 'a code') expect(answer).to.equal('login_required');
    return answer === 'a code';
  }
  async function expectDead(app: App, tokens: Tokens): Promise<void> {
    expect(await refusalOf(app.refresh(tokens))).to.equal('invalid_grant');
    expect(await refusalOf(app.userinfo(tokens))).to.equal('invalid_token');
    expect(await oidc.tokenIntrospection(app.config, tokens.access_token)).to.deep.equal({ active: false });
  }
  const hint = () => ({ id_token_hint: atOrders.tokens.id_token ?? '' });

  describe('at an app that shows whose session it means', () => {
    it('takes one press, and ends everything that came of the session', async () => {
      const page = await signOut({ ...hint(), post_logout_redirect_uri: SIGNED_OUT, state: 'a-state' });
      expect(page.status).to.equal(200);
      expect(textOf(page, 'h1')).to.contain('Acme');
      expect(await isSignedIn(), 'before the press').to.equal(true);

      const done = await browser.fillAndSubmit(page);
      expect(sentTo(done).href).to.equal(`${SIGNED_OUT}?state=a-state`);
      expect(await isSignedIn()).to.equal(false);
      expect(await isSignedIn(orders)).to.equal(false);
      expect(browser.cookies.find('acme_session')).to.equal(undefined);
      await expectDead(orders, atOrders.tokens);
      await expectDead(wiki, atWiki.tokens);
    });

    it('works by POST as well', async () => {
      const fields = { ...hint(), post_logout_redirect_uri: SIGNED_OUT };
      const headers = { 'sec-fetch-site': 'cross-site' };
      const page = await browser.post(`${server.issuer('acme')}/session/end`, fields, { headers });
      expect(await isSignedIn(), 'before the press').to.equal(true);
      expect(sentTo(await browser.fillAndSubmit(page)).href).to.equal(SIGNED_OUT);
      expect(await isSignedIn()).to.equal(false);
    });

    it('ends on a page of ours where the app names no place to go', async () => {
      const done = await browser.fillAndSubmit(await signOut(hint()));
      expect(textOf(done, 'h1')).to.equal('You are signed out');
      expect(await isSignedIn()).to.equal(false);
    });

    it('works with an ID token that was refreshed', async () => {
      const { id_token: refreshed = '' } = await orders.refresh(atOrders.tokens);
      await browser.fillAndSubmit(await signOut({ id_token_hint: refreshed }));
      expect(await isSignedIn()).to.equal(false);
    });

    it('leaves the other browsers of the person signed in', async () => {
      const elsewhere = await orders.signIn(kim);
      await browser.fillAndSubmit(await signOut(hint()));
      expect(await isSignedIn(orders, elsewhere.browser)).to.equal(true);
      expect((await orders.refresh(elsewhere.tokens)).access_token).to.be.a('string');
    });
  });

  describe('that some site asked for', () => {
    for (const parameters of [{}, { client_id: 'orders' }] as Record<string, string>[]) {
      it(`is asked about first, and can be declined: ${JSON.stringify(parameters)}`, async () => {
        const page = await signOut(parameters);
        expect(textOf(page, 'h1')).to.equal('Sign out of Acme?');
        expect(textOf(page)).to.contain('You are signed in as kim.');
        const home = await browser.click(page, 'Stay signed in');
        expect(textOf(home, 'h1')).to.equal('Sign in at Acme');
        expect(await isSignedIn()).to.equal(true);
        expect(await isSignedIn(orders)).to.equal(true);
        expect((await orders.refresh(atOrders.tokens)).access_token).to.be.a('string');
      });
    }

    it('ends the session when the person agrees', async () => {
      await browser.click(await signOut({}), 'Sign out');
      expect(await isSignedIn()).to.equal(false);
      await expectDead(orders, atOrders.tokens);
    });

    it('is asked about as well with the ID token of another session', async () => {
      const elsewhere = await orders.signIn(kim);
      const page = await signOut({ id_token_hint: elsewhere.tokens.id_token ?? '' });
      expect(textOf(page, 'h1')).to.equal('Sign out of Acme?');
      expect(textOf(page)).to.contain('Orders asks to sign you out.');
      expect(await isSignedIn()).to.equal(true);
    });

    it('leads nowhere that is not registered', async () => {
      for (const uri of ['https://evil.example.com/', `${SIGNED_OUT}/`, `${SIGNED_OUT}?x`, 'javascript:alert(1)']) {
        const page = await signOut({ ...hint(), post_logout_redirect_uri: uri });
        expect(page.status, uri).to.equal(400);
        expect(page.location, uri).to.equal(undefined);
        expect(page.document.querySelectorAll('a').map((link) => link.getAttribute('href'))).not.to.include(uri);
      }
      expect(await isSignedIn()).to.equal(true);

      const unknown = await signOut({ post_logout_redirect_uri: 'https://evil.example.com/' });
      const done = await browser.click(unknown, 'Sign out');
      expect(done.location).to.equal(undefined);
      expect(textOf(done, 'h1')).to.equal('You are signed out');
    });

    it('does nothing by the form of another browser, or without one', async () => {
      const { browser: mallory } = await orders.signIn(kim);
      const xsrf = (await signOut({}, mallory)).document.querySelector('[name=xsrf]')?.getAttribute('value') ?? '';
      await signOut({});
      const confirm = `${server.issuer('acme')}/session/end/confirm`;
      expect((await browser.post(confirm, { xsrf, logout: 'yes' })).status).to.equal(400);
      expect((await browser.post(confirm, { logout: 'yes' })).status).to.equal(400);
      expect(await isSignedIn()).to.equal(true);
    });

    it('refuses a hint that is none', async () => {
      const forged = (atOrders.tokens.id_token ?? '').replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
      for (const id_token_hint of ['nonsense', forged]) {
        expect((await signOut({ id_token_hint })).status).to.equal(400);
      }
    });
  });

  it('goes on where an app cannot be told, and the log says so', async () => {
    const told = await createApp(server.issuer('acme'), { clientId: 'told' });
    await told.signIn(kim, { browser });
    await browser.click(await signOut({}), 'Sign out');
    expect(await isSignedIn()).to.equal(false);
    const lines = server.processes[0]?.output().split('\n') ?? [];
    const line = lines.find((one) => one.includes('an application could not be told of a logout'));
    expect(JSON.parse(line ?? '{}')).to.include({ level: 'warn', tenant: 'acme', client: 'told' });
  });

  describe('where nobody is signed in', () => {
    let db: OpenDatabase;
    let stranger: UserAgent;

    before(() => {
      db = openPostgres({ url: server.databaseUrl });
    });
    after(() => db.close());
    beforeEach(() => {
      stranger = createUserAgent();
    });

    it('says so at once, and keeps nothing of it', async () => {
      const sessions = () => db.query('select uid from sessions');
      const before = await sessions();
      const page = await signOut({}, stranger);
      expect(page.status).to.equal(200);
      expect(textOf(page, 'h1')).to.equal('You are signed out');
      expect(await sessions()).to.deep.equal(before);
      expect(stranger.cookies.all()).to.deep.equal([]);
    });

    it('leads back to the app that asked, by its home page or where it is registered', async () => {
      const page = await signOut({ client_id: 'wiki' }, stranger);
      expect(page.document.querySelector('a.button')?.getAttribute('href')).to.equal('https://wiki.example.com/');
      const registered = { client_id: 'orders', post_logout_redirect_uri: SIGNED_OUT, state: 'a-state' };
      expect(sentTo(await signOut(registered, stranger)).href).to.equal(`${SIGNED_OUT}?state=a-state`);
    });

    it('leads nowhere else', async () => {
      const elsewhere = { post_logout_redirect_uri: 'https://evil.example.com/' };
      expect((await signOut({ client_id: 'wiki', ...elsewhere }, stranger)).status).to.equal(400);
      const page = await signOut(elsewhere, stranger);
      expect(page.location).to.equal(undefined);
      expect(textOf(page, 'h1')).to.equal('You are signed out');
    });
  });

  describe('spares the refresh tokens', () => {
    it('of a client whose refresh tokens outlive the session', async () => {
      const backup = await createApp(server.issuer('acme'), { clientId: 'backup' });
      const { tokens } = await backup.signIn(kim, { browser });
      await browser.click(await signOut({}), 'Sign out');
      expect((await backup.refresh(tokens)).access_token).to.be.a('string');
      await expectDead(orders, atOrders.tokens);
    });

    it('of somebody who allowed offline_access', async () => {
      const request = await orders.begin({ scope: 'openid offline_access', prompt: 'consent' });
      const consent = await browser.get(request.url);
      const tokens = await orders.finish(request, await browser.click(consent, 'Allow'));
      await browser.click(await signOut({}), 'Sign out');
      const refreshed = await orders.refresh(tokens);
      expect(refreshed.scope).to.contain('offline_access');
      expect((await orders.userinfo(refreshed)).sub).to.equal(atOrders.claims.sub);
    });
  });
});
