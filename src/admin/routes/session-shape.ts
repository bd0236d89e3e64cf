// A session as the admin API shows it, to those who list a tenant's and to those who list one person's.

import { z } from 'zod';

import type { ListedSession } from '../../sessions/session-list.ts';

export const sessionShape = z
  .strictObject({
    id: z.string(),
    userId: z.uuid(),
    signedInAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    acr: z.string().nullable().describe('The level that was proven'),
    amr: z.array(z.string()).describe('By which methods (RFC 8176)'),
    proofs: z
      .array(z.strictObject({ factor: z.string(), at: z.iso.datetime() }))
      .describe('Which factor was proven when, or what stood in for one'),
    clients: z.array(z.string()).describe('Applications that are signed in within it, by client_id'),
  })
  .meta({ id: 'Session' });

export type ShownSession = z.output<typeof sessionShape>;

export function shownSession({ id, userId, signedInAt, lastSeenAt, ...session }: ListedSession): ShownSession {
  return {
    id,
    userId,
    signedInAt: signedInAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    address: session.address ?? null,
    userAgent: session.userAgent ?? null,
    acr: session.acr ?? null,
    amr: [...session.amr],
    proofs: session.proofs.map(({ factor, at }) => ({ factor, at: new Date(at * 1000).toISOString() })),
    clients: [...session.clientIds],
  };
}
