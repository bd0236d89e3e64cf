import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import { storableJson } from '../db/storable.ts';
import { accepted, refused } from '../outcome.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import { nameTurn } from './local-users-postgres.ts';
import type { USER_FIELDS, UserRecord, UserRecords } from './user-records.ts';

type Row = Pick<UserRecord, 'id' | 'username' | 'status' | 'profile'> & {
  tenant_id: string;
  local_name: string | null;
  has_password: boolean;
  enrols_by_link: boolean;
  created_at: Date;
  updated_at: Date;
  last_login_at: Date | null;
} & (EntryColumns | { directory_id: null });

type Entry = NonNullable<UserRecord['directory']>;

/** All of them or none, as the table's checks have it. */
interface EntryColumns {
  directory_id: string;
  directory_name: string;
  directory_dn: string;
  directory_state: Entry['state'];
  directory_checked_at: Date;
}

const SELECT = `
  select u.id, u.tenant_id, u.username, u.status, u.profile, u.local_name, u.password_hash is not null as has_password,
         u.enrols_by_link, u.created_at, u.updated_at, u.last_login_at,
         u.directory_id, d.name as directory_name, u.directory_dn, u.directory_state, u.directory_checked_at
    from users u left join directories d on d.tenant_id = u.tenant_id and d.id = u.directory_id`;

const COLUMNS: Record<keyof typeof USER_FIELDS, ListColumn> = {
  id: { sql: 'u.id', type: 'uuid' },
  userName: { sql: 'u.username', type: 'text', fold: true },
  email: { sql: `u.profile ->> 'email'`, type: 'text', fold: true },
  name: { sql: `u.profile ->> 'name'`, type: 'text', fold: true },
  givenName: { sql: `u.profile ->> 'givenName'`, type: 'text', fold: true },
  familyName: { sql: `u.profile ->> 'familyName'`, type: 'text', fold: true },
  status: { sql: 'u.status', type: 'text' },
  directory: { sql: 'd.name', type: 'text' },
  createdAt: { sql: 'u.created_at', type: 'timestamptz' },
  updatedAt: { sql: 'u.updated_at', type: 'timestamptz' },
  lastLoginAt: { sql: 'u.last_login_at', type: 'timestamptz' },
};

const IS_TAKEN = 'select 1 from users where tenant_id = $1 and local_name = $3 and id <> $2';

const UPDATE_LOCAL = `
  update users
     set username = coalesce($3, username), local_name = coalesce($4, local_name), profile = coalesce($5, profile),
         updated_at = now()
   where tenant_id = $1 and id = $2 and local_name is not null`;

export function createPostgresUserRecords(db: Database): UserRecords {
  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'u.tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(readRecord), next };
    },

    async find(tenantId, userId) {
      if (!isUuid(userId)) return undefined;
      const row = await db.one<Row>(`${SELECT} where u.tenant_id = $1 and u.id = $2`, [tenantId, userId]);
      return row && readRecord(row);
    },

    async lock(tenantId, userId) {
      if (!isUuid(userId)) return;
      await db.query('select from users where tenant_id = $1 and id = $2 for no key update', [tenantId, userId]);
    },

    async changeLocal(tenantId, userId, { username, profile }) {
      const name = username === undefined ? undefined : normalizeLoginName(username);
      if (name && !name.ok) return name;
      const json = profile && storableJson(profile);
      const values = [tenantId, userId, username?.trim(), name?.value, json];
      return db.unitOfWork(async () => {
        if (name) await db.query(nameTurn('$1', '$2'), [tenantId, name.value]);
        if (name && (await db.one(IS_TAKEN, [tenantId, userId, name.value]))) return refused('taken');
        await db.query(UPDATE_LOCAL, values);
        return accepted(undefined);
      });
    },

    async setEnrolsByLink(tenantId, userId, enrolsByLink) {
      await db.query('update users set enrols_by_link = $3, updated_at = now() where tenant_id = $1 and id = $2', [
        tenantId,
        userId,
        enrolsByLink,
      ]);
    },

    async delete(tenantId, userId) {
      await db.query(`delete from role_holders where tenant_id = $1 and kind = 'user' and holder = $2`, [
        tenantId,
        userId,
      ]);
      await db.query('delete from attempt_counters where tenant_id = $1 and subject = $2', [
        tenantId,
        `user:${userId}`,
      ]);
      await db.query('delete from users where tenant_id = $1 and id = $2', [tenantId, userId]);
    },

    async forgetFactorAttempts(tenantId, userId) {
      await db.query(`delete from attempt_counters where tenant_id = $1 and kind = 'second-factor' and subject = $2`, [
        tenantId,
        `user:${userId}`,
      ]);
    },
  };
}

function readRecord(row: Row): UserRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    username: row.username,
    status: row.status,
    profile: row.profile,
    local: row.local_name === null ? undefined : { name: row.local_name },
    lastLoginAt: row.last_login_at ?? undefined,
    directory: readEntry(row),
    hasPassword: row.has_password,
    enrolsByLink: row.enrols_by_link,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function readEntry(row: Row): UserRecord['directory'] {
  if (row.directory_id === null) return undefined;
  const { directory_id: id, directory_name: name, directory_dn: dn } = row;
  return { id, name, dn, state: row.directory_state, checkedAt: row.directory_checked_at };
}
