// What a client's registration asks beyond a level: freshness, and who may sign in to it.

import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, giveCode } from '../support/sign-in.ts';

describe('a client that asks for more than a level', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let till: App;
  let desk: App;
  let board: App;
  let clerk: Employee;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('clients');
    clerk = await organisation.addPerson('clerk');
    await organisation.addGroup('clerks', [clerk]);
    const acme = {
      name: 'Acme',
      policy: { secondFactors: { allowed: ['totp'], required: 'never' } },
      directories: { people: organisation.directory },
      roles: { member: { groups: ['clerks'] } },
      clients: {
        orders: registration(),
        till: registration({ minimumAcr: 'mfa', secondFactorFreshness: '2s' }),
        desk: registration({ allow: { groups: ['clerks'] } }),
        board: registration({ allow: { roles: ['member'] } }),
      },
    };
    server = await startSallyport({ tenants: { acme } });
    const app = (clientId: string) => createApp(server.issuer('acme'), { clientId });
    [orders, till, desk, board] = await Promise.all([app('orders'), app('till'), app('desk'), app('board')]);
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  it('has an old second factor proven again, and nothing else', async () => {
    const { claims } = await till.signIn(person, { browser });
    expect(claims).to.include({ acr: 'mfa' });
    await eventually('the code to be too old', () => Date.now() / 1000 > (claims.auth_time ?? 0) + 4);
    expect(refusalIn(await browser.get((await till.begin({ prompt: 'none' })).url))).to.equal(
      'unmet_authentication_requirements',
    );

    const request = await till.begin();
    const door = await browser.get(request.url);
    expect(doorOf(door)).to.equal('code');
    const again = claimsOf(await till.finish(request, await giveCode(browser, door, person)));
    const { sub, auth_time } = claims;
    expect(again).to.deep.include({ sub, auth_time, acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] });

    // Another app of the same session takes it as it is, however old.
    const silent = await orders.begin({ prompt: 'none', acr_values: 'mfa' });
    expect(claimsOf(await orders.finish(silent, await browser.get(silent.url)))).to.include({
      sub,
      auth_time,
      acr: 'mfa',
    });
  });

  it('is for the members of a group, and tells others so with access_denied', async () => {
    expect((await desk.signIn(clerk)).claims.acr).to.equal('sfa');
    await orders.signIn(person, { browser });
    expect(refusalIn(await browser.get((await desk.begin({ prompt: 'none' })).url))).to.equal('access_denied');
    const page = await browser.get((await desk.begin()).url);
    expect(page.url.pathname).to.match(/\/interaction\//);
    expect(['password', 'code', 'enrol']).not.to.include(doorOf(page));
  });

  it('is for the holders of a role', async () => {
    expect((await board.signIn(clerk)).claims.acr).to.equal('sfa');
    await orders.signIn(person, { browser });
    expect(refusalIn(await browser.get((await board.begin({ prompt: 'none' })).url))).to.equal('access_denied');
  });
});
