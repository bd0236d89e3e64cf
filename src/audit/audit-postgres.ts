import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson } from '../db/storable.ts';
import { currentRequest } from '../http/request-context.ts';
import type { Audit, AuditEvent, AuditReports } from './audit.ts';
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

/** `reports` are for what has happened already, outside of any unit of work. */
export function createPostgresAudit(db: Database): Audit & { reports: AuditReports } {
  const insert = async (events: readonly object[]): Promise<void> => {
    await db.query(INSERT, [storableJson(events, LONGEST_TEXT)]);
  };
  const grouped = groupWrites(insert);
  return {
    record: (event) => insert([rowOf(event)]),
    reports: {
      async record(event) {
        const row = rowOf(event);
        // Not for another's fault, such as a tenant that is gone, is an event lost.
        await grouped.add(row).catch(() => insert([row]));
      },
      settled: grouped.settled,
    },
  };
}

function rowOf({ type, tenantId, actor, subject, reason, detail, changes }: AuditEvent): object {
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
