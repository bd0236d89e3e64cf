import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { FORM, rawRequest } from '../support/raw-request.ts';
import { createApp, refusalIn, registration, SECRET } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { directoryOf, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { createSecrets } from '../support/secrets.ts';
import { doorOf } from '../support/sign-in.ts';

const EVIL = 'evil.example';

describe('a bad request', () => {
  let server: Sallyport;
  let issuer: string;
  let orders: App;
  let browser: UserAgent;
  const secrets = createSecrets();

  before(async () => {
    server = await startSallyport({
      server: { logLevel: 'debug' },
      tenants: {
        acme: { name: 'Acme', directories: { people: await directoryOf('acme') }, clients: { orders: registration() } },
      },
    });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
    secrets.note(SECRET, encodeURIComponent(SECRET));
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });
  afterEach(() => {
    secrets.expectNoneIn(server);
    expect(server.processes[0]?.output(), 'no fault of ours').not.to.contain('"level":"error"');
  });

  const door = async () => browser.get((await orders.begin()).url);

  describe('in a request to sign in', () => {
    it('repeated or of a great length gets an answer that says so', async () => {
      const { url } = await orders.begin();
      const twice = await browser.get(`${url.href}&scope=openid`);
      expect(refusalIn(twice)).to.equal('invalid_request');
      const client = await browser.get(`${url.href}&client_id=orders`);
      expect(client.status).to.equal(400);
      const long = await browser.get(`${url.href}&unknown=${'x'.repeat(10_000)}`);
      expect(doorOf(long)).to.equal('password');
      const tooLong = await rawRequest(browser, `${url.href}&unknown=${'x'.repeat(20_000)}`);
      expect(tooLong.status).to.equal(431);
      const body = `${url.searchParams.toString()}&scope=openid`;
      const posted = await rawRequest(browser, `${issuer}/auth`, { method: 'POST', headers: FORM, body });
      expect(refusalIn(await browser.get(posted.headers.get('location') ?? ''))).to.equal('invalid_request');
    });

    it('lacking everything is told that the app is unknown', async () => {
      const page = await browser.get(`${issuer}/auth`);
      expect(page.status).to.equal(400);
      expect(page.location).to.equal(undefined);
      expect(textOf(page)).to.contain(page.headers.get('x-request-id') ?? '?');
    });

    it('of nonsense is refused without a fault of ours', async () => {
      for (const wishes of [
        { scope: 'nothing' },
        { prompt: 'none login' },
        { prompt: 'unknown' },
        { max_age: 'soon' },
        { max_age: '-1' },
        { claims: 'not JSON' },
        { claims: '{"id_token":{"acr":5}}' },
        { claims: '{"id_token":{"acr":{"essential":true,"values":5}}}' },
        { claims: '{"__proto__":{"x":1}}' },
        { id_token_hint: 'nonsense' },
        { response_mode: 'unknown' },
        { resource: 'nonsense' },
        { resource: 'constructor' },
        { registration: '{}' },
        { request: 'nonsense' },
        { code_challenge: 'short' },
        { acr_values: '\u0000' },
      ]) {
        const page = await browser.get((await orders.begin(wishes)).url);
        const what = JSON.stringify(wishes);
        expect(page.status, what).to.be.lessThan(500);
        expect(page.location?.searchParams.get('error') ?? '', what).not.to.equal('server_error');
        expect(page.location?.searchParams.has('code') ?? false, what).to.equal(false);
      }
    });
  });

  describe('in calls of programs', () => {
    it('is refused with an OAuth error', async () => {
      const basic = { ...FORM, authorization: `Basic ${btoa(`orders:${encodeURIComponent(SECRET)}`)}` };
      for (const [path, headers, body] of [
        ['/token', FORM, ''],
        ['/token', FORM, 'grant_type=password&username=pat&password=x'],
        ['/token', basic, 'grant_type=password&username=pat&password=x'],
        ['/token', basic, 'grant_type=authorization_code'],
        ['/token', basic, 'grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x'],
        ['/token', basic, 'grant_type=authorization_code&code=%00&redirect_uri=x'],
        ['/token', basic, 'grant_type=refresh_token&refresh_token=%00'],
        ['/token', basic, 'grant_type=refresh_token&refresh_token=a&refresh_token=b'],
        ['/token', basic, '__proto__[x]=1&grant_type=refresh_token'],
        ['/token', { ...FORM, authorization: 'Basic %' }, 'grant_type=refresh_token'],
        ['/token', { ...FORM, authorization: 'Bearer x' }, 'grant_type=refresh_token'],
        ['/token', { 'content-type': 'application/json' }, '{"grant_type":"refresh_token"}'],
        ['/token/introspection', basic, ''],
        ['/token/revocation', basic, ''],
        ['/request', basic, ''],
        ['/me', { authorization: 'Bearer' }, ''],
        ['/me', { authorization: 'Bearer \u00e9' }, ''],
        ['/me', { authorization: 'Nonsense x' }, ''],
      ] as [string, Record<string, string>, string][]) {
        const what = `${path} ${body}`;
        const answer = await rawRequest(browser, issuer + path, { method: 'POST', headers, body });
        expect(answer.status, what).to.be.within(400, 415);
        expect(JSON.parse(answer.body), what).to.have.property('error');
      }
    });
  });

  describe('of a method', () => {
    it('that an address does not have is answered with those that it has', async () => {
      const login = (await door()).url.href.replace(/\?.*/, '');
      for (const [url, method, allowed] of [
        [login, 'POST', 'GET'],
        [login, 'DELETE', 'GET'],
        [`${login}/password`, 'GET', 'POST'],
        [`${login}/code`, 'PUT', 'POST'],
        [`${issuer}/token`, 'GET', 'POST'],
        [`${issuer}/token/introspection`, 'GET', 'POST'],
        [`${issuer}/jwks`, 'POST', 'GET'],
        [`${issuer}/.well-known/openid-configuration`, 'DELETE', 'GET'],
        [`${issuer}/auth`, 'PUT', 'GET'],
        [`${issuer}/me`, 'DELETE', 'GET'],
        [`${issuer}/`, 'POST', 'GET'],
      ] as const) {
        const what = `${method} ${url}`;
        const answer = await rawRequest(browser, url, { method, headers: { accept: 'text/html' } });
        expect(answer.status, what).to.equal(405);
        expect(answer.headers.get('allow')?.split(', '), what).to.include(allowed);
      }
    });

    it('that nobody has heard of is refused', async () => {
      expect((await rawRequest(browser, `${issuer}/auth`, { method: 'PROPFIND' })).status).to.be.oneOf([404, 405, 501]);
    });
  });

  describe('in the host', () => {
    it('that is none of ours gets no further, and is reflected nowhere', async () => {
      const page = await door();
      for (const path of [
        '/.well-known/openid-configuration',
        '/jwks',
        `/auth?${page.url.search}`,
        '/',
        '/session/end',
      ]) {
        for (const accept of ['text/html', 'application/json']) {
          const answer = await rawRequest(browser, issuer + path, { headers: { host: EVIL, accept } });
          expect(answer.status, path).to.equal(421);
          expect(answer.body + JSON.stringify([...answer.headers]), path).not.to.contain(EVIL);
        }
      }
    });

    it('that nobody’s proxy forwards is not believed', async () => {
      const forwarded = {
        'x-forwarded-host': EVIL,
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '8443',
        'x-original-url': '/evil',
        forwarded: `host=${EVIL};proto=https`,
      };
      const discovery = `${issuer}/.well-known/openid-configuration`;
      const plain = await rawRequest(browser, discovery);
      const poisoned = await rawRequest(browser, discovery, { headers: forwarded });
      expect(JSON.parse(poisoned.body)).to.deep.equal(JSON.parse(plain.body));

      const begun = await rawRequest(browser, (await orders.begin()).url, { headers: forwarded });
      expect(begun.status).to.equal(303);
      expect(JSON.stringify([...begun.headers])).not.to.contain(EVIL);
      const page = await browser.get((await orders.begin()).url, { headers: forwarded });
      expect(doorOf(page)).to.equal('password');
      expect(page.body + JSON.stringify([...page.headers])).not.to.contain(EVIL);
    });
  });

  describe('in the address', () => {
    it('names a tenant that is not there', async () => {
      const slugs = [
        'nobody',
        '__proto__',
        'constructor',
        'ACME',
        'acme%2f..',
        'acme%00',
        '%ff',
        '..',
        'a'.repeat(2000),
      ];
      for (const slug of slugs) {
        const answer = await rawRequest(browser, `${server.publicUrl}/t/${slug}/auth`, {
          headers: { accept: 'text/html' },
        });
        expect(answer.status, slug).to.be.oneOf([400, 404]);
        expect(answer.headers.get('content-type'), slug).to.contain('text/html');
      }
      const page = await browser.get(`${server.publicUrl}/t/nobody/auth`);
      expect(textOf(page, 'h1')).to.equal('There is no such organisation here');
      const document = await fetch(`${server.publicUrl}/t/nobody/.well-known/openid-configuration`);
      expect(document.status).to.equal(404);
      expect(await document.json()).to.include({ code: 'unknown_tenant' });
    });

    it('leads to nothing', async () => {
      for (const path of [
        '/nothing',
        '/interaction',
        '/interaction/',
        '/assets/../../package.json',
        '/auth/x/y',
        '/%',
      ]) {
        const answer = await rawRequest(browser, issuer + path, { headers: { accept: 'text/html' } });
        expect(answer.status, path).to.be.oneOf([400, 404]);
        expect(answer.headers.get('content-security-policy'), path).to.contain("default-src 'none'");
        expect(answer.body, path).not.to.contain('    at ');
      }
    });
  });
});
