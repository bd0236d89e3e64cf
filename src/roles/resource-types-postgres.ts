import { v7 as uuidv7 } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { RESOURCE_TYPE_FIELDS, ResourceType, ResourceTypes } from './resource-types.ts';

interface Row {
  id: string;
  name: string;
  actions: string[];
  description: string | null;
  created_at: Date;
  updated_at: Date;
}

const SELECT = 'select id, name, actions, description, created_at, updated_at from resource_types';

const COLUMNS: Record<keyof typeof RESOURCE_TYPE_FIELDS, ListColumn> = {
  id: { sql: 'id', type: 'uuid' },
  name: { sql: 'name', type: 'text' },
};

export function createPostgresResourceTypes(db: Database): ResourceTypes {
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(toResourceType), next };
    },

    all: async (tenantId) =>
      (await db.query<Row>(`${SELECT} where tenant_id = $1 order by name`, [tenantId])).map(toResourceType),

    async find(tenantId, name) {
      const row = await db.one<Row>(`${SELECT} where tenant_id = $1 and name = $2`, [tenantId, name]);
      return row && toResourceType(row);
    },

    lock: (tenantId) => bumpTenant(db, tenantId),

    async create(tenantId, name, { actions, description }) {
      await bumpTenant(db, tenantId);
      const row = await db.one<Row>(
        `insert into resource_types (id, tenant_id, name, actions, description) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, name) do nothing
         returning id, name, actions, description, created_at, updated_at`,
        [uuidv7(), tenantId, name, actions, description ?? null],
      );
      return row ? accepted(toResourceType(row)) : refused('taken');
    },

    async change(tenantId, name, { actions, description }) {
      await db.query(
        `update resource_types set actions = $3, description = $4, updated_at = now() where tenant_id = $1 and name = $2`,
        [tenantId, name, actions, description ?? null],
      );
    },

    async remove(tenantId, name) {
      await db.query('delete from resource_types where tenant_id = $1 and name = $2', [tenantId, name]);
    },
  };
}

function toResourceType({ description, created_at, updated_at, ...row }: Row): ResourceType {
  return { ...row, description: description ?? undefined, createdAt: created_at, updatedAt: updated_at };
}
