// How one process learns that another changed a tenant, or its clients, keys or directories: a sequence that all poll.

import type { Database } from './database.ts';
import { repeat } from './repeat.ts';
import type { Repetition } from './repeat.ts';

/**
 * Tells every process that something of the tenant changed, once the current unit of work has committed.
 *
 * The sequence's one row stays locked until then, so that versions commit in their order. The tenant's row is locked before it,
 * because a unit that has just changed that row holds it already: always in this order, units that change one tenant each cannot
 * deadlock.
 */
export async function bumpTenant(db: Database, tenantId: string): Promise<void> {
  await db.query(
    `with tenant as (select id from tenants where id = $1 for no key update),
          next as (update change_sequence set version = version + 1 where id = 1 and exists (select from tenant) returning version)
     update tenants set changed_version = next.version from next where tenants.id = $1`,
    [tenantId],
  );
}

export interface WatchOptions {
  /** 1,000 unless told. */
  intervalMs?: number;
  /** Told of each poll that failed; the next one comes all the same, and finds what this one missed. */
  onError?: (error: unknown) => void;
}

/**
 * Calls `onChanged` for each tenant that changed or is gone, at least once. The first poll names every tenant: whatever was read before it
 * may be out of date.
 */
export function watchTenants(
  db: Database,
  onChanged: (tenantId: string) => void,
  { intervalMs = 1_000, onError = () => undefined }: WatchOptions = {},
): Repetition {
  let seen = -1;

  async function poll(): Promise<void> {
    const sequence = await db.one<{ version: number }>('select version from change_sequence where id = 1');
    if (sequence === undefined || sequence.version === seen) return;
    const changed = await db.query<{ id: string }>(
      `select id from tenants where changed_version > $1 union all select id from deleted_tenants where version > $1`,
      [seen],
    );
    for (const { id } of changed) onChanged(id);
    seen = sequence.version;
  }
  return repeat(poll, intervalMs, onError);
}
