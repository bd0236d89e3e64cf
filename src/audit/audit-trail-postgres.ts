import type { Database } from '../db/database.ts';
import type { AuditEventType } from './audit.ts';
import type { AuditTrail } from './audit-trail.ts';

interface Row {
  at: Date;
  type: AuditEventType;
  client_id: string | null;
  address: string | null;
  user_agent: string | null;
}

const SUCCEEDED: AuditEventType = 'login.succeeded';
/** Ended there. What was only blocked was not even looked at, and would push the rest out of sight. */
const FAILED: readonly AuditEventType[] = ['login.failed', 'login.refused', 'second_factor.failed'];

const COLUMNS = `id, at, type, detail ->> 'client' as client_id, address, user_agent`;
const LATEST = 'order by at desc, id desc limit $4';

const SIGN_INS = `
  (select ${COLUMNS} from audit_events
    where tenant_id = $1 and subject_kind = 'user' and subject_id = $2 and type = any($3) ${LATEST})
  union all
  (select ${COLUMNS} from audit_events
    where tenant_id = $1 and subject_id is null and type = any($3)
      and detail ->> 'stableId' = $5 and detail ->> 'directory' = $6 ${LATEST})
  ${LATEST}`;

export function createPostgresAuditTrail(db: Database): AuditTrail {
  return {
    async signIns(tenantId, { userId, entry }, limit) {
      const types = [SUCCEEDED, ...FAILED];
      const rows = await db.query<Row>(SIGN_INS, [tenantId, userId, types, limit, entry?.stableId, entry?.directory]);
      return rows.map(({ at, type, client_id, address, user_agent }) => ({
        at,
        succeeded: type === SUCCEEDED,
        clientId: client_id ?? undefined,
        address: address ?? undefined,
        userAgent: user_agent ?? undefined,
      }));
    },
  };
}
