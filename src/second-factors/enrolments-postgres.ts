import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import type { Encryption } from '../security/encryption.ts';
import type { Enrolments } from './enrolments.ts';
import type { FactorId } from './second-factor.ts';

interface Row {
  id: string;
  factor: FactorId;
  name: string;
  secret: string;
  created_at: Date;
  last_used_at: Date | null;
}

export function createPostgresEnrolments(db: Database, encryption: Encryption): Enrolments {
  return {
    async list(tenantId, userId) {
      const rows = await db.query<Row>(
        `select id, factor, name, secret, created_at, last_used_at from enrolments
         where tenant_id = $1 and user_id = $2 order by created_at, id`,
        [tenantId, userId],
      );
      return rows.map(({ id, factor, name, secret, created_at, last_used_at }) => ({
        id,
        factor,
        name,
        secret: encryption.decrypt(secret, placeOf(id)),
        createdAt: created_at,
        lastUsedAt: last_used_at ?? undefined,
      }));
    },

    async add(tenantId, userId, { factor, name, secret }) {
      const id = uuidv7();
      await db.query(
        'insert into enrolments (id, tenant_id, user_id, factor, name, secret) values ($1, $2, $3, $4, $5, $6)',
        [id, tenantId, userId, factor, name, encryption.encrypt(secret, placeOf(id))],
      );
      return id;
    },

    async remove(tenantId, userId, enrolmentId) {
      const removed = await db.one(
        'delete from enrolments where tenant_id = $1 and user_id = $2 and id = $3 returning id',
        [tenantId, userId, enrolmentId],
      );
      return removed !== undefined;
    },

    async markUsed(tenantId, userId, enrolmentId) {
      await db.query('update enrolments set last_used_at = now() where tenant_id = $1 and user_id = $2 and id = $3', [
        tenantId,
        userId,
        enrolmentId,
      ]);
    },

    async acceptStep(tenantId, userId, step) {
      const accepted = await db.one(
        `update users set last_totp_step = $3
         where tenant_id = $1 and id = $2 and (last_totp_step is null or last_totp_step < $3) returning id`,
        [tenantId, userId, step],
      );
      return accepted !== undefined;
    },
  };
}

function placeOf(id: string) {
  return { table: 'enrolments', column: 'secret', row: id };
}
