// Groups that live here, seen from an app: in its tokens, in the policy, and at its door.

import { expect } from 'chai';

import { openPostgres } from '../../src/db/database-postgres.ts';
import { createPostgresGroups } from '../../src/groups/groups-postgres.ts';
import type { Groups } from '../../src/groups/groups.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { atEnd } from '../support/global-teardown.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

describe('groups that live here', () => {
  let server: Sallyport;
  let groups: Groups;
  let tenantId: string;
  let ids: Record<'crew' | 'finance' | 'careful' | 'staff', string>;
  const people: Record<string, Employee> = {};

  before(async () => {
    const organisation = await createOrganisation('local-groups');
    for (const name of ['ann', 'bob', 'cay', 'dee']) people[name] = await organisation.addPerson(name);
    await organisation.addGroup('finance', [person('bob')]);
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: { groups: ['local:careful'] } } },
          directories: { people: organisation.directory },
          roles: { sailor: { groups: ['local:crew'] }, accountant: { groups: ['finance'] } },
          clients: {
            orders: registration(),
            ids: registration({ groups: { form: 'id' } }),
            dns: registration({ groups: { form: 'dn' } }),
            listed: registration({ groups: { only: ['local:*'] } }),
            others: registration({ groups: { only: ['finance', 'crew'] } }),
            crewed: registration({ allow: { groups: ['local:crew'] } }),
            vault: registration({ allow: { groups: ['finance'] } }),
          },
        },
      },
    });
    const db = openPostgres({ url: server.databaseUrl });
    atEnd(() => db.close());
    groups = createPostgresGroups(db);
    const tenant = await db.one<{ id: string }>(`select id from tenants where slug = 'acme'`);
    tenantId = tenant?.id ?? expect.fail();
    ids = {
      crew: await made('crew'),
      finance: await made('finance'),
      careful: await made('careful'),
      staff: await made('staff'),
    };
    // Everybody of the crew is of the staff.
    await groups.addMember(tenantId, ids.staff, { kind: 'group', id: ids.crew });
  });
  after(() => server.stop());

  function person(name: string): Employee {
    return people[name] ?? expect.fail();
  }

  async function made(name: string): Promise<string> {
    const outcome = await groups.create(tenantId, { name, description: undefined });
    return outcome.ok ? outcome.value.id : expect.fail(outcome.reason);
  }

  /** Signs in once, so that they are known here. */
  async function join(name: string, ...joined: (keyof typeof ids)[]): Promise<string> {
    const app = await createApp(server.issuer('acme'));
    const { claims } = await app.signIn(person(name));
    const id = String(claims.sub);
    for (const group of joined) {
      expect(await groups.addMember(tenantId, ids[group], { kind: 'user', id })).to.include({ ok: true });
    }
    return id;
  }

  it('are in the claims by the name that nothing else has, with what they are nested in, and give roles', async () => {
    await join('ann', 'crew', 'finance');
    const wishes = { scope: 'openid groups roles' };
    const claimed = async (clientId: string) => {
      const app = await createApp(server.issuer('acme'), { clientId });
      const { claims, tokens } = await app.signIn(person('ann'), { wishes });
      expect((await app.userinfo(tokens)).groups).to.deep.equal(claims.groups);
      return claims;
    };
    const all = ['local:crew', 'local:finance', 'local:staff'];
    const claims = await claimed('orders');
    expect(claims.groups).to.deep.equal(all);
    // The directory's "finance", which she is not in, is another one.
    expect(claims.roles).to.deep.equal(['sailor']);
    expect((await claimed('dns')).groups).to.deep.equal(all);
    expect((await claimed('ids')).groups).to.have.members([ids.crew, ids.finance, ids.staff]);
    expect((await claimed('listed')).groups).to.deep.equal(all);
    expect((await claimed('others')).groups).to.deep.equal([]);
  });

  it('are gone from the tokens at the next refresh, and so are the roles', async () => {
    const id = await join('bob', 'crew');
    const app = await createApp(server.issuer('acme'));
    const wishes = { scope: 'openid offline_access groups roles' };
    const { claims, tokens } = await app.signIn(person('bob'), { wishes });
    expect(claims.groups).to.deep.equal(['finance', 'local:crew', 'local:staff']);
    expect(claims.roles).to.deep.equal(['accountant', 'sailor']);
    expect(await groups.removeMember(tenantId, ids.crew, id)).to.equal(true);
    const next = claimsOf(await app.refresh(tokens));
    expect(next.groups).to.deep.equal(['finance']);
    expect(next.roles).to.deep.equal(['accountant']);
  });

  it('have a second factor asked of their members, and of nobody else', async () => {
    const app = await createApp(server.issuer('acme'));
    const door = async () => {
      const browser = createUserAgent();
      return givePassword(browser, await browser.get((await app.begin()).url), person('cay'));
    };
    const id = await join('cay');
    expect(refusalIn(await door())).to.equal('a code');
    await groups.addMember(tenantId, ids.careful, { kind: 'user', id });
    expect(doorOf(await door())).to.equal('enrol');
    await groups.removeMember(tenantId, ids.careful, id);
    expect(refusalIn(await door())).to.equal('a code');
  });

  it('open the door of an app that is for them, and no door that is for a group of the directory', async () => {
    const knock = async (clientId: string) => {
      const app = await createApp(server.issuer('acme'), { clientId });
      const browser = createUserAgent();
      const page = await givePassword(browser, await browser.get((await app.begin()).url), person('dee'));
      return page.status === 403 ? doorOf(page) : refusalIn(page);
    };
    const id = await join('dee', 'finance');
    expect(await knock('crewed')).to.equal('deny');
    expect(await knock('vault')).to.equal('deny');
    await groups.addMember(tenantId, ids.crew, { kind: 'user', id });
    expect(await knock('crewed')).to.equal('a code');
  });
});
