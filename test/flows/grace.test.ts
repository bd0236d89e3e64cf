import { expect } from 'chai';

import { accountsOf } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, press } from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';

describe('the time that a tenant gives to enrol', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let accounts: Accounts;
  let app: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('grace');
    const tenant = (secondFactors: object) => ({
      name: 'Acme',
      policy: { secondFactors },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({ tenants: { acme: tenant({ grace: { logins: 2 } }), strict: tenant({}) } });
    accounts = accountsOf(server, 'acme');
    app = await createApp(server.issuer('acme'));
  });
  after(async () => {
    await Promise.all([server.stop(), accounts.db.close()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  async function afterPassword(at = app, wishes = {}) {
    browser = createUserAgent();
    const request = await at.begin(wishes);
    return { request, page: await givePassword(browser, await browser.get(request.url), person) };
  }
  /** Logins of the person that were counted. */
  async function counted(): Promise<number | undefined> {
    const sql = 'select grace_logins as logins from users where id = $1';
    return (await accounts.db.one<{ logins: number }>(sql, [await accounts.userId(person)]))?.logins;
  }
  const canPostpone = (page: Page) => page.document.querySelector('form[action*="/postpone"]') !== null;

  it('lets people put it off so many times, and no more', async () => {
    for (const left of [2, 1]) {
      const { request, page } = await afterPassword();
      expect(doorOf(page), `${left} left`).to.equal('enrol');
      const end = await press(browser, page, 'postpone');
      expect(claimsOf(await app.finish(request, end))).to.deep.include({ acr: 'sfa', amr: ['pwd'] });
    }
    expect(await counted()).to.equal(2);
    const { page } = await afterPassword();
    expect(canPostpone(page)).to.equal(false);
    const forced = await browser.post(below(page, 'postpone'), { csrf: csrfOn(page) }, { from: page });
    expect(doorOf(forced)).to.equal('enrol');
  });

  it('is over for whoever ends a login last, although all of them were begun in time', async () => {
    const begun = [];
    for (let n = 0; n < 3; n++) {
      const { page } = await afterPassword();
      const form = { form: 'form[action*="/postpone"]', stopAt: server.publicUrl };
      begun.push({ browser, kept: sentTo(await browser.fillAndSubmit(page, {}, form)) });
    }
    const ends = await Promise.all(begun.map((one) => one.browser.get(one.kept)));
    const refused = ends.filter((page) => page.location === undefined);
    expect(refused.map((page) => [doorOf(page), canPostpone(page)])).to.deep.equal([['enrol', false]]);
    expect(await counted()).to.equal(2);
  });

  it('counts no login in which the person enrolled', async () => {
    const { request, page } = await afterPassword();
    expect(claimsOf(await app.finish(request, await enrol(browser, page, person))).acr).to.equal('mfa');
    expect(await counted()).to.equal(0);
  });

  it('is no answer to a request for more', async () => {
    const { page } = await afterPassword(app, { acr_values: 'mfa' });
    expect(doorOf(page)).to.equal('enrol');
    expect(canPostpone(page)).to.equal(false);
  });

  it('is not given by a tenant that says nothing of it', async () => {
    const { page } = await afterPassword(await createApp(server.issuer('strict')));
    expect(canPostpone(page)).to.equal(false);
    const forced = await browser.post(below(page, 'postpone'), { csrf: csrfOn(page) }, { from: page });
    expect(doorOf(forced)).to.equal('enrol');
  });
});
