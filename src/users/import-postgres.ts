// Many users at once: each statement reads or writes what a whole batch of an import needs. Rows go in as JSON, so that the texts
// of the statements are the same for any number of them.

import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson } from '../db/storable.ts';
import type { ImportRecord, KnownAccount, UserImports } from './user-imports.ts';

const KNOWN = `
  select u.id, u.local_name as name, u.username as "userName", u.status, u.profile, u.password_hash as "passwordHash",
         array(select r.name from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
               where h.tenant_id = u.tenant_id and h.kind = 'user' and h.holder = u.id::text
               order by r.name) as roles,
         array(select m.group_id from group_members m where m.tenant_id = u.tenant_id and m.user_id = u.id
               order by m.group_id) as groups,
         array(select e.factor from enrolments e where e.tenant_id = u.tenant_id and e.user_id = u.id
               order by e.id) as factors
    from users u
   where u.tenant_id = $1 and u.local_name = any($2)`;

const LOCK_KNOWN = `
  select 1 from users where tenant_id = $1 and local_name = any($2) order by id for update`;

const INSERT = `
  insert into users (id, tenant_id, username, status, profile, local_name, password_hash)
  select id, $1, "userName", status, profile, name, "passwordHash"
    from jsonb_to_recordset($2) as account
      (id uuid, "userName" text, status text, profile jsonb, name text, "passwordHash" text)
   order by name
  on conflict (tenant_id, local_name) do nothing
  returning id`;

const UPDATE = `
  update users u
     set username = account."userName", status = account.status, profile = account.profile,
         password_hash = account."passwordHash", updated_at = now()
    from jsonb_to_recordset($2) as account
      (id uuid, "userName" text, status text, profile jsonb, "passwordHash" text)
   where u.tenant_id = $1 and u.id = account.id and u.local_name is not null`;

const GIVE_ROLES = `
  insert into role_holders (tenant_id, role_id, kind, holder, owner)
  select $1, r.id, 'user', given."user", 'api'
    from jsonb_to_recordset($2) as given ("user" text, role text)
    join roles r on r.tenant_id = $1 and r.name = given.role
  on conflict do nothing`;

const JOIN_GROUPS = `
  insert into group_members (tenant_id, group_id, kind, user_id)
  select $1, joined."group", 'user', joined."user" from jsonb_to_recordset($2) as joined ("user" uuid, "group" uuid)
  on conflict do nothing`;

const RECORD = `
  select id, state, next_row as "nextRow", digest, created, updated, unchanged, failed,
         created_at as "createdAt", updated_at as "updatedAt"
    from imports where tenant_id = $1 and id = $2`;

export function createPostgresUserImports(db: Database): UserImports {
  return {
    async begin(tenantId, id) {
      await db.query(`insert into imports (id, tenant_id, digest, state) values ($1, $2, '', 'running')`, [
        id,
        tenantId,
      ]);
    },

    find: async (tenantId, id) => (isUuid(id) ? db.one<ImportRecord>(RECORD, [tenantId, id]) : undefined),

    async takeTurn(tenantId, id, nextRow) {
      const turn = await db.one('select 1 from imports where tenant_id = $1 and id = $2 and next_row = $3 for update', [
        tenantId,
        id,
        nextRow,
      ]);
      return turn !== undefined;
    },

    async advance(tenantId, id, { nextRow, digest, state, counts }) {
      await db.query(
        `update imports
            set next_row = $3, digest = $4, state = $5, created = created + $6, updated = updated + $7,
                unchanged = unchanged + $8, failed = failed + $9, updated_at = now()
          where tenant_id = $1 and id = $2`,
        [tenantId, id, nextRow, digest, state, counts.created, counts.updated, counts.unchanged, counts.failed],
      );
    },

    async accountsOf(tenantId, names, { lock }) {
      if (lock) await db.query(LOCK_KNOWN, [tenantId, names]);
      return db.query<KnownAccount>(KNOWN, [tenantId, names]);
    },

    async ofDirectories(tenantId, names) {
      const rows = await db.query<{ name: string }>(
        `select distinct lower(username) as name from users
          where tenant_id = $1 and lower(username) collate "C" = any($2) and directory_id is not null`,
        [tenantId, names],
      );
      return rows.map(({ name }) => name);
    },

    async roleNames(tenantId, names) {
      const rows = await db.query<{ name: string }>('select name from roles where tenant_id = $1 and name = any($2)', [
        tenantId,
        names,
      ]);
      return rows.map(({ name }) => name);
    },

    groupsNamed: (tenantId, references) =>
      db.query<{ id: string; name: string }>(
        `select id, name from groups
          where tenant_id = $1 and (id::text = any($2) or lower(name) collate "C" = any($2))`,
        [tenantId, references],
      ),

    async insert(tenantId, accounts) {
      const rows = await db.query<{ id: string }>(INSERT, [tenantId, storableJson(accounts)]);
      return rows.map(({ id }) => id);
    },

    async update(tenantId, accounts) {
      await db.query(UPDATE, [tenantId, storableJson(accounts)]);
    },

    async giveRoles(tenantId, given) {
      await db.query(GIVE_ROLES, [tenantId, JSON.stringify(given)]);
    },

    async joinGroups(tenantId, joined) {
      await db.query(JOIN_GROUPS, [tenantId, JSON.stringify(joined)]);
    },
  };
}
