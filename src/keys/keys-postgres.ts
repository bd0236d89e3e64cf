import type { JWK } from 'jose';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { SigningKey, SigningKeyStore } from './keys.ts';

interface KeyRow {
  kid: string;
  alg: SigningKey['alg'];
  state: SigningKey['state'];
  private_jwk: string;
  created_at: Date;
  retired_at: Date | null;
}

export function createPostgresKeys(db: Database, encryption: Encryption): SigningKeyStore {
  return {
    async list(tenantId) {
      const rows = await db.query<KeyRow>(
        `select kid, alg, state, private_jwk, created_at, retired_at from signing_keys where tenant_id = $1
         order by array_position(array['active', 'next', 'retired'], state), retired_at desc, alg`,
        [tenantId],
      );
      return rows.map(({ kid, alg, state, private_jwk, created_at, retired_at }) => {
        const jwk: JWK = JSON.parse(encryption.decrypt(private_jwk, placeOf(tenantId, kid)));
        return { kid, alg, state, jwk, createdAt: created_at, retiredAt: retired_at ?? undefined };
      });
    },

    async add(tenantId, { kid, alg, state, jwk }) {
      await db.query(
        `insert into signing_keys (tenant_id, kid, alg, private_jwk, state) values ($1, $2, $3, $4, $5)
         on conflict do nothing`,
        [tenantId, kid, alg, encryption.encrypt(JSON.stringify(jwk), placeOf(tenantId, kid)), state],
      );
    },

    async lock(tenantId) {
      await db.query(`select pg_advisory_xact_lock(hashtext('signing_keys'), hashtext($1))`, [tenantId]);
    },

    // Two statements: the indexes that allow one active key each are checked row by row.
    async promote(tenantId) {
      await db.query(
        `update signing_keys set state = 'retired', retired_at = now() where tenant_id = $1 and state = 'active'`,
        [tenantId],
      );
      await db.query(`update signing_keys set state = 'active' where tenant_id = $1 and state = 'next'`, [tenantId]);
    },

    async dropRetired(tenantId, before) {
      const dropped = await db.query(
        `delete from signing_keys where tenant_id = $1 and state = 'retired' and retired_at < $2 returning kid`,
        [tenantId, before],
      );
      return dropped.length;
    },

    async drop(tenantId, kid) {
      await db.query('delete from signing_keys where tenant_id = $1 and kid = $2', [tenantId, kid]);
    },

    markChanged: (tenantId) => bumpTenant(db, tenantId),
  };
}

function placeOf(tenantId: string, kid: string): Place {
  return { table: 'signing_keys', column: 'private_jwk', row: `${tenantId}/${kid}` };
}
