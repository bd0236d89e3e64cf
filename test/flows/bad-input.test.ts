import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { exchange } from '../support/http-exchange.ts';
import type { Answer } from '../support/http-exchange.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn, registration, SECRET } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { createSecrets } from '../support/secrets.ts';
import { doorOf, problemOn } from '../support/sign-in.ts';

const WRONG = 'That user name and password do not match. Check both.';
const EVIL = 'evil.example';
const FIFTY_MB = 50 * 1024 * 1024;

describe('bad input', () => {
  let server: Sallyport;
  let issuer: string;
  let organisation: Organisation;
  let orders: App;
  let person: Employee;
  let browser: UserAgent;
  const secrets = createSecrets();

  before(async () => {
    organisation = await createOrganisation('badinput', { lockoutBudget: 1000 });
    person = await organisation.addPerson('pat');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
    });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
    secrets.note(SECRET, person.password);
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });
  afterEach(() => secrets.expectNoneIn(server));

  const door = async () => browser.get((await orders.begin()).url);

  function formOf(page: Page): { action: URL; csrf: string } {
    return {
      action: new URL(page.document.querySelector('form')?.getAttribute('action') ?? '', page.url),
      csrf: page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
    };
  }
  /** A request as no browser would make it, with the browser's cookies. */
  function raw(
    url: string | URL,
    method: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Answer> {
    const target = new URL(url);
    const cookie = browser.cookies.headerFor({ url: target, method: 'GET', crossSite: false });
    return exchange(target, undefined, { method, headers: { ...(cookie && { cookie }), ...headers } }, body);
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  describe('at the password', () => {
    it('of LDAP’s own characters is a name that nobody has', async () => {
      const names = [
        '*',
        'p*',
        'a*)(uid=*',
        'pat)(uid=pat',
        '\\2a',
        'pat\\00',
        '#pat',
        'pat,ou=people',
        '(',
        '\\',
        'pat ;',
      ];
      let page = await door();
      for (const username of [...names, 'uid=pat,ou=people,o=badinput,dc=demo,dc=test', '', 'p'.repeat(10_000)]) {
        page = await browser.fillAndSubmit(page, { username, password: person.password });
        expect(page.status, username).to.equal(username === '' ? 400 : 401);
        expect(doorOf(page)).to.equal('password');
      }
    });

    it('with a NUL, a name of invisible letters or one that is no name says no more than a wrong one', async () => {
      const page = await door();
      for (const username of ['pat\u200b', '\u202epat', 'pa\nt', '__proto__', 'constructor', '\ud800']) {
        const answer = await browser.fillAndSubmit(page, { username, password: person.password });
        expect(answer.status, JSON.stringify(username)).to.equal(401);
        expect(problemOn(answer)).to.equal(WRONG);
      }
      for (const fields of [
        { username: 'pat\0', password: person.password },
        { username: 'pat', password: secrets.note('a password\0with a NUL') },
      ]) {
        const answer = await browser.fillAndSubmit(page, fields);
        expect(answer.status).to.equal(400);
        expect(textOf(answer)).to.contain('invalid_form');
      }
    });

    it('takes no empty password, and none of spaces', async () => {
      const empty = await browser.fillAndSubmit(await door(), { username: 'pat', password: '' });
      expect(empty.status).to.equal(400);
      expect(problemOn(empty)).to.equal('Type your password.');
      expect((await browser.fillAndSubmit(empty, { username: 'pat', password: '      ' })).status).to.equal(401);
    });

    it('refuses passwords that nobody can have', async () => {
      const page = await door();
      const long = secrets.note('long'.repeat(15_000));
      expect((await browser.fillAndSubmit(page, { username: 'pat', password: long })).status).to.equal(401);
      const tooLong = await browser.fillAndSubmit(page, { username: 'pat', password: 'x'.repeat(100_000) });
      expect(tooLong.status).to.equal(413);
      expect(textOf(tooLong, 'h1')).to.equal('That is too much at once');
    });
  });

  describe('in a form', () => {
    it('needs the token of this very login', async () => {
      const other = formOf(await createUserAgent().get((await orders.begin()).url));
      const page = await door();
      const { action } = formOf(page);
      const fields = { username: person.username, password: person.password };
      for (const csrf of [undefined, '', 'x'.repeat(43), other.csrf]) {
        const answer = await browser.post(action, { ...fields, ...(csrf !== undefined && { csrf }) }, { from: page });
        expect(answer.status).to.equal(403);
        expect(textOf(answer)).to.contain('invalid_form');
      }
    });

    it('comes from a page of ours', async () => {
      const page = await door();
      const { action, csrf } = formOf(page);
      const fields = { username: person.username, password: person.password, csrf };
      for (const headers of [
        { origin: `https://${EVIL}` },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ] as Record<string, string>[]) {
        const answer = await browser.post(action, fields, { from: page, headers });
        expect(answer.status).to.equal(403);
        expect(textOf(answer)).to.contain('forbidden_origin');
      }
    });

    it('has each field once, and none of strange names', async () => {
      const { action, csrf } = formOf(await door());
      const fields = `csrf=${csrf}&username=pat&password=${person.password}`;
      for (const more of [
        'username=pat',
        'csrf=x',
        '__proto__=x',
        '__proto__[polluted]=x',
        'constructor[prototype]=x',
        '=x',
      ]) {
        const answer = await raw(action, 'POST', { ...form, accept: 'text/html' }, `${fields}&${more}`);
        expect(answer.status, more).to.equal(400);
        expect(answer.body).to.contain('invalid_form');
      }
      for (const field of ['constructor=x', 'toString=x', 'unknown=x']) {
        const answer = await raw(action, 'POST', form, `csrf=${csrf}&username=pat&password=wrong-password&${field}`);
        expect(answer.status, field).to.be.oneOf([400, 401]);
      }
    });

    it('lacking a field is not understood', async () => {
      const { action, csrf } = formOf(await door());
      for (const fields of ['username=pat', `password=${person.password}`, '']) {
        const answer = await raw(action, 'POST', form, `csrf=${csrf}&${fields}`);
        expect(answer.status, fields).to.equal(400);
      }
    });

    it('is a form and nothing else', async () => {
      const { action, csrf } = formOf(await door());
      const json = JSON.stringify({ csrf, username: 'pat', password: person.password });
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
        expect((await raw(action, 'POST', { 'content-type': type }, json)).status, type).to.equal(415);
      }
      expect((await raw(action, 'POST', { ...form, 'content-encoding': 'gzip' }, 'x')).status).to.equal(415);
    });

    it('of 50 MB is refused wherever it is sent', async () => {
      const { action } = formOf(await door());
      const body = `token=${'x'.repeat(FIFTY_MB)}`;
      const ours = [action.href, `${issuer}/auth`, `${issuer}/session/end`];
      const paths = ['/token', '/token/introspection', '/token/revocation', '/request', '/session/end/confirm', '/me'];
      for (const url of [...ours, ...paths.map((path) => issuer + path)]) {
        const answer = await raw(url, 'POST', { ...form, authorization: 'Basic b3JkZXJzOng=' }, body);
        // The library's own endpoints say so by `invalid_request`.
        expect(answer.status, url).to.equal(ours.includes(url) ? 413 : 400);
      }
      expect((await fetch(`${issuer}/jwks`)).status).to.equal(200);
    });
  });

  describe('in cookies', () => {
    it('that are broken or forged is no session and no login', async () => {
      const page = await door();
      for (const value of ['', '%', '%00', 'x', '"; drop', 'x'.repeat(4000), '__proto__', '\u00e9']) {
        const cookie = ['acme_session', 'acme_interaction', 'acme_resume', 'language']
          .map((name) => `${name}=${value}; ${name}.sig=${value}`)
          .join('; ');
        const answer = await raw(page.url, 'GET', { cookie, accept: 'text/html' });
        expect(answer.status, value).to.be.oneOf([400, 431]);
        const begun = await raw((await orders.begin()).url, 'GET', { cookie });
        expect(begun.status, value).to.be.oneOf([303, 431]);
      }
    });
  });

  describe('in a request to sign in', () => {
    it('repeated or of a great length gets an answer that says so', async () => {
      const { url } = await orders.begin();
      const twice = await browser.get(`${url.href}&scope=openid`);
      expect(refusalIn(twice)).to.equal('invalid_request');
      const client = await browser.get(`${url.href}&client_id=orders`);
      expect(client.status).to.equal(400);
      const long = await browser.get(`${url.href}&unknown=${'x'.repeat(10_000)}`);
      expect(doorOf(long)).to.equal('password');
      const tooLong = await raw(`${url.href}&unknown=${'x'.repeat(20_000)}`, 'GET');
      expect(tooLong.status).to.equal(431);
      const fields = `${url.searchParams.toString()}&scope=openid`;
      expect((await raw(`${issuer}/auth`, 'POST', form, fields)).status).to.equal(400);
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
      const basic = { ...form, authorization: `Basic ${btoa(`orders:${encodeURIComponent(SECRET)}`)}` };
      for (const [path, headers, body] of [
        ['/token', form, ''],
        ['/token', form, 'grant_type=password&username=pat&password=x'],
        ['/token', basic, 'grant_type=password&username=pat&password=x'],
        ['/token', basic, 'grant_type=authorization_code'],
        ['/token', basic, 'grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x'],
        ['/token', basic, 'grant_type=authorization_code&code=%00&redirect_uri=x'],
        ['/token', basic, 'grant_type=refresh_token&refresh_token=%00'],
        ['/token', basic, 'grant_type=refresh_token&refresh_token=a&refresh_token=b'],
        ['/token', basic, '__proto__[x]=1&grant_type=refresh_token'],
        ['/token', { ...form, authorization: 'Basic %' }, 'grant_type=refresh_token'],
        ['/token', { ...form, authorization: 'Bearer x' }, 'grant_type=refresh_token'],
        ['/token', { 'content-type': 'application/json' }, '{"grant_type":"refresh_token"}'],
        ['/token/introspection', basic, ''],
        ['/token/revocation', basic, ''],
        ['/request', basic, ''],
        ['/me', { authorization: 'Bearer' }, ''],
        ['/me', { authorization: 'Bearer \u00e9' }, ''],
        ['/me', { authorization: 'Nonsense x' }, ''],
      ] as [string, Record<string, string>, string][]) {
        const what = `${path} ${body}`;
        const answer = await raw(issuer + path, 'POST', headers, body);
        expect(answer.status, what).to.be.within(400, 415);
        expect(JSON.parse(answer.body), what).to.have.property('error');
      }
    });
  });

  describe('of a method', () => {
    it('that an address does not have is answered with those that it has', async () => {
      const page = await door();
      const { action } = formOf(page);
      for (const [url, method, allowed] of [
        [page.url.href, 'POST', 'GET'],
        [page.url.href, 'DELETE', 'GET'],
        [action.href, 'GET', 'POST'],
        [action.href, 'PUT', 'POST'],
        [`${issuer}/token`, 'GET', 'POST'],
        [`${issuer}/token/introspection`, 'GET', 'POST'],
        [`${issuer}/jwks`, 'POST', 'GET'],
        [`${issuer}/.well-known/openid-configuration`, 'DELETE', 'GET'],
        [`${issuer}/auth`, 'PUT', 'GET'],
        [`${issuer}/me`, 'DELETE', 'GET'],
        [`${issuer}/`, 'POST', 'GET'],
      ] as const) {
        const what = `${method} ${url}`;
        const answer = await raw(url, method, { accept: 'text/html' });
        expect(answer.status, what).to.equal(405);
        expect(answer.headers.get('allow')?.split(', '), what).to.include(allowed);
      }
    });

    it('that nobody has heard of is refused', async () => {
      expect((await raw(`${issuer}/auth`, 'PROPFIND')).status).to.be.oneOf([404, 405, 501]);
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
          const answer = await raw(issuer + path, 'GET', { host: EVIL, accept });
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
      const plain = await raw(`${issuer}/.well-known/openid-configuration`, 'GET');
      const poisoned = await raw(`${issuer}/.well-known/openid-configuration`, 'GET', forwarded);
      expect(JSON.parse(poisoned.body)).to.deep.equal(JSON.parse(plain.body));

      const begun = await raw((await orders.begin()).url, 'GET', forwarded);
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
        const answer = await raw(`${server.publicUrl}/t/${slug}/auth`, 'GET', { accept: 'text/html' });
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
        const answer = await raw(issuer + path, 'GET', { accept: 'text/html' });
        expect(answer.status, path).to.be.oneOf([400, 404]);
        expect(answer.headers.get('content-security-policy'), path).to.contain("default-src 'none'");
        expect(answer.body, path).not.to.contain('    at ');
      }
    });
  });
});
