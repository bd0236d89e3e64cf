// How long a second factor counts, where the tenant or a client says it.

import { expect } from 'chai';

import { accountsOf } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, giveCode } from '../support/sign-in.ts';

const AGE = 400;

describe('a second factor that has to be fresh', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let person: Employee;
  let browser: UserAgent;
  const accounts: Record<string, Accounts> = {};

  before(async () => {
    organisation = await createOrganisation('freshness');
    const tenant = (policy: object, clients: object) => ({
      name: 'Acme',
      policy: { secondFactors: policy },
      directories: { people: organisation.directory },
      clients,
    });
    const till = { minimumAcr: 'mfa', secondFactorFreshness: '5m' };
    const tenants = {
      'a-client': tenant({ required: 'never' }, { orders: registration(), till: registration(till) }),
      'the-tenant': tenant({ freshness: '5m' }, { till: registration() }),
    };
    server = await startSallyport({ tenants });
    for (const slug of Object.keys(tenants)) accounts[slug] = accountsOf(server, slug);
  });
  after(async () => {
    await Promise.all([server.stop(), ...Object.values(accounts).map(({ db }) => db.close())]);
  });
  beforeEach(() => {
    browser = createUserAgent();
  });

  for (const tenant of ['a-client', 'the-tenant']) {
    it(`is proven again, and nothing else, where ${tenant} says so`, async () => {
      person = await organisation.addPerson(`of-${tenant}`);
      const till = await createApp(server.issuer(tenant), { clientId: 'till' });
      const { claims } = await till.signIn(person, { browser });
      expect(claims).to.include({ acr: 'mfa' });
      const fresh = await till.begin({ prompt: 'none' });
      expect(refusalIn(await browser.get(fresh.url))).to.equal('a code');

      await accounts[tenant]?.age(person, AGE);
      const silent = await till.begin({ prompt: 'none' });
      expect(refusalIn(await browser.get(silent.url))).to.equal('unmet_authentication_requirements');
      const request = await till.begin();
      const door = await browser.get(request.url);
      expect(doorOf(door)).to.equal('code');
      const again = claimsOf(await till.finish(request, await giveCode(browser, door, person)));
      const auth_time = (claims.auth_time ?? 0) - AGE;
      expect(again).to.deep.include({ sub: claims.sub, auth_time, acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] });
    });
  }

  it('may be as old as it likes for another client of the same session', async () => {
    person = await organisation.addPerson('of-both');
    const app = (clientId: string) => createApp(server.issuer('a-client'), { clientId });
    const [orders, till] = await Promise.all([app('orders'), app('till')]);
    await till.signIn(person, { browser });
    await accounts['a-client']?.age(person, AGE);
    const request = await orders.begin({ prompt: 'none', acr_values: 'mfa' });
    expect(claimsOf(await orders.finish(request, await browser.get(request.url)))).to.include({ acr: 'mfa' });
  });
});
