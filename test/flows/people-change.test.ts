import { expect } from 'chai';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App, SignedIn } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

describe('a change in the directory', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let strict: App;
  let crowded: App;
  let person: Employee;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('changes');
    const tenant = (required: string, tokens: object = {}) => ({
      name: 'Acme',
      policy: { secondFactors: { required }, directoryFreshness: '1s' },
      tokens,
      directories: { people: organisation.directory },
      roles: { seller: { groups: ['sales'] } },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      tenants: { acme: tenant('never'), strict: tenant('always'), crowded: tenant('never', { groupLimit: 1 }) },
    });
    orders = await createApp(server.issuer('acme'));
    strict = await createApp(server.issuer('strict'));
    crowded = await createApp(server.issuer('crowded'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  const departures = {
    'is deleted': () => organisation.remove(person),
    'is locked by an administrator': async () => (await testSlapd()).lock(person.dn),
  };
  /** What stops working, each asked until it does. */
  const losses: Record<string, (signedIn: SignedIn) => Promise<boolean>> = {
    userinfo: ({ tokens }) => isRefused(orders.userinfo(tokens)),
    introspection: async ({ tokens }) => !(await oidc.tokenIntrospection(orders.config, tokens.access_token)).active,
    'a silent sign-on': async ({ browser }) =>
      refusalIn(await browser.get((await orders.begin({ prompt: 'none' })).url)) === 'login_required',
    'the session': async ({ browser }) => doorOf(await browser.get((await orders.begin()).url)) === 'password',
  };

  function isRefused(call: Promise<unknown>): Promise<boolean> {
    return call.then(
      () => false,
      (error: unknown) =>
        error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError,
    );
  }

  for (const [how, leave] of Object.entries(departures)) {
    describe(`after which somebody’s entry ${how}`, () => {
      for (const [what, isLost] of Object.entries(losses)) {
        it(`ends ${what}`, async () => {
          const signedIn = await orders.signIn(person);
          expect(await isLost(signedIn)).to.equal(false);
          await leave();
          await eventually(`the end of ${what}`, () => isLost(signedIn), 4000);
        });
      }

      it('ends refreshing', async () => {
        let { tokens } = await orders.signIn(person);
        await leave();
        await eventually(
          'the end of refreshing',
          async () => {
            const refreshed = await orders.refresh(tokens).catch((error: unknown) => error);
            if (refreshed instanceof oidc.ResponseBodyError) return refreshed.error === 'invalid_grant';
            tokens = refreshed as typeof tokens;
            return false;
          },
          4000,
        );
      });

      it('ends the ticket for groups that are too many', async () => {
        for (const name of ['left', 'right']) await organisation.addGroup(`${name}${people}`, [person]);
        const { claims } = await crowded.signIn(person, { wishes: { scope: 'openid groups' } });
        const [source] = Object.values(
          claims._claim_sources as Record<string, { endpoint: string; access_token: string }>,
        );
        const ask = () =>
          fetch(source?.endpoint ?? '', { headers: { authorization: `Bearer ${source?.access_token ?? ''}` } });
        expect((await ask()).status).to.equal(200);
        await leave();
        await eventually('the end of the ticket', async () => (await ask()).status === 401, 4000);
      });

      it('keeps them out', async () => {
        await orders.signIn(person);
        await leave();
        const browser = createUserAgent();
        const page = await givePassword(browser, await browser.get((await orders.begin()).url), person);
        expect(page.status).to.equal(401);
      });
    });
  }

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
