// An audit event as it is shown: by the admin API, in an export, and to webhooks. Nothing secret is in one to begin with.

import { z } from 'zod';

import type { LoggedEvent } from './audit-log.ts';

export const eventShape = z
  .strictObject({
    id: z.uuid(),
    type: z.string().describe('As `login.succeeded`'),
    at: z.iso.datetime(),
    actor: z
      .strictObject({
        kind: z.string().describe('`user`, `client`, `api-key` or `system`'),
        id: z.string(),
        tenant: z.string().nullable().describe('Slug of the tenant whose administrator it is, where it is another one'),
      })
      .nullable()
      .describe('Who did it'),
    subject: z.strictObject({ kind: z.string(), id: z.string() }).nullable().describe('What it was done to'),
    reason: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable(),
    changes: z
      .array(z.strictObject({ at: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }))
      .nullable()
      .describe('What a write made different, each as a JSON pointer; secrets are not shown'),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string().nullable(),
    sealed: z.number().int().nullable().describe('Number of the seal that it is under; null until then'),
  })
  .meta({ id: 'AuditEvent' });

export type ShownEvent = z.output<typeof eventShape>;

export function shownEvent({ id, type, at, actor, subject, seal, ...event }: LoggedEvent): ShownEvent {
  return {
    id,
    type,
    at: at.toISOString(),
    actor: actor ? { kind: actor.kind, id: actor.id, tenant: actor.tenant ?? null } : null,
    subject: subject ?? null,
    reason: event.reason ?? null,
    detail: event.detail ?? null,
    changes: event.changes ? [...event.changes] : null,
    address: event.address ?? null,
    userAgent: event.userAgent ?? null,
    requestId: event.requestId ?? null,
    sealed: seal ?? null,
  };
}
