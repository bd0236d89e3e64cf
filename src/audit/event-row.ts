// A row of `audit_events`, as those read it who show, seal or pass on events.

import type { LoggedEvent } from './audit-log.ts';
import type { AuditEventType } from './audit.ts';
import type { Difference } from './differences.ts';

export interface EventRow {
  id: string;
  type: AuditEventType;
  at: Date;
  actor_kind: string | null;
  actor_id: string | null;
  actor_tenant: string | null;
  subject_kind: string | null;
  subject_id: string | null;
  reason: string | null;
  detail: Record<string, unknown> | null;
  changes: Difference[] | null;
  address: string | null;
  user_agent: string | null;
  request_id: string | null;
  seal: number | null;
}

export const EVENT_COLUMNS = `
  id, type, at, actor_kind, actor_id, actor_tenant, subject_kind, subject_id, reason, detail, changes, address, user_agent,
  request_id, seal`;

export function loggedEventOf(row: EventRow): LoggedEvent {
  const { actor_kind: actorKind, actor_id: actorId, subject_kind: subjectKind, subject_id: subjectId } = row;
  return {
    id: row.id,
    type: row.type,
    at: row.at,
    actor:
      actorKind === null || actorId === null
        ? undefined
        : { kind: actorKind, id: actorId, tenant: row.actor_tenant ?? undefined },
    subject: subjectKind === null || subjectId === null ? undefined : { kind: subjectKind, id: subjectId },
    reason: row.reason ?? undefined,
    detail: row.detail ?? undefined,
    changes: row.changes ?? undefined,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    requestId: row.request_id ?? undefined,
    seal: row.seal ?? undefined,
  };
}
