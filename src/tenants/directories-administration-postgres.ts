import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { Listed } from '../db/listing.ts';
import type { Encryption } from '../security/encryption.ts';
import type { DirectoryRecord, DirectoryStore } from './administer-directories.ts';
import { bindPasswordPlace, readDirectorySettings } from './tenants-postgres.ts';
import type { Owner } from './tenants.ts';

interface DirectoryRow {
  id: string;
  name: string;
  position: number;
  settings: unknown;
  has_bind_password: boolean;
  owner: Owner;
  created_at: Date;
  updated_at: Date;
}

const SELECT = `select d.id, d.name, d.position, d.settings, d.bind_password is not null as has_bind_password, d.owner,
  d.created_at, d.updated_at from directories d`;

const COLUMNS: Listed['columns'] = {
  id: { sql: 'd.id', type: 'uuid' },
  name: { sql: 'd.name', type: 'text' },
  position: { sql: 'd.position', type: 'bigint' },
};

export function createPostgresDirectoryStore(db: Database, encryption: Encryption): DirectoryStore {
  const sealed = (id: string, bindPassword: string | undefined) =>
    bindPassword === undefined ? null : encryption.encrypt(bindPassword, bindPasswordPlace(id));
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'd.tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const page = await listRows<DirectoryRow>(db, listed, request);
      return { ...page, items: page.items.map(recordOf) };
    },

    async find(tenantId, id) {
      if (!isUuid(id)) return undefined;
      const row = await db.one<DirectoryRow>(`${SELECT} where d.tenant_id = $1 and d.id = $2`, [tenantId, id]);
      return row && recordOf(row);
    },

    async lock(tenantId, id) {
      await db.query('select 1 from tenants where id = $1 for no key update', [tenantId]);
      if (id === undefined || !isUuid(id)) return;
      await db.query('select 1 from directories where tenant_id = $1 and id = $2 for update', [tenantId, id]);
    },

    isNameTaken: async (tenantId, name) =>
      (await db.one('select 1 from directories where tenant_id = $1 and name = $2', [tenantId, name])) !== undefined,

    async add(tenantId, { name, settings, bindPassword, position }) {
      const id = uuidv7();
      await db.query(
        `insert into directories (id, tenant_id, name, position, settings, bind_password, owner)
         values ($1, $2, $3, coalesce($4, (select coalesce(max(position) + 1, 0) from directories where tenant_id = $2)),
                 $5, $6, 'api')`,
        [id, tenantId, name, position ?? null, JSON.stringify(settings), sealed(id, bindPassword)],
      );
      return id;
    },

    async update(tenantId, id, { settings, position, bindPassword }) {
      await db.query(
        `update directories set settings = coalesce($3, settings), position = coalesce($4, position),
                bind_password = coalesce($5, bind_password), updated_at = now()
         where tenant_id = $1 and id = $2`,
        [tenantId, id, settings ? JSON.stringify(settings) : null, position ?? null, sealed(id, bindPassword)],
      );
    },

    hasUsers: async (tenantId, id) =>
      (await db.one('select 1 from users where tenant_id = $1 and directory_id = $2 limit 1', [tenantId, id])) !==
      undefined,

    async remove(tenantId, id) {
      await db.query('delete from directories where tenant_id = $1 and id = $2', [tenantId, id]);
    },

    markChanged: (tenantId) => bumpTenant(db, tenantId),
  };
}

function recordOf(row: DirectoryRow): DirectoryRecord {
  const { id, name, position, owner } = row;
  return {
    id,
    name,
    position,
    settings: readDirectorySettings(row.settings),
    hasBindPassword: row.has_bind_password,
    owner,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
