// What one tenant may pile up through the admin API, and what a list of it comes to.

import { expect } from 'chai';

import { Problem } from '../../src/admin/problem.ts';
import { createPostgresCountMade } from '../../src/admin/room-postgres.ts';
import { MOST, createAssertRoom } from '../../src/admin/room.ts';
import type { BoundedEvent } from '../../src/admin/room.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';

interface Many {
  items: { client_id: string }[];
  nextPageToken?: string;
}

describe('room for what is made through the admin API', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let other: Tenant;
  beforeEach(async () => {
    admin = await startAdmin({ acme: {}, other: {} });
    const { acme: one, other: two } = admin.tenants;
    if (!one || !two) throw new Error('no tenants');
    [acme, other] = [one, two];
  });

  /** So many of the kind, without a request for each. */
  const FILL: Record<BoundedEvent, string> = {
    'client.created': `insert into clients (tenant_id, client_id, metadata, owner)
      select $1, 'c' || n, '{"redirect_uris": ["https://app.example"]}', 'api' from generate_series(1, $2) n`,
    'group.created': `insert into groups (id, tenant_id, name)
      select gen_random_uuid(), $1, 'g' || n from generate_series(1, $2) n`,
    'role.created': `insert into roles (id, tenant_id, name, permissions, inherits, owner)
      select gen_random_uuid(), $1, 'r' || n, '{}', '{}', 'api' from generate_series(1, $2) n`,
    'resource_type.created': `insert into resource_types (id, tenant_id, name, actions)
      select gen_random_uuid(), $1, 't' || n, '{a}' from generate_series(1, $2) n`,
    'api_key.created': `insert into api_keys (id, tenant_id, name, permissions, secret_hash, created_by, expires_at)
      select gen_random_uuid(), $1, 'k' || n, '{}', gen_random_uuid()::text, 'system', now() from generate_series(1, $2) n`,
    'directory.created': `insert into directories (id, tenant_id, name, position, settings, owner)
      select gen_random_uuid(), $1, 'd' || n, n, ('{"urls": ["ldap://x"], "bindDn": "cn=a", "baseDn": "dc=' || n || '"}')::jsonb, 'api'
        from generate_series(1, $2) n`,
    'webhook.created': `insert into webhooks (id, tenant_id, url, events, enabled, algorithm, secret)
      select gen_random_uuid(), $1, 'https://x.example', '{*}', true, 'hmac-sha256', 'x' from generate_series(1, $2) n`,
  };
  const CREATE: Record<BoundedEvent, [id: string, body: object]> = {
    'client.created': ['createClient', { redirect_uris: ['https://app.example'] }],
    'group.created': ['createGroup', { name: 'one more' }],
    'role.created': ['createRole', { name: 'one-more' }],
    'resource_type.created': ['createResourceType', { name: 'one-more', actions: ['read'] }],
    'api_key.created': ['createApiKey', { name: 'one more', permissions: ['users:read'] }],
    'directory.created': [
      'createDirectory',
      {
        name: 'one-more',
        settings: { urls: ['ldap://one.more'], bindDn: 'cn=a', baseDn: 'dc=one' },
        bindPassword: 'x',
      },
    ],
    'webhook.created': ['createWebhook', { url: 'https://hooks.example', events: ['*'] }],
  };
  const kinds = Object.keys(MOST) as BoundedEvent[];

  it('is taken by what there is of the same kind and tenant', async () => {
    const count = createPostgresCountMade(admin.base.db);
    for (const kind of kinds) {
      await admin.base.db.query(FILL[kind], [acme.id, 3]);
      expect([await count(acme.id, kind), await count(other.id, kind)], kind).to.deep.equal([3, 0]);
    }
  });

  it('ends with one more than there may be, of whichever kind', async () => {
    for (const kind of kinds) {
      const { most } = MOST[kind];
      await createAssertRoom(() => Promise.resolve(most))(acme.id, kind);
      const problem = await createAssertRoom(() => Promise.resolve(most + 1))(acme.id, kind).catch(
        (error: unknown) => error,
      );
      expect(problem, kind).to.be.instanceOf(Problem).with.property('code', 'conflict');
    }
  });

  for (const kind of kinds.filter((one) => MOST[one].most <= 1000)) {
    const { most, called } = MOST[kind];
    it(`is for ${String(most)} ${called}, and for another tenant’s own`, async () => {
      const [id, body] = CREATE[kind];
      const create = (tenant: Tenant) => ({ params: { tenant: tenant.slug }, body });
      await admin.base.db.query(FILL[kind], [acme.id, most - 1]);
      expect((await admin.call(id, create(acme))).status).to.equal(201);
      const again = { ...create(acme), body: { ...body, ...('name' in body && { name: 'another' }) } };
      const problem = await admin.refused(id, 'conflict', again);
      expect(problem.detail).to.equal(`A tenant has ${String(most)} ${called} at most: remove one that is not needed.`);
      expect((await admin.call(id, create(other))).status).to.equal(201);
    });
  }

  it('is not taken by what the configuration file declares', async () => {
    await admin.base.db.query(FILL['role.created'], [acme.id, MOST['role.created'].most]);
    await admin.base.db.query(`update roles set owner = 'file' where tenant_id = $1 and name like 'r%1'`, [acme.id]);
    expect((await admin.call('createRole', { params: { tenant: acme.slug }, body: { name: 'mine' } })).status).to.equal(
      201,
    );
  });

  it('is for a thousand permissions of a role, with all that it inherits', async () => {
    const params = { tenant: acme.slug };
    const actions = Array.from({ length: 100 }, (_, n) => `a${String(n)}`);
    const types = Array.from({ length: 11 }, (_, n) => `t${String(n)}`);
    for (const name of types) await admin.call('createResourceType', { params, body: { name, actions } });
    const ofType = (type = '') => actions.map((action) => `${type}:${action}`);
    for (const name of types) {
      await admin.call('createRole', { params, body: { name, permissions: name === 't10' ? [] : ofType(name) } });
    }
    await admin.refused('createRole', 'conflict', {
      params,
      body: { name: 'over', inherits: types, permissions: ['t10:a0'] },
    });
    await admin.call('createRole', { params, body: { name: 'all', inherits: types } });
    await admin.call('createRole', { params, body: { name: 'heir', inherits: ['all'] } });
    const more = { params: { ...params, role: 't10' }, ifMatch: '*', body: { permissions: ['t10:a0'] } };
    expect((await admin.refused('updateRole', 'conflict', more)).detail).to.include('1000');
  });

  it('ends the page of a list that becomes too large, and the next page goes on there', async () => {
    const uris = Array.from({ length: 35 }, (_, n) => `https://app.example/${'x'.repeat(1700)}/${String(n)}`);
    await admin.base.db.query(
      `insert into clients (tenant_id, client_id, metadata, owner)
       select $1, 'c' || lpad(n::text, 3, '0'), $2, 'api' from generate_series(1, 230) n`,
      [acme.id, JSON.stringify({ redirect_uris: uris })],
    );
    const seen: string[] = [];
    let pageToken: string | undefined;
    let pages = 0;
    do {
      const query = { pageSize: '1000', ...(pageToken !== undefined && { pageToken }) };
      const { body } = await admin.call<Many>('listClients', { params: { tenant: acme.slug }, query });
      expect(JSON.stringify(body).length).to.be.below(5 * 1024 * 1024);
      seen.push(...body.items.map(({ client_id }) => client_id));
      pageToken = body.nextPageToken;
      pages += 1;
    } while (pageToken !== undefined);
    expect(pages).to.equal(4);
    expect(seen).to.deep.equal(Array.from({ length: 230 }, (_, n) => `c${String(n + 1).padStart(3, '0')}`));
  });
});
