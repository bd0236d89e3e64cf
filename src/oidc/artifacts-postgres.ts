// Artefacts that must survive: grants and refresh tokens. A grant is the family: with its row go all its refresh tokens.

import { errors } from 'oidc-provider';
import type { Adapter, AdapterPayload } from 'oidc-provider';

import type { Database } from '../db/database.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import { sha256 } from '../security/sha256.ts';

export interface PostgresArtifactDeps {
  db: Database;
  tenantId: string;
  /** Seconds after a rotation in which a reused refresh token is refused without ending its family. */
  refreshReuseLeeway: number;
}

export async function endGrant(db: Database, tenantId: string, grantId: string): Promise<void> {
  await db.query('delete from grants where tenant_id = $1 and id = $2', [tenantId, grantId]);
}

/** Runs `work` while nobody else changes or ends the grant; not at all where it has ended. */
export function whileGrantStands<T>(
  db: Database,
  tenantId: string,
  grantId: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  return db.unitOfWork(async () => {
    const grant = await db.one('select id from grants where tenant_id = $1 and id = $2 for update', [
      tenantId,
      grantId,
    ]);
    return grant && work();
  });
}

export function createGrantArtifacts({ db, tenantId }: PostgresArtifactDeps): Adapter {
  return {
    ...unusedMethods,

    async find(id) {
      const row = await db.one<{ payload: AdapterPayload; expires_at: Date }>(
        'select payload, expires_at from grants where tenant_id = $1 and id = $2 and expires_at > now()',
        [tenantId, id],
      );
      return row && { ...row.payload, jti: id, exp: epochSeconds(row.expires_at) };
    },

    async upsert(id, { jti: _, ...payload }, expiresIn) {
      await db.query(
        `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at)
         values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
         on conflict (tenant_id, id) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
        [tenantId, id, payload.accountId, payload.clientId, JSON.stringify(payload), expiresIn],
      );
    },

    destroy: (id) => endGrant(db, tenantId, id),
  };
}

export function createRefreshTokenArtifacts({ db, tenantId, refreshReuseLeeway }: PostgresArtifactDeps): Adapter {
  return {
    ...unusedMethods,

    /** Consumed ones are found until they expire, for the library ends the family when one comes back; not within the leeway. */
    async find(id) {
      const row = await db.one<{ payload: AdapterPayload; consumed_at: Date | null }>(
        `select payload, consumed_at from refresh_tokens
          where tenant_id = $1 and id_hash = $2 and expires_at > now()
            and (consumed_at is null or consumed_at <= now() - make_interval(secs => $3))`,
        [tenantId, sha256(id), refreshReuseLeeway],
      );
      if (!row) return undefined;
      const { payload, consumed_at: consumedAt } = row;
      return { ...payload, jti: id, ...(consumedAt ? { consumed: epochSeconds(consumedAt) } : {}) };
    },

    /** The family lives as long as its youngest token. */
    async upsert(id, { jti: _, ...payload }, expiresIn) {
      await db.query(
        `with family as (
           update grants set expires_at = greatest(expires_at, now() + make_interval(secs => $5))
            where tenant_id = $1 and id = $3
        returning id)
         insert into refresh_tokens (tenant_id, id_hash, grant_id, payload, expires_at)
         select $1, $2, id, $4, now() + make_interval(secs => $5) from family`,
        [tenantId, sha256(id), payload.grantId, JSON.stringify(payload), expiresIn],
      );
    },

    /** Exactly one of any number of redemptions finds the row unconsumed; for the others the family ends (RFC 9700 4.14.2). */
    async consume(id) {
      const consumed = await db.one(
        `update refresh_tokens set consumed_at = now()
          where tenant_id = $1 and id_hash = $2 and consumed_at is null
      returning grant_id`,
        [tenantId, sha256(id)],
      );
      if (consumed) return;
      await db.query(
        `delete from grants using refresh_tokens r
          where grants.tenant_id = r.tenant_id and grants.id = r.grant_id and r.tenant_id = $1 and r.id_hash = $2
            and r.consumed_at <= now() - make_interval(secs => $3)`,
        [tenantId, sha256(id), refreshReuseLeeway],
      );
      throw new errors.InvalidGrant('refresh token already used');
    },

    /**
     * Its family goes along: who destroys one (a revocation, or a reuse) ends that next, and where the storage failed in between, whoever
     * asks again would find no token and take that for done.
     */
    async destroy(id) {
      await db.query(
        `delete from grants using refresh_tokens r
          where grants.tenant_id = r.tenant_id and grants.id = r.grant_id and r.tenant_id = $1 and r.id_hash = $2`,
        [tenantId, sha256(id)],
      );
    },

    async revokeByGrantId(grantId) {
      await db.query('delete from refresh_tokens where tenant_id = $1 and grant_id = $2', [tenantId, grantId]);
    },
  };
}

const unusedMethods = {
  findByUid: notHere,
  findByUserCode: notHere,
  consume: nothing,
  revokeByGrantId: nothing,
};

function notHere(): Promise<undefined> {
  return Promise.resolve(undefined);
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
