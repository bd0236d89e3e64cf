import { v7 as uuidv7 } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import type { Owner, RoleOwner } from '../tenants/tenants.ts';
import { descriptionOf } from './built-in-roles.ts';
import type { HOLDER_FIELDS, ROLE_FIELDS, RoleDefinition, RoleDefinitionStore } from './definitions.ts';
import type { RoleHolder } from './roles.ts';

interface Row {
  id: string;
  name: string;
  description: string | null;
  owner: RoleOwner;
  permissions: string[];
  inherits: string[];
  created_at: Date;
  updated_at: Date;
}

interface HolderRow {
  id: string;
  kind: RoleHolder['kind'];
  owner: Owner;
  username: string | null;
}

const SELECT = 'select id, name, description, owner, permissions, inherits, created_at, updated_at from roles';

const COLUMNS: Record<keyof typeof ROLE_FIELDS, ListColumn> = {
  id: { sql: 'id', type: 'uuid' },
  name: { sql: 'name', type: 'text' },
};

const SELECT_HOLDERS = `
  select h.holder as id, h.kind, h.owner, u.username
    from role_holders h
    left join users u on h.kind = 'user' and u.tenant_id = h.tenant_id
                     and u.id = case when h.kind = 'user' then h.holder::uuid end`;

/** Answered in the order of the primary key. */
const OF_ROLE = `
  h.tenant_id = $1 and h.kind = $3
  and h.role_id = (select r.id from roles r where r.tenant_id = $1 and r.name = $2)`;

const HOLDER_COLUMNS: Record<keyof typeof HOLDER_FIELDS, ListColumn> = { id: { sql: 'h.holder', type: 'text' } };

export function createPostgresRoleDefinitions(db: Database): RoleDefinitionStore {
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(toDefinition), next };
    },

    async find(tenantId, name) {
      const row = await db.one<Row>(`${SELECT} where tenant_id = $1 and name = $2`, [tenantId, name]);
      return row && toDefinition(row);
    },

    lock: (tenantId) => bumpTenant(db, tenantId),

    async insert(tenantId, name, { description, permissions, inherits }) {
      const row = await db.one(
        `insert into roles (id, tenant_id, name, description, permissions, inherits, owner)
         values ($1, $2, $3, $4, $5, $6, 'api')
         on conflict (tenant_id, name) do nothing returning id`,
        [uuidv7(), tenantId, name, description ?? null, permissions, inherits],
      );
      return row !== undefined;
    },

    async update(tenantId, name, { description, permissions, inherits }) {
      await db.query(
        `update roles set description = $3, permissions = $4, inherits = $5, updated_at = now()
          where tenant_id = $1 and name = $2 and owner = 'api'`,
        [tenantId, name, description ?? null, permissions, inherits],
      );
    },

    async remove(tenantId, name) {
      await db.query(`delete from roles where tenant_id = $1 and name = $2 and owner = 'api'`, [tenantId, name]);
    },

    async holders(tenantId, name, kind, request) {
      const values = [tenantId, name, kind];
      const listed = { select: SELECT_HOLDERS, where: OF_ROLE, values, columns: HOLDER_COLUMNS };
      const { items, next } = await listRows<HolderRow>(db, listed, request);
      return { items: items.map(({ username, ...row }) => ({ ...row, username: username ?? undefined })), next };
    },

    async permitting(tenantId, permissions) {
      const rows = await db.query<{ name: string }>(
        `select name from roles where tenant_id = $1 and owner = 'api' and permissions && $2::text[] order by name`,
        [tenantId, permissions],
      );
      return rows.map((row) => row.name);
    },

    async heirs(tenantId, name) {
      const rows = await db.query<{ name: string }>(
        'select name from roles where tenant_id = $1 and $2 = any(inherits) order by name',
        [tenantId, name],
      );
      return rows.map((row) => row.name);
    },
  };
}

function toDefinition({ description, created_at, updated_at, ...row }: Row): RoleDefinition {
  return {
    ...row,
    description: descriptionOf(row) ?? description ?? undefined,
    createdAt: created_at,
    updatedAt: updated_at,
  };
}
