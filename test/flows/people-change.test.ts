import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, isRefused, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

describe('a change in the directory', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let strict: App;
  let person: Employee;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('changes');
    const tenant = (required: string) => ({
      name: 'Acme',
      policy: { secondFactors: { required }, directoryFreshness: '1s' },
      directories: { people: organisation.directory },
      roles: { seller: { groups: ['sales'] } },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      tenants: { acme: tenant('never'), strict: tenant('always') },
    });
    orders = await createApp(server.issuer('acme'));
    strict = await createApp(server.issuer('strict'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  it('of groups is in the claims of the next refresh', async () => {
    const sales = await organisation.addGroup('sales', [person]);
    const { tokens, claims } = await orders.signIn(person, { wishes: { scope: 'openid groups roles' } });
    expect(claims).to.deep.include({ groups: ['sales'], roles: ['seller'] });

    const keeper = await organisation.addPerson(`keeper${people}`);
    await organisation.addMember(sales, keeper);
    await organisation.removeMember(sales, person);
    let latest = tokens;
    await eventually(
      'the group to be gone',
      async () => {
        latest = await orders.refresh(latest);
        const { groups, roles } = claimsOf(latest);
        expect([groups, roles]).to.be.deep.oneOf([
          [['sales'], ['seller']],
          [[], []],
        ]);
        return Array.isArray(groups) && groups.length === 0;
      },
      4000,
    );
    expect((await orders.userinfo(latest)).groups).to.deep.equal([]);
  });

  it('of a name changes neither the sub nor the second factor', async () => {
    const first = await strict.signIn(person, { wishes: { scope: 'openid profile' } });
    expect(first.claims.preferred_username).to.equal(person.username);
    await organisation.rename(person, `renamed${people}`);
    const { claims } = await strict.signIn(person, { wishes: { scope: 'openid profile' } });
    expect(claims).to.include({ sub: first.claims.sub, preferred_username: `renamed${people}`, acr: 'mfa' });
  });

  it('that deletes an entry and makes another of the same name makes another person, without factors', async () => {
    const first = await strict.signIn(person);
    await organisation.remove(person);
    const successor = await organisation.addPerson(person.username);
    expect(successor.authenticator).to.equal(undefined);

    const browser = createUserAgent();
    const door = await givePassword(browser, await browser.get((await strict.begin()).url), successor);
    expect(doorOf(door)).to.equal('enrol');
    const { claims } = await strict.signIn(successor);
    expect(claims.sub).not.to.equal(first.claims.sub);
    await eventually('the first one to be gone', () => isRefused(strict.userinfo(first.tokens)), 4000);
  });
});
