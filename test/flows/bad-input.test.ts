import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { FORM, rawRequest } from '../support/raw-request.ts';
import { createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { createSecrets } from '../support/secrets.ts';
import { doorOf, problemOn } from '../support/sign-in.ts';

const WRONG = 'That user name and password do not match. Check both.';
const WITH_NUL = 'a password\0with a NUL';
const FIFTY_MB = 50 * 1024 * 1024;

describe('bad input', () => {
  let server: Sallyport;
  let issuer: string;
  let orders: App;
  let person: Employee;
  let browser: UserAgent;
  const secrets = createSecrets();

  before(async () => {
    const organisation = await createOrganisation('badinput', { lockoutBudget: 1000 });
    person = await organisation.addPerson('pat');
    server = await startSallyport({
      server: { logLevel: 'debug' },
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
    secrets.note(person.password, WITH_NUL);
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

  function formOf(page: Page): { action: URL; csrf: string } {
    return {
      action: new URL(page.document.querySelector('form')?.getAttribute('action') ?? '', page.url),
      csrf: page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '',
    };
  }

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
        { username: 'pat', password: WITH_NUL },
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
      const long = 'long'.repeat(15_000);
      secrets.note(long);
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
        { origin: 'https://evil.example' },
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
        const answer = await rawRequest(browser, action, {
          method: 'POST',
          headers: { ...FORM, accept: 'text/html' },
          body: `${fields}&${more}`,
        });
        expect(answer.status, more).to.equal(400);
        expect(answer.body).to.contain('invalid_form');
      }
    });

    it('lacking a field is not understood', async () => {
      const { action, csrf } = formOf(await door());
      for (const fields of ['username=pat', `password=${person.password}`, '']) {
        const answer = await rawRequest(browser, action, {
          method: 'POST',
          headers: FORM,
          body: `csrf=${csrf}&${fields}`,
        });
        expect(answer.status, fields).to.equal(400);
      }
    });

    it('is a form and nothing else', async () => {
      const { action, csrf } = formOf(await door());
      const body = JSON.stringify({ csrf, username: 'pat', password: person.password });
      const posted = (headers: Record<string, string>) =>
        rawRequest(browser, action, { method: 'POST', headers, body });
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
        expect((await posted({ 'content-type': type })).status, type).to.equal(415);
      }
      expect((await posted({ ...FORM, 'content-encoding': 'gzip' })).status).to.equal(415);
    });

    it('of 50 MB is refused wherever it is sent', async () => {
      const { action } = formOf(await door());
      const body = `token=${'x'.repeat(FIFTY_MB)}`;
      const ours = [action.href, `${issuer}/auth`, `${issuer}/session/end`];
      const paths = ['/token', '/token/introspection', '/token/revocation', '/request', '/session/end/confirm', '/me'];
      for (const url of [...ours, ...paths.map((path) => issuer + path)]) {
        const answer = await rawRequest(browser, url, {
          method: 'POST',
          headers: { ...FORM, authorization: 'Basic b3JkZXJzOng=' },
          body,
        });
        // The library's own endpoints say so by `invalid_request`.
        expect(answer.status, url).to.equal(ours.includes(url) ? 413 : 400);
      }
      expect((await fetch(`${issuer}/jwks`)).status).to.equal(200);
    });
  });

  describe('in cookies', () => {
    it('that are broken or forged is no session and no login', async () => {
      const page = await door();
      for (const value of ['', '%', '%00', 'x', '"; drop', 'x'.repeat(1000), '__proto__', '\u00e9']) {
        const cookie = ['acme_session', 'acme_interaction', 'acme_resume', 'language']
          .map((name) => `${name}=${value}; ${name}.sig=${value}`)
          .join('; ');
        const answer = await rawRequest(browser, page.url, { headers: { cookie, accept: 'text/html' } });
        expect(answer.status, value).to.equal(400);
        const begun = await rawRequest(browser, (await orders.begin()).url, { headers: { cookie } });
        expect(begun.status, value).to.equal(303);
      }
    });
  });
});
