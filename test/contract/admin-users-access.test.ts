// What a person has and may do, through the admin API: sessions, second factors, consents, roles, groups; and that nothing of it is
// left of somebody who is deleted.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { createPostgresGroups } from '../../src/groups/groups-postgres.ts';
import type { ShownUser } from '../../src/admin/routes/user-shape.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aDirectoryPerson, aPerson, signedIn } from '../support/admin-people.ts';
import { eventually } from '../support/eventually.ts';

const SECRET = 'SHA1:6:30:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

interface Items<Item = Record<string, unknown>> {
  items: Item[];
  nextPageToken?: string;
}

describe('what a user has, through the admin API', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  const of = (userId: string, more: Record<string, string> = {}) => ({
    params: { tenant: acme.slug, userId, ...more },
    ifMatch: '*',
  });
  const count = async (sql: string, values: readonly unknown[]) =>
    (await admin.base.db.one<{ n: number }>(`select count(*)::int as n from ${sql}`, values))?.n;
  const grantsOf = (userId: string) => count('grants where tenant_id = $1 and user_id = $2', [acme.id, userId]);
  const typesOf = async (userId: string) =>
    (
      await admin.base.db.query<{ type: string; actor_kind: string }>(
        'select type, actor_kind from audit_events where tenant_id = $1 and subject_id = $2 order by at, id',
        [acme.id, userId],
      )
    ).map(({ type, actor_kind }) => `${type} by ${actor_kind}`);
  const aGroup = async (name: string) => {
    const made = await createPostgresGroups(admin.base.db).create(acme.id, { name, description: undefined });
    return made.ok ? made.value.id : expect.fail(made.reason);
  };
  const addFactor = (userId: string, factor: 'totp' | 'email' = 'totp', secret = SECRET) =>
    admin.base.enrolments.add(acme.id, userId, { factor, name: 'Phone', secret });

  before(async () => {
    admin = await startAdmin({
      acme: {
        roles: {
          clerk: { permissions: ['invoice:read'], inherits: [], groups: [] },
          chief: { permissions: ['invoice:approve'], inherits: ['clerk'], groups: ['staff'] },
        },
      },
    });
    acme = admin.tenants.acme ?? expect.fail();
  });

  describe('sessions', () => {
    it('are listed and shown, and end one by one with their refresh tokens', async () => {
      const userId = await aPerson(admin, acme);
      const other = await aPerson(admin, acme);
      const { uid } = await signedIn(admin, acme, userId);
      const kept = await signedIn(admin, acme, userId);
      await signedIn(admin, acme, other);
      const { body } = await admin.call<Items>('listUserSessions', of(userId));
      expect(body.items.map(({ id }) => id)).to.have.members([uid, kept.uid]);
      const named = { params: { tenant: acme.slug, sessionId: uid } };
      const { etag } = await admin.call('getSession', named);
      await admin.call('deleteSession', { ...named, ifMatch: etag ?? '' });
      expect((await admin.base.sessions.list(acme.id, userId)).map((session) => session.uid)).to.deep.equal([kept.uid]);
      expect(await grantsOf(userId)).to.equal(1);
    });

    it('of an owner are not ended by helpdesk, one by one or all, whose owner could never stay signed in', async () => {
      const helpdesk = callerOf(acme, await admin.base.roles.permissionsOf(acme.id, ['helpdesk']));
      const [owner, person] = [await aPerson(admin, acme), await aPerson(admin, acme)];
      await admin.call('setUserRoles', { ...of(owner), body: { roles: ['owner'] } });
      const { uid: sessionId } = await signedIn(admin, acme, owner);
      const attempts: [string, Record<string, string>][] = [
        ['endUserSessions', { userId: owner }],
        ['deleteSession', { sessionId }],
      ];
      for (const [route, named] of attempts) {
        const params = { tenant: acme.slug, ...named };
        await admin.refused(route, 'grant-exceeds-own', { params, ifMatch: '*', caller: helpdesk });
      }
      expect(await admin.base.sessions.list(acme.id, owner)).to.have.length(1);
      const { uid } = await signedIn(admin, acme, person);
      const mine = { tenant: acme.slug, sessionId: uid };
      await admin.call('deleteSession', { params: mine, ifMatch: '*', caller: helpdesk });
    });

    for (const action of ['endUserSessions', 'disableUser'] as const) {
      it(`all end at once by ${action}, with refresh tokens, the trust in browsers and logins under way`, async () => {
        const userId = await aPerson(admin, acme);
        const { uid } = await signedIn(admin, acme, userId);
        await admin.base.trustedDevices.trust(acme.id, userId, { name: 'Firefox', address: '192.0.2.1', days: 30 });
        const before = await admin.base.users.find(acme.id, userId);
        await admin.call(action, of(userId));
        expect(await admin.base.sessions.findByUid(acme.id, uid)).to.equal(undefined);
        expect(await grantsOf(userId)).to.equal(0);
        expect(await admin.base.trustedDevices.list(acme.id, userId)).to.deep.equal([]);
        const login = { at: new Date(), proofGeneration: before?.proofGeneration ?? -1 };
        expect(await admin.base.users.recordLogin(acme.id, userId, login)).to.equal(false);
        expect(await typesOf(userId)).to.include.members(['session.ended by system', 'device.forgotten by system']);
      });
    }
  });

  describe('second factors', () => {
    it('are listed without their secrets, and removed, even the last one, with a word to the person', async () => {
      const userId = await aPerson(admin, acme, { profile: { email: 'fred@acme.example', emailVerified: true } });
      const factorId = (await addFactor(userId)) ?? expect.fail();
      const { uid } = await signedIn(admin, acme, userId);
      const { body } = await admin.call<Items>('listUserFactors', of(userId));
      expect(body.items[0]).to.include({ id: factorId, factor: 'totp', name: 'Phone', lastUsedAt: null });
      expect(JSON.stringify(body)).to.not.include('GEZD');
      const { etag } = await admin.call('getUserFactor', of(userId, { factorId }));
      await admin.refused('deleteUserFactor', 'not-found', of(await aPerson(admin, acme), { factorId }));
      await admin.call('deleteUserFactor', { ...of(userId, { factorId }), ifMatch: etag ?? '' });
      expect(await admin.base.enrolments.list(acme.id, userId)).to.deep.equal([]);
      expect(await admin.base.sessions.findByUid(acme.id, uid)).to.equal(undefined);
      const mail = await eventually('a mail', () => admin.mails.find(({ to }) => to === 'fred@acme.example'));
      expect(mail.text).to.include('was removed').and.to.include('An administrator did this');
      expect(await typesOf(userId)).to.deep.equal(['session.ended by system', 'second_factor.removed by system']);
    });

    it('are all taken away, and every address is told, also one that goes with them', async () => {
      const userId = await aPerson(admin, acme, { profile: { email: 'gina@acme.example', emailVerified: true } });
      await addFactor(userId);
      await addFactor(userId, 'email', 'gina@home.example');
      await signedIn(admin, acme, userId);
      await admin.base.db.query(
        `insert into attempt_counters (tenant_id, kind, subject, failures, last_attempt_at)
         values ($1, 'second-factor', $2, 5, now())`,
        [acme.id, `user:${userId}`],
      );
      const { body } = await admin.call<ShownUser>('resetUserFactors', { ...of(userId), body: { enrolBy: 'link' } });
      expect(body.enrolsByLink).to.equal(true);
      expect(await admin.base.enrolments.list(acme.id, userId)).to.deep.equal([]);
      expect(await grantsOf(userId)).to.equal(0);
      expect(await count('attempt_counters where tenant_id = $1', [acme.id])).to.equal(0);
      for (const address of ['gina@acme.example', 'gina@home.example']) {
        await eventually(`a mail to ${address}`, () => admin.mails.some(({ to }) => to === address));
      }
      const again = await admin.call<ShownUser>('resetUserFactors', { ...of(userId), body: { enrolBy: 'sign-in' } });
      expect(again.body.enrolsByLink).to.equal(false);
      await admin.refused('resetUserFactors', 'invalid-request', { ...of(userId), body: { enrolBy: 'none' } });
      const event = await admin.base.db.one<{ detail: object }>(
        `select detail from audit_events where subject_id = $1 and type = 'user.factors_reset' order by at limit 1`,
        [userId],
      );
      expect(event?.detail).to.deep.equal({ enrolBy: 'link', factors: ['totp', 'email'] });
    });

    it('of an owner are not reset by helpdesk, nor of somebody who is one through a nested group', async () => {
      const helpdesk = callerOf(acme, await admin.base.roles.permissionsOf(acme.id, ['helpdesk']));
      const owner = await aPerson(admin, acme);
      await admin.call('setUserRoles', { ...of(owner), body: { roles: ['owner'] } });
      const nested = await aPerson(admin, acme);
      const [inner, outer] = [await aGroup('inner'), await aGroup('outer')];
      const groups = createPostgresGroups(admin.base.db);
      await groups.addMember(acme.id, outer, { kind: 'group', id: inner });
      await groups.addMember(acme.id, inner, { kind: 'user', id: nested });
      await admin.base.roles.setRolesOf(acme.id, { kind: 'group', id: outer }, ['owner']);
      for (const userId of [owner, nested]) {
        const factorId = (await addFactor(userId)) ?? expect.fail();
        const as = { caller: helpdesk };
        await admin.refused('resetUserFactors', 'grant-exceeds-own', {
          ...of(userId),
          ...as,
          body: { enrolBy: 'sign-in' },
        });
        await admin.refused('deleteUserFactor', 'grant-exceeds-own', { ...of(userId, { factorId }), ...as });
        expect(await admin.base.enrolments.list(acme.id, userId)).to.have.length(1);
      }
      const person = await aPerson(admin, acme);
      await admin.call('resetUserFactors', { ...of(person), caller: helpdesk, body: { enrolBy: 'sign-in' } });
      await admin.call('endUserSessions', { ...of(person), caller: helpdesk });
      await admin.refused('disableUser', 'permission-denied', { ...of(person), caller: helpdesk });
    });
  });

  describe('consents', () => {
    it('are listed, and taken back with the grants of that application', async () => {
      const userId = await aPerson(admin, acme);
      const { clientId } = await signedIn(admin, acme, userId);
      const consents = { scopes: ['openid', 'email'], claims: [], resources: { 'https://api.example': ['read'] } };
      await admin.base.db.query(
        `insert into consents (tenant_id, user_id, client_id, scopes, claims, resources) values ($1, $2, $3, $4, '{}', $5)`,
        [acme.id, userId, clientId, consents.scopes, JSON.stringify(consents.resources)],
      );
      const { body } = await admin.call<Items>('listUserConsents', of(userId));
      expect(body.items[0]).to.deep.include({ clientId, ...consents });
      await admin.refused('deleteUserConsent', 'not-found', of(await aPerson(admin, acme), { clientId }));
      await admin.call('deleteUserConsent', of(userId, { clientId }));
      expect((await admin.call<Items>('listUserConsents', of(userId))).body.items).to.deep.equal([]);
      expect(await grantsOf(userId)).to.equal(0);
      expect(await typesOf(userId)).to.deep.equal(['consent.revoked by system']);
      await admin.refused('getUserConsent', 'not-found', of(userId, { clientId }));
    });
  });

  it('has a history of sign-ins, the last ones first', async () => {
    const userId = await aPerson(admin, acme);
    for (const type of ['login.failed', 'login.succeeded'] as const) {
      await admin.base.audit.record({
        type,
        tenantId: acme.id,
        subject: { kind: 'user', id: userId },
        detail: { client: 'app' },
      });
    }
    const { body } = await admin.call<Items>('listUserSignIns', of(userId));
    expect(body.items.map(({ succeeded }) => succeeded)).to.deep.equal([true, false]);
    const limited = await admin.call<Items>('listUserSignIns', { ...of(userId), query: { limit: '1' } });
    expect(limited.body.items).to.have.length(1);
    for (const limit of ['0', '201', 'many']) {
      await admin.refused('listUserSignIns', 'invalid-request', { ...of(userId), query: { limit } });
    }
  });

  describe('roles', () => {
    it('are given, replaced and taken away, and shown with the ways they came by', async () => {
      const { id: userId } = await aDirectoryPerson(admin, acme, 'dora');
      const { body, etag } = await admin.call('setUserRoles', { ...of(userId), body: { roles: ['clerk', 'auditor'] } });
      expect(body).to.deep.equal({
        roles: [
          { name: 'auditor', managedBy: 'api' },
          { name: 'clerk', managedBy: 'api' },
        ],
        effectiveRoles: ['auditor', 'chief', 'clerk'],
      });
      expect(await admin.call('getUserRoles', of(userId))).to.deep.include({ body, etag });
      const { body: held } = await admin.call<{ roles: object[]; permissions: string[] }>(
        'getUserEffectiveRoles',
        of(userId),
      );
      expect(held.roles).to.deep.equal([
        { name: 'auditor', ways: [{ by: 'given' }] },
        { name: 'chief', ways: [{ by: 'group', group: { id: 'id of staff', name: 'staff' } }] },
        { name: 'clerk', ways: [{ by: 'given' }, { by: 'inherited', role: 'chief' }] },
      ]);
      expect(held.permissions).to.include.members(['invoice:approve', 'invoice:read', 'audit:read']);
      await admin.call('setUserRoles', { ...of(userId), ifMatch: etag ?? '', body: { roles: [] } });
      await admin.refused('setUserRoles', 'precondition-failed', {
        ...of(userId),
        ifMatch: etag ?? '',
        body: { roles: [] },
      });
      expect((await typesOf(userId)).at(-1)).to.equal('user.roles_changed by system');
      const { errors } = await admin.refused('setUserRoles', 'invalid-request', {
        ...of(userId),
        body: { roles: ['clerk', 'none'] },
      });
      expect(errors).to.deep.equal([{ pointer: '#/roles/1', detail: 'is not a role of this tenant' }]);
    });

    it('are neither given nor taken away by somebody who holds less', async () => {
      const userId = await aPerson(admin, acme);
      const caller = callerOf(acme, ['roles:write', 'invoice:read']);
      const set = (roles: string[]) => ({ ...of(userId), caller, body: { roles } });
      for (const roles of [['owner'], ['clerk', 'admin'], ['chief']]) {
        await admin.refused('setUserRoles', 'grant-exceeds-own', set(roles));
      }
      await admin.call('setUserRoles', set(['clerk']));
      await admin.call('setUserRoles', { ...of(userId), body: { roles: ['chief', 'clerk'] } });
      for (const roles of [['clerk'], []]) await admin.refused('setUserRoles', 'grant-exceeds-own', set(roles));
      await admin.call('setUserRoles', set(['chief']));
      await admin.call('setUserRoles', { ...of(userId), body: { roles: ['clerk'] } });
      await admin.call('setUserRoles', set([]));
      expect(await admin.base.roles.givenTo(acme.id, { kind: 'user', id: userId })).to.deep.equal([]);
    });

    it('leave a tenant an owner, whoever goes and by whatever way, also when two go at once', async () => {
      const { tenants, ...there } = await startAdmin({ small: {} });
      const small = tenants.small ?? expect.fail();
      const ofSmall = (userId: string) => ({ params: { tenant: small.slug, userId }, ifMatch: '*' });
      const [first, second] = [await aPerson(there, small), await aPerson(there, small)];
      for (const id of [first, second])
        await there.call('setUserRoles', { ...ofSmall(id), body: { roles: ['owner'] } });
      const outcomes = await Promise.allSettled([
        there.call('disableUser', ofSmall(first)),
        there.call('deleteUser', ofSmall(second)),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      const refused = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(refused?.reason).to.include({ code: 'last-owner' });
      const last = outcomes[0].status === 'rejected' ? first : second;
      await there.refused('disableUser', 'last-owner', ofSmall(last));
      await there.refused('deleteUser', 'last-owner', ofSmall(last));
      await there.refused('setUserRoles', 'last-owner', { ...ofSmall(last), body: { roles: [] } });
    });
  });

  describe('groups', () => {
    it('are local or the directory’s, direct or nested, and only the direct local ones are changed', async () => {
      const { id: userId } = await aDirectoryPerson(admin, acme, 'emil');
      const [team, division, club] = [await aGroup('team'), await aGroup('division'), await aGroup('club')];
      await createPostgresGroups(admin.base.db).addMember(acme.id, division, { kind: 'group', id: team });
      await admin.call('setUserGroups', { ...of(userId), body: { groups: [team, club] } });
      const { body, etag } = await admin.call<{ items: { name: string }[] }>('getUserGroups', of(userId));
      expect(body.items.map(({ name }) => name)).to.have.members(['staff', 'team', 'club', 'division']);
      expect(body.items.find(({ name }) => name === 'division')).to.include({ membership: 'nested', source: 'local' });
      expect(body.items.find(({ name }) => name === 'staff')).to.include({
        source: 'directory',
        dn: 'cn=staff,dc=acme',
      });
      await admin.call('setUserGroups', { ...of(userId), ifMatch: etag ?? '', body: { groups: [club] } });
      expect((await admin.base.users.find(acme.id, userId))?.groups.map(({ name }) => name)).to.deep.equal([
        'staff',
        'club',
      ]);
      await admin.refused('setUserGroups', 'invalid-request', { ...of(userId), body: { groups: [club, uuidv7()] } });
    });

    it('are joined and left one by one', async () => {
      const userId = await aPerson(admin, acme);
      const groupId = await aGroup('choir');
      const { status, location } = await admin.call('addUserGroup', { ...of(userId), body: { groupId } });
      expect([status, location]).to.deep.equal([201, `/tenants/${acme.slug}/users/${userId}/groups/${groupId}`]);
      await admin.refused('addUserGroup', 'conflict', { ...of(userId), body: { groupId } });
      const { errors } = await admin.refused('addUserGroup', 'invalid-request', {
        ...of(userId),
        body: { groupId: uuidv7() },
      });
      expect(errors[0]).to.include({ pointer: '#/groupId' });
      await admin.refused('addUserGroup', 'not-found', { ...of(uuidv7()), body: { groupId } });
      const { etag } = await admin.call('getUserGroup', of(userId, { groupId }));
      await admin.call('removeUserGroup', { ...of(userId, { groupId }), ifMatch: etag ?? '' });
      await admin.refused('removeUserGroup', 'not-found', of(userId, { groupId }));
      expect(await typesOf(userId)).to.deep.equal(['user.groups_changed by system', 'user.groups_changed by system']);
    });

    it('are not given by somebody who holds less than they do', async () => {
      const userId = await aPerson(admin, acme);
      const groupId = await aGroup('the board');
      await admin.base.roles.setRolesOf(acme.id, { kind: 'group', id: groupId }, ['admin']);
      const as = { ...of(userId), caller: callerOf(acme, ['groups:write', 'users:read']) };
      await admin.refused('addUserGroup', 'grant-exceeds-own', { ...as, body: { groupId } });
      await admin.refused('setUserGroups', 'grant-exceeds-own', { ...as, body: { groups: [groupId] } });
      expect((await admin.base.users.find(acme.id, userId))?.groups).to.deep.equal([]);
    });
  });

  it('goes with the user, and no table names them any more but the audit trail', async () => {
    const userId = await aPerson(admin, acme, { name: 'leaver', profile: { email: 'leaver@acme.example' } });
    const groupId = await aGroup('leavers');
    await addFactor(userId);
    await signedIn(admin, acme, userId);
    await admin.base.trustedDevices.trust(acme.id, userId, { name: 'Firefox', address: '192.0.2.1', days: 30 });
    await admin.call('setUserRoles', { ...of(userId), body: { roles: ['clerk'] } });
    await admin.call('setUserGroups', { ...of(userId), body: { groups: [groupId] } });
    await createPostgresGroups(admin.base.db).addManager(acme.id, groupId, userId);
    await admin.base.db.query(
      `insert into attempt_counters (tenant_id, kind, subject, failures, last_attempt_at)
       select $1, kind, $2, 1, now() from unnest(array['password', 'second-factor', 'trusted-device']) kind`,
      [acme.id, `user:${userId}`],
    );
    await admin.call('deleteUser', of(userId));
    await admin.refused('getUser', 'not-found', of(userId));
    const tables = await admin.base.db.query<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> 'audit_events'`,
    );
    for (const { name } of tables) {
      const rows = await admin.base.db.query(`select 1 from "${name}" t where t::text like '%' || $1 || '%'`, [userId]);
      expect(rows, name).to.have.length(0);
    }
    expect(tables.map(({ name }) => name)).to.include.members(['sessions', 'grants', 'enrolments', 'role_holders']);
    expect(await typesOf(userId)).to.include('user.deleted by system');
    const again = await admin.call<ShownUser>('createUser', {
      params: { tenant: acme.slug },
      body: { userName: 'leaver' },
    });
    expect(again.body.id).to.not.equal(userId);
  });
});

describe('the list of users', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  const list = async (query: Record<string, string> = {}) =>
    (await admin.call<Items<ShownUser>>('listUsers', { params: { tenant: acme.slug }, query })).body;
  const names = async (query: Record<string, string>) => (await list(query)).items.map(({ userName }) => userName);

  before(async () => {
    admin = await startAdmin({ acme: {}, other: {} });
    acme = admin.tenants.acme ?? expect.fail();
    for (const name of ['Berta', 'anton', 'Caesar']) {
      const email = `${name.toLowerCase()}@acme.example`;
      await aPerson(admin, acme, { name, profile: { email, familyName: 'Example' } });
    }
    await aPerson(admin, acme, { name: 'dora', status: 'disabled' });
    await aDirectoryPerson(admin, acme, 'emil');
    await aPerson(admin, admin.tenants.other ?? expect.fail(), { name: 'stranger' });
  });

  it('is in the order in which they were made, and shows each as the user is shown', async () => {
    const { items } = await list();
    expect(items.map(({ userName }) => userName)).to.deep.equal(['Berta', 'anton', 'Caesar', 'dora', 'emil']);
    for (const item of items) {
      expect((await admin.call('getUser', { params: { tenant: acme.slug, userId: item.id } })).body).to.deep.equal(
        item,
      );
    }
  });

  it('is filtered, by what identifies people and by their state', async () => {
    expect(await names({ filter: 'userName eq "ANTON"' })).to.deep.equal(['anton']);
    expect(await names({ filter: 'email sw "c"' })).to.deep.equal(['Caesar']);
    expect(await names({ filter: 'status eq "disabled"' })).to.deep.equal(['dora']);
    expect(await names({ filter: 'directory eq "corp"' })).to.deep.equal(['emil']);
    expect(await names({ filter: 'familyName eq "example" and not (userName sw "b")' })).to.deep.equal([
      'anton',
      'Caesar',
    ]);
    expect(await names({ filter: 'lastLoginAt pr' })).to.deep.equal([]);
    expect(await names({ filter: 'createdAt gt "2020-01-01T00:00:00Z" and userName co "or"' })).to.deep.equal(['dora']);
    expect(await names({ filter: 'userName eq "stranger"' })).to.deep.equal([]);
    for (const filter of ['password_hash pr', 'userName eq', 'hasPassword eq true']) {
      await admin.refused('listUsers', 'invalid-filter', { params: { tenant: acme.slug }, query: { filter } });
    }
  });

  it('is sorted by what an index answers, and nothing else, page by page', async () => {
    expect(await names({ sort: '-userName' })).to.deep.equal(['emil', 'dora', 'Caesar', 'Berta', 'anton']);
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await list({ sort: 'email', pageSize: '2', ...(pageToken !== undefined && { pageToken }) });
      expect(page.items.length).to.be.at.most(2);
      seen.push(...page.items.map(({ userName }) => userName));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen, 'without an address last').to.deep.equal(['anton', 'Berta', 'Caesar', 'emil', 'dora']);
    await admin.refused('listUsers', 'invalid-sort', { params: { tenant: acme.slug }, query: { sort: 'createdAt' } });
  });
});
