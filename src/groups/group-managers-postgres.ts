import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { GroupManager, GroupManagers } from './groups.ts';

interface ManagerRow {
  id: string;
  username: string;
  added_at: Date;
}

const SELECT_MANAGERS = `
  select u.id, u.username, m.added_at
    from group_managers m join users u on u.tenant_id = m.tenant_id and u.id = m.user_id`;
const COLUMNS = { id: { sql: 'm.user_id', type: 'uuid' } } as const;

export function postgresGroupManagers(db: Database): GroupManagers {
  return {
    async managers(tenantId, groupId, request) {
      const where = 'm.tenant_id = $1 and m.group_id = $2';
      const listed = { select: SELECT_MANAGERS, where, values: [tenantId, groupId], columns: COLUMNS };
      const { items, next } = await listRows<ManagerRow>(db, listed, request);
      return { items: items.map(managerOf), next };
    },

    async manager(tenantId, groupId, userId) {
      if (!isUuid(groupId) || !isUuid(userId)) return undefined;
      const text = `${SELECT_MANAGERS} where m.tenant_id = $1 and m.group_id = $2 and m.user_id = $3`;
      const row = await db.one<ManagerRow>(text, [tenantId, groupId, userId]);
      return row && managerOf(row);
    },

    addManager: (tenantId, groupId, userId) =>
      db.unitOfWork(async () => {
        const ids = [tenantId, groupId, userId];
        const group = isUuid(groupId) && (await db.one(GROUP, ids.slice(0, 2)));
        if (!group) return refused('unknown-group');
        const user = isUuid(userId) && (await db.one(USER, [tenantId, userId]));
        if (!user) return refused('unknown-user');
        const added = await db.one(
          `insert into group_managers (tenant_id, group_id, user_id) values ($1, $2, $3)
           on conflict do nothing returning 1`,
          ids,
        );
        return added ? accepted(undefined) : refused('already');
      }),

    async removeManager(tenantId, groupId, userId) {
      const text = 'delete from group_managers where tenant_id = $1 and group_id = $2 and user_id = $3';
      await db.query(text, [tenantId, groupId, userId]);
    },
  };
}

const GROUP = 'select 1 from groups where tenant_id = $1 and id = $2 for key share';
const USER = 'select 1 from users where tenant_id = $1 and id = $2 for key share';

function managerOf({ id, username, added_at }: ManagerRow): GroupManager {
  return { userId: id, username, addedAt: added_at };
}
