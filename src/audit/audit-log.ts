// Searching the audit log: which events match, page by page, and one by its id. How events come into it is audit.ts's, how they are
// sealed is seals.ts's.

import { Readable } from 'node:stream';

import type { ListFields, ListRequest, Page } from '../listing.ts';
import type { AuditEventType } from './audit.ts';
import type { Difference } from './differences.ts';
import { shownEvent } from './shown-event.ts';

/** An event as it was written. */
export interface LoggedEvent {
  id: string;
  type: AuditEventType;
  at: Date;
  actor: { kind: string; id: string; tenant: string | undefined } | undefined;
  subject: { kind: string; id: string } | undefined;
  reason: string | undefined;
  detail: Readonly<Record<string, unknown>> | undefined;
  changes: readonly Difference[] | undefined;
  address: string | undefined;
  userAgent: string | undefined;
  requestId: string | undefined;
  /** Number of the seal that it is under; undefined until then. */
  seal: number | undefined;
}

const exact = { type: 'text', caseExact: true } as const;

export const AUDIT_FIELDS = {
  id: { type: 'id' },
  at: { type: 'time', sortable: true },
  type: exact,
  actorKind: exact,
  actorId: exact,
  subjectKind: exact,
  subjectId: exact,
  reason: exact,
  requestId: exact,
  address: exact,
} as const satisfies ListFields;

export interface AuditLog {
  search(tenantId: string, request: ListRequest): Promise<Page<LoggedEvent>>;
  find(tenantId: string, id: string): Promise<LoggedEvent | undefined>;
}

/** Events that are in memory at once. */
const BATCH = 500;

/**
 * Every event that matches, as NDJSON: read batch by batch, as fast as whoever reads takes it. `goOn` is asked before each: why whoever
 * exports may not do so any longer, which is the last line then.
 */
export function exportEvents(
  log: Pick<AuditLog, 'search'>,
  tenantId: string,
  request: ListRequest,
  goOn: () => Promise<string | undefined>,
): Readable {
  async function* lines(): AsyncGenerator<string> {
    let after = request.after;
    do {
      const reason = await goOn();
      if (reason !== undefined) {
        yield `${JSON.stringify({ error: { code: 'permission-denied', detail: reason } })}\n`;
        return;
      }
      const { items, next } = await log.search(tenantId, { ...request, after, limit: BATCH });
      if (items.length > 0) yield items.map((event) => `${JSON.stringify(shownEvent(event))}\n`).join('');
      after = next;
    } while (after);
  }
  return Readable.from(lines(), { objectMode: false });
}
