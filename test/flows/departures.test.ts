// Whoever stands no more in the directory: what they lose, when, and what is told of it.

import { expect } from 'chai';
import * as oidc from 'openid-client';
import pg from 'pg';

import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, isRefused, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

const BASE = 'o=departures,dc=demo,dc=test';

describe('a departure from the directory', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let crowded: App;
  let person: Employee;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('departures', {
      userBaseDn: `ou=people,${BASE}`,
      users: {
        filter: '(!(employeeType=guest))',
        disabled: [
          { attribute: 'employeeType', value: 'left' },
          { attribute: 'pwdAccountLockedTime', value: '000001010000Z' },
        ],
        expires: 'shadowExpire',
      },
    });
    const tenant = (tokens: object = {}) => ({
      name: 'Acme',
      policy: { secondFactors: { required: 'never' }, directoryFreshness: '1s' },
      tokens,
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      tenants: { acme: tenant(), crowded: tenant({ groupLimit: 1 }) },
    });
    orders = await createApp(server.issuer('acme'));
    crowded = await createApp(server.issuer('crowded'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  async function change({ dn }: Employee, ...lines: string[]): Promise<void> {
    await (await testSlapd()).modify([`dn: ${dn}`, ...lines, ''].join('\n'));
  }
  const become = (who: Employee, attribute: string, value: string) =>
    change(who, 'changetype: modify', `add: ${attribute}`, `${attribute}: ${value}`);

  interface Departure {
    leave(who: Employee): Promise<void>;
    reason: 'gone' | 'disabled' | 'expired';
    /** Of the right password afterwards: nothing is told of an account where there seems to be none. */
    status: number;
  }
  const departures: Record<string, Departure> = {
    'is deleted': { leave: (who) => organisation.remove(who), reason: 'gone', status: 401 },
    'is locked by an administrator': {
      leave: async ({ dn }) => (await testSlapd()).lock(dn),
      reason: 'disabled',
      status: 401,
    },
    'is disabled': { leave: (who) => become(who, 'employeeType', 'left'), reason: 'disabled', status: 403 },
    expires: {
      leave: async (who) => {
        await become(who, 'objectClass', 'shadowAccount');
        await become(who, 'shadowExpire', '1');
      },
      reason: 'expired',
      status: 403,
    },
    'leaves the filter': { leave: (who) => become(who, 'employeeType', 'guest'), reason: 'gone', status: 401 },
    'is moved to where no people are': {
      leave: (who) => {
        const elsewhere = ['deleteoldrdn: 0', `newsuperior: ou=groups,${BASE}`];
        return change(who, 'changetype: modrdn', `newrdn: uid=${who.username}`, ...elsewhere);
      },
      reason: 'gone',
      status: 401,
    },
  };

  /** Signs somebody in, and answers how to ask whether they have lost it. */
  const losses: Record<string, (who: Employee) => Promise<() => Promise<boolean>>> = {
    userinfo: async (who) => {
      const { tokens } = await orders.signIn(who);
      return () => isRefused(orders.userinfo(tokens));
    },
    introspection: async (who) => {
      const { tokens } = await orders.signIn(who);
      return async () => !(await oidc.tokenIntrospection(orders.config, tokens.access_token)).active;
    },
    'a silent sign-on': async (who) => {
      const { browser } = await orders.signIn(who);
      return async () =>
        refusalIn(await browser.get((await orders.begin({ prompt: 'none' })).url)) === 'login_required';
    },
    'the session': async (who) => {
      const { browser } = await orders.signIn(who);
      return async () => doorOf(await browser.get((await orders.begin()).url)) === 'password';
    },
    refreshing: async (who) => {
      let { tokens } = await orders.signIn(who);
      return async () => {
        try {
          tokens = await orders.refresh(tokens);
          return false;
        } catch (error) {
          if (error instanceof oidc.ResponseBodyError) return error.error === 'invalid_grant';
          throw error;
        }
      };
    },
    'the ticket for groups that are too many': async (who) => {
      for (const name of ['left', 'right']) await organisation.addGroup(`${name}-${who.username}`, [who]);
      const { claims } = await crowded.signIn(who, { wishes: { scope: 'openid groups' } });
      const [source] = Object.values(
        claims._claim_sources as Record<string, { endpoint: string; access_token: string }>,
      );
      const headers = { authorization: `Bearer ${source?.access_token ?? ''}` };
      return async () => (await fetch(source?.endpoint ?? '', { headers })).status === 401;
    },
  };

  async function query<T extends object>(text: string, userId: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    try {
      return (await client.query<T>(text, [userId])).rows;
    } finally {
      await client.end();
    }
  }

  /** What was ended for a person and why. */
  const eventsOf = (userId: string): Promise<object[]> =>
    query(
      `select type, reason, jsonb_array_length(detail -> 'sessions') as sessions from audit_events
        where subject_id = $1 and type in ('user.refused', 'session.ended') order by at, id`,
      userId,
    );

  /** Milliseconds, when the directory last said who somebody is. */
  async function checkedAt(userId: string): Promise<number> {
    const text = 'select directory_checked_at from users where id = $1';
    const [row] = await query<{ directory_checked_at: Date }>(text, userId);
    return row?.directory_checked_at.getTime() ?? 0;
  }

  for (const [how, { leave, reason, status }] of Object.entries(departures)) {
    describe(`after which the entry ${how}`, () => {
      // Each of somebody else, so that none is lost by what was asked for another.
      it(`ends ${Object.keys(losses).join(', ')}`, async () => {
        const employed = await Promise.all(
          Object.entries(losses).map(async ([what, begin]) => {
            const who = await organisation.addPerson(`person${(people += 1)}`);
            return { what, who, isLost: await begin(who) };
          }),
        );
        for (const { what, isLost } of employed) expect(await isLost(), what).to.equal(false);
        for (const { who } of employed) await leave(who);
        await Promise.all(employed.map(({ what, isLost }) => eventually(`the end of ${what}`, isLost, 4000)));
      });

      it('keeps them out', async () => {
        await orders.signIn(person);
        await leave(person);
        const browser = createUserAgent();
        const page = await givePassword(browser, await browser.get((await orders.begin()).url), person);
        expect(page.status).to.equal(status);
        expect(browser.cookies.find('acme_session')).to.equal(undefined);
      });

      it('ends all their sessions, which the audit trail tells', async () => {
        const [desk, phone] = [await orders.signIn(person), await orders.signIn(person)];
        await leave(person);
        await eventually('the end of userinfo', () => isRefused(orders.userinfo(desk.tokens)), 4000);
        expect(await eventsOf(desk.claims.sub)).to.deep.equal([
          { type: 'user.refused', reason: `${reason}-in-directory`, sessions: null },
          { type: 'session.ended', reason: `${reason}-in-directory`, sessions: 2 },
        ]);
        expect(await isRefused(orders.userinfo(phone.tokens))).to.equal(true);
        expect(await isRefused(orders.refresh(phone.tokens))).to.equal(true);
      });
    });
  }

  it('that is taken back asks them to sign in anew', async () => {
    const { tokens, browser, claims } = await orders.signIn(person);
    await become(person, 'employeeType', 'left');
    await eventually('the end of userinfo', () => isRefused(orders.userinfo(tokens)), 4000);
    await change(person, 'changetype: modify', 'delete: employeeType');
    const request = await orders.begin();
    const door = await browser.get(request.url);
    expect(doorOf(door)).to.equal('password');
    expect(await isRefused(orders.refresh(tokens))).to.equal(true);
    const page = await givePassword(browser, door, person);
    expect(claimsOf(await orders.finish(request, page)).sub).to.equal(claims.sub);
  });

  it('is something else than too many failures, which end no session', async () => {
    const { tokens, claims } = await orders.signIn(person);
    const slapd = await testSlapd();
    for (let failure = 0; failure < 5; failure++) await bindsAt(slapd, person.dn, 'wrong');
    expect(await bindsAt(slapd, person.dn, person.password), 'locked').to.equal(false);
    const since = await checkedAt(claims.sub);
    await eventually('the directory to be asked again', async () => {
      await orders.userinfo(tokens);
      return (await checkedAt(claims.sub)) > since;
    });
    expect((await orders.userinfo(await orders.refresh(tokens))).sub).to.equal(claims.sub);
    expect(await eventsOf(claims.sub)).to.deep.equal([]);
  });
});
