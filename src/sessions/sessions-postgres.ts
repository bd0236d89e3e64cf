import type { Database } from '../db/database.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import type { Proof } from '../policy/proof.ts';
import { sha256 } from '../security/sha256.ts';
import { endWithGrants, sessionEndings } from './session-endings-postgres.ts';
import type { ClientAuthorization, Session, SessionChange, SessionOverview, Sessions, SignIn } from './sessions.ts';

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

interface Saved {
  goes_by_id: boolean;
}

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
      touchesSessionAlone(change)
        ? saveSessionAlone(db, tenantId, change)
        : db.unitOfWork(() => saveChange(db, tenantId, change)),

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

/** As every further sign-on within a session does: one statement, which needs no transaction around it. */
function touchesSessionAlone({ signIn, authorizations, removedClients }: SessionChange): boolean {
  return signIn === undefined && removedClients.length === 0 && Object.keys(authorizations).length === 0;
}

async function saveSessionAlone(db: Database, tenantId: string, change: SessionChange): Promise<boolean> {
  return (await saveSession(db, tenantId, change))?.goes_by_id ?? false;
}

/**
 * A sign-in by proofs that count no more makes no session, and one that exists goes on without it. A code may be out already: the
 * grant that it was issued for ends.
 */
async function saveChange(db: Database, tenantId: string, change: SessionChange): Promise<boolean> {
  const { signIn } = change;
  const isOutdated = signIn !== undefined && !(await isCurrent(db, tenantId, signIn));
  const saved = isOutdated
    ? await changeSession(db, tenantId, { ...change, signIn: undefined })
    : await saveSession(db, tenantId, change);
  if (saved) await saveAuthorizations(db, tenantId, change);
  else if (isOutdated) await endWithGrants(db, tenantId, [change]);
  return saved?.goes_by_id ?? false;
}

/** Until the transaction ends, nothing outdates what the person has proven. */
async function isCurrent(db: Database, tenantId: string, { userId, proofGeneration }: SignIn): Promise<boolean> {
  const user = await db.one(
    'select 1 from users where tenant_id = $1 and id = $2 and proof_generation = $3 for share',
    [tenantId, userId, proofGeneration ?? null],
  );
  return user !== undefined;
}

/**
 * Not one statement that inserts or else updates: that waits for one unique index to tell of a conflict, and now and then the
 * other one (`id_hash`) is quicker, and makes an error of it.
 */
async function saveSession(db: Database, tenantId: string, change: SessionChange): Promise<Saved | undefined> {
  const update = () => changeSession(db, tenantId, change);
  // Made by somebody else in between, or ended.
  return (await update()) ?? (await db.one<Saved>(MAKE, valuesOf(tenantId, change))) ?? (await update());
}

function changeSession(db: Database, tenantId: string, change: SessionChange): Promise<Saved | undefined> {
  const { formerId, state } = change;
  const former = formerId === undefined ? null : sha256(formerId);
  return db.one<Saved>(CHANGE, [...valuesOf(tenantId, change), former, state !== undefined]);
}

/** Values $1 to $13 of the statements above. */
function valuesOf(tenantId: string, { uid, id, signIn, state, idle, absolute }: SessionChange): unknown[] {
  return [
    tenantId,
    uid,
    sha256(id),
    signIn?.userId ?? null,
    signIn?.acr ?? null,
    signIn?.amr ?? null,
    signIn?.authTime === undefined ? null : new Date(signIn.authTime * 1000),
    signIn ? JSON.stringify(signIn.proofs) : null,
    signIn?.address ?? null,
    signIn?.userAgent ?? null,
    state?.value === undefined ? null : JSON.stringify(state.value),
    idle,
    absolute,
  ];
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
