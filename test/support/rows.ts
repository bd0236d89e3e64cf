// Rows that tests of the database need, with as little in them as the schema allows.

import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/database.ts';
import { encryption } from './tenants.ts';

export async function aTenant(db: Database): Promise<string> {
  const id = randomUUID();
  await db.query(
    `insert into tenants (id, slug, name, settings, secret, owner, changed_version)
     values ($1, $2, 'Acme', '{}', $3, 'api', 0)`,
    [id, `acme-${id}`, encryption.encrypt('secret', { table: 'tenants', column: 'secret', row: id })],
  );
  return id;
}

export async function aSession(db: Database, tenantId: string, uid: string, expiresAt: Date): Promise<void> {
  await db.query('insert into sessions (tenant_id, uid, id_hash, expires_at) values ($1, $2, $2, $3)', [
    tenantId,
    uid,
    expiresAt,
  ]);
}

export async function anAuthorization(db: Database, tenantId: string, uid: string, createdAt: Date): Promise<void> {
  await db.query(
    `insert into session_authorizations (tenant_id, session_uid, client_id, sid, created_at)
     values ($1, $2, 'app', 'sid', $3)`,
    [tenantId, uid, createdAt],
  );
}

/** A refresh token, and a grant of the same id and life for it. */
export async function aRefreshToken(db: Database, tenantId: string, id: string, expiresAt: Date): Promise<void> {
  const { userId, clientId } = await someoneWithAnApp(db, tenantId);
  await db.query(
    `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at) values ($1, $2, $3, $4, '{}', $5)`,
    [tenantId, id, userId, clientId, expiresAt],
  );
  await db.query(
    `insert into refresh_tokens (tenant_id, id_hash, grant_id, payload, expires_at) values ($1, $2, $2, '{}', $3)`,
    [tenantId, id, expiresAt],
  );
}

export async function aCounter(
  db: Database,
  tenantId: string,
  subject: string,
  lastAttemptAt: Date,
  blockedUntil: Date | undefined,
): Promise<void> {
  await db.query(
    `insert into attempt_counters (tenant_id, kind, subject, failures, last_attempt_at, blocked_until)
     values ($1, 'password', $2, 1, $3, $4)`,
    [tenantId, subject, lastAttemptAt, blockedUntil],
  );
}

export interface Parties {
  tenantId: string;
  userId: string;
  clientId: string;
}

/** A user and a client, of this tenant or of a new one. */
export async function someoneWithAnApp(db: Database, ofTenant?: string): Promise<Parties> {
  const tenantId = ofTenant ?? (await aTenant(db));
  const [userId, clientId] = [randomUUID(), `app-${randomUUID()}`];
  await db.query(
    `insert into users (id, tenant_id, username, profile, local_name) values ($1, $2, 'ann', '{}', $1::uuid::text)`,
    [userId, tenantId],
  );
  await db.query(`insert into clients (tenant_id, client_id, metadata, owner) values ($1, $2, '{}', 'api')`, [
    tenantId,
    clientId,
  ]);
  return { tenantId, userId, clientId };
}
