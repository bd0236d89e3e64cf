// Takes away what has expired. Every reader checks for itself that a row still counts; this only keeps the tables small.

import type { Database } from './database.ts';
import { repeat } from './repeat.ts';
import type { Repetition } from './repeat.ts';

const batchSize = 1_000;

/** Clocks may differ by 90 s, and a request that has just read a row may still be about to use it. */
const graceMs = 300_000;

/**
 * $1: when a row must have expired to go. $2: how many go at once. Rows that another process is sweeping, or a request is
 * using, are skipped.
 */
const sweeps = [
  `delete from refresh_tokens where ctid = any(array(
     select ctid from refresh_tokens where expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from grants where ctid = any(array(
     select ctid from grants where expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from sessions where ctid = any(array(
     select ctid from sessions where expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from session_authorizations where ctid = any(array(
     select a.ctid from session_authorizations a
     where a.created_at < $1 and not exists (
       select from sessions s where s.tenant_id = a.tenant_id and s.uid = a.session_uid)
     limit $2 for update skip locked)) returning 1`,
  `delete from attempt_counters where ctid = any(array(
     select ctid from attempt_counters
     where last_attempt_at < $1::timestamptz - interval '1 day' and (blocked_until is null or blocked_until < $1)
     limit $2 for update skip locked)) returning 1`,
  `delete from trusted_devices where ctid = any(array(
     select ctid from trusted_devices where expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from outbox where ctid = any(array(
     select ctid from outbox where state = 'sent' and expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from one_time_links where ctid = any(array(
     select ctid from one_time_links where expires_at < $1 limit $2 for update skip locked)) returning 1`,
  `delete from client_secrets where ctid = any(array(
     select s.ctid from client_secrets s
     where s.expires_at < $1 and exists (
       select from client_secrets o
        where o.tenant_id = s.tenant_id and o.client_id = s.client_id and o.created_at > s.created_at)
     limit $2 for update skip locked)) returning 1`,
  `delete from idempotency_keys where ctid = any(array(
     select ctid from idempotency_keys
     where created_at < $1::timestamptz - interval '1 day' limit $2 for update skip locked)) returning 1`,
  `delete from api_keys where ctid = any(array(
     select ctid from api_keys
     where expires_at < $1::timestamptz - interval '30 days' limit $2 for update skip locked)) returning 1`,
  `delete from imports where ctid = any(array(
     select ctid from imports
     where updated_at < $1::timestamptz - interval '30 days' limit $2 for update skip locked)) returning 1`,
  `delete from deleted_tenants where ctid = any(array(
     select ctid from deleted_tenants where deleted_at < $1::timestamptz - interval '1 day'
     limit $2 for update skip locked)) returning 1`,
];

/** Deletes what expired before `now`, in small statements of their own. Answers how many rows went. */
export async function sweepExpired(db: Database, now: Date): Promise<number> {
  const before = new Date(now.getTime() - graceMs);
  let total = 0;
  for (const sweep of sweeps) {
    let swept: number;
    do {
      swept = (await db.query(sweep, [before, batchSize])).length;
      total += swept;
    } while (swept === batchSize);
  }
  return total;
}

export interface SweepOptions {
  /** Ten minutes unless told. */
  intervalMs?: number;
  onError?: (error: unknown) => void;
}

export function sweepPeriodically(
  db: Database,
  { intervalMs = 600_000, onError = () => undefined }: SweepOptions = {},
): Repetition {
  return repeat(async () => void (await sweepExpired(db, new Date())), intervalMs, onError);
}
