import { expect } from 'chai';
import type { ClientMetadata } from 'oidc-provider';

import { startRelyingParty } from '../../src/demo/relying-party.ts';
import type { RelyingParty, RelyingPartyApp } from '../../src/demo/relying-party.ts';
import { startBareProvider } from '../support/bare-provider.ts';
import type { BareProvider } from '../support/bare-provider.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { freePort } from '../support/ports.ts';

const SECRET = 'a client secret for nothing but tests';

const app = (clientId: string, tenant: string) => ({
  clientId,
  clientSecret: SECRET,
  name: clientId,
  path: `/${tenant}/${clientId}`,
});

describe('the demo’s relying party', () => {
  const acme = [app('orders', 'acme'), app('wiki', 'acme')];
  const nowhere = app('nowhere', 'gone');
  let nowherePort: number;
  let url: string;
  let provider: BareProvider;
  let apps: RelyingParty;
  let agent: UserAgent;

  before(async () => {
    const port = await freePort();
    nowherePort = await freePort();
    url = `http://localhost:${port}`;
    provider = await startBareProvider(acme.map(registration));
    const tenants = [
      { slug: 'acme', name: 'Acme', issuer: provider.issuer, apps: acme },
      { slug: 'gone', name: 'Gone', issuer: `http://localhost:${nowherePort}`, apps: [nowhere] },
    ];
    apps = await startRelyingParty({ host: 'localhost', port, tenants });
  });
  after(async () => {
    await apps.close();
    await provider.close();
  });
  beforeEach(() => {
    agent = createUserAgent();
  });

  function registration({ clientId, path }: RelyingPartyApp): ClientMetadata {
    return {
      client_id: clientId,
      client_secret: SECRET,
      redirect_uris: [`${url}${path}/callback`],
      post_logout_redirect_uris: [`${url}${path}/signed-out`],
      grant_types: ['authorization_code', 'refresh_token'],
    };
  }
  async function signIn(path = '/acme/orders', fields: Record<string, string> = {}): Promise<Page> {
    const door = await agent.click(await agent.get(apps.url + path), 'Sign in');
    return agent.fillAndSubmit(door, { username: 'ann', ...fields });
  }
  /** The value that the page shows for a claim, in its first table that has it. */
  function claim(page: Page, name: string, caption = 'Claims of the ID token'): string | undefined {
    const table = page.document.querySelectorAll('table').find((one) => one.querySelector('caption')?.text === caption);
    const row = table?.querySelectorAll('tbody tr').find((one) => one.querySelector('th')?.text === name);
    return row?.querySelector('td')?.text;
  }
  const fingerprint = (page: Page) => page.document.querySelector('dl.facts code')?.text;
  const signedOut = 'You are not signed in.';

  it('lists the tenants and their apps', async () => {
    const start = await agent.get(apps.url);
    expect(start.document.querySelectorAll('h2').map(({ text }) => text)).to.deep.equal(['Acme', 'Gone']);
    expect(textOf(await agent.click(start, 'wiki'))).to.contain(signedOut);
  });

  it('signs in by the code flow with PKCE, state and nonce, and shows what it got', async () => {
    const start = await agent.get(`${apps.url}/acme/orders/sign-in`, { stopAt: provider.issuer });
    const request = start.location?.searchParams;
    expect(request?.get('code_challenge_method')).to.equal('S256');
    expect(request?.get('code_challenge')).to.match(/^[\w-]{43}$/);
    expect(request?.get('state')).to.match(/^[\w-]{43}$/);
    expect(request?.get('nonce')).to.match(/^[\w-]{43}$/);
    expect(request?.get('scope')).to.equal('openid profile email groups roles');

    const page = await signIn();
    expect(page.url.href).to.equal(`${apps.url}/acme/orders`);
    expect(textOf(page, 'h1')).to.equal('Hello ann Example');
    expect(claim(page, 'iss')).to.equal(provider.issuer);
    expect(claim(page, 'aud')).to.equal('orders');
    expect(claim(page, 'groups')).to.equal('engineers');
    expect(claim(page, 'acr')).to.equal('sfa');
    expect(claim(page, 'auth_time')).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(claim(page, 'alg', 'Header of the ID token')).to.equal('RS256');
    expect(claim(page, 'email', 'Answer of the userinfo endpoint')).to.equal('ann@acme.example');
    expect(textOf(page)).to.contain('Kind: opaque');
    expect(page.body).not.to.match(/eyJ/); // no token itself
  });

  it('signs in to a second app without asking', async () => {
    await signIn('/acme/orders');
    const wiki = await agent.click(await agent.get(`${apps.url}/acme/wiki`), 'Sign in');
    expect(textOf(wiki, 'h1')).to.equal('Hello ann Example');
    expect(claim(wiki, 'aud')).to.equal('wiki');
    expect(textOf(await agent.get(apps.url)).match(/signed in/g)?.length).to.equal(2);
  });

  it('refreshes, and shows that the refresh token rotated', async () => {
    const before = await signIn();
    const after = await agent.click(before, 'Refresh');
    expect(textOf(after, '.note')).to.contain('Refreshed');
    expect(textOf(after)).to.contain(`Before ${fingerprint(before) ?? '-'}`);
    expect(textOf(after)).to.contain('Rotated yes');
    expect(fingerprint(after)).not.to.equal(fingerprint(before));
    expect(textOf(await agent.get(after.url))).not.to.contain('Refreshed');
  });

  it('asks userinfo again', async () => {
    const page = await signIn();
    const asked = provider.requests.filter((request) => request === 'GET /me').length;
    const again = await agent.click(page, 'Call userinfo again');
    expect(claim(again, 'sub', 'Answer of the userinfo endpoint')).to.equal('ann');
    expect(provider.requests.filter((request) => request === 'GET /me').length).to.equal(asked + 1);
  });

  it('asks for a fresh sign-in, and takes no old one for it', async () => {
    const door = await agent.click(await signIn(), 'Ask for a fresh sign-in');
    expect(textOf(door, 'h1')).to.equal('Sign in');
    expect(door.trail.find(({ url }) => url.pathname === '/auth')?.url.searchParams.get('max_age')).to.equal('0');
    const fresh = await agent.fillAndSubmit(door, { username: 'ann' });
    expect(fresh.document.querySelector('.problem')).to.equal(null);

    agent = createUserAgent();
    const again = await agent.click(await signIn('/acme/orders', { username: 'stale' }), 'Ask for a fresh sign-in');
    const stale = await agent.fillAndSubmit(again, { username: 'stale' });
    expect(textOf(stale, '.problem')).to.contain('too much time has elapsed');
    expect(textOf(stale, 'h1')).to.equal('Hello stale Example');
  });

  it('steps up, and says so when the provider does not', async () => {
    const door = await agent.click(await signIn(), 'Step up');
    const strong = await agent.fillAndSubmit(door, { username: 'ann', password: 'and more' });
    expect(claim(strong, 'acr')).to.equal('mfa');
    expect(claim(strong, 'amr')).to.equal('pwd, otp, mfa');

    agent = createUserAgent();
    const weak = await agent.click(await signIn('/acme/orders', { username: 'weak' }), 'Step up');
    expect(textOf(weak, '.problem')).to.contain('Asked for acr mfa, the provider answered with sfa');
    expect(claim(weak, 'acr')).to.equal('sfa');
  });

  it('shows a refusal plainly, and keeps who was signed in', async () => {
    const door = await agent.click(await agent.get(`${apps.url}/acme/orders`), 'Sign in');
    const refused = await agent.click(door, 'Cancel');
    expect(textOf(refused, '.problem')).to.equal('You were not let in access_denied: End-User aborted interaction');
    expect(textOf(refused)).to.contain(signedOut);

    const page = await signIn();
    const stillIn = await agent.click(await agent.click(page, 'Step up'), 'Cancel');
    expect(textOf(stillIn, '.problem')).to.contain('access_denied');
    expect(textOf(stillIn, 'h1')).to.equal('Hello ann Example');
  });

  it('says when the provider does not answer, and asks anew the next time', async () => {
    const page = await agent.click(await agent.get(`${apps.url}/gone/nowhere`), 'Sign in');
    expect(textOf(page, '.problem')).to.contain('ECONNREFUSED');
    const recovered = await startBareProvider([registration(nowhere)], nowherePort);
    const door = await agent.click(page, 'Sign in');
    expect(door.url.origin).to.equal(recovered.issuer);
    expect(textOf(door, 'h1')).to.equal('Sign in');
    await recovered.close();
  });

  it('signs out here and at the provider', async () => {
    const question = await agent.click(await signIn(), 'Sign out');
    expect(question.url.searchParams.get('id_token_hint')).to.match(/^eyJ/);
    const done = await agent.fillAndSubmit(question);
    expect(done.url.href).to.equal(`${apps.url}/acme/orders`);
    expect(textOf(done, '.note')).to.contain('Signed out');
    expect(textOf(await agent.click(done, 'Sign in'), 'h1')).to.equal('Sign in');
  });

  it('learns at the next refresh that somebody signed out elsewhere', async () => {
    const page = await signIn();
    const question = await agent.click(page, 'Sign out as another site would');
    expect(question.url.search).to.equal('');
    await agent.fillAndSubmit(question);
    const refreshed = await agent.click(await agent.get(`${apps.url}/acme/orders`), 'Refresh');
    expect(textOf(refreshed, '.problem')).to.contain('invalid_grant');
    expect(textOf(refreshed)).to.contain(signedOut);
    expect(textOf(await agent.get(`${apps.url}/acme/orders/signed-out`), '.note')).to.contain('Signed out');
  });

  it('fetches groups that are too many for a token', async () => {
    const page = await signIn('/acme/orders', { username: 'multi' });
    expect(claim(page, 'groups')).to.equal(undefined);
    expect(claim(page, '_claim_names')).to.contain('src1');
    expect(page.body).not.to.contain('groups-ticket');
    expect(claim(page, 'groups', 'Distributed claims')?.split(', ').length).to.equal(150);
  });

  describe('against attackers', () => {
    it('accepts an answer only in the browser that asked, and once', async () => {
      const door = await agent.get(`${apps.url}/acme/orders/sign-in`);
      const callback = `${apps.url}/acme/orders/callback`;
      const { location } = await agent.fillAndSubmit(door, { username: 'eve' }, { stopAt: callback });
      const victim = createUserAgent();
      const planted = await victim.get(location ?? callback);
      expect(textOf(planted, '.problem')).to.contain('belongs to no sign-in');
      expect(textOf(planted)).to.contain(signedOut);
      expect(textOf(await agent.get(location ?? callback), 'h1')).to.equal('Hello eve Example');
      expect(textOf(await agent.get(location ?? callback), '.problem')).to.contain('belongs to no sign-in');
    });

    it('gives the session a new id at each sign-in', async () => {
      const idOf = () => agent.cookies.all().find(({ name }) => /^demo-apps-\d+$/.test(name))?.value;
      await agent.get(`${apps.url}/acme/orders`);
      const planted = idOf();
      await signIn();
      expect(planted).to.match(/^[\w-]{43}$/);
      expect(idOf()).to.match(/^[\w-]{43}$/);
      expect(idOf()).not.to.equal(planted);
    });

    it('keeps its cookies from scripts and other sites, under a name with its port', async () => {
      await agent.get(`${apps.url}/acme/orders`);
      const cookies = agent.cookies.all();
      expect(cookies.length).to.equal(2);
      for (const cookie of cookies) {
        expect(cookie).to.include({ httpOnly: true, sameSite: 'lax', hostOnly: true });
        expect(cookie.name).to.contain(new URL(apps.url).port);
      }
    });

    it('refuses a form without its token, or from another site', async () => {
      const page = await signIn();
      const csrf = page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
      const action = `${apps.url}/acme/orders/sign-out`;
      const wrong = `${csrf.slice(1)}x`;
      const crossSite = { from: page, headers: { 'sec-fetch-site': 'cross-site' } };
      expect((await agent.post(action, {}, { from: page })).status).to.equal(403);
      expect((await agent.post(action, { csrf: wrong }, { from: page })).status).to.equal(403);
      expect((await agent.post(action, { csrf }, crossSite)).status).to.equal(403);
      expect(textOf(await agent.get(page.url), 'h1')).to.equal('Hello ann Example');
    });

    it('answers every page with a strict content policy, and unknown ones with 404', async () => {
      const page = await signIn();
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).to.contain("default-src 'none'").and.to.contain(`form-action 'self' ${provider.issuer}`);
      expect(policy).not.to.contain('unsafe');
      expect(page.body).not.to.match(/<[^>]+ style=|<[^>]+ on\w+=/);
      const missing = await agent.get(`${apps.url}/nothing/<script>`);
      expect(missing.status).to.equal(404);
      expect(missing.headers.get('content-security-policy')).to.contain("default-src 'none'");
    });
  });

  it('shows its own style sheets, and nothing from elsewhere', async () => {
    const page = await agent.get(apps.url);
    const links = page.document
      .querySelectorAll('link, script')
      .map((one) => one.getAttribute('href') ?? one.getAttribute('src'));
    expect(links.length).to.equal(4);
    for (const link of links) expect((await agent.get(new URL(link ?? '', page.url))).status, link).to.equal(200);
  });
});
