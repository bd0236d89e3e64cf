// Signing keys of a tenant through the admin API.

import { expect } from 'chai';

import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { freshSlug } from '../support/tenants.ts';

interface Key {
  kid: string;
  alg: string;
  state: string;
  createdAt: string;
  retiredAt: string | null;
  publicKey: Record<string, string>;
}

describe('signing keys through the admin API', () => {
  let admin: TestAdmin;
  let params: { tenant: string };
  before(async () => {
    admin = await startAdmin();
  });
  beforeEach(async () => {
    params = { tenant: freshSlug() };
    await admin.call('createTenant', { body: { slug: params.tenant, name: 'Fresh' } });
  });

  const list = async () => (await admin.call<{ items: Key[] }>('listKeys', { params })).body.items;
  const rotate = (body?: unknown) => admin.call<{ items: Key[] }>('rotateKeys', { params, body });
  const statesOf = (keys: Key[]) => keys.map(({ alg, state }) => `${state} ${alg}`);
  const kidsOf = (keys: Key[], state: string) => keys.filter((key) => key.state === state).map(({ kid }) => kid);

  it('are listed without their private halves', async () => {
    const keys = await list();
    expect(statesOf(keys)).to.deep.equal(['active ES256', 'active RS256', 'next ES256', 'next RS256']);
    const members = keys.map(({ publicKey }) => Object.keys(publicKey).sort().join(' '));
    expect(new Set(members)).to.deep.equal(new Set(['alg crv kid kty use x y', 'alg e kid kty n use']));
  });

  it('are rotated once the next ones have been published for an hour, or at once where that is asked for', async () => {
    const before = await list();
    await admin.refused('rotateKeys', 'wrong-state', { params });
    await admin.refused('rotateKeys', 'wrong-state', { params, body: { now: false } });
    expect(await list()).to.deep.equal(before);

    const { items: keys } = (await rotate({ now: true })).body;
    expect(kidsOf(keys, 'active')).to.have.members(kidsOf(before, 'next'));
    expect(kidsOf(keys, 'retired')).to.have.members(kidsOf(before, 'active'));
    expect(keys.filter(({ retiredAt }) => retiredAt !== null)).to.have.length(2);

    await admin.base.db.query(
      `update signing_keys k set created_at = now() - interval '61 minutes' from tenants t
       where t.id = k.tenant_id and t.slug = $1`,
      [params.tenant],
    );
    expect(kidsOf((await rotate()).body.items, 'retired')).to.have.length(4);
  });

  it('that have retired are withdrawn, and no others', async () => {
    const [active = '', next = ''] = [kidsOf(await list(), 'active')[0], kidsOf(await list(), 'next')[0]];
    const retire = { ...params, kid: active };
    await admin.refused('retireKey', 'wrong-state', { params: retire });
    await admin.refused('retireKey', 'wrong-state', { params: { ...params, kid: next } });
    await admin.refused('retireKey', 'not-found', { params: { ...params, kid: 'nobody' } });
    await rotate({ now: true });
    expect((await admin.call('retireKey', { params: retire })).status).to.equal(204);
    await admin.refused('retireKey', 'not-found', { params: retire });
    expect((await list()).map(({ kid }) => kid)).not.to.include(active);
  });

  it('are of one tenant: another cannot withdraw them', async () => {
    const kid = kidsOf((await rotate({ now: true })).body.items, 'retired')[0] ?? '';
    const other = freshSlug();
    await admin.call('createTenant', { body: { slug: other, name: 'Other' } });
    const tenant = await admin.base.tenants.bySlug(other);
    if (!tenant) throw new Error('it is not there');
    const caller = callerOf(tenant, ['*:*']);
    await admin.refused('retireKey', 'not-found', { caller, params: { ...params, kid } });
    await admin.refused('retireKey', 'not-found', { caller, params: { tenant: other, kid } });
    expect((await list()).map((key) => key.kid)).to.include(kid);
  });

  it('tell the audit trail who changed them, and other processes that they changed', async () => {
    const versionOf = async () => (await admin.base.tenants.bySlug(params.tenant))?.version ?? 0;
    const before = await versionOf();
    const kid = kidsOf((await rotate({ now: true })).body.items, 'retired')[0] ?? '';
    const rotated = await versionOf();
    expect(rotated).to.be.greaterThan(before);
    await admin.call('retireKey', { params: { ...params, kid } });
    expect(await versionOf()).to.be.greaterThan(rotated);
    const events = await admin.base.db.query(
      `select e.type, e.actor_id, e.actor_tenant from audit_events e join tenants t on t.id = e.tenant_id
       where t.slug = $1 and e.type like 'key.%' order by e.at`,
      [params.tenant],
    );
    const actor = { actor_id: 'command line', actor_tenant: 'root' };
    expect(events).to.deep.equal([
      { type: 'key.rotated', ...actor },
      { type: 'key.retired', ...actor },
    ]);
  });
});
