import { expect } from 'chai';

import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, choicesOn, csrfOn, givePasskey, usePasskey } from '../support/second-factor-steps.ts';
import { doorOf, enrol, giveCode, givePassword } from '../support/sign-in.ts';

describe('the choice of a second factor', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let app: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  const tenant = (allowed: string[], policy: object = {}) => ({
    name: 'Acme',
    policy: { secondFactors: { allowed }, sms: { country: 'CH' }, ...policy },
    directories: { people: organisation.directory },
    clients: { orders: registration() },
  });

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('choice'), startCodesSent()]);
    const tenants = {
      acme: tenant(['totp', 'passkey', 'sms', 'email']),
      mixed: tenant(['sms', 'totp'], { trustDirectoryContacts: false }),
    };
    server = await startSallyport({ server: codes.settings, tenants });
    app = await createApp(server.issuer('acme'));
  });
  after(async () => {
    await Promise.all([server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`, { telephoneNumber: number() });
  });

  const number = () => `+417912360${String(people).padStart(2, '0')}`;

  async function afterPassword(wishes = {}, at = app) {
    browser = createUserAgent();
    const request = await at.begin(wishes);
    return { request, page: await givePassword(browser, await browser.get(request.url), person) };
  }
  const choicePage = (page: Page) => browser.get(below(page, 'factor'), { from: page });
  /** Sets up a passkey, after the code that goes to the directory's number, and signs in with it. */
  async function usedPasskey(): Promise<void> {
    const authenticator = createAuthenticator(server.publicUrl);
    const { page } = await afterPassword({ acr_values: 'phr' });
    const proven = await browser.fillAndSubmit(page, { code: await codes.next(number()) });
    await givePasskey(browser, proven, authenticator);
    const again = await afterPassword({ acr_values: 'phr' });
    await usePasskey(browser, again.page, authenticator);
  }

  it('lists what the person has, with targets masked, and goes on with the one that is chosen', async () => {
    await usedPasskey();
    const { page, request } = await afterPassword();
    expect(doorOf(page), 'the last used').to.equal('passkey');
    const choice = await choicePage(page);
    expect(choicesOn(choice)).to.deep.equal(['passkey', 'directory-sms', 'directory-email']);
    expect(textOf(choice)).to.contain('p***@choice.test').and.not.to.contain(`${person.username}@`);
    expect(textOf(choice)).to.contain(`+41 ** *** ** ${number().slice(-2)}`);
    const asked = await browser.fillAndSubmit(choice, { factor: 'directory-email' });
    expect(doorOf(asked)).to.equal('code');
    const end = await browser.fillAndSubmit(asked, { code: await codes.next(`${person.username}@choice.test`) });
    expect(claimsOf(await app.finish(request, end)).acr).to.equal('2sv');
    expect(textOf((await afterPassword()).page, '.target'), 'used since').to.equal('p***@choice.test');
  });

  it('offers only what reaches the level', async () => {
    await usedPasskey();
    const { page } = await afterPassword({ acr_values: 'mfa' });
    expect(choicesOn(await choicePage(page))).to.deep.equal(['passkey', 'directory-sms']);
    for (const factor of ['directory-email', 'email', 'totp', 'nonsense']) {
      const answer = await browser.post(below(page, 'factor'), { csrf: csrfOn(page), factor }, { from: page });
      expect(doorOf(answer), factor).to.equal('passkey');
    }
  });

  it('is offered of what can be set up, too', async () => {
    const mixed = await createApp(server.issuer('mixed'));
    const { page, request } = await afterPassword({}, mixed);
    expect(doorOf(page)).to.equal('contact');
    const choice = await choicePage(page);
    expect(choicesOn(choice)).to.deep.equal(['sms', 'totp']);
    const asked = await browser.fillAndSubmit(choice, { factor: 'totp' });
    expect(claimsOf(await mixed.finish(request, await enrol(browser, asked, person))).acr).to.equal('mfa');
    expect(doorOf(await giveCode(browser, (await afterPassword({}, mixed)).page, person))).to.equal(undefined);
  });

  it('leads back to the login where there is nothing to choose', async () => {
    const page = await browser.get((await app.begin()).url);
    expect(doorOf(await choicePage(page))).to.equal('password');
  });

  describe('on a server that sends nothing', () => {
    let without: Sallyport;
    before(async () => {
      without = await startSallyport({
        tenants: { acme: tenant(['sms', 'email', 'totp']), none: tenant(['sms', 'email']) },
      });
    });
    after(() => without.stop());

    it('is not offered of what would have to be sent', async () => {
      const { page } = await afterPassword({}, await createApp(without.issuer('acme')));
      expect(doorOf(page)).to.equal('enrol');
      expect(choicesOn(await choicePage(page))).to.deep.equal(['totp']);
      const refused = await browser.get((await (await createApp(without.issuer('none'))).begin()).url);
      expect(refusalIn(refused)).to.equal('unmet_authentication_requirements');
    });
  });
});
