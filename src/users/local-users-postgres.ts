import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson } from '../db/storable.ts';
import { accepted, refused } from '../outcome.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import { COLUMNS, readUser } from './user-rows.ts';
import type { UserRow } from './user-rows.ts';
import type { Users } from './users.ts';

/** Whoever else takes this login name in the tenant waits until the transaction ends: an update cannot say `on conflict`. */
export const nameTurn = (tenantId: string, name: string) =>
  `select pg_advisory_xact_lock(hashtextextended('login name ' || ${tenantId}::uuid || ' ' || ${name}::text, 0))`;

export function localUsers(
  db: Database,
): Pick<Users, 'createLocal' | 'findByLocalName' | 'storePasswordHash' | 'replacePasswordHash'> {
  return {
    async createLocal({ tenantId, localName, passwordHash, profile, status = 'active' }) {
      const name = normalizeLoginName(localName);
      if (!name.ok) return name;
      const row = await db.one<UserRow>(
        `insert into users (id, tenant_id, username, profile, local_name, password_hash, status)
         select $1::uuid, $2::uuid, $3::text, $4::jsonb, $5::text, $6::text, $7::text from (${nameTurn('$2', '$5')}) turn
         on conflict (tenant_id, local_name) do nothing
         returning ${COLUMNS}`,
        [uuidv7(), tenantId, localName.trim(), storableJson(profile), name.value, passwordHash, status],
      );
      return row ? accepted(readUser(row)) : refused('taken');
    },

    async findByLocalName(tenantId, typed) {
      const name = normalizeLoginName(typed);
      if (!name.ok) return undefined;
      const row = await db.one<UserRow & { password_hash: string | null }>(
        `select ${COLUMNS}, password_hash from users where tenant_id = $1 and local_name = $2`,
        [tenantId, name.value],
      );
      return row && { user: readUser(row), passwordHash: row.password_hash ?? undefined };
    },

    async storePasswordHash(tenantId, userId, passwordHash) {
      await db.query(
        `update users set password_hash = $3, updated_at = now()
          where tenant_id = $1 and id = $2 and local_name is not null`,
        [tenantId, userId, passwordHash],
      );
    },

    async replacePasswordHash(tenantId, userId, expected, next) {
      await db.query('update users set password_hash = $4 where tenant_id = $1 and id = $2 and password_hash = $3', [
        tenantId,
        userId,
        expected,
        next,
      ]);
    },
  };
}
