import type { Database } from '../db/database.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import type { Proof } from '../policy/proof.ts';
import { sha256 } from '../security/sha256.ts';
import { sessionEndings } from './session-endings-postgres.ts';
import { saveSession } from './session-saving-postgres.ts';
import type { ClientAuthorization, Session, SessionOverview, Sessions } from './sessions.ts';

interface SessionRow {
  uid: string;
  user_id: string | null;
  acr: string | null;
  amr: string[] | null;
  auth_time: Date | null;
  proofs: Proof[] | null;
  state: Record<string, unknown> | null;
  created_at: Date;
  expires_at: Date;
  authorizations: Record<string, ClientAuthorization> | null;
  proof_generation: number | null;
}

const SELECT = `
  select s.uid, s.user_id, s.acr, s.amr, s.auth_time, s.proofs, s.state, s.created_at, s.expires_at,
         (select jsonb_object_agg(a.client_id, jsonb_strip_nulls(jsonb_build_object(
                   'sid', a.sid, 'grantId', a.grant_id, 'persistsLogout', nullif(a.persists_logout, false))))
            from session_authorizations a
           where a.tenant_id = s.tenant_id and a.session_uid = s.uid) as authorizations,
         (select u.proof_generation from users u where u.tenant_id = s.tenant_id and u.id = s.user_id) as proof_generation
    from sessions s
   where s.tenant_id = $1 and s.ended_at is null and s.expires_at > now()`;

interface OverviewRow {
  uid: string;
  address: string | null;
  user_agent: string | null;
  signed_in_at: Date;
  last_seen_at: Date;
  client_ids: string[];
}

const LIST = `
  select s.uid, s.address, s.user_agent, s.signed_in_at, s.last_seen_at,
         array(select a.client_id from session_authorizations a
                where a.tenant_id = s.tenant_id and a.session_uid = s.uid order by a.client_id) as client_ids
    from sessions s
   where s.tenant_id = $1 and s.user_id = $2 and s.ended_at is null and s.expires_at > now()
   order by s.last_seen_at desc, s.uid`;

export function createPostgresSessions(db: Database): Sessions {
  return {
    async find(tenantId, id) {
      return toSession(await db.one<SessionRow>(`${SELECT} and s.id_hash = $2`, [tenantId, sha256(id)]));
    },

    async findByUid(tenantId, uid) {
      return toSession(await db.one<SessionRow>(`${SELECT} and s.uid = $2`, [tenantId, uid]));
    },

    save: (tenantId, change) => saveSession(db, tenantId, change),

    async claimAuthorization(tenantId, uid, clientId, { sid, grantId, replacing }) {
      const row = await db.one<{ sid: string; grant_id: string; persists_logout: boolean }>(
        `insert into session_authorizations (tenant_id, session_uid, client_id, sid, grant_id)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, session_uid, client_id) do update
            set grant_id = case when session_authorizations.grant_id is not distinct from $6
                                then excluded.grant_id else session_authorizations.grant_id end
         returning sid, grant_id, persists_logout`,
        [tenantId, uid, clientId, sid, grantId, replacing ?? null],
      );
      return { sid: row?.sid ?? sid, grantId: row?.grant_id ?? grantId, persistsLogout: row?.persists_logout };
    },

    async touch(tenantId, uid, { idle, absolute }) {
      await db.query(
        `update sessions
            set last_seen_at = now(),
                expires_at = least(now() + make_interval(secs => $3), signed_in_at + make_interval(secs => $4))
          where tenant_id = $1 and uid = $2 and ended_at is null and expires_at > now()`,
        [tenantId, uid, idle, absolute],
      );
    },

    async list(tenantId, userId) {
      return (await db.query<OverviewRow>(LIST, [tenantId, userId])).map(toOverview);
    },

    ...sessionEndings(db),
  };
}

function toSession(row: SessionRow | undefined): Session | undefined {
  return (
    row && {
      uid: row.uid,
      userId: row.user_id ?? undefined,
      acr: row.acr ?? undefined,
      amr: row.amr ?? undefined,
      authTime: row.auth_time ? epochSeconds(row.auth_time) : undefined,
      proofs: row.proofs ?? [],
      proofGeneration: row.proof_generation ?? undefined,
      state: row.state ?? undefined,
      authorizations: row.authorizations ?? {},
      createdAt: epochSeconds(row.created_at),
      expiresAt: epochSeconds(row.expires_at),
    }
  );
}

function toOverview({
  uid,
  address,
  user_agent,
  signed_in_at,
  last_seen_at,
  client_ids,
}: OverviewRow): SessionOverview {
  return {
    uid,
    address: address ?? undefined,
    userAgent: user_agent ?? undefined,
    signedInAt: signed_in_at,
    lastSeenAt: last_seen_at,
    clientIds: client_ids,
  };
}
