import { v7 as uuidv7, validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson, storableText } from '../db/storable.ts';
import { localUsers } from './local-users-postgres.ts';
import { COLUMNS, readUser } from './user-rows.ts';
import type { UserRow } from './user-rows.ts';
import type { DirectoryAnswer, User, UserEntry, Users } from './users.ts';

type RememberedRow = UserRow & { state_before: UserEntry['state'] | null };

/** The row as whoever came before has left it: callers at once take turns here. */
const before = (userId: string) => `
  (select id as user_id, directory_state as state_before from users where tenant_id = $1 and id = ${userId} for update)`;

const REMEMBER_GONE = `
  update users
  set directory_state = 'gone', directory_checked_at = $3,
      updated_at = case when directory_state = 'gone' then updated_at else now() end
  from ${before('$2')} before
  where tenant_id = $1 and id = user_id and directory_checked_at <= $3
  returning ${COLUMNS}, state_before`;

const UPDATE_ENTRY = `
  update users
  set username = $3, profile = $4, directory_dn = $5, directory_groups = $6, directory_state = $7, directory_checked_at = $8,
      updated_at = case when (username, profile, directory_dn, directory_state) is distinct from ($3, $4::jsonb, $5, $7)
                        then now() else updated_at end`;

const UPDATE_BY_ENTRY = `${UPDATE_ENTRY}
  where tenant_id = $1 and stable_id = $2 and directory_id = $9
  returning ${COLUMNS}`;

const REMEMBER_ENTRY = `${UPDATE_ENTRY}
  from ${before('$9')} before
  where tenant_id = $1 and stable_id = $2 and id = user_id and directory_checked_at <= $8
  returning ${COLUMNS}, state_before`;

export function createPostgresUsers(db: Database): Users {
  return { ...anyUsers(db), ...directoryUsers(db), ...localUsers(db), ...graceOfUsers(db) };
}

function anyUsers(db: Database): Pick<Users, 'find' | 'changeStatus' | 'recordLogin'> {
  return {
    find: (tenantId, userId) => findUser(db, tenantId, userId),

    async changeStatus(tenantId, userId, from, to) {
      if (!isUuid(userId)) return false;
      const changed = await db.one(
        `update users set status = $4, updated_at = now()
          where tenant_id = $1 and id = $2 and status = any($3) returning 1`,
        [tenantId, userId, from, to],
      );
      return changed !== undefined;
    },

    async recordLogin(tenantId, userId, { at, proofGeneration, inGrace }) {
      const recorded = await db.one(
        `update users
            set last_login_at = greatest(last_login_at, $3),
                grace_logins = grace_logins + case when $5 then 1 else 0 end
          where tenant_id = $1 and id = $2 and status = 'active' and proof_generation = $4
            and (not $5 or $6::int is null or grace_logins < $6)
         returning 1`,
        [tenantId, userId, at, proofGeneration, inGrace !== undefined, inGrace?.maxLogins ?? null],
      );
      return recorded !== undefined;
    },
  };
}

type DirectoryUsers = Pick<
  Users,
  'findByEntry' | 'updateByEntry' | 'linkDirectoryUser' | 'rememberDirectoryAnswer' | 'hasOthersOf'
>;

function directoryUsers(db: Database): DirectoryUsers {
  return {
    async findByEntry(tenantId, directoryId, stableId) {
      const row = await db.one<UserRow>(
        `select ${COLUMNS} from users where tenant_id = $1 and directory_id = $2 and stable_id = $3`,
        [tenantId, directoryId, stableId],
      );
      return row && readUser(row);
    },

    async updateByEntry(tenantId, directoryId, answer) {
      const row = await db.one<UserRow>(UPDATE_BY_ENTRY, [tenantId, ...entryValues(answer), directoryId]);
      return row && readUser(row);
    },

    async linkDirectoryUser(tenantId, directoryId, answer) {
      const id = uuidv7();
      const [row] = await db.query<UserRow>(
        `insert into users (tenant_id, stable_id, username, profile, directory_dn, directory_groups, directory_state,
                            directory_checked_at, id, directory_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (tenant_id, directory_id, stable_id) do update
         set username = excluded.username, profile = excluded.profile, directory_dn = excluded.directory_dn,
             directory_groups = excluded.directory_groups, directory_state = excluded.directory_state,
             directory_checked_at = excluded.directory_checked_at
         returning ${COLUMNS}`,
        [tenantId, ...entryValues(answer), id, directoryId],
      );
      if (!row) throw new Error('an upsert returned no row');
      return { user: readUser(row), created: row.id === id };
    },

    async rememberDirectoryAnswer(tenantId, userId, answer) {
      if (!isUuid(userId)) return undefined;
      const row =
        answer.entry === undefined
          ? await db.one<RememberedRow>(REMEMBER_GONE, [tenantId, userId, answer.checkedAt])
          : await db.one<RememberedRow>(REMEMBER_ENTRY, [tenantId, ...entryValues(answer), userId]);
      const user = row ? readUser(row) : await findUser(db, tenantId, userId);
      const leaves = row?.state_before === 'enabled' && user?.directory?.state !== 'enabled';
      return user && { user, leaves };
    },

    async hasOthersOf(tenantId, directoryId, userId) {
      const text = `select 1 from users
                     where tenant_id = $1 and directory_id = $2 and id <> $3 and directory_state = 'enabled' limit 1`;
      return (await db.one(text, [tenantId, directoryId, userId])) !== undefined;
    },
  };
}

function graceOfUsers(db: Database): Pick<Users, 'grace'> {
  return {
    async grace(tenantId, userId) {
      const row = await db.one<{ grace_since: Date; grace_logins: number }>(
        `update users set grace_since = coalesce(grace_since, now()) where tenant_id = $1 and id = $2
         returning grace_since, grace_logins`,
        [tenantId, userId],
      );
      if (!row) throw new Error('grace was asked for a user that does not exist');
      return { since: row.grace_since, logins: row.grace_logins };
    },
  };
}

async function findUser(db: Database, tenantId: string, userId: string): Promise<User | undefined> {
  if (!isUuid(userId)) return undefined;
  const row = await db.one<UserRow>(`select ${COLUMNS} from users where tenant_id = $1 and id = $2`, [
    tenantId,
    userId,
  ]);
  return row && readUser(row);
}

/** Values $2 to $8 of the statements above. */
function entryValues({ entry, groups, checkedAt }: DirectoryAnswer): unknown[] {
  return [
    entry.stableId,
    storableText(entry.username),
    storableJson(entry.profile),
    storableText(entry.dn),
    storableJson(groups),
    entry.state,
    checkedAt,
  ];
}
