// How sessions end other than by time. What its person ends, or a change of factors or passwords, ends whole: with the logins that
// are on their way, and with refresh tokens, also those that outlive a logout (OpenID Connect Core 11).

import type { Database } from '../db/database.ts';
import { FACTORS } from '../policy/factors.ts';
import type { Sessions } from './sessions.ts';

/** A session that has just ended. */
interface Ended {
  uid: string;
}

export function sessionEndings(db: Database): Pick<Sessions, 'endOthers' | 'endTrusted' | 'endOf' | 'end'> {
  return {
    endOthers: (tenantId, userId, keptUid) =>
      db.unitOfWork(async () => {
        await outdateProofs(db, tenantId, userId);
        const ended = await db.query<Ended>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and user_id = $2 and uid is distinct from $3 and ended_at is null
        returning uid`,
          [tenantId, userId, keptUid ?? null],
        );
        // All of them: what outlives its session may be of one that is long gone.
        await db.query(
          `delete from grants
            where tenant_id = $1 and user_id = $2
              and not exists (select from session_authorizations a
                               where a.tenant_id = $1 and a.session_uid = $3 and a.grant_id = grants.id)`,
          [tenantId, userId, keptUid ?? null],
        );
        return forget(db, tenantId, ended);
      }),

    endTrusted: (tenantId, userId, { device, presentUid }) =>
      db.unitOfWork(async () => {
        await outdateProofs(db, tenantId, userId);
        const waiver = { factor: 'trusted-device', ...(device !== undefined && { device }) };
        const ended = await db.query<Ended>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and user_id = $2 and ended_at is null and proofs @> $3
              and (uid <> $4 or not exists (select from jsonb_array_elements(proofs) proof
                                             where proof ->> 'factor' = any($5)))
        returning uid`,
          [tenantId, userId, JSON.stringify([waiver]), presentUid, FACTORS],
        );
        await db.query(
          `update sessions
              set proofs = (select jsonb_agg(proof) from jsonb_array_elements(proofs) proof where not proof @> $3)
            where tenant_id = $1 and uid = $2 and ended_at is null and proofs @> jsonb_build_array($3::jsonb)`,
          [tenantId, presentUid, JSON.stringify(waiver)],
        );
        return endWithGrants(db, tenantId, ended);
      }),

    endOf: (tenantId, userId, uid) =>
      db.unitOfWork(async () => {
        const ended = await db.query<Ended>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and user_id = $2 and uid = $3 and ended_at is null and expires_at > now()
        returning uid`,
          [tenantId, userId, uid],
        );
        return (await endWithGrants(db, tenantId, ended)).length > 0;
      }),

    end: (tenantId, uid) =>
      db.unitOfWork(async () => {
        const ended = await db.one<Ended & { user_id: string | null }>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and uid = $2 and ended_at is null
        returning uid, user_id`,
          [tenantId, uid],
        );
        if (!ended) return undefined;
        await forget(db, tenantId, [ended]);
        return { uid: ended.uid, userId: ended.user_id ?? undefined };
      }),
  };
}

/** First of all, for whoever is about to save a session by such proofs waits here, and then finds that they count no more. */
async function outdateProofs(db: Database, tenantId: string, userId: string): Promise<void> {
  await db.query('update users set proof_generation = proof_generation + 1 where tenant_id = $1 and id = $2', [
    tenantId,
    userId,
  ]);
}

/** With a grant go all its refresh tokens, and its codes and access tokens are good no more. */
export async function endWithGrants(db: Database, tenantId: string, ended: readonly Ended[]): Promise<string[]> {
  const uids = ended.map(({ uid }) => uid);
  await db.query(
    `delete from grants using session_authorizations a
      where a.tenant_id = $1 and a.session_uid = any($2) and grants.tenant_id = $1 and grants.id = a.grant_id`,
    [tenantId, uids],
  );
  return forget(db, tenantId, ended);
}

async function forget(db: Database, tenantId: string, ended: readonly Ended[]): Promise<string[]> {
  const uids = ended.map(({ uid }) => uid);
  await db.query('delete from session_authorizations where tenant_id = $1 and session_uid = any($2)', [tenantId, uids]);
  return uids;
}
