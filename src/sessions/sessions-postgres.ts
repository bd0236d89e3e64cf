import type { Database } from '../db/database.ts';
import type { Proof } from '../policy/proof.ts';
import { sha256 } from '../security/sha256.ts';
import type { ClientAuthorization, Session, SessionChange, SessionOverview, Sessions } from './sessions.ts';

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
}

const SELECT = `
  select s.uid, s.user_id, s.acr, s.amr, s.auth_time, s.proofs, s.state, s.created_at, s.expires_at,
         (select jsonb_object_agg(a.client_id, jsonb_strip_nulls(jsonb_build_object(
                   'sid', a.sid, 'grantId', a.grant_id, 'persistsLogout', nullif(a.persists_logout, false))))
            from session_authorizations a
           where a.tenant_id = s.tenant_id and a.session_uid = s.uid) as authorizations
    from sessions s
   where s.tenant_id = $1 and s.ended_at is null and s.expires_at > now()`;

const CHANGE = `
  update sessions
     set id_hash      = case when id_hash = $14 then $3 else id_hash end,
         user_id      = coalesce($4::uuid, user_id),
         acr          = case when $4::uuid is null then acr else $5 end,
         amr          = case when $4::uuid is null then amr else $6 end,
         auth_time    = case when $4::uuid is null then auth_time else $7 end,
         proofs       = case when $4::uuid is null then proofs else $8 end,
         address      = case when $4::uuid is null then address else $9 end,
         user_agent   = case when $4::uuid is null then user_agent else $10 end,
         signed_in_at = coalesce(signed_in_at, case when $4::uuid is null then null else now() end),
         state        = case when $15 then $11 else state end,
         last_seen_at = now(),
         expires_at   = least(now() + make_interval(secs => $12),
                              coalesce(signed_in_at, now()) + make_interval(secs => $13))
   where tenant_id = $1 and uid = $2 and ended_at is null
  returning id_hash = $3 as goes_by_id`;

const MAKE = `
  insert into sessions (tenant_id, uid, id_hash, user_id, acr, amr, auth_time, proofs, address, user_agent, signed_in_at,
                        state, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $4::uuid is null then null else now() end,
          $11, now() + make_interval(secs => least($12::float8, $13::float8)))
  on conflict do nothing
  returning true as goes_by_id`;

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

    save: (tenantId, change) =>
      db.unitOfWork(async () => {
        const saved = await saveSession(db, tenantId, change);
        if (saved) await saveAuthorizations(db, tenantId, change);
        return saved?.goes_by_id ?? false;
      }),

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

    endOthers: (tenantId, userId, keptUid) =>
      db.unitOfWork(async () => {
        const ended = await db.query<{ uid: string }>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and user_id = $2 and uid is distinct from $3 and ended_at is null
        returning uid`,
          [tenantId, userId, keptUid ?? null],
        );
        const uids = ended.map((session) => session.uid);
        await forgetAuthorizations(db, tenantId, uids);
        return uids;
      }),

    async list(tenantId, userId) {
      return (await db.query<OverviewRow>(LIST, [tenantId, userId])).map(toOverview);
    },

    endOf: (tenantId, userId, uid) =>
      db.unitOfWork(async () => {
        const ended = await db.one(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and user_id = $2 and uid = $3 and ended_at is null and expires_at > now()
        returning uid`,
          [tenantId, userId, uid],
        );
        if (ended) await forgetAuthorizations(db, tenantId, [uid]);
        return ended !== undefined;
      }),

    end: (tenantId, uid) =>
      db.unitOfWork(async () => {
        const ended = await db.one<{ uid: string; user_id: string | null }>(
          `update sessions set ended_at = now(), state = null
            where tenant_id = $1 and uid = $2 and ended_at is null
        returning uid, user_id`,
          [tenantId, uid],
        );
        if (!ended) return undefined;
        await forgetAuthorizations(db, tenantId, [ended.uid]);
        return { uid: ended.uid, userId: ended.user_id ?? undefined };
      }),
  };
}

async function forgetAuthorizations(db: Database, tenantId: string, uids: readonly string[]): Promise<void> {
  if (uids.length === 0) return;
  await db.query('delete from session_authorizations where tenant_id = $1 and session_uid = any($2)', [tenantId, uids]);
}

/**
 * Not one statement that inserts or else updates: that waits for one unique index to tell of a conflict, and now and then the
 * other one (`id_hash`) is quicker, and makes an error of it.
 */
async function saveSession(db: Database, tenantId: string, change: SessionChange) {
  const { signIn, state } = change;
  const made = [
    tenantId,
    change.uid,
    sha256(change.id),
    signIn?.userId ?? null,
    signIn?.acr ?? null,
    signIn?.amr ?? null,
    signIn?.authTime === undefined ? null : new Date(signIn.authTime * 1000),
    signIn ? JSON.stringify(signIn.proofs) : null,
    signIn?.address ?? null,
    signIn?.userAgent ?? null,
    state?.value === undefined ? null : JSON.stringify(state.value),
    change.idle,
    change.absolute,
  ];
  const changed = [...made, change.formerId === undefined ? null : sha256(change.formerId), state !== undefined];
  const update = () => db.one<{ goes_by_id: boolean }>(CHANGE, changed);
  // Made by somebody else in between, or ended.
  return (await update()) ?? (await db.one<{ goes_by_id: boolean }>(MAKE, made)) ?? (await update());
}

async function saveAuthorizations(db: Database, tenantId: string, change: SessionChange): Promise<void> {
  for (const [clientId, { sid, grantId, persistsLogout }] of Object.entries(change.authorizations)) {
    await db.query(
      `insert into session_authorizations (tenant_id, session_uid, client_id, sid, grant_id, persists_logout)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (tenant_id, session_uid, client_id) do update
          set sid = excluded.sid, grant_id = excluded.grant_id, persists_logout = excluded.persists_logout`,
      [tenantId, change.uid, clientId, sid, grantId ?? null, persistsLogout ?? false],
    );
  }
  if (change.removedClients.length > 0) {
    await db.query(
      'delete from session_authorizations where tenant_id = $1 and session_uid = $2 and client_id = any($3)',
      [tenantId, change.uid, change.removedClients],
    );
  }
}

function toSession(row: SessionRow | undefined): Session | undefined {
  return (
    row && {
      uid: row.uid,
      userId: row.user_id ?? undefined,
      acr: row.acr ?? undefined,
      amr: row.amr ?? undefined,
      authTime: row.auth_time ? seconds(row.auth_time) : undefined,
      proofs: row.proofs ?? [],
      state: row.state ?? undefined,
      authorizations: row.authorizations ?? {},
      createdAt: seconds(row.created_at),
      expiresAt: seconds(row.expires_at),
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

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
