import { expect } from 'chai';
import pg from 'pg';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { giveCode, givePassword, problemOn } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

describe('too many attempts', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let strict: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  const someone = () => organisation.addPerson(`person${(people += 1)}`);

  before(async () => {
    organisation = await createOrganisation('attempts');
    const tenant = (required: string) => ({
      name: 'Acme',
      policy: { secondFactors: { required } },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({ tenants: { acme: tenant('never'), strict: tenant('always') } });
    orders = await createApp(server.issuer('acme'));
    strict = await createApp(server.issuer('strict'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await someone();
  });

  async function tried(username: string, password: string, app = orders, inBrowser = browser): Promise<Page> {
    const door = await inBrowser.get((await app.begin()).url);
    return inBrowser.fillAndSubmit(door, { username, password });
  }

  /** As if the time of every block were over; the person has signed in elsewhere, so the directory counts no failures either. */
  async function blocksEnd(): Promise<void> {
    expect(await bindsAt(await testSlapd(), person.dn, person.password)).to.equal(true);
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    await client.query('update attempt_counters set blocked_until = now() where blocked_until is not null');
    await client.end();
  }

  it('close the door for a while, whoever knows the password, and open it again', async () => {
    for (let time = 0; time < 4; time++) {
      // Whatever name it is, it is one person's budget.
      const username = time % 2 === 0 ? person.username : `${person.username}@attempts.test`;
      expect((await tried(username, 'wrong')).status).to.equal(401);
    }
    const blocked = await tried(person.username, person.password);
    expect(blocked.status).to.equal(429);
    expect(Number(blocked.headers.get('retry-after'))).to.be.within(880, 915);
    expect(problemOn(blocked)).to.equal('Too many attempts. Wait 16 minutes, then try again.');
    expect((await tried(`${person.username}@attempts.test`, person.password)).status).to.equal(429);
    expect((await orders.signIn(await someone())).claims.acr).to.equal('sfa');

    await blocksEnd();
    expect((await orders.signIn(person)).claims.acr).to.equal('sfa');
    expect((await tried(person.username, 'wrong')).status, 'counted anew').to.equal(401);
  });

  it('close it for a name that nobody has, too', async () => {
    const name = `nobody${people}`;
    for (let time = 0; time < 4; time++) expect((await tried(name, 'wrong')).status).to.equal(401);
    expect((await tried(name, 'wrong')).status).to.equal(429);
  });

  it('with codes close it as well, across sign-ins and browsers', async () => {
    await strict.signIn(person);
    const guess = person.authenticator?.wrongCode();
    for (let time = 0; time < 5; time++) {
      const mallory = createUserAgent();
      const asked = await tried(person.username, person.password, strict, mallory);
      expect((await mallory.fillAndSubmit(asked, { code: guess })).status).to.equal(400);
    }
    const request = await strict.begin();
    const asked = await givePassword(browser, await browser.get(request.url), person);
    const blocked = await giveCode(browser, asked, person);
    expect(blocked.status).to.equal(429);
    expect(Number(blocked.headers.get('retry-after'))).to.be.within(1, 30);
    expect(problemOn(blocked)).to.contain('Too many attempts.');

    await blocksEnd();
    const page = await giveCode(browser, blocked, person);
    expect(claimsOf(await strict.finish(request, page)).acr).to.equal('mfa');
  });
});
