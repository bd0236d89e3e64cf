import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import { storableJson } from '../db/storable.ts';
import type { DirectoryGroup } from '../directory/directory.ts';
import type { DirectoryGroupUsers } from './directory-group-users.ts';

interface Row {
  id: string;
  username: string;
  directory_groups: DirectoryGroup[];
  directory_checked_at: Date;
}

const COLUMNS = {
  id: { sql: 'id', type: 'uuid' },
  userName: { sql: 'username', type: 'text', fold: true },
} as const;

export function createPostgresDirectoryGroupUsers(db: Database): DirectoryGroupUsers {
  return {
    async list(tenantId, directoryId, groupId, request) {
      const listed = {
        select: 'select id, username, directory_groups, directory_checked_at from users',
        where: `tenant_id = $1 and directory_id = $2 and directory_state <> 'gone' and directory_groups @> $3::jsonb`,
        values: [tenantId, directoryId, storableJson([{ id: groupId }])],
        columns: COLUMNS,
      };
      const { items, next } = await listRows<Row>(db, listed, request);
      const users = items.map(({ id, username, directory_groups: groups, directory_checked_at: checkedAt }) => {
        return { id, username, via: groups.find((group) => group.id === groupId)?.via ?? [], checkedAt };
      });
      return { items: users, next };
    },
  };
}
