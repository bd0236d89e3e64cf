import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson } from '../db/storable.ts';
import { currentRequest } from '../http/request-context.ts';
import type { AuditEvent, AuditFollower, AuditInBulk, AuditReports } from './audit.ts';
import { EVENT_COLUMNS, loggedEventOf } from './event-row.ts';
import type { EventRow } from './event-row.ts';
import { groupWrites } from './grouped-writes.ts';

/** Characters of one text: what somebody typed may be of any length. */
const LONGEST_TEXT = 500;

const INSERT = `
  insert into audit_events
    (id, tenant_id, type, actor_kind, actor_id, actor_tenant, subject_kind, subject_id, reason, detail, changes, address,
     user_agent, request_id)
  select id, tenant_id, type, actor_kind, actor_id, actor_tenant, subject_kind, subject_id, reason, detail, changes, address,
         user_agent, request_id
    from jsonb_to_recordset($1) as event
      (id uuid, tenant_id uuid, type text, actor_kind text, actor_id text, actor_tenant text, subject_kind text, subject_id text,
       reason text, detail jsonb, changes jsonb, address text, user_agent text, request_id text)`;

const INSERT_FOLLOWED = `${INSERT} returning tenant_id, ${EVENT_COLUMNS}`;

type NewRow = ReturnType<typeof rowOf>;

/** `reports` are for what has happened already, outside of any unit of work. `follower` is told of what it wants, as it is written. */
export function createPostgresAudit(db: Database, follower?: AuditFollower): AuditInBulk & { reports: AuditReports } {
  const grouped = groupWrites(insert);
  return {
    record: (event) => insert([rowOf(event)]),
    recordAll: async (events) => {
      if (events.length > 0) await insert(events.map(rowOf));
    },
    reports: {
      async record(event) {
        const row = rowOf(event);
        // Not for another's fault, such as a tenant that is gone, is an event lost.
        await grouped.add(row).catch(() => insert([row]));
      },
      settled: grouped.settled,
    },
  };

  async function insert(rows: readonly NewRow[]): Promise<void> {
    const values = [storableJson(rows, LONGEST_TEXT)];
    const wanted = await wantedOf(rows);
    if (!follower || wanted.size === 0) {
      await db.query(INSERT, values);
      return;
    }
    await db.unitOfWork(async () => {
      const written = await db.query<EventRow & { tenant_id: string }>(INSERT_FOLLOWED, values);
      for (const row of written) if (wanted.has(row.id)) await follower.follow(row.tenant_id, loggedEventOf(row));
    });
  }

  /** Ids of those that the follower wants to be told of. */
  async function wantedOf(rows: readonly NewRow[]): Promise<ReadonlySet<string>> {
    const wanted = new Set<string>();
    if (!follower) return wanted;
    for (const { id, tenant_id: tenantId, type } of rows) if (await follower.wants(tenantId, type)) wanted.add(id);
    return wanted;
  }
}

function rowOf({ type, tenantId, actor, subject, reason, detail, changes }: AuditEvent) {
  const request = currentRequest();
  return {
    id: uuidv7(),
    tenant_id: tenantId,
    type,
    actor_kind: actor?.kind,
    actor_id: actor?.id,
    actor_tenant: actor?.tenant,
    subject_kind: subject?.kind,
    subject_id: subject?.id,
    reason,
    detail,
    changes,
    address: request?.address,
    user_agent: request?.userAgent,
    request_id: request?.requestId,
  };
}
