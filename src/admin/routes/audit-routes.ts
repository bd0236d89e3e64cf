// The audit log: search it, export it, and hold it against its seals.

import { z } from 'zod';

import { AUDIT_FIELDS, exportEvents } from '../../audit/audit-log.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { Audit } from '../../audit/audit.ts';
import type { Head, Seals } from '../../audit/seals.ts';
import { eventShape, shownEvent } from '../../audit/shown-event.ts';
import { verifyAudit } from '../../audit/verify.ts';
import { actorOf } from '../caller.ts';
import { notFound, whyRefused } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface AuditRoutesDeps {
  auditLog: AuditLog;
  seals: Pick<Seals, 'after' | 'eventsOf' | 'missing' | 'unsealed'>;
  audit: Audit;
}

const EVENTS = '/tenants/{tenant}/audit-events';
const of = { tag: 'Audit', permission: 'audit:read' } as const;

const headParam = z
  .string()
  .regex(/^[1-9]\d{0,14}:[\w-]{43}$/, 'is <number>:<hash>, as an earlier verification, or the server log, told it');

const verificationShape = z
  .strictObject({
    intact: z.boolean(),
    broken: z
      .strictObject({ seal: z.int(), breach: z.string() })
      .nullable()
      .describe('The first seal that does not fit, and how (docs/audit.md)'),
    late: z
      .strictObject({ firstSeal: z.int(), seals: z.int() })
      .nullable()
      .describe(
        'sealed-late: good seals, after the one that `head` named, made more than a day after events under them (docs/audit.md)',
      ),
    seals: z.int().describe('That were found good before it'),
    events: z.int().describe('Under them'),
    unsealed: z.int().describe('Not sealed yet: events of the last two minutes, as a rule'),
    head: z
      .string()
      .nullable()
      .describe('The last good seal, as <number>:<hash>: keep it elsewhere, and give it the next time'),
  })
  .meta({ id: 'AuditVerification' });

export function auditRoutes({ auditLog, seals, audit }: AuditRoutesDeps): AdminRoute[] {
  return [
    route(
      {
        ...of,
        id: 'listAuditEvents',
        method: 'GET',
        path: EVENTS,
        summary: 'Search the audit log, the latest events first',
        lists: AUDIT_FIELDS,
        defaultSort: '-at',
        answer: eventShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await auditLog.search(tenant.id, list);
        return { body: { items: items.map(shownEvent), next } };
      },
    ),

    route(
      {
        ...of,
        id: 'getAuditEvent',
        method: 'GET',
        path: `${EVENTS}/{eventId}`,
        summary: 'Show an event of the audit log',
        params: z.strictObject({ eventId: idParam }),
        answer: eventShape,
      },
      async ({ tenant, params }) => {
        const event = await auditLog.find(tenant.id, params.eventId);
        if (!event) throw notFound('audit event');
        return { body: shownEvent(event) };
      },
    ),

    route(
      {
        ...of,
        id: 'exportAuditEvents',
        method: 'GET',
        path: `${EVENTS}:export`,
        summary: 'Export the audit log, one event a line',
        description:
          'NDJSON of every event that the filter takes, in the order asked for. The export itself is audited.',
        lists: AUDIT_FIELDS,
        defaultSort: '-at',
        gives: 'application/x-ndjson',
      },
      async ({ caller, tenant, list, stillCaller }) => {
        const subject = { kind: 'tenant', id: tenant.id } as const;
        await audit.record({ type: 'audit.exported', tenantId: tenant.id, actor: actorOf(caller, tenant.id), subject });
        return { body: exportEvents(auditLog, tenant.id, list, () => whyRefused(stillCaller)) };
      },
    ),

    route(
      {
        ...of,
        id: 'verifyAuditEvents',
        method: 'POST',
        path: `${EVENTS}:verify`,
        summary: 'Hold the audit log against its seals',
        safe: true,
        body: z.strictObject({ head: headParam.optional() }).meta({ id: 'AuditVerificationRequest' }).optional(),
        answer: verificationShape,
      },
      async ({ tenant, body }) => {
        const { broken, late, head, ...counts } = await verifyAudit(seals, tenant, headOf(body?.head));
        return {
          body: {
            intact: broken === undefined,
            broken: broken ?? null,
            late: late ?? null,
            ...counts,
            head: head ? textOfHead(head) : null,
          },
        };
      },
    ),
  ];
}

function headOf(text: string | undefined): Head | undefined {
  const [number, hash] = text?.split(':') ?? [];
  return number === undefined || hash === undefined ? undefined : { number: Number(number), hash };
}

function textOfHead({ number, hash }: Head): string {
  return `${String(number)}:${hash}`;
}
