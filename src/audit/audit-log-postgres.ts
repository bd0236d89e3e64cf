import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import type { AUDIT_FIELDS, AuditLog } from './audit-log.ts';
import { EVENT_COLUMNS, loggedEventOf } from './event-row.ts';
import type { EventRow } from './event-row.ts';

const SELECT = `select ${EVENT_COLUMNS} from audit_events`;

const COLUMNS: Record<keyof typeof AUDIT_FIELDS, ListColumn> = {
  id: { sql: 'id', type: 'uuid' },
  at: { sql: 'at', type: 'timestamptz' },
  type: { sql: 'type', type: 'text' },
  actorKind: { sql: 'actor_kind', type: 'text' },
  actorId: { sql: 'actor_id', type: 'text' },
  subjectKind: { sql: 'subject_kind', type: 'text' },
  subjectId: { sql: 'subject_id', type: 'text' },
  reason: { sql: 'reason', type: 'text' },
  requestId: { sql: 'request_id', type: 'text' },
  address: { sql: 'address', type: 'text' },
};

export function createPostgresAuditLog(db: Database): AuditLog {
  return {
    async search(tenantId, request) {
      const listed = { select: SELECT, where: 'tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<EventRow>(db, listed, request);
      return { items: items.map(loggedEventOf), next };
    },
    async find(tenantId, id) {
      if (!isUuid(id)) return undefined;
      const row = await db.one<EventRow>(`${SELECT} where tenant_id = $1 and id = $2`, [tenantId, id]);
      return row && loggedEventOf(row);
    },
  };
}
