// The accounts' counters in Postgres. Time is the database's, because the clocks of several processes differ.

import type { Database } from '../db/database.ts';
import { accepted } from '../outcome.ts';
import { blocked } from './attempt-limiter.ts';
import type { AttemptCounters, AttemptState, AttemptStates } from './attempt-limiter.ts';

interface Counted {
  subject: string;
  failures: number;
}

const NEXT = `case when c.last_attempt_at < now() - interval '1 day' then 1 else c.failures + 1 end`;

/** When the block ends that a count of failures brings about; null below the allowance. The exponent is kept from overflowing. */
const blockAfter = (failures: string) => `
  case when ${failures} >= $4::int
    then now() + least($6::float8, $5::float8 * 2 ^ least(${failures} - $4::int, 30)) * interval '1 second'
  end`;

/**
 * One pass over the subjects in one order, so that two attempts that share some of them cannot wait for each other. Callers at
 * once take turns at a row, and the condition on the conflict looks at what the one before has left: that is what holds them to
 * the limit. The condition on the insert keeps a subject that is not blocked from counting attempts that another one refuses.
 */
const COUNT = `
  insert into attempt_counters as c (tenant_id, kind, subject, failures, blocked_until, last_attempt_at)
  select $1::uuid, $2, subject, 1, ${blockAfter('1')}, now()
  from unnest($3::text[]) as subject
  where not exists (
    select from attempt_counters
    where tenant_id = $1 and kind = $2 and subject = any($3::text[]) and blocked_until > now()
  )
  order by subject
  on conflict (tenant_id, kind, subject) do update
    set failures = ${NEXT}, blocked_until = ${blockAfter(NEXT)}, last_attempt_at = now()
    where c.blocked_until is null or c.blocked_until <= now()
  returning subject, failures`;

const SECONDS_LEFT = `
  select extract(epoch from max(blocked_until) - now())::float8 as seconds from attempt_counters
  where tenant_id = $1 and kind = $2 and subject = any($3::text[]) and blocked_until > now()`;

/** The rows of some subjects, locked in the order in which COUNT takes them. */
const LOCKED = `
  select subject from attempt_counters
  where tenant_id = $1 and kind = $2 and subject = any($3::text[])
  order by subject for update`;

const CLEAR = `
  with locked as (${LOCKED})
  delete from attempt_counters c using locked
  where c.tenant_id = $1 and c.kind = $2 and c.subject = locked.subject`;

/** A block stays when other attempts have reached the allowance without this one, or have been counted since. */
const UNDO = `
  with locked as (${LOCKED})
  update attempt_counters c
  set failures = greatest(c.failures - 1, 0),
      blocked_until = case when c.failures > mine.failures and c.failures > $5::int then c.blocked_until end
  from locked join unnest($3::text[], $4::int[]) as mine (subject, failures) using (subject)
  where c.tenant_id = $1 and c.kind = $2 and c.subject = locked.subject`;

export function createPostgresAttemptCounters(db: Database): AttemptCounters {
  return {
    async count({ tenantId, kind, subjects }, { failures, firstBlock, longestBlock }) {
      const wanted = [...new Set(subjects)];
      const counted = await db.query<Counted>(COUNT, [tenantId, kind, wanted, failures, firstBlock, longestBlock]);
      const undo = async () => {
        const names = counted.map((row) => row.subject);
        const counts = counted.map((row) => row.failures);
        await db.query(UNDO, [tenantId, kind, names, counts, failures]);
      };
      if (counted.length === wanted.length) return accepted({ undo });

      if (counted.length > 0) await undo();
      const left = await db.one<{ seconds: number | null }>(SECONDS_LEFT, [tenantId, kind, wanted]);
      return blocked(left?.seconds ?? 0);
    },

    async clear({ tenantId, kind, subjects }) {
      await db.query(CLEAR, [tenantId, kind, subjects]);
    },
  };
}

/** What is counted on some subjects of a tenant, for an administrator to see; forgotten counts are left out. */
export function createPostgresAttemptStates(db: Database): AttemptStates {
  return (tenantId, subjects) =>
    db.query<AttemptState>(
      `select kind, subject, failures, blocked_until as "blockedUntil" from attempt_counters
        where tenant_id = $1 and subject = any($2)
          and (last_attempt_at > now() - interval '1 day' or blocked_until > now())
        order by kind, subject`,
      [tenantId, subjects],
    );
}
