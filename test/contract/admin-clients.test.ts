// Applications through the admin API: what may be registered, by whom, and what goes with one that is taken away.

import { expect } from 'chai';

import type { ShownClient } from '../../src/admin/routes/client-shape.ts';
import type { Sent } from '../../src/admin/dispatch.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aClient, aRole, settings } from '../support/tenants.ts';

const CALLBACK = 'https://app.example/callback';
const registration = { client_name: 'Orders', redirect_uris: [CALLBACK] };

describe('clients by the admin API', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;

  before(async () => {
    admin = await startAdmin({
      acme: {
        settings: settings({ resources: { 'https://api.example': { scopes: ['read'] } } }),
        roles: {
          biller: aRole({ permissions: ['invoice:approve'] }),
          keeper: aRole({ permissions: ['users:write'] }),
          boss: aRole({ inherits: ['keeper'] }),
        },
        clients: { declared: aClient('the secret of the file') },
      },
      globex: {},
    });
    [acme, globex] = [tenantOf('acme'), tenantOf('globex')];
  });

  function tenantOf(name: string): Tenant {
    const tenant = admin.tenants[name];
    if (!tenant) throw new Error(`no tenant ${name}`);
    return tenant;
  }
  const of = (
    tenant: Tenant,
    parts: Partial<Sent> & { clientId?: string; caller?: ReturnType<typeof callerOf> } = {},
  ) => {
    const { clientId, params, ...rest } = parts;
    return { ...rest, params: { tenant: tenant.slug, ...(clientId !== undefined && { clientId }), ...params } };
  };
  const create = (body: Record<string, unknown> = {}, tenant = acme) =>
    admin.call<ShownClient>('createClient', of(tenant, { body: { ...registration, ...body } }));
  const withPermissions = (...permissions: string[]) => callerOf(acme, permissions);

  it('are made with a client_id and a secret of our own, which is shown once', async () => {
    const { status, body, location, etag } = await create();
    expect(status).to.equal(201);
    expect(body.client_id).to.match(/^client_[\w-]{22}$/);
    expect(body.client_secret).to.match(/^[\w-]{43}$/);
    expect(location).to.equal(`/tenants/${acme.slug}/clients/${body.client_id}`);
    const read = await admin.call<ShownClient>('getClient', of(acme, { clientId: body.client_id }));
    expect(read.body).to.include({ client_id: body.client_id, client_name: 'Orders', managedBy: 'api' });
    expect(read.body).to.not.have.property('client_secret');
    expect(read.etag).to.equal(etag);
  });

  it('tell nobody their secret through the audit trail or the table', async () => {
    const { body } = await create();
    for (const table of ['audit_events', 'client_secrets', 'clients']) {
      const rows = await admin.base.db.query(`select * from ${table} where tenant_id = $1`, [acme.id]);
      expect(rows).to.not.have.length(0);
      expect(JSON.stringify(rows)).to.not.include(body.client_secret);
    }
  });

  it('are made under a name of the caller’s choice, once', async () => {
    const { body } = await create({ client_id: 'orders', token_endpoint_auth_method: 'none' });
    expect(body).to.include({ client_id: 'orders' }).and.not.have.property('client_secret');
    await admin.refused('createClient', 'conflict', of(acme, { body: { ...registration, client_id: 'orders' } }));
    expect((await create({ client_id: 'orders' }, globex)).status).to.equal(201);
  });

  const refusedNames = {
    'the name of the account pages': 'account',
    'the id of a user': '01970000-0000-7000-8000-000000000000',
    'a name with a space': 'my app',
  };
  for (const [what, client_id] of Object.entries(refusedNames)) {
    it(`do not get ${what}`, async () => {
      const problem = await admin.refused(
        'createClient',
        'invalid-request',
        of(acme, { body: { ...registration, client_id } }),
      );
      expect(problem.errors).to.have.nested.property('[0].pointer', '#/client_id');
    });
  }

  const refusedMetadata: Record<string, [body: Record<string, unknown>, pointer: string]> = {
    'roles, which are given by a request of their own': [{ roles: ['boss'] }, '#/roles'],
    'a member that nobody knows': [{ client_logo: 'x' }, '#/client_logo'],
    'a redirect URI that a browser would run': [{ redirect_uris: ['javascript:alert(1)'] }, '#/redirect_uris/0'],
    'no redirect URI': [{ redirect_uris: [] }, '#/redirect_uris'],
    'a resource that the tenant does not have': [{ defaultResource: 'https://other.example' }, '#/defaultResource'],
    'a role that the tenant does not have': [{ allow: { roles: ['nobody'] } }, '#/allow/roles/0'],
    'client credentials without a proof': [
      { token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
      '#/grant_types',
    ],
    'more redirect URIs than anybody needs': [
      { redirect_uris: Array.from({ length: 101 }, (_, n) => `${CALLBACK}/${String(n)}`) },
      '#/redirect_uris',
    ],
    'a private key': [{ jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] } }, '#/jwks/keys/0'],
    'a private_key_jwt without a key': [{ token_endpoint_auth_method: 'private_key_jwt' }, '#/jwks'],
  };
  for (const [what, [body, pointer]] of Object.entries(refusedMetadata)) {
    it(`are not made with ${what}, nor changed to it`, async () => {
      const made = await admin.refused(
        'createClient',
        'invalid-request',
        of(acme, { body: { ...registration, ...body } }),
      );
      expect(made.errors).to.have.nested.property('[0].pointer', pointer);
      const { body: client } = await create();
      const patch = of(acme, { clientId: client.client_id, ifMatch: '*', body });
      const changed = await admin.refused('updateClient', 'invalid-request', patch);
      expect(changed.errors).to.have.nested.property('[0].pointer', pointer);
    });
  }

  it('are changed member by member, and back to a default by null', async () => {
    const { body: made, etag } = await create({
      client_uri: 'https://app.example',
      groups: { form: 'dn', only: ['a*'] },
    });
    const { client_id: clientId } = made;
    const body = { client_name: null, firstParty: true, groups: { only: null } };
    const { body: changed } = await admin.call<ShownClient>(
      'updateClient',
      of(acme, { clientId, ifMatch: etag, body }),
    );
    expect(changed).to.deep.include({ client_uri: 'https://app.example', firstParty: true, groups: { form: 'dn' } });
    expect(changed).to.not.have.property('client_name');
    await admin.refused('updateClient', 'precondition-failed', of(acme, { clientId, ifMatch: etag, body }));
    await admin.refused('updateClient', 'precondition-required', of(acme, { clientId, body }));
    const put = of(acme, { clientId, ifMatch: '*', body: registration });
    const { body: replaced } = await admin.call<ShownClient>('replaceClient', put);
    expect(replaced)
      .to.deep.include({ firstParty: false, groups: { form: 'name' } })
      .and.not.have.property('client_uri');
  });

  it('take nothing from a patch that names a prototype', async () => {
    const { body } = await create();
    const patch: unknown = JSON.parse('{"__proto__":{"firstParty":true},"groups":{"__proto__":{"form":"id"}}}');
    const sent = of(acme, { clientId: body.client_id, ifMatch: '*', body: patch });
    await admin.refused('updateClient', 'invalid-request', sent);
    const read = await admin.call<ShownClient>('getClient', of(acme, { clientId: body.client_id }));
    expect(read.body).to.deep.include({ firstParty: false, groups: { form: 'name' } });
    expect({}).to.not.have.property('firstParty');
  });

  it('get a secret when they begin to want one, and lose it when they do not any more', async () => {
    const { body: made } = await create({ token_endpoint_auth_method: 'none' });
    const change = (token_endpoint_auth_method: string) => {
      const sent = of(acme, { clientId: made.client_id, ifMatch: '*', body: { token_endpoint_auth_method } });
      return admin.call<ShownClient>('updateClient', sent);
    };
    expect((await change('client_secret_post')).body.client_secret).to.match(/^[\w-]{43}$/);
    expect((await change('client_secret_basic')).body).to.not.have.property('client_secret');
    await change('none');
    const { body } = await admin.call<{ items: unknown[] }>(
      'listClientSecrets',
      of(acme, { clientId: made.client_id }),
    );
    expect(body.items).to.deep.equal([]);
  });

  it('that the configuration file declares are changed there', async () => {
    const sent = { clientId: 'declared', ifMatch: '*' };
    await admin.refused('updateClient', 'owned-by-file', of(acme, { ...sent, body: {} }));
    await admin.refused('replaceClient', 'owned-by-file', of(acme, { ...sent, body: registration }));
    await admin.refused('deleteClient', 'owned-by-file', of(acme, sent));
    await admin.refused('createClientSecret', 'owned-by-file', of(acme, { clientId: 'declared', body: {} }));
    const { body } = await admin.call('setClientRoles', of(acme, { ...sent, body: { roles: ['keeper'] } }));
    expect(body.roles).to.deep.equal([{ name: 'keeper', managedBy: 'api' }]);
  });

  it('of another tenant are not there', async () => {
    const { body } = await create();
    const { client_id: clientId } = body;
    const sent = { clientId, ifMatch: '*' };
    await admin.refused('getClient', 'not-found', of(globex, { clientId }));
    await admin.refused('updateClient', 'not-found', of(globex, { ...sent, body: {} }));
    await admin.refused('deleteClient', 'not-found', of(globex, sent));
    await admin.refused('createClientSecret', 'not-found', of(globex, { clientId, body: {} }));
    await admin.refused('listClientSecrets', 'not-found', of(globex, { clientId }));
    await admin.refused('getClientRoles', 'not-found', of(globex, { clientId }));
    await admin.refused('getClient', 'not-found', of(acme, { clientId: 'app\0' }));
  });

  it('are listed by client_id, page by page, and found by their name', async () => {
    for (const client_id of ['c-1', 'c-2', 'c-3'])
      await create({ client_id, client_name: `List ${client_id}` }, globex);
    const list = (query: Record<string, string>) =>
      admin.call<{ items: ShownClient[]; nextPageToken?: string }>('listClients', of(globex, { query }));
    const first = await list({ pageSize: '2', filter: 'client_id sw "c-"' });
    expect(first.body.items.map(({ client_id }) => client_id)).to.deep.equal(['c-1', 'c-2']);
    const pageToken = first.body.nextPageToken ?? '';
    const second = await list({ pageSize: '2', pageToken, filter: 'client_id sw "c-"' });
    expect(second.body.items.map(({ client_id }) => client_id)).to.deep.equal(['c-3']);
    expect((await list({ filter: 'client_name eq "list C-2"' })).body.items).to.have.length(1);
    expect((await list({ sort: '-client_id', pageSize: '1' })).body.items[0]?.client_id).to.equal('orders');
  });

  it('go with all that they had', async () => {
    const { body } = await create({ client_id: 'leaving' });
    const clientId = body.client_id;
    await admin.call('setClientRoles', of(acme, { clientId, ifMatch: '*', body: { roles: ['biller'] } }));
    await admin.call('deleteClient', of(acme, { clientId, ifMatch: '*' }));
    await admin.refused('getClient', 'not-found', of(acme, { clientId }));
    await create({ client_id: 'leaving' });
    const roles = await admin.call<{ roles: string[] }>('getClientRoles', of(acme, { clientId }));
    expect(roles.body.roles).to.deep.equal([]);
  });

  describe('with roles', () => {
    const setRoles = (clientId: string, roles: string[], caller = withPermissions('*:*')) =>
      of(acme, { clientId, ifMatch: '*', body: { roles }, caller });

    it('hold those and all that they inherit', async () => {
      const { body } = await create();
      const { body: set } = await admin.call('setClientRoles', setRoles(body.client_id, ['boss', 'biller']));
      expect(set).to.deep.equal({
        roles: [
          { name: 'biller', managedBy: 'api' },
          { name: 'boss', managedBy: 'api' },
        ],
        effectiveRoles: ['biller', 'boss', 'keeper'],
      });
    });

    it('are given none that is not there', async () => {
      const { body } = await create();
      const problem = await admin.refused(
        'setClientRoles',
        'invalid-request',
        setRoles(body.client_id, ['biller', 'x']),
      );
      expect(problem.errors).to.deep.equal([{ pointer: '#/roles/1', detail: 'is not a role of this tenant' }]);
    });

    it('get none from whoever does not hold what it permits, through inheritance either', async () => {
      const { body } = await create();
      const caller = withPermissions('roles:write');
      for (const role of ['boss', 'keeper', 'biller']) {
        await admin.refused('setClientRoles', 'grant-exceeds-own', setRoles(body.client_id, [role], caller));
      }
      const able = withPermissions('roles:write', 'invoice:approve');
      const { status } = await admin.call('setClientRoles', setRoles(body.client_id, ['biller'], able));
      expect(status).to.equal(200);
    });

    it('are not taken over by whoever holds less: not by a secret, a key or a redirect URI', async () => {
      const { body } = await create();
      const { client_id: clientId } = body;
      await admin.call('setClientRoles', setRoles(clientId, ['boss']));
      const caller = withPermissions('clients:*');
      const sent = { clientId, ifMatch: '*', caller };
      await admin.refused('createClientSecret', 'grant-exceeds-own', of(acme, { clientId, caller, body: {} }));
      await admin.refused(
        'updateClient',
        'grant-exceeds-own',
        of(acme, { ...sent, body: { redirect_uris: [CALLBACK] } }),
      );
      await admin.refused('replaceClient', 'grant-exceeds-own', of(acme, { ...sent, body: registration }));
      await admin.refused('deleteClient', 'grant-exceeds-own', of(acme, sent));
      const able = withPermissions('*:*');
      expect((await admin.call('deleteClient', of(acme, { ...sent, caller: able }))).status).to.equal(204);
    });
  });
});
