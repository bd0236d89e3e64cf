// A tenant with a row in every table that holds anything of tenants, so that what deletes one is seen to delete all.

import { randomUUID } from 'node:crypto';

import type { Database } from '../../src/db/database.ts';
import { aCounter, aRefreshToken, aSession, anAuthorization, someoneWithAnApp } from './rows.ts';
import { aDirectoryId } from './tenants.ts';

/** Rows of the tenant by table: of all that have a `tenant_id`, as the database knows them, and of those that hang on such. */
export async function rowsOf(db: Database, tenantId: string): Promise<Record<string, number>> {
  const tables = await db.query<{ table_name: string }>(
    `select c.table_name from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE' and c.table_schema = current_schema()
     order by c.table_name`,
  );
  const rows: Record<string, number> = {};
  for (const { table_name: table } of tables) {
    rows[table] = await count(db, `select count(*) as rows from "${table}" where tenant_id = $1`, tenantId);
  }
  rows.tenants = await count(db, 'select count(*) as rows from tenants where id = $1', tenantId);
  if (rows.enrolments) {
    rows.recovery_codes = await count(
      db,
      `select count(*) as rows from recovery_codes c join enrolments e on e.id = c.enrolment_id where e.tenant_id = $1`,
      tenantId,
    );
  }
  return rows;
}

async function count(db: Database, text: string, tenantId: string): Promise<number> {
  return (await db.one<{ rows: number }>(text, [tenantId]))?.rows ?? 0;
}

/** The tenant has keys and roles already, and what was audited of it. */
export async function fillTenant(db: Database, tenantId: string): Promise<void> {
  const later = new Date(Date.now() + 3_600_000);
  const insert = (text: string, ...values: unknown[]) => db.query(text, [tenantId, ...values]);
  const directoryId = await aDirectoryId(db, tenantId);
  const { userId, clientId } = await someoneWithAnApp(db, tenantId);
  await aSession(db, tenantId, randomUUID(), later);
  await anAuthorization(db, tenantId, randomUUID(), new Date());
  await aRefreshToken(db, tenantId, randomUUID(), later);
  await aCounter(db, tenantId, 'ann', new Date(), undefined);
  await insert(
    `insert into users (id, tenant_id, username, profile, directory_id, stable_id, directory_state, directory_dn,
                        directory_groups, directory_checked_at)
     values ($2, $1, 'bob', '{}', $3, 'bob', 'enabled', 'cn=bob', '[]', now())`,
    ...[randomUUID(), directoryId],
  );
  const enrolment = randomUUID();
  await insert(
    `insert into enrolments (id, tenant_id, user_id, factor, name, secret) values ($2, $1, $3, 'recovery-code', 'c', 's')`,
    ...[enrolment, userId],
  );
  await db.query(`insert into recovery_codes (enrolment_id, code_hash) values ($1, 'hash')`, [enrolment]);
  await insert(
    `insert into trusted_devices (id, tenant_id, user_id, mark_hash, name, address, expires_at)
     values ($2, $1, $3, 'mark', 'browser', '::1', now() + interval '1 day')`,
    ...[randomUUID(), userId],
  );
  await insert(
    `insert into consents (tenant_id, user_id, client_id, scopes, claims, resources) values ($1, $2, $3, '{}', '{}', '{}')`,
    ...[userId, clientId],
  );
  await insert(
    `insert into role_holders (tenant_id, role_id, kind, holder, owner)
     select $1, id, 'user', $2, 'api' from roles where tenant_id = $1 limit 1`,
    userId,
  );
  await insert(`insert into audit_events (id, tenant_id, type) values ($2, $1, 'user.created')`, randomUUID());
  await fillAdministration(db, tenantId, { userId, clientId });
}

async function fillAdministration(
  db: Database,
  tenantId: string,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<void> {
  const insert = (text: string, ...values: unknown[]) => db.query(text, [tenantId, ...values]);
  const [outer, inner, webhook] = [randomUUID(), randomUUID(), randomUUID()];
  for (const group of [outer, inner]) {
    await insert('insert into groups (id, tenant_id, name) values ($2::uuid, $1, $2::uuid::text)', group);
  }
  await insert(
    `insert into group_members (tenant_id, group_id, kind, user_id, member_group_id)
     values ($1, $2, 'group', null, $3), ($1, $3, 'user', $4, null)`,
    ...[outer, inner, userId],
  );
  await insert('insert into group_managers (tenant_id, group_id, user_id) values ($1, $2, $3)', outer, userId);
  await insert(
    `insert into resource_types (id, tenant_id, name, actions) values ($2, $1, 'invoice', '{read}')`,
    randomUUID(),
  );
  await insert(
    `insert into client_secrets (id, tenant_id, client_id, secret) values ($2, $1, $3, 'sealed')`,
    ...[randomUUID(), clientId],
  );
  await insert(
    `insert into api_keys (id, tenant_id, name, permissions, secret_hash, created_by, expires_at)
     values ($2::uuid, $1, 'key', '{}', $2::uuid::text, 'test', now() + interval '1 day')`,
    randomUUID(),
  );
  await insert(
    `insert into one_time_links (id, tenant_id, user_id, purpose, token_hash, expires_at)
     values ($2::uuid, $1, $3, 'password', $2::uuid::text, now())`,
    ...[randomUUID(), userId],
  );
  await insert(
    `insert into idempotency_keys (tenant_id, caller, key_hash, request_hash) values ($1, 'key', 'hash', 'hash')`,
  );
  await insert(
    `insert into webhooks (id, tenant_id, url, events, algorithm, secret)
     values ($2, $1, 'https://example.com', '{}', 'hmac-sha256', 'sealed')`,
    webhook,
  );
  await insert(
    `insert into outbox (id, tenant_id, channel, body, expires_at, webhook_id)
     values ($2, $1, 'webhook', 'sealed', now() + interval '1 day', $3)`,
    ...[randomUUID(), webhook],
  );
  await insert(
    `insert into audit_seals (tenant_id, number, events, previous_hash, hash) values ($1, 1, 1, 'before', 'after')`,
  );
  await insert(`insert into imports (id, tenant_id, digest, state) values ($2, $1, 'digest', 'running')`, randomUUID());
}
