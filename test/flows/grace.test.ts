import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn, press } from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';

describe('the time that a tenant gives to enrol', () => {
  let server: Sallyport;
  let organisation: Organisation;
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
    app = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  async function afterPassword(at = app, wishes = {}) {
    browser = createUserAgent();
    const request = await at.begin(wishes);
    return { request, page: await givePassword(browser, await browser.get(request.url), person) };
  }
  const canPostpone = (page: Page) => page.document.querySelector('form[action*="/postpone"]') !== null;

  it('lets people put it off so many times, and no more', async () => {
    for (const left of [2, 1]) {
      const { request, page } = await afterPassword();
      expect(doorOf(page), `${left} left`).to.equal('enrol');
      const end = await press(browser, page, 'postpone');
      expect(claimsOf(await app.finish(request, end))).to.deep.include({ acr: 'sfa', amr: ['pwd'] });
    }
    const { page } = await afterPassword();
    expect(canPostpone(page)).to.equal(false);
    const forced = await browser.post(below(page, 'postpone'), { csrf: csrfOn(page) }, { from: page });
    expect(doorOf(forced)).to.equal('enrol');
  });

  it('counts no login in which the person enrolled', async () => {
    const { request, page } = await afterPassword();
    expect(claimsOf(await app.finish(request, await enrol(browser, page, person))).acr).to.equal('mfa');
    expect(doorOf((await afterPassword()).page)).to.equal('code');
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
