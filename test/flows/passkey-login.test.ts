import { expect } from 'chai';

import { createAuthenticator } from '../support/authenticator.ts';
import type { Authenticator } from '../support/authenticator.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, givePasskey, passkeyOptionsOn, usePasskey } from '../support/second-factor-steps.ts';
import { doorOf, givePassword, problemOn } from '../support/sign-in.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

describe('signing in with a passkey alone', () => {
  let server: Sallyport;
  let slapd: TestSlapd;
  let organisation: Organisation;
  let app: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;
  let authenticator: Authenticator;

  before(async () => {
    slapd = await startSlapd();
    organisation = await createOrganisation('passkeyalone', {}, slapd);
    const tenant = (directoryStaleLimit: string) => ({
      name: 'Acme',
      policy: { secondFactors: { allowed: ['passkey'] }, directoryFreshness: '0s', directoryStaleLimit },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      tenants: {
        acme: tenant('1h'),
        strict: tenant('0s'),
        without: { ...tenant('1h'), policy: { secondFactors: { allowed: ['totp'] } } },
      },
    });
    app = await createApp(server.issuer('acme'));
  });
  after(async () => {
    await Promise.all([server.stop(), slapd.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
    authenticator = createAuthenticator(server.publicUrl);
  });

  async function begin(at = app): Promise<{ request: SignInRequest; page: Page }> {
    browser = createUserAgent();
    const request = await at.begin();
    return { request, page: await browser.get(request.url) };
  }
  async function setUp(at = app): Promise<void> {
    const { page } = await begin(at);
    await givePasskey(browser, await givePassword(browser, page, person), authenticator);
  }

  it('types nothing, proves both factors, and is told so', async () => {
    await setUp();
    const { request, page } = await begin();
    expect(doorOf(page)).to.equal('password');
    const started = Math.floor(Date.now() / 1000);
    const claims = claimsOf(await app.finish(request, await usePasskey(browser, page, authenticator)));
    expect(claims).to.deep.include({ acr: 'phr', amr: ['hwk', 'user', 'mfa'] });
    expect(claims.auth_time).to.be.at.least(started);
  });

  it('is refused in another login, and a second time', async () => {
    await setUp();
    const { page } = await begin();
    const credential = authenticator.assert(passkeyOptionsOn(page));
    const other = (await begin()).page;
    const refused = await browser.post(below(other, 'passkey'), { csrf: csrfOn(other), credential }, { from: other });
    expect(refused.status).to.equal(401);
    expect(problemOn(refused)).not.to.equal(undefined);
    expect(doorOf(refused)).to.equal('password');
  });

  it('of nobody is refused, and the page stays as it was', async () => {
    await setUp();
    const stranger = createAuthenticator(server.publicUrl);
    const elsewhere = await createApp(server.issuer('strict'));
    const { page: first } = await begin(elsewhere);
    await givePasskey(browser, await givePassword(browser, first, person), stranger);
    const { page } = await begin();
    const refused = await usePasskey(browser, page, stranger);
    expect(refused.status).to.equal(401);
    expect(doorOf(refused)).to.equal('password');
  });

  it('of somebody whom the directory does not know any more gets nowhere', async () => {
    await setUp();
    await organisation.remove(person);
    const { page } = await begin();
    const refused = await usePasskey(browser, page, authenticator);
    expect(refused.status).to.equal(403);
    expect(refused.location).to.equal(undefined);
  });

  it('is not offered, nor taken, where the tenant does not allow it', async () => {
    const { page } = await begin(await createApp(server.issuer('without')));
    expect(page.document.querySelector('[data-passkey]')).to.equal(null);
    const answer = await browser.post(below(page, 'passkey'), { csrf: csrfOn(page), credential: '{}' }, { from: page });
    expect(doorOf(answer)).to.equal('password');
  });

  it('lets its owner in while guesses keep the password out', async () => {
    await setUp();
    for (let guess = 0; guess < 4; guess++) {
      const { page } = await begin();
      expect((await givePassword(browser, page, { ...person, password: 'wrong' })).status).to.equal(401);
    }
    const { request, page } = await begin();
    const shut = await givePassword(browser, page, person);
    expect([shut.status, doorOf(shut)]).to.deep.equal([429, 'password']);
    const answer = await usePasskey(browser, shut, authenticator);
    expect(claimsOf(await app.finish(request, answer)).acr).to.equal('phr');
  });

  describe('while the directory is down', () => {
    it('goes on with its last answer, for as long as the tenant says', async () => {
      const strict = await createApp(server.issuer('strict'));
      await setUp();
      const here = authenticator;
      authenticator = createAuthenticator(server.publicUrl);
      await setUp(strict);
      await slapd.stop();

      const { request, page } = await begin();
      expect(claimsOf(await app.finish(request, await usePasskey(browser, page, here))).acr).to.equal('phr');

      const { page: asked } = await begin(strict);
      const refused = await usePasskey(browser, asked, authenticator);
      expect(refused.status).to.equal(503);
      expect(doorOf(refused)).to.equal('password');
    });
  });
});
