import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import { Problem } from '../../src/admin/problem.ts';
import { composeAuthority } from '../../src/compose-authority.ts';
import type { Authority } from '../../src/compose-authority.ts';
import { composePeople } from '../../src/compose-people.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { requestWith } from '../support/admin-tokens.ts';

interface ShownKey {
  id: string;
  name: string;
  key: string;
  permissions: string[];
  createdBy: string;
  expiresAt: string;
  lastUsedAt: string | null;
  previousUntil: string | null;
}

const DAY_MS = 86_400_000;

describe('API keys', () => {
  let admin: TestAdmin;
  let authority: Authority;
  let acme: Tenant;
  let globex: Tenant;
  let params: { tenant: string };

  before(async () => {
    admin = await startAdmin({ acme: {}, globex: {} });
    authority = composeAuthority(admin.base, composePeople(admin.base));
    const { acme: first, globex: second } = admin.tenants;
    if (!first || !second) throw new Error('the tenants are missing');
    [acme, globex] = [first, second];
    params = { tenant: acme.slug };
  });

  const create = async (body: object = {}) =>
    (
      await admin.call<ShownKey>('createApiKey', {
        params,
        body: { name: 'script', permissions: ['users:read'], ...body },
      })
    ).body;
  const caller = (key: string) => authority.authenticate(requestWith(`Bearer ${key}`));
  const isGood = (key: string) =>
    caller(key).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Problem && error.code === 'unauthenticated') return false;
        throw error;
      },
    );
  const one = (id: string) => ({ ...params, apiKeyId: id });
  const show = async (id: string) => (await admin.call<ShownKey>('getApiKey', { params: one(id) })).body;

  it('are made once, shown once, and call in their own tenant', async () => {
    const made = await create({ permissions: ['users:read', 'audit:read', 'users:read'] });
    expect(made.key).to.match(/^sp_[\w-]{43}$/);
    expect(made.permissions).to.deep.equal(['audit:read', 'users:read']);
    const who = await caller(made.key);
    expect(who).to.include({ kind: 'api-key', id: made.id });
    expect(who.tenant.slug).to.equal(acme.slug);
    expect([...who.permissions]).to.deep.equal(['audit:read', 'users:read']);
    expect((await create()).key).not.to.equal(made.key);
    const listed = await admin.call('listApiKeys', { params });
    expect(JSON.stringify([listed.body, await show(made.id)])).not.to.include(made.key.slice(3));
  });

  it('are found by who made them', async () => {
    const maker = callerOf(acme, ['api-keys:write', 'users:read'], { kind: 'user', id: 'ann' });
    const body = { name: 'hers', permissions: ['users:read'] };
    await admin.call('createApiKey', { params, body, caller: maker });
    await create();
    const query = { filter: 'createdBy eq "user:ann"' };
    const { body: found } = await admin.call<{ items: { name: string }[] }>('listApiKeys', { params, query });
    expect(found.items.map(({ name }) => name)).to.deep.equal(['hers']);
  });

  it('are kept hashed, and are in no audit event', async () => {
    const { id, key } = await create();
    const rows = await admin.base.db.query(
      `select to_jsonb(k)::text as text from api_keys k where k.id = $1
       union all select to_jsonb(e)::text from audit_events e where e.subject_id = $1::text`,
      [id],
    );
    expect(rows).to.have.length(2);
    expect(JSON.stringify(rows)).not.to.include(key.slice(3));
  });

  it('live 90 days unless told, and a year at most', async () => {
    const { expiresAt } = await create();
    expect((new Date(expiresAt).getTime() - Date.now()) / DAY_MS).to.be.within(89.9, 90.1);
    for (const days of [-1, 366]) {
      const body = {
        name: 'script',
        permissions: ['users:read'],
        expiresAt: new Date(Date.now() + days * DAY_MS).toISOString(),
      };
      const problem = await admin.refused('createApiKey', 'invalid-request', { params, body });
      expect(problem.errors).to.have.nested.property('[0].pointer', '#/expiresAt');
    }
  });

  it('hold what is named one by one, and nothing else', async () => {
    for (const permissions of [['*:*'], ['users:*'], ['invoice:read'], [], ['users:read', 'users'], 'users:read']) {
      await admin.refused('createApiKey', 'invalid-request', { params, body: { name: 'script', permissions } });
    }
    expect((await create({ permissions: ADMIN_PERMISSIONS })).permissions).to.have.members(ADMIN_PERMISSIONS);
  });

  it('give roles of the tenant’s own applications by what is named of these', async () => {
    await admin.call('createResourceType', { params, body: { name: 'order', actions: ['read', 'ship'] } });
    await admin.call('createRole', { params, body: { name: 'shipper', permissions: ['order:ship'] } });
    const user = await admin.call<{ id: string }>('createUser', { params, body: { userName: 'shirley' } });
    const give = { params: { ...params, userId: user.body.id }, body: { roles: ['shipper'] }, ifMatch: '*' };

    const clerk = await create({ permissions: ['roles:write', 'order:read'] });
    await admin.refused('setUserRoles', 'grant-exceeds-own', { ...give, caller: await caller(clerk.key) });
    const keeper = await create({ permissions: ['roles:write', 'order:ship'] });
    expect((await admin.call('setUserRoles', { ...give, caller: await caller(keeper.key) })).status).to.equal(200);
    await admin.refused('createApiKey', 'invalid-request', { params, body: { name: 'x', permissions: ['order:*'] } });
  });

  it('are good until they expire', async () => {
    const { id, key } = await create();
    expect(await isGood(key)).to.equal(true);
    await admin.base.db.query(`update api_keys set expires_at = now() where id = $1`, [id]);
    expect(await isGood(key)).to.equal(false);
  });

  it('are good until they are revoked', async () => {
    const { id, key } = await create();
    expect((await admin.call('deleteApiKey', { params: one(id), ifMatch: '*' })).status).to.equal(204);
    expect(await isGood(key)).to.equal(false);
    await admin.refused('getApiKey', 'not-found', { params: one(id) });
  });

  it('are nothing but themselves', async () => {
    const { key } = await create();
    for (const forged of [
      key.slice(0, -1),
      `${key}x`,
      key.replace('sp_', 'sp-'),
      `sp_${'A'.repeat(43)}`,
      'sp_',
      key.toUpperCase(),
    ]) {
      expect(await isGood(forged)).to.equal(false);
    }
  });

  it('tell when they were used last, to the minute', async () => {
    const { id, key } = await create();
    expect(await show(id)).to.include({ lastUsedAt: null });
    const before = (await admin.call('getApiKey', { params: one(id) })).etag;
    await caller(key);
    const first = (await show(id)).lastUsedAt;
    expect(first).to.be.a('string');
    await caller(key);
    expect((await show(id)).lastUsedAt).to.equal(first);
    await admin.base.db.query(`update api_keys set last_used_at = now() - interval '2 minutes' where id = $1`, [id]);
    await caller(key);
    expect(new Date((await show(id)).lastUsedAt ?? '').getTime()).to.be.above(Date.now() - 60_000);
    expect((await admin.call('getApiKey', { params: one(id) })).etag).to.equal(before);
  });

  it('are rotated, with both good for a while', async () => {
    const { id, key } = await create();
    const rotate = async (body: object) => (await admin.call<ShownKey>('rotateApiKey', { params: one(id), body })).body;
    const rotated = await rotate({});
    expect(rotated.key).to.match(/^sp_[\w-]{43}$/);
    expect((new Date(rotated.previousUntil ?? 0).getTime() - Date.now()) / DAY_MS).to.be.within(0.99, 1.01);
    expect([await isGood(key), await isGood(rotated.key)]).to.deep.equal([true, true]);
    expect((await caller(key)).id).to.equal(id);

    await admin.base.db.query('update api_keys set previous_until = now() where id = $1', [id]);
    expect([await isGood(key), await isGood(rotated.key)]).to.deep.equal([false, true]);
    expect(await show(id)).to.include({ previousUntil: null });

    const last = await rotate({ overlap: 0 });
    expect([await isGood(rotated.key), await isGood(last.key)]).to.deep.equal([false, true]);
    for (const overlap of [-1, 1.5, 7 * 86_400 + 1]) {
      await admin.refused('rotateApiKey', 'invalid-request', { params: one(id), body: { overlap } });
    }
  });

  it('are renamed and renewed', async () => {
    const { id } = await create();
    const expiresAt = new Date(Date.now() + 200 * DAY_MS).toISOString();
    const change = { params: one(id), body: { name: 'backup', expiresAt } };
    await admin.refused('updateApiKey', 'precondition-required', change);
    const changed = await admin.call('updateApiKey', { ...change, ifMatch: '*' });
    expect(changed.body).to.include({ name: 'backup', expiresAt });
    await admin.refused('updateApiKey', 'invalid-request', {
      ...change,
      ifMatch: '*',
      body: { permissions: ['keys:write'] },
    });
  });

  it('give nobody what they do not hold: made, renewed or rotated', async () => {
    const clerk = callerOf(acme, ['api-keys:write', 'api-keys:read', 'users:read']);
    const made = await admin.call<ShownKey>('createApiKey', {
      params,
      caller: clerk,
      body: { name: 'own', permissions: ['users:read'] },
    });
    expect(made.status).to.equal(201);
    expect(made.body.createdBy).to.equal('api-key:a key of the test');
    const more = { name: 'more', permissions: ['users:read', 'users:write'] };
    await admin.refused('createApiKey', 'grant-exceeds-own', { params, caller: clerk, body: more });

    const { id } = await create({ permissions: ['users:write'] });
    const strong = { params: one(id), caller: clerk };
    await admin.refused('rotateApiKey', 'grant-exceeds-own', { ...strong, body: {} });
    const longer = { expiresAt: new Date(Date.now() + 300 * DAY_MS).toISOString() };
    await admin.refused('updateApiKey', 'grant-exceeds-own', { ...strong, ifMatch: '*', body: longer });
    await admin.call('updateApiKey', { ...strong, ifMatch: '*', body: { name: 'renamed' } });
  });

  it('of one tenant are not seen from another, and those of root act on every tenant', async () => {
    const { id, key } = await create({ permissions: ['api-keys:read'] });
    const own = await caller(key);
    const elsewhere = { tenant: globex.slug };
    await admin.refused('listApiKeys', 'not-found', { params: elsewhere, caller: own });
    await admin.refused('getApiKey', 'not-found', { params: { ...elsewhere, apiKeyId: id } });
    await admin.refused('getApiKey', 'not-found', { params: one(uuidv7()) });
    const ofRoot = await admin.call<ShownKey>('createApiKey', {
      params: { tenant: 'root' },
      body: { name: 'fleet', permissions: ['api-keys:read'] },
    });
    const everywhere = await caller(ofRoot.body.key);
    expect((await admin.call('listApiKeys', { params: elsewhere, caller: everywhere })).status).to.equal(200);
  });
});
