import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import { storableJson } from '../db/storable.ts';
import type { Encryption } from '../security/encryption.ts';
import { readStored } from '../tenants/stored-settings.ts';
import type { Owner } from '../tenants/tenants.ts';
import type { CLIENT_FIELDS, ClientSecret, ClientStore, RegisteredClient } from './administer-clients.ts';
import { clientMetadata } from './client-metadata.ts';
import { madeSecretPlace } from './clients-postgres.ts';

interface Row {
  id: string;
  metadata: unknown;
  owner: Owner;
  roles: string[];
  created_at: Date;
  updated_at: Date;
}

interface SecretRow {
  id: string;
  created_at: Date;
  expires_at: Date | null;
}

const SELECT = `
  select c.client_id as id, c.metadata, c.owner, c.created_at, c.updated_at,
         array(select r.name from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
                where h.tenant_id = c.tenant_id and h.kind = 'client' and h.holder = c.client_id
                order by r.name) as roles
    from clients c`;

const COLUMNS: Record<'id' | keyof typeof CLIENT_FIELDS, ListColumn> = {
  id: { sql: 'c.client_id', type: 'text' },
  client_id: { sql: 'c.client_id', type: 'text' },
  client_name: { sql: `c.metadata ->> 'client_name'`, type: 'text', fold: true },
};

export function createPostgresClientStore(db: Database, encryption: Encryption): ClientStore {
  return { ...registrations(db), ...secretsOf(db, encryption) };
}

type Registrations = Omit<ClientStore, 'secrets' | 'addSecret' | 'endSecretsBy' | 'removeSecret'>;

function registrations(db: Database): Registrations {
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'c.tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(toClient), next };
    },

    async find(tenantId, clientId) {
      // A path can hold NUL, which Postgres refuses to compare.
      if (clientId.includes('\0')) return undefined;
      const row = await db.one<Row>(`${SELECT} where c.tenant_id = $1 and c.client_id = $2`, [tenantId, clientId]);
      return row && toClient(row);
    },

    async lock(tenantId, clientId) {
      if (clientId.includes('\0')) return;
      await db.query('select from clients where tenant_id = $1 and client_id = $2 for update', [tenantId, clientId]);
    },

    async add(tenantId, clientId, metadata) {
      await bumpTenant(db, tenantId);
      const row = await db.one(
        `insert into clients (tenant_id, client_id, metadata, owner) values ($1, $2, $3, 'api')
         on conflict (tenant_id, client_id) do nothing returning 1`,
        [tenantId, clientId, storableJson(metadata)],
      );
      return row !== undefined;
    },

    async change(tenantId, clientId, metadata) {
      await bumpTenant(db, tenantId);
      await db.query('update clients set metadata = $3, updated_at = now() where tenant_id = $1 and client_id = $2', [
        tenantId,
        clientId,
        storableJson(metadata),
      ]);
    },

    async remove(tenantId, clientId) {
      await bumpTenant(db, tenantId);
      await db.query(`delete from role_holders where tenant_id = $1 and kind = 'client' and holder = $2`, [
        tenantId,
        clientId,
      ]);
      await db.query('delete from session_authorizations where tenant_id = $1 and client_id = $2', [
        tenantId,
        clientId,
      ]);
      await db.query('delete from clients where tenant_id = $1 and client_id = $2', [tenantId, clientId]);
    },

    async unknownRoles(tenantId, roles) {
      const known = await db.query<{ name: string }>('select name from roles where tenant_id = $1 and name = any($2)', [
        tenantId,
        roles,
      ]);
      return roles.filter((role) => !known.some(({ name }) => name === role));
    },
  };
}

/** Whoever caches clients is told of each secret that comes or goes. */
function secretsOf(db: Database, encryption: Encryption): Omit<ClientStore, keyof Registrations> {
  return {
    async secrets(tenantId, clientId) {
      if (clientId.includes('\0')) return [];
      const rows = await db.query<SecretRow>(
        `select id, created_at, expires_at from client_secrets where tenant_id = $1 and client_id = $2
          order by created_at desc, id desc`,
        [tenantId, clientId],
      );
      return rows.map(toSecret);
    },

    async addSecret(tenantId, clientId, { secret, expiresAt }) {
      await bumpTenant(db, tenantId);
      const id = uuidv7();
      const row = await db.one<SecretRow>(
        `insert into client_secrets (id, tenant_id, client_id, secret, expires_at, created_at)
         values ($1, $2, $3, $4, $5, clock_timestamp()) returning id, created_at, expires_at`,
        [id, tenantId, clientId, encryption.encrypt(secret, madeSecretPlace(tenantId, id)), expiresAt ?? null],
      );
      if (!row) throw new Error('an insert returned no row');
      return toSecret(row);
    },

    async endSecretsBy(tenantId, clientId, expiresAt) {
      await bumpTenant(db, tenantId);
      await db.query(
        `update client_secrets set expires_at = $3
          where tenant_id = $1 and client_id = $2 and (expires_at is null or expires_at > $3)`,
        [tenantId, clientId, expiresAt],
      );
    },

    async removeSecret(tenantId, clientId, id) {
      if (!isUuid(id)) return false;
      await bumpTenant(db, tenantId);
      const row = await db.one(
        'delete from client_secrets where tenant_id = $1 and client_id = $2 and id = $3 returning 1',
        [tenantId, clientId, id],
      );
      return row !== undefined;
    },
  };
}

function toClient(row: Row): RegisteredClient {
  return {
    id: row.id,
    metadata: readStored(clientMetadata, row.metadata),
    managedBy: row.owner,
    roles: row.roles,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toSecret({ id, created_at, expires_at }: SecretRow): ClientSecret {
  return { id, createdAt: created_at, expiresAt: expires_at ?? undefined };
}
