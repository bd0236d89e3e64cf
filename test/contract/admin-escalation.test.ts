// Nobody comes by more than they hold through the admin API, by whatever way round: each attempt is refused, and leaves every row of
// the tenant as it was.

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import type { Caller } from '../../src/admin/caller.ts';
import type { Sent } from '../../src/admin/dispatch.ts';
import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import type { ProblemCode } from '../../src/admin/problem.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aPerson } from '../support/admin-people.ts';
import { localGroups } from '../support/local-groups.ts';
import { aClient, aRole } from '../support/tenants.ts';

type Who =
  'admin' | 'helpdesk' | 'auditor' | 'manager' | 'writer' | 'key' | 'foreignOwner' | 'rootAdmin' | 'rootAuditor';
type Refusal = ProblemCode;
/** Who tries what, and how it is refused. */
type Attempt = readonly [who: Who, route: string, sent: () => Partial<Sent>, refusal: Refusal];

const BEYOND = 'grant-exceeds-own';
const DENIED = 'permission-denied';
const WRONG = 'invalid-request';
const CALLBACK = 'https://evil.example/callback';

describe('nobody comes by more than they hold', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let callers: Record<Who, Caller>;
  /** Ids, by what they are of. */
  let ids: Record<'boss' | 'alice' | 'owners' | 'own' | 'nested' | 'factor' | 'robotSecret' | 'portalSecret', string>;

  before(async () => {
    admin = await startAdmin({
      acme: {
        roles: { engine: aRole({ inherits: ['owner'] }), 'of-file': aRole({ permissions: ['keys:write'] }) },
        clients: { declared: aClient('the secret of the file', { scope: 'openid *:*' }) },
      },
      globex: {},
      small: {},
    });
    acme = tenantNamed('acme');
    const groups = localGroups(admin, acme);
    const [boss, alice, gina] = [await aPerson(admin, acme), await aPerson(admin, acme), await aPerson(admin, acme)];
    const [owners, own, nested] = await Promise.all(['owners', 'own', 'nested'].map((name) => groups.aGroup(name)));
    await by('setUserRoles', { userId: boss }, { roles: ['owner'] });
    await by('createRole', {}, { name: 'deputy', permissions: ['users:read'] });
    await by('createRole', {}, { name: 'keeper', permissions: ['keys:write'] });
    await by('setUserRoles', { userId: alice }, { roles: ['admin', 'deputy'] });
    await by('setGroupRoles', { groupId: idOf(owners) }, { roles: ['owner'] });
    await groups.add(idOf(owners), { groupId: idOf(nested) });
    await groups.add(idOf(own), { userId: alice });
    await by('addGroupManager', { groupId: idOf(owners) }, { userId: gina });
    const redirect_uris = ['https://app.example/callback'];
    await by('createClient', {}, { client_id: 'robot', redirect_uris, grant_types: ['client_credentials'] });
    await by('setClientRoles', { clientId: 'robot' }, { roles: ['owner'] });
    await by('createClient', {}, { client_id: 'portal', redirect_uris, scope: 'openid *:*', firstParty: true });
    await by('createClient', {}, { client_id: 'wiki', redirect_uris });
    const factor = await admin.base.enrolments.add(acme.id, boss, {
      factor: 'totp',
      name: 'Phone',
      secret: 'SHA1:6:30:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    });
    ids = {
      boss,
      alice,
      owners: idOf(owners),
      own: idOf(own),
      nested: idOf(nested),
      factor: factor ?? expect.fail('no factor'),
      robotSecret: await aSecretOf('robot'),
      portalSecret: await aSecretOf('portal'),
    };
    const withRole = async (tenant: Tenant, role: string) =>
      callerOf(tenant, await admin.base.roles.permissionsOf(tenant.id, [role]));
    const asUser = { kind: 'user', managedGroups: new Set<string>() } as const;
    callers = {
      admin: { ...(await withRole(acme, 'admin')), ...asUser, id: alice },
      helpdesk: { ...(await withRole(acme, 'helpdesk')), ...asUser, id: alice },
      auditor: await withRole(acme, 'auditor'),
      manager: {
        ...callerOf(acme, []),
        kind: 'user',
        id: gina,
        managedGroups: new Set([ids.owners, ids.own]),
        managing: 'groups:write',
      },
      writer: callerOf(acme, ['users:read', 'users:write']),
      key: callerOf(acme, ['api-keys:read', 'api-keys:write', 'users:read']),
      foreignOwner: await withRole(tenantNamed('globex'), 'owner'),
      rootAdmin: await withRole(admin.root, 'admin'),
      rootAuditor: await withRole(admin.root, 'auditor'),
    };
  });

  function tenantNamed(name: string): Tenant {
    return admin.tenants[name] ?? expect.fail(`no tenant ${name}`);
  }
  const by = (route: string, params: Record<string, string>, body: unknown) =>
    admin.call(route, { params: { tenant: acme.slug, ...params }, body, ifMatch: '*' });
  const aSecretOf = async (clientId: string) => String((await by('createClientSecret', { clientId }, {})).body.id);

  /** Every row of the tenant, but for what is written down of what was tried. */
  async function rowsOf({ id }: Tenant): Promise<unknown[]> {
    const tables = await admin.base.db.query<{ name: string }>(
      `select table_name as name from information_schema.columns
        where column_name = 'tenant_id' and table_schema = current_schema()
          and table_name not in ('audit_events', 'audit_seals', 'imports') order by 1`,
    );
    expect(tables.map(({ name }) => name)).to.include.members(['users', 'role_holders', 'clients', 'api_keys']);
    const each = tables.map(
      ({ name }) => `select '${name}' as t, to_jsonb(r) as row from "${name}" r where tenant_id = $1`,
    );
    const all = `${each.join(' union all ')} union all select 'tenants', to_jsonb(r) from tenants r where id = $1`;
    return admin.base.db.query(`select t, row::text from (${all}) as everything order by 1, 2`, [id]);
  }

  const ofBoss = (body?: unknown) => () => ({ params: { userId: ids.boss }, body });
  const ofAlice = (body: unknown) => () => ({ params: { userId: ids.alice }, body });
  const ofGroup = (group: 'owners' | 'own' | 'nested', body: () => unknown) => () => ({
    params: { groupId: ids[group] },
    body: body(),
  });
  const ofClient = (clientId: string, body?: unknown) => () => ({ params: { clientId }, body });
  const withBody = (body: unknown) => () => ({ body });
  const alice = () => ({ userId: ids.alice });
  const anApp = { client_id: 'lure', redirect_uris: [CALLBACK], firstParty: true };

  const attempts: Record<string, readonly Attempt[]> = {
    'by giving themselves a role': [
      ['admin', 'setUserRoles', ofAlice({ roles: ['admin', 'deputy', 'owner'] }), BEYOND],
      ['admin', 'setUserRoles', ofAlice({ roles: ['admin', 'engine'] }), BEYOND],
      ['admin', 'setUserRoles', ofAlice({ roles: ['admin', 'of-file'] }), BEYOND],
      ['helpdesk', 'setUserRoles', ofAlice({ roles: ['admin'] }), DENIED],
      ['rootAdmin', 'setUserRoles', ofAlice({ roles: ['owner'] }), BEYOND],
    ],
    'by taking an owner their role': [
      ['admin', 'setUserRoles', ofBoss({ roles: [] }), BEYOND],
      ['rootAdmin', 'setUserRoles', ofBoss({ roles: ['admin'] }), BEYOND],
      ['admin', 'setGroupRoles', ofGroup('owners', () => ({ roles: [] })), BEYOND],
      ['admin', 'setClientRoles', ofClient('robot', { roles: [] }), BEYOND],
    ],
    'through a group': [
      ['admin', 'addGroupMember', ofGroup('owners', alice), BEYOND],
      ['admin', 'addGroupMember', ofGroup('nested', alice), BEYOND],
      ['admin', 'addGroupMember', ofGroup('owners', () => ({ groupId: ids.own })), BEYOND],
      ['admin', 'addGroupMember', ofGroup('nested', () => ({ groupId: ids.own })), BEYOND],
      ['admin', 'addUserGroup', () => ({ ...ofAlice({ groupId: ids.nested })() }), BEYOND],
      ['admin', 'setUserGroups', () => ({ ...ofAlice({ groups: [ids.own, ids.nested] })() }), BEYOND],
      ['admin', 'setGroupRoles', ofGroup('own', () => ({ roles: ['owner'] })), BEYOND],
      ['admin', 'addGroupManager', ofGroup('owners', alice), BEYOND],
    ],
    'as one who looks after a group': [
      ['manager', 'addGroupMember', ofGroup('owners', alice), BEYOND],
      ['manager', 'addGroupMember', ofGroup('owners', () => ({ groupId: ids.own })), BEYOND],
      ['manager', 'addGroupMember', ofGroup('own', () => ({ groupId: ids.nested })), DENIED],
      ['manager', 'setGroupRoles', ofGroup('own', () => ({ roles: ['owner'] })), DENIED],
      ['manager', 'addGroupManager', ofGroup('owners', alice), DENIED],
      ['manager', 'getUser', ofBoss(), DENIED],
    ],
    'through what a role inherits or permits': [
      ['admin', 'updateRole', () => ({ params: { role: 'deputy' }, body: { inherits: ['owner'] } }), BEYOND],
      ['admin', 'updateRole', () => ({ params: { role: 'deputy' }, body: { inherits: ['engine'] } }), BEYOND],
      ['admin', 'updateRole', () => ({ params: { role: 'deputy' }, body: { permissions: ['settings:*'] } }), BEYOND],
      ['admin', 'updateRole', () => ({ params: { role: 'deputy' }, body: { permissions: ['*:*'] } }), WRONG],
      ['admin', 'updateRole', () => ({ params: { role: 'keeper' }, body: { permissions: [] } }), BEYOND],
      ['admin', 'updateRole', () => ({ params: { role: 'admin' }, body: { permissions: ['keys:write'] } }), 'built-in'],
      ['admin', 'deleteRole', () => ({ params: { role: 'keeper' } }), BEYOND],
      ['admin', 'createRole', withBody({ name: 'heir', inherits: ['owner'] }), BEYOND],
      ['admin', 'createRole', withBody({ name: 'heir', permissions: ['keys:write'] }), BEYOND],
      ['admin', 'createRole', withBody({ name: 'heir', permissions: ['*:write'] }), WRONG],
    ],
    'by names that read like others': [
      ['admin', 'createRole', withBody({ name: 'owner', permissions: [] }), 'conflict'],
      ['admin', 'createRole', withBody({ name: 'admin', inherits: ['auditor'] }), 'conflict'],
      ['admin', 'createResourceType', withBody({ name: 'keys', actions: ['write'] }), WRONG],
      ['admin', 'createResourceType', withBody({ name: '*', actions: ['*'] }), WRONG],
      ['admin', 'createResourceType', withBody({ name: 'keys:write', actions: ['x'] }), WRONG],
      ['admin', 'createResourceType', withBody({ name: 'thing', actions: ['*'] }), WRONG],
      ['admin', 'createRole', withBody({ name: 'heir', permissions: ['thing:*', 'keys:write '] }), WRONG],
    ],
    'through a client': [
      ['admin', 'createClient', withBody({ ...anApp, roles: ['owner'] }), WRONG],
      ['admin', 'setClientRoles', ofClient('wiki', { roles: ['owner'] }), BEYOND],
      ['admin', 'setClientRoles', ofClient('wiki', { roles: ['engine'] }), BEYOND],
      ['admin', 'createClientSecret', ofClient('robot', {}), BEYOND],
      ['admin', 'deleteClient', () => ({ params: { clientId: 'robot' } }), BEYOND],
      ['admin', 'deleteClientSecret', () => ({ params: { clientId: 'robot', secretId: ids.robotSecret } }), BEYOND],
      ['admin', 'updateClient', ofClient('robot', { redirect_uris: [CALLBACK] }), BEYOND],
    ],
    'through an application that others sign in to': [
      ['admin', 'createClient', withBody({ ...anApp, scope: 'openid *:*' }), BEYOND],
      ['admin', 'createClient', withBody({ ...anApp, scope: 'openid keys:write' }), BEYOND],
      ['admin', 'createClient', withBody({ ...anApp, scope: 'keys:*' }), BEYOND],
      ['admin', 'updateClient', ofClient('wiki', { scope: 'openid settings:write', firstParty: true }), BEYOND],
      ['admin', 'replaceClient', ofClient('wiki', { redirect_uris: [CALLBACK], scope: '*:*' }), BEYOND],
      ['admin', 'updateClient', ofClient('portal', { redirect_uris: [CALLBACK] }), BEYOND],
      ['admin', 'updateClient', ofClient('portal', { scope: null, redirect_uris: [CALLBACK] }), BEYOND],
      ['admin', 'replaceClient', ofClient('portal', { redirect_uris: [CALLBACK] }), BEYOND],
      ['admin', 'createClientSecret', ofClient('portal', {}), BEYOND],
      ['admin', 'deleteClientSecret', () => ({ params: { clientId: 'portal', secretId: ids.portalSecret } }), BEYOND],
      ['admin', 'createClientSecret', ofClient('declared', {}), 'owned-by-file'],
      ['admin', 'updateClient', ofClient('declared', { redirect_uris: [CALLBACK] }), 'owned-by-file'],
    ],
    'through an API key': [
      ['key', 'createApiKey', withBody({ name: 'more', permissions: ['users:read', 'users:write'] }), BEYOND],
      ['admin', 'createApiKey', withBody({ name: 'more', permissions: ['keys:write'] }), BEYOND],
      ['admin', 'createApiKey', withBody({ name: 'all', permissions: ['*:*'] }), WRONG],
      ['admin', 'createApiKey', withBody({ name: 'all', permissions: ['*'] }), WRONG],
      ['admin', 'createApiKey', withBody({ name: 'all', permissions: ['users:*'] }), WRONG],
      ['foreignOwner', 'createApiKey', withBody({ name: 'theirs', permissions: ['users:read'] }), 'not-found'],
    ],
    'by members that nobody knows': [
      ['admin', 'createUser', withBody({ userName: 'eve', roles: ['owner'] }), WRONG],
      ['admin', 'updateUser', ofAlice({ roles: ['owner'] }), WRONG],
      ['admin', 'updateUser', ofAlice({ profile: { roles: ['owner'] } }), WRONG],
      ['admin', 'updateUser', ofAlice({ tenantId: 'root' }), WRONG],
      ['admin', 'createApiKey', withBody({ name: 'a', permissions: ['users:read'], tenant: 'root' }), WRONG],
      ['admin', 'updateRole', () => ({ params: { role: 'deputy' }, body: { effectivePermissions: ['*:*'] } }), WRONG],
      ['admin', 'createRole', withBody({ name: 'heir', managedBy: 'system' }), WRONG],
    ],
    'by members that reach a prototype': [
      ['admin', 'createUser', withBody(JSON.parse('{"userName":"eve","__proto__":{"roles":["owner"]}}')), WRONG],
      ['admin', 'createRole', withBody(JSON.parse('{"name":"heir","__proto__":{"inherits":["owner"]}}')), WRONG],
      ['admin', 'updateUser', ofAlice(JSON.parse('{"profile":{"__proto__":{"email":"a@b.example"}}}')), WRONG],
      ['admin', 'updateClient', ofClient('wiki', JSON.parse('{"groups":{"__proto__":{"form":"id"}}}')), WRONG],
      ['admin', 'updateClient', ofClient('wiki', JSON.parse('{"constructor":{"prototype":{"scope":"*:*"}}}')), WRONG],
      ['admin', 'setUserRoles', ofAlice({ roles: ['admin', 'deputy', '__proto__'] }), WRONG],
      ['admin', 'createRole', withBody({ name: 'heir', inherits: ['constructor'] }), WRONG],
      ['admin', 'createRole', withBody({ name: 'heir', permissions: ['constructor:write'] }), WRONG],
    ],
    'by null where there is no leave to take away': [
      ['admin', 'updateRole', () => ({ params: { role: 'keeper' }, body: { permissions: null } }), WRONG],
      ['admin', 'updateUser', ofBoss({ profile: { email: null } }), BEYOND],
      ['admin', 'setUserRoles', ofAlice({ roles: null }), WRONG],
      ['admin', 'updateSettings', withBody({ policy: null }), DENIED],
    ],
    'through settings and directories': [
      [
        'admin',
        'updateSettings',
        withBody({ resources: { 'http://localhost:3000/admin': { scopes: ['*:*'] } } }),
        DENIED,
      ],
      ['admin', 'updateSettings', withBody({ policy: { secondFactors: { required: 'never' } } }), DENIED],
      ['admin', 'createDirectory', withBody({}), DENIED],
      ['admin', 'rotateKeys', withBody({}), DENIED],
      ['admin', 'updateTenant', withBody({ name: 'Mine' }), DENIED],
    ],
    "through somebody else's account": [
      ['helpdesk', 'resetUserFactors', ofBoss({ enrolBy: 'sign-in' }), BEYOND],
      ['helpdesk', 'sendEnrolmentLink', ofBoss({ deliver: 'show' }), BEYOND],
      ['helpdesk', 'deleteUserFactor', () => ({ params: { userId: ids.boss, factorId: ids.factor } }), BEYOND],
      ['helpdesk', 'sendPasswordLink', ofBoss({ deliver: 'show' }), DENIED],
      ['helpdesk', 'updateUser', ofBoss({ profile: { email: 'eve@evil.example' } }), DENIED],
      ['helpdesk', 'disableUser', ofBoss(), DENIED],
      ['helpdesk', 'deleteUser', ofBoss(), DENIED],
      ['writer', 'updateUser', ofBoss({ profile: { email: 'eve@evil.example', emailVerified: true } }), BEYOND],
      ['writer', 'sendPasswordLink', ofAlice({ deliver: 'show' }), BEYOND],
      ['admin', 'sendPasswordLink', ofBoss({ deliver: 'show' }), BEYOND],
      ['admin', 'disableUser', ofBoss(), BEYOND],
      ['admin', 'deleteUser', ofBoss(), BEYOND],
      ['rootAdmin', 'resetUserFactors', ofBoss({ enrolBy: 'sign-in' }), BEYOND],
    ],
    'from another tenant, or by reading alone': [
      ['foreignOwner', 'setUserRoles', ofAlice({ roles: [] }), 'not-found'],
      ['foreignOwner', 'createUser', withBody({ userName: 'eve' }), 'not-found'],
      ['auditor', 'createUser', withBody({ userName: 'eve' }), DENIED],
      ['rootAuditor', 'createUser', withBody({ userName: 'eve' }), DENIED],
      ['rootAuditor', 'setUserRoles', ofAlice({ roles: ['owner'] }), DENIED],
      ['rootAuditor', 'suspendTenant', withBody(undefined), DENIED],
    ],
  };

  for (const [way, list] of Object.entries(attempts)) {
    it(way, async () => {
      const before = await rowsOf(acme);
      for (const [who, route, sent, refusal] of list) {
        const { params, ...rest } = sent();
        const asked = { ifMatch: '*', ...rest, params: { tenant: acme.slug, ...params }, caller: callers[who] };
        const said = `${who} ${route} ${JSON.stringify(asked.body)}`;
        const outcome = await admin.call(route, asked).then(
          () => 'done',
          (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
        );
        expect(outcome, said).to.equal(refusal);
        expect(await rowsOf(acme), said).to.deep.equal(before);
      }
    });
  }

  it('through an import', async () => {
    const { username: boss = '' } = (await admin.base.users.find(acme.id, ids.boss)) ?? {};
    const { username: aliceName = '' } = (await admin.base.users.find(acme.id, ids.alice)) ?? {};
    const before = await rowsOf(acme);
    const rows: [Who, object][] = [
      ['admin', { userName: 'eve', roles: ['owner'] }],
      ['admin', { userName: 'eve', roles: ['engine'] }],
      ['admin', { userName: 'eve', groups: ['owners'] }],
      ['admin', { userName: 'eve', groups: ['nested'] }],
      ['admin', { userName: aliceName, roles: ['owner'] }],
      ['admin', { userName: aliceName, groups: ['nested'] }],
      ['admin', { userName: boss, password: 'a password of the attacker' }],
      ['admin', { userName: boss, status: 'disabled' }],
      ['admin', { userName: boss, email: 'eve@evil.example' }],
      ['admin', { userName: boss, factorEmail: 'eve@evil.example' }],
      ['writer', { userName: 'eve', totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }],
      ['writer', { userName: aliceName, password: 'a password of the attacker' }],
    ];
    for (const [who, row] of rows) {
      const report = await imported(callers[who], row);
      expect(report, JSON.stringify(row)).to.have.nested.property('1.outcome', 'failed');
      expect(report, JSON.stringify(row)).to.have.nested.property('2.summary.failed', 1);
    }
    expect(await rowsOf(acme)).to.deep.equal(before);
    const sent = { params: { tenant: acme.slug }, stream: Readable.from([]), streamType: 'text/csv' };
    await admin.refused('importUsers', DENIED, { ...sent, caller: callers.helpdesk });
  });

  async function imported(caller: Caller, row: object): Promise<unknown[]> {
    const stream = Readable.from([Buffer.from(`${JSON.stringify(row)}\n`)]);
    const sent = { stream, streamType: 'application/x-ndjson', query: { onExisting: 'update' }, caller };
    const { body } = await admin.call('importUsers', { params: { tenant: acme.slug }, ...sent });
    expect(body).to.be.instanceOf(Readable);
    const lines = await text(Readable.from(body as unknown as Readable));
    return lines
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  }

  it('and of owners who remove each other at once, by whatever ways, one stays', async () => {
    const small = tenantNamed('small');
    const ofSmall = (userId: string, body?: unknown) => ({
      params: { tenant: small.slug, userId },
      body,
      ifMatch: '*',
    });
    const anOwner = async () => {
      const id = await aPerson(admin, small);
      await admin.call('setUserRoles', ofSmall(id, { roles: ['owner'] }));
      return id;
    };
    const ways: ((id: string) => Promise<unknown>)[] = [
      (id) => admin.call('disableUser', ofSmall(id)),
      (id) => admin.call('deleteUser', ofSmall(id)),
      (id) => admin.call('setUserRoles', ofSmall(id, { roles: [] })),
      (id) => admin.call('setUserRoles', ofSmall(id, { roles: ['admin'] })),
    ];
    let last = await anOwner();
    for (const one of ways) {
      for (const other of ways) {
        const next = await anOwner();
        const outcomes = await Promise.allSettled([one(last), other(next)]);
        const refused = outcomes.flatMap((outcome): unknown[] =>
          outcome.status === 'rejected' ? [outcome.reason] : [],
        );
        expect(refused).to.have.length(1);
        expect(refused[0]).to.include({ code: 'last-owner' });
        if (outcomes[0].status === 'fulfilled') last = next;
      }
    }
  });

  it('and yet may do what is theirs', async () => {
    const as = (who: Who, route: string, sent: Partial<Sent>) =>
      admin.call(route, {
        ifMatch: '*',
        ...sent,
        params: { tenant: acme.slug, ...sent.params },
        caller: callers[who],
      });
    const colleague = await aPerson(admin, acme);
    await as('helpdesk', 'endUserSessions', { params: { userId: colleague } });
    await as('helpdesk', 'resetUserFactors', { params: { userId: colleague }, body: { enrolBy: 'sign-in' } });
    await as('admin', 'setUserRoles', { params: { userId: colleague }, body: { roles: ['deputy', 'helpdesk'] } });
    await as('admin', 'setUserRoles', { params: { userId: colleague }, body: { roles: [] } });
    await as('admin', 'createClient', { body: { ...anApp, client_id: 'app', scope: 'openid email users:read' } });
    await as('admin', 'createClientSecret', ofClient('app', {})());
    await as('admin', 'updateClient', ofClient('app', { scope: 'openid groups:write' })());
    await as('admin', 'deleteClient', ofClient('app')());
    await as('admin', 'createClientSecret', ofClient('wiki', {})());
    await as('key', 'createApiKey', { body: { name: 'same', permissions: ['users:read'] } });
    await as('manager', 'addGroupMember', ofGroup('own', () => ({ userId: colleague }))());
    await as('manager', 'removeGroupMember', { params: { groupId: ids.own, memberId: colleague } });
  });

  it('and is told so in the scheme that they used', async () => {
    for (const scheme of ['Bearer', 'DPoP'] as const) {
      const sent = { params: { tenant: acme.slug }, caller: { ...callers.helpdesk, scheme } };
      const { headers } = await admin.refused('listClients', DENIED, sent);
      expect(headers['WWW-Authenticate']).to.equal(`${scheme} error="insufficient_scope", scope="clients:read"`);
    }
  });

  it('not even with every permission there is, one by one', async () => {
    const caller = callerOf(acme, ADMIN_PERMISSIONS);
    const params = { tenant: acme.slug, userId: ids.alice };
    await admin.refused('setUserRoles', BEYOND, { params, body: { roles: ['owner'] }, ifMatch: '*', caller });
    const app = { params: { tenant: acme.slug }, body: { ...anApp, scope: '*:*' }, caller };
    await admin.refused('createClient', BEYOND, app);
  });
});

function idOf(thing: { id?: unknown } | undefined): string {
  return typeof thing?.id === 'string' ? thing.id : expect.fail('it has no id');
}
