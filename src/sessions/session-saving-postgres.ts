// Writing a session: one that begins, one that goes on, and one that a sign-in with outdated proofs would have made.

import type { Database } from '../db/database.ts';
import { sha256 } from '../security/sha256.ts';
import { endWithGrants } from './session-endings-postgres.ts';
import type { SessionChange, SignIn } from './sessions.ts';

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

const make = (from = '') => `
  insert into sessions (tenant_id, uid, id_hash, user_id, acr, amr, auth_time, proofs, address, user_agent, signed_in_at,
                        state, expires_at)
  select $1::uuid, $2, $3, $4::uuid, $5, $6::text[], $7::timestamptz, $8::jsonb, $9, $10,
         case when $4::uuid is null then null else now() end, $11::jsonb,
         now() + make_interval(secs => least($12::float8, $13::float8))
    ${from}
  on conflict do nothing
  returning true as goes_by_id`;

const MAKE = make();

/** @param records JSON, as `recordsOf` makes it. */
const authorize = (records: string, given = '') => `
  insert into session_authorizations (tenant_id, session_uid, client_id, sid, grant_id, persists_logout)
  select $1::uuid, $2, client_id, sid, grant_id, persists_logout
    from ${given} jsonb_to_recordset(${records}) as a (client_id text, sid text, grant_id text, persists_logout boolean)
  on conflict (tenant_id, session_uid, client_id) do update
     set sid = excluded.sid, grant_id = excluded.grant_id, persists_logout = excluded.persists_logout`;

const AUTHORIZE = authorize('$3::jsonb');

/** Until the statement ends, nothing outdates what the person has proven. */
const SIGN_IN = `
  with person as (select from users where tenant_id = $1 and id = $4 and proof_generation = $14 for share),
       made as (${make('from person')}),
       authorized as (${authorize('$15::jsonb', 'made,')})
  select goes_by_id from made`;

interface Saved {
  goes_by_id: boolean;
}

/** As Sessions.save. */
export async function saveSession(db: Database, tenantId: string, change: SessionChange): Promise<boolean> {
  if (touchesSessionAlone(change)) return (await changeOrMake(db, tenantId, change))?.goes_by_id ?? false;
  const { isNew, signIn } = change;
  const signedIn = isNew && signIn ? await signInAnew(db, tenantId, change, signIn) : undefined;
  return signedIn?.goes_by_id ?? db.unitOfWork(() => saveChange(db, tenantId, change));
}

/** As every further sign-on within a session does: one statement, which needs no transaction around it. */
function touchesSessionAlone({ signIn, authorizations, removedClients }: SessionChange): boolean {
  return signIn === undefined && removedClients.length === 0 && Object.keys(authorizations).length === 0;
}

/** Most sign-ins, in one statement. Undefined, and nothing done, where the proofs are outdated or there is such a session already. */
function signInAnew(
  db: Database,
  tenantId: string,
  change: SessionChange,
  { proofGeneration }: SignIn,
): Promise<Saved | undefined> {
  return db.one<Saved>(SIGN_IN, [...valuesOf(tenantId, change), proofGeneration ?? null, recordsOf(change)]);
}

/**
 * A sign-in by proofs that count no more makes no session, and one that exists goes on without it. A code may be out already: the
 * grant that it was issued for ends.
 */
async function saveChange(db: Database, tenantId: string, change: SessionChange): Promise<boolean> {
  const { signIn } = change;
  const isOutdated = signIn !== undefined && !(await isCurrent(db, tenantId, signIn));
  const saved = isOutdated
    ? await changeKnown(db, tenantId, { ...change, signIn: undefined })
    : await changeOrMake(db, tenantId, change);
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
async function changeOrMake(db: Database, tenantId: string, change: SessionChange): Promise<Saved | undefined> {
  const update = () => changeKnown(db, tenantId, change);
  // Made by somebody else in between, or ended.
  return (await update()) ?? (await db.one<Saved>(MAKE, valuesOf(tenantId, change))) ?? (await update());
}

function changeKnown(db: Database, tenantId: string, change: SessionChange): Promise<Saved | undefined> {
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
  const { uid, authorizations, removedClients } = change;
  if (Object.keys(authorizations).length > 0) await db.query(AUTHORIZE, [tenantId, uid, recordsOf(change)]);
  if (removedClients.length > 0) {
    await db.query(
      'delete from session_authorizations where tenant_id = $1 and session_uid = $2 and client_id = any($3)',
      [tenantId, uid, removedClients],
    );
  }
}

function recordsOf({ authorizations }: SessionChange): string {
  const records = Object.entries(authorizations).map(([clientId, { sid, grantId, persistsLogout = false }]) => ({
    client_id: clientId,
    sid,
    grant_id: grantId,
    persists_logout: persistsLogout,
  }));
  return JSON.stringify(records);
}
