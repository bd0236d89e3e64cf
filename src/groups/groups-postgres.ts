import { v7 as uuidv7, validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import { storableText } from '../db/storable.ts';
import { accepted, refused } from '../outcome.ts';
import { postgresGroupManagers } from './group-managers-postgres.ts';
import { postgresGroupMembers } from './group-members-postgres.ts';
import type { Groups, LocalGroup } from './groups.ts';

interface GroupRow {
  id: string;
  name: string;
  description: string | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, name, description, created_at, updated_at';

export function createPostgresGroups(db: Database): Groups {
  return { ...groupsThemselves(db), ...postgresGroupMembers(db), ...postgresGroupManagers(db) };
}

function groupsThemselves(db: Database): Pick<Groups, 'list' | 'find' | 'lock' | 'create' | 'change' | 'remove'> {
  return {
    async list(tenantId, request, among) {
      const listed = {
        select: `select ${COLUMNS} from groups`,
        where: among ? 'tenant_id = $1 and id = any($2::uuid[])' : 'tenant_id = $1',
        values: among ? [tenantId, among] : [tenantId],
        columns: {
          id: { sql: 'id', type: 'uuid' },
          name: { sql: 'name', type: 'text', fold: true },
          createdAt: { sql: 'created_at', type: 'timestamptz' },
        },
      } as const;
      const { items, next } = await listRows<GroupRow>(db, listed, request);
      return { items: items.map(groupOf), next };
    },

    async find(tenantId, groupId) {
      if (!isUuid(groupId)) return undefined;
      const text = `select ${COLUMNS} from groups where tenant_id = $1 and id = $2`;
      const row = await db.one<GroupRow>(text, [tenantId, groupId]);
      return row && groupOf(row);
    },

    async lock(tenantId, groupId) {
      if (!isUuid(groupId)) return;
      await db.query('select 1 from groups where tenant_id = $1 and id = $2 for no key update', [tenantId, groupId]);
    },

    create: (tenantId, { name, description }) =>
      db.unitOfWork(async () => {
        const id = uuidv7();
        if (await isTaken(db, tenantId, id, name)) return refused('taken');
        const row = await db.one<GroupRow>(
          `insert into groups (id, tenant_id, name, description) values ($1, $2, $3, $4) returning ${COLUMNS}`,
          [id, tenantId, storableText(name), storable(description)],
        );
        if (!row) throw new Error('an insert returned no row');
        return accepted(groupOf(row));
      }),

    change: (tenantId, groupId, { name, description }) =>
      db.unitOfWork(async () => {
        if (await isTaken(db, tenantId, groupId, name)) return refused('taken');
        await db.query(
          'update groups set name = $3, description = $4, updated_at = now() where tenant_id = $1 and id = $2',
          [tenantId, groupId, storableText(name), storable(description)],
        );
        return accepted(undefined);
      }),

    async remove(tenantId, groupId) {
      await db.query('delete from groups where tenant_id = $1 and id = $2', [tenantId, groupId]);
    },
  };
}

/** Whoever else takes a name in the tenant waits from now on: an update cannot say `on conflict`. */
async function isTaken(db: Database, tenantId: string, groupId: string, name: string): Promise<boolean> {
  await db.query(`select pg_advisory_xact_lock(hashtext('group names'), hashtext($1))`, [tenantId]);
  const other = await db.one(
    `select 1 from groups where tenant_id = $1 and lower(name) collate "C" = lower($3) collate "C" and id <> $2`,
    [tenantId, groupId, storableText(name)],
  );
  return other !== undefined;
}

function storable(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text);
}

function groupOf({ id, name, description, created_at, updated_at }: GroupRow): LocalGroup {
  return { id, name, description: description ?? undefined, createdAt: created_at, updatedAt: updated_at };
}
