import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import type { API_KEY_FIELDS, ApiKey, ApiKeyStore } from './api-keys.ts';

interface Row {
  id: string;
  name: string;
  permissions: string[];
  created_by: string;
  expires_at: Date;
  last_used_at: Date | null;
  previous_until: Date | null;
  created_at: Date;
  updated_at: Date;
}

const SELECT = `
  select id, name, permissions, created_by, expires_at, last_used_at, created_at, updated_at,
         case when previous_until > now() then previous_until end as previous_until
    from api_keys`;

const COLUMNS: Record<keyof typeof API_KEY_FIELDS, ListColumn> = {
  id: { sql: 'id', type: 'uuid' },
  name: { sql: 'name', type: 'text', fold: true },
  createdBy: { sql: 'created_by', type: 'text' },
  expiresAt: { sql: 'expires_at', type: 'timestamptz' },
  lastUsedAt: { sql: 'last_used_at', type: 'timestamptz' },
};

export function createPostgresApiKeys(db: Database): ApiKeyStore {
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(toApiKey), next };
    },

    async find(tenantId, id) {
      const row = await db.one<Row>(`${SELECT} where tenant_id = $1 and id = $2`, [tenantId, id]);
      return row && toApiKey(row);
    },

    async lock(tenantId, id) {
      await db.query('select from api_keys where tenant_id = $1 and id = $2 for update', [tenantId, id]);
    },

    async insert(tenantId, { name, permissions, createdBy, expiresAt }, hash) {
      const id = uuidv7();
      await db.query(
        `insert into api_keys (id, tenant_id, name, permissions, secret_hash, created_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [id, tenantId, name, permissions, hash, createdBy, expiresAt],
      );
      return id;
    },

    async change(tenantId, id, { name, expiresAt }) {
      await db.query(
        'update api_keys set name = $3, expires_at = $4, updated_at = now() where tenant_id = $1 and id = $2',
        [tenantId, id, name, expiresAt],
      );
    },

    async replaceHash(tenantId, id, hash, previousUntil) {
      await db.query(
        `update api_keys set previous_hash = secret_hash, previous_until = $4, secret_hash = $3, updated_at = now()
          where tenant_id = $1 and id = $2`,
        [tenantId, id, hash, previousUntil],
      );
    },

    async remove(tenantId, id) {
      await db.query('delete from api_keys where tenant_id = $1 and id = $2', [tenantId, id]);
    },

    async use(hash) {
      const row = await db.one<{ id: string; tenant_id: string; permissions: string[]; is_known_used: boolean }>(
        `select id, tenant_id, permissions, coalesce(last_used_at > now() - interval '1 minute', false) as is_known_used
           from api_keys
          where (secret_hash = $1 or (previous_hash = $1 and previous_until > now())) and expires_at > now()`,
        [hash],
      );
      if (!row) return undefined;
      if (!row.is_known_used) await db.query('update api_keys set last_used_at = now() where id = $1', [row.id]);
      return { id: row.id, tenantId: row.tenant_id, permissions: row.permissions };
    },
  };
}

function toApiKey(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    permissions: row.permissions,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at ?? undefined,
    previousUntil: row.previous_until ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
