import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import { storableJson, storableText } from '../db/storable.ts';
import { currentRequest } from '../http/request-context.ts';
import type { Audit } from './audit.ts';

/** Characters of one text: what somebody typed may be of any length. */
const LONGEST_TEXT = 500;

export function createPostgresAudit(db: Database): Audit {
  return {
    async record({ type, tenantId, actor, subject, reason, detail }) {
      const request = currentRequest();
      await db.query(
        `insert into audit_events
           (id, tenant_id, type, actor_kind, actor_id, subject_kind, subject_id, reason, detail, address, user_agent, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        [
          uuidv7(),
          tenantId,
          type,
          actor?.kind,
          storable(actor?.id),
          subject?.kind,
          storable(subject?.id),
          storable(reason),
          detail && storableJson(detail, LONGEST_TEXT),
          request?.address,
          request?.userAgent,
          request?.requestId,
        ],
      );
    },
  };
}

function storable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : storableText(text.slice(0, LONGEST_TEXT));
}
