// Tenants through the admin API: made, named, suspended, deleted, and kept apart.

import { expect } from 'chai';

import { operator } from '../../src/admin/caller.ts';
import type { Problem } from '../../src/admin/problem.ts';
import { createTenantAdministration } from '../../src/tenants/administer-tenants.ts';
import { createPostgresTenantStore } from '../../src/tenants/tenants-administration-postgres.ts';
import { declaredTenants } from '../../src/tenants/tenants-postgres.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { fillTenant, rowsOf } from '../support/full-tenant.ts';
import { aDirectory, encryption, freshSlug, settings } from '../support/tenants.ts';

interface Shown {
  id: string;
  slug: string;
  name: string;
  status: string;
  managedBy: string;
  issuer: string;
  deleteAfter: string | null;
}
const EVERYTHING = ['*:*'];

describe('tenants through the admin API', () => {
  let admin: TestAdmin;
  before(async () => {
    admin = await startAdmin({ acme: { directories: { corp: aDirectory('secret') } } });
  });

  async function make(parts: object = {}): Promise<Shown & { etag: string | undefined }> {
    const body = { slug: freshSlug(), name: 'Fresh', ...parts };
    const made = await admin.call<Shown>('createTenant', { body });
    return { ...made.body, etag: made.etag };
  }
  const show = async (tenant: string) => (await admin.call<Shown>('getTenant', { params: { tenant } })).body;
  const remove = (tenant: string, query: object = {}) =>
    admin.call<Shown>('deleteTenant', { params: { tenant }, query: { confirm: tenant, ...query }, ifMatch: '*' });
  const loaded = async (slug: string) => {
    const tenant = await admin.base.tenants.bySlug(slug);
    if (!tenant) throw new Error(`there is no tenant ${slug}`);
    return tenant;
  };
  /** As if the time had come. */
  const letTimePass = ({ id }: Shown) =>
    admin.base.db.query(`update tenants set delete_after = now() - interval '1 second' where id = $1`, [id]);
  const deleteDue = () => {
    const { db } = admin.base;
    const parts = { store: createPostgresTenantStore(db), declared: declaredTenants(db, encryption) };
    return createTenantAdministration({ ...admin.base, ...parts }).deleteDue();
  };
  const eventsOf = async (tenantId: string, subject: string) =>
    (
      await admin.base.db.query<{ type: string }>(
        'select type from audit_events where tenant_id = $1 and subject_id = $2 order by at, id',
        [tenantId, subject],
      )
    ).map(({ type }) => type);

  describe('made', () => {
    it('have an issuer, keys, roles and what they were given', async () => {
      const slug = freshSlug();
      const directory = { name: 'corp', settings: aDirectory().settings, bindPassword: 'secret' };
      const body = { slug, name: 'Fresh', settings: { tokens: { idToken: '5m' } }, directories: [directory] };
      const made = await admin.call<Shown>('createTenant', { body });
      expect(made.status).to.equal(201);
      expect(made.location).to.equal(`/tenants/${slug}`);
      expect(made.body).to.include({ slug, name: 'Fresh', status: 'active', managedBy: 'api' });
      expect(made.body.issuer).to.equal(`http://localhost:3000/t/${slug}`);
      const tenant = await loaded(slug);
      expect(tenant.settings.tokens.idToken).to.equal(300);
      expect(tenant.directories.map(({ name, bindPassword }) => [name, bindPassword])).to.deep.equal([
        ['corp', 'secret'],
      ]);
      expect(await admin.base.keys.signingKeys(tenant.id)).to.have.length(4);
      const roles = await admin.base.db.query<{ name: string }>(
        'select name from roles where tenant_id = $1 order by name',
        [tenant.id],
      );
      expect(roles.map(({ name }) => name)).to.deep.equal(['admin', 'auditor', 'helpdesk', 'owner']);
      expect(await eventsOf(admin.root.id, tenant.id)).to.deep.equal(['tenant.created']);
    });

    it('are made whole or not at all', async () => {
      const slug = freshSlug();
      const twins = ['one', 'two'].map((name) => ({
        name,
        settings: { ...aDirectory().settings, realm: 'corp.example' },
        bindPassword: 'secret',
      }));
      const body = { slug, name: 'Fresh', directories: twins };
      const problem = await admin.refused('createTenant', 'invalid-request', { body });
      expect(problem.errors.map((error) => 'pointer' in error && error.pointer)).to.deep.equal([
        '#/directories/1/settings/realm',
      ]);
      expect(await admin.base.tenants.bySlug(slug)).to.equal(undefined);
    });

    it('have a slug that nobody else has', async () => {
      const { slug } = await make();
      await admin.refused('createTenant', 'conflict', { body: { slug, name: 'Another' } });
      const atOnce = { body: { slug: freshSlug(), name: 'At once' } };
      const both = await Promise.allSettled([1, 2].map(() => admin.call('createTenant', atOnce)));
      const refusals = both.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Problem).code] : []));
      expect(refusals).to.deep.equal(['conflict']);
    });

    it('take nothing that is not known', async () => {
      const body = JSON.parse(`{"slug":"${freshSlug()}","name":"A","status":"active","settings":{"owner":1}}`);
      const problem = await admin.refused('createTenant', 'invalid-request', { body });
      expect(problem.errors).to.deep.include({ pointer: '#/status', detail: 'is not known here' });
      expect(problem.errors).to.deep.include({ pointer: '#/settings/owner', detail: 'is not known here' });
    });
  });

  describe('are listed', () => {
    it('to administrators of root, by slug, in pages', async () => {
      const prefix = freshSlug().slice(0, 30);
      for (const end of ['c', 'a', 'b']) await make({ slug: `${prefix}-${end}` });
      const query = { filter: `slug sw "${prefix}-"`, pageSize: '2' };
      const first = await admin.call<{ items: Shown[]; nextPageToken: string }>('listTenants', { query });
      expect(first.body.items.map(({ slug }) => slug)).to.deep.equal([`${prefix}-a`, `${prefix}-b`]);
      const pageToken = first.body.nextPageToken;
      const rest = await admin.call<{ items: Shown[] }>('listTenants', { query: { ...query, pageToken } });
      expect(rest.body.items.map(({ slug }) => slug)).to.deep.equal([`${prefix}-c`]);
    });
  });

  describe("of another tenant's administrator", () => {
    it('are neither listed, nor made, nor found', async () => {
      const other = await make();
      const caller = callerOf(await loaded((await make()).slug), EVERYTHING);
      await admin.refused('listTenants', 'permission-denied', { caller });
      await admin.refused('createTenant', 'permission-denied', { caller, body: { slug: freshSlug(), name: 'Mine' } });
      for (const tenant of [other.slug, 'root', 'nobody']) {
        const params = { tenant };
        await admin.refused('getTenant', 'not-found', { caller, params });
        await admin.refused('getSettings', 'not-found', { caller, params });
        await admin.refused('listDirectories', 'not-found', { caller, params });
        await admin.refused('listKeys', 'not-found', { caller, params });
      }
    });

    it('are theirs to see and name, and not to suspend or delete', async () => {
      const { slug, etag } = await make();
      const caller = callerOf(await loaded(slug), EVERYTHING);
      const params = { tenant: slug };
      expect((await admin.call<Shown>('getTenant', { caller, params })).body.slug).to.equal(slug);
      const renamed = await admin.call<Shown>('updateTenant', {
        caller,
        params,
        ifMatch: etag,
        body: { name: 'Ours' },
      });
      expect(renamed.body.name).to.equal('Ours');
      for (const id of ['suspendTenant', 'resumeTenant', 'restoreTenant', 'deleteTenant']) {
        await admin.refused(id, 'permission-denied', {
          caller,
          params,
          query: id === 'deleteTenant' ? { confirm: slug } : {},
          ifMatch: '*',
        });
      }
      expect((await show(slug)).status).to.equal('active');
    });
  });

  describe('suspended', () => {
    it("are closed to their own administrators and open to root's, until they are resumed", async () => {
      const { slug, id } = await make();
      const params = { tenant: slug };
      const caller = callerOf(await loaded(slug), EVERYTHING);
      const { body } = await admin.call<Shown>('suspendTenant', { params });
      expect(body.status).to.equal('suspended');
      await admin.refused('suspendTenant', 'wrong-state', { params });
      await admin.refused('getSettings', 'permission-denied', { caller, params });
      await admin.call('getSettings', { params });

      await admin.call('resumeTenant', { params });
      await admin.refused('resumeTenant', 'wrong-state', { params });
      await admin.call('getSettings', { caller, params });
      const events = ['tenant.suspended', 'tenant.resumed'];
      expect(await eventsOf(id, id)).to.deep.equal(events);
      expect(await eventsOf(admin.root.id, id)).to.deep.equal(['tenant.created', ...events]);
    });
  });

  describe('deleted', () => {
    it('want their slug repeated, and what was seen of them', async () => {
      const { slug } = await make();
      const params = { tenant: slug };
      await admin.refused('deleteTenant', 'invalid-request', { params, ifMatch: '*' });
      await admin.refused('deleteTenant', 'invalid-request', { params, query: { confirm: 'another' }, ifMatch: '*' });
      const query = { confirm: slug };
      await admin.refused('deleteTenant', 'precondition-required', { params, query });
      await admin.refused('deleteTenant', 'precondition-failed', { params, query, ifMatch: '"old"' });
      for (const grace of ['91', '-1', '1.5', 'soon']) {
        await admin.refused('deleteTenant', 'invalid-request', { params, query: { ...query, grace }, ifMatch: '*' });
      }
      expect((await show(slug)).status).to.equal('active');
    });

    it('are suspended for thirty days, and can be restored meanwhile', async () => {
      const { slug } = await make();
      const params = { tenant: slug };
      const answer = await remove(slug);
      expect(answer.status).to.equal(202);
      expect(answer.body.status).to.equal('suspended');
      const days = (Date.parse(answer.body.deleteAfter ?? '') - Date.now()) / 86_400_000;
      expect(days).to.be.closeTo(30, 0.1);
      const sooner = await remove(slug, { grace: '7' });
      expect(Date.parse(sooner.body.deleteAfter ?? '')).to.be.below(Date.parse(answer.body.deleteAfter ?? ''));
      await deleteDue();
      await admin.refused('resumeTenant', 'wrong-state', { params });

      const restored = await admin.call<Shown>('restoreTenant', { params });
      expect(restored.body).to.include({ status: 'suspended' });
      expect(restored.body).to.include({ deleteAfter: null });
      await admin.refused('restoreTenant', 'wrong-state', { params });
      await admin.call('resumeTenant', { params });
      expect((await show(slug)).status).to.equal('active');
    });

    it('cannot be had back once the time has come', async () => {
      const tenant = await make();
      await remove(tenant.slug);
      await letTimePass(tenant);
      await admin.refused('restoreTenant', 'wrong-state', { params: { tenant: tenant.slug } });
      await Promise.all([deleteDue(), deleteDue(), deleteDue()]);
      await admin.refused('getTenant', 'not-found', { params: { tenant: tenant.slug } });
      const events = await eventsOf(admin.root.id, tenant.id);
      expect(events).to.deep.equal(['tenant.created', 'tenant.deletion_requested', 'tenant.deleted']);
    });

    it('leave no row in any table, and those of others alone', async () => {
      const { db } = admin.base;
      const [tenant, other] = [await make(), await make()];
      await fillTenant(db, tenant.id);
      await fillTenant(db, other.id);
      const before = await rowsOf(db, other.id);
      const empty = Object.entries(await rowsOf(db, tenant.id)).filter(([, rows]) => rows === 0);
      expect(empty).to.deep.equal([]);

      expect((await remove(tenant.slug, { grace: '0' })).status).to.equal(202);
      const left = Object.entries(await rowsOf(db, tenant.id)).filter(([, rows]) => rows > 0);
      expect(left).to.deep.equal([]);
      expect(await rowsOf(db, other.id)).to.deep.equal(before);
    });

    it('goes in parts where there is more than one statement can take', async () => {
      const { db } = admin.base;
      const tenant = await make();
      await db.query(
        `insert into users (id, tenant_id, username, profile, local_name)
         select gen_random_uuid(), $1, 'user' || n, '{}', 'user' || n from generate_series(1, 2500) n`,
        [tenant.id],
      );
      await remove(tenant.slug, { grace: '0' });
      await admin.refused('getTenant', 'not-found', { params: { tenant: tenant.slug } });
    });

    it('make room for another of their slug, which has nothing of theirs', async () => {
      const { slug, id } = await make();
      const secret = (await loaded(slug)).secret;
      await remove(slug, { grace: '0' });
      const again = await make({ slug });
      expect(again.id).not.to.equal(id);
      expect((await loaded(slug)).secret).not.to.equal(secret);
    });
  });

  describe('of others to change', () => {
    it('are left to the configuration file where that owns them', async () => {
      const { acme } = admin.tenants;
      const params = { tenant: acme?.slug ?? '' };
      const before = await show(params.tenant);
      for (const id of ['suspendTenant', 'resumeTenant', 'restoreTenant'])
        await admin.refused(id, 'owned-by-file', { params });
      await admin.refused('updateTenant', 'owned-by-file', { params, ifMatch: '*', body: { name: 'Other' } });
      await admin.refused('deleteTenant', 'owned-by-file', { params, query: { confirm: params.tenant }, ifMatch: '*' });
      expect(await show(params.tenant)).to.deep.equal(before);
    });

    it('do not include root, which stays', async () => {
      const params = { tenant: 'root' };
      await admin.refused('suspendTenant', 'built-in', { params });
      await admin.refused('deleteTenant', 'built-in', { params, query: { confirm: 'root', grace: '0' }, ifMatch: '*' });
      expect((await show('root')).status).to.equal('active');
    });

    it('are served again once the file declares them', async () => {
      const { slug, id } = await make();
      await remove(slug);
      const declared = declaredTenants(admin.base.db, encryption);
      await declared.update(id, { name: 'Of the file', settings: settings() });
      const now = await show(slug);
      expect(now).to.include({ status: 'active', managedBy: 'file' });
      expect(now).to.include({ deleteAfter: null });
    });
  });

  it('is named by one of two who saw the same', async () => {
    const { slug, etag } = await make();
    const rename = (name: string) =>
      admin.call('updateTenant', {
        params: { tenant: slug },
        ifMatch: etag,
        body: { name },
        caller: operator(admin.root),
      });
    const both = await Promise.allSettled([rename('One'), rename('Two')]);
    expect(both.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
  });
});
