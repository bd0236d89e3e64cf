import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableText } from '../db/storable.ts';
import { sends } from '../policy/factors.ts';
import type { FactorId } from '../policy/factors.ts';
import type { Encryption } from '../security/encryption.ts';
import type { Enrolments } from './enrolments.ts';
import type { Enrolment } from './second-factor.ts';

interface Row {
  id: string;
  user_id: string;
  factor: FactorId;
  name: string;
  secret: string;
  created_at: Date;
  last_used_at: Date | null;
  counter: number | null;
  remaining: number | null;
}

const SELECT = `
  select id, user_id, factor, name, secret, created_at, last_used_at, counter::float8 as counter,
    case factor when 'recovery-code' then (select count(*)::int from recovery_codes where enrolment_id = id) end as remaining
  from enrolments`;

const INSERT = `
  with added as (
    insert into enrolments (id, tenant_id, user_id, factor, name, secret, credential_id, counter)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (tenant_id, credential_id) do nothing
    returning id
  ), codes as (
    insert into recovery_codes (enrolment_id, code_hash) select id, unnest($9::text[]) from added
  )
  select id from added`;

const CONTACT_USED_AT = { email: 'directory_email_used_at', sms: 'directory_sms_used_at' } as const;

// An id may come from a URL: it need not be a UUID.
const ONE = 'tenant_id = $1 and user_id = $2 and id::text = $3';

export function createPostgresEnrolments(db: Database, encryption: Encryption): Enrolments {
  return {
    async list(tenantId, userId) {
      const rows = await db.query<Row>(`${SELECT} where tenant_id = $1 and user_id = $2 order by created_at, id`, [
        tenantId,
        userId,
      ]);
      return rows.map(enrolmentOf);
    },

    async add(tenantId, userId, { factor, name, secret, credentialId = null, counter = null, codeHashes = [] }) {
      const id = uuidv7();
      const sealed = encryption.encrypt(secret, placeOf(id));
      const values = [id, tenantId, userId, factor, storableText(name), sealed, credentialId, counter, codeHashes];
      return (await db.one<{ id: string }>(INSERT, values))?.id;
    },

    async rename(tenantId, userId, enrolmentId, name) {
      return changes(`update enrolments set name = $4 where ${ONE}`, [
        tenantId,
        userId,
        enrolmentId,
        storableText(name),
      ]);
    },

    async remove(tenantId, userId, enrolmentId) {
      return changes(`delete from enrolments where ${ONE}`, [tenantId, userId, enrolmentId]);
    },

    async markUsed(tenantId, userId, { id, factor, vouchedFor }) {
      if (vouchedFor && sends(factor)) {
        const column = CONTACT_USED_AT[factor];
        await db.query(`update users set ${column} = now() where tenant_id = $1 and id = $2`, [tenantId, userId]);
      } else {
        await db.query(`update enrolments set last_used_at = now() where ${ONE}`, [tenantId, userId, id]);
      }
    },

    async contactsUsedAt(tenantId, userId) {
      const { email, sms } = CONTACT_USED_AT;
      const row = await db.one<{ email: Date | null; sms: Date | null }>(
        `select ${email} as email, ${sms} as sms from users where tenant_id = $1 and id = $2`,
        [tenantId, userId],
      );
      return { ...(row?.email && { email: row.email }), ...(row?.sms && { sms: row.sms }) };
    },

    async findByCredential(tenantId, credentialId) {
      const row = await db.one<Row & { proof_generation: number }>(
        `select e.*, u.proof_generation
           from (${SELECT} where tenant_id = $1 and credential_id = $2) e
           join users u on u.tenant_id = $1 and u.id = e.user_id`,
        [tenantId, credentialId],
      );
      return row && { userId: row.user_id, proofGeneration: row.proof_generation, enrolment: enrolmentOf(row) };
    },

    async use(tenantId, userId, use) {
      switch (use.kind) {
        case 'step':
          return changes(
            `update users set last_totp_step = $3
             where tenant_id = $1 and id = $2 and (last_totp_step is null or last_totp_step < $3)`,
            [tenantId, userId, use.step],
          );
        case 'counter':
          return changes(
            `update enrolments set counter = $4::bigint
             where ${ONE} and ($4 > coalesce(counter, 0) or ($4 = 0 and coalesce(counter, 0) = 0))`,
            [tenantId, userId, use.enrolmentId, use.counter],
          );
        case 'recovery-code':
          return changes(
            `delete from recovery_codes
             where enrolment_id = (select id from enrolments where ${ONE}) and code_hash = $4`,
            [tenantId, userId, use.enrolmentId, use.codeHash],
          );
      }
    },

    async lock(tenantId, userId) {
      await db.query('select from users where tenant_id = $1 and id = $2 for update', [tenantId, userId]);
    },
  };

  /** Whether a statement found a row to change. */
  async function changes(statement: string, values: readonly unknown[]): Promise<boolean> {
    return (await db.query(`${statement} returning 1`, values)).length > 0;
  }

  function enrolmentOf(row: Row): Enrolment {
    return {
      id: row.id,
      factor: row.factor,
      name: row.name,
      secret: encryption.decrypt(row.secret, placeOf(row.id)),
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at ?? undefined,
      ...(row.counter !== null && { counter: row.counter }),
      ...(row.remaining !== null && { remaining: row.remaining }),
    };
  }
}

function placeOf(id: string) {
  return { table: 'enrolments', column: 'secret', row: id };
}
