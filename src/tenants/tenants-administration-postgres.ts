import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { Listed } from '../db/listing.ts';
import type { TenantRecord, TenantStore } from './administer-tenants.ts';
import { storedTenantSettings } from './tenants-postgres.ts';
import type { Owner, Tenant } from './tenants.ts';

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  status: Tenant['status'];
  host: string | null;
  owner: Owner;
  delete_after: Date | null;
  created_at: Date;
  updated_at: Date;
}

const SELECT = `select t.id, t.slug, t.name, t.status, t.settings ->> 'host' as host, t.owner, t.delete_after,
  t.created_at, t.updated_at from tenants t`;

const COLUMNS: Listed['columns'] = {
  id: { sql: 't.id', type: 'uuid' },
  slug: { sql: 't.slug', type: 'text' },
  name: { sql: 't.name', type: 'text', fold: true },
  status: { sql: 't.status', type: 'text' },
  createdAt: { sql: 't.created_at', type: 'timestamptz' },
};

/** Rows that go in one statement: enough for it to be worth a journey, and done within the time that a statement has. */
const PART = 1000;

/**
 * What a tenant may have many of, whoever refers to others first. $1: the tenant, $2: how many. What a process is writing is
 * skipped, and goes with the tenant.
 */
const PARTS = [
  'audit_events',
  'outbox',
  'refresh_tokens',
  'grants',
  'session_authorizations',
  'sessions',
  'attempt_counters',
  'idempotency_keys',
  'role_holders',
  'group_members',
  'group_managers',
  'groups',
  'users',
].map(
  (table) => `delete from ${table} where ctid = any(array(
    select ctid from ${table} where tenant_id = $1 limit $2 for update skip locked)) returning 1`,
);

export function createPostgresTenantStore(db: Database): TenantStore {
  return {
    async list(request) {
      const page = await listRows<TenantRow>(
        db,
        { select: SELECT, where: 'true', values: [], columns: COLUMNS },
        request,
      );
      return { ...page, items: page.items.map(recordOf) };
    },

    async find(tenantId) {
      if (!isUuid(tenantId)) return undefined;
      const row = await db.one<TenantRow>(`${SELECT} where t.id = $1`, [tenantId]);
      return row && recordOf(row);
    },

    async lock(tenantId) {
      await db.query('select 1 from tenants where id = $1 for no key update', [tenantId]);
    },

    async rename(tenantId, name) {
      await db.query('update tenants set name = $2, updated_at = now() where id = $1', [tenantId, name]);
    },

    async setSettings(tenantId, settings) {
      await db.query('update tenants set settings = $2, updated_at = now() where id = $1', [
        tenantId,
        storedTenantSettings(settings),
      ]);
    },

    hostsOfOthers: (tenantId) =>
      db.query<{ slug: string; host: string }>(
        `select slug, settings ->> 'host' as host from tenants where settings ->> 'host' is not null and id <> $1`,
        [tenantId],
      ),

    async setStatus(tenantId, status) {
      await db.query('update tenants set status = $2, updated_at = now() where id = $1', [tenantId, status]);
    },

    async requestDeletion(tenantId, days) {
      await db.query(
        `update tenants set status = 'suspended', delete_after = now() + make_interval(days => $2), updated_at = now()
         where id = $1`,
        [tenantId, days],
      );
    },

    async withdrawDeletion(tenantId) {
      await db.query('update tenants set delete_after = null, updated_at = now() where id = $1', [tenantId]);
    },

    async isDue(tenantId) {
      return (await db.one('select 1 from tenants where id = $1 and delete_after <= now()', [tenantId])) !== undefined;
    },

    due: () =>
      db.query<Pick<Tenant, 'id' | 'slug'>>(
        'select id, slug from tenants where delete_after <= now() order by delete_after',
      ),

    async deletePart(tenantId) {
      for (const part of PARTS) {
        const deleted = await db.query(part, [tenantId, PART]);
        if (deleted.length === PART) return PART;
      }
      return 0;
    },

    // The row goes first: whoever changes another tenant waits for the sequence as shortly as can be.
    async delete(tenantId) {
      await db.query('delete from tenants where id = $1', [tenantId]);
      await db.query(
        `with next as (update change_sequence set version = version + 1 where id = 1 returning version)
         insert into deleted_tenants (id, version) select $1, version from next`,
        [tenantId],
      );
    },
  };
}

function recordOf(row: TenantRow): TenantRecord {
  const { id, slug, name, status, host, owner } = row;
  return {
    id,
    slug,
    name,
    status,
    settings: { host: host ?? undefined },
    owner,
    deleteAfter: row.delete_after ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
