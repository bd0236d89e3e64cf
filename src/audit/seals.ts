// Seals on the audit log. Events are sealed in batches, some time after they were written, and each seal includes the one before:
// whoever changes, removes, adds or reorders what is sealed cannot make the seals good again without the tenant's secret, which is
// encrypted under a key that the database does not hold. Whoever writes to the database can still take seals away and have the
// server seal the rest anew: `sealedAt` shows that where events keep their times, and a head kept elsewhere always. The rows are
// seals-postgres.ts's.

import { createHmac } from 'node:crypto';

import type { EventRow } from './event-row.ts';

/** A time with its microseconds, which a Date would lose. */
export type SealedEvent = Omit<EventRow, 'at' | 'seal'> & { at: string };

export interface Seal {
  /** Counts from 1 within the tenant. */
  number: number;
  /** How many are under it. */
  events: number;
  /** Of the seal before; of the first one, empty. */
  previousHash: string;
  /** HMAC-SHA-256, base64url. */
  hash: string;
  /** By the server's clock, not the database's. */
  sealedAt: Date;
}

/** The last seal: whoever keeps it elsewhere can tell later that nothing was cut off behind it. */
export type Head = Pick<Seal, 'number' | 'hash'>;

export interface Seals {
  /**
   * Seals a tenant's oldest unsealed events that are older than `olderThan` seconds, in one transaction; at most `limit`. Answers
   * the seal; undefined where there is nothing to seal, or another process is at it.
   */
  sealNext(tenantId: string, key: Buffer, olderThan: number, limit: number): Promise<Seal | undefined>;
  /** Tenants with events to seal. */
  tenantsToSeal(olderThan: number): Promise<string[]>;
  last(tenantId: string): Promise<Head | undefined>;
  /** Up to `limit` seals after this number, in their order. */
  after(tenantId: string, number: number, limit: number): Promise<Seal[]>;
  /** The events under a seal, in their order; at most `limit`. */
  eventsOf(tenantId: string, number: number, limit: number): Promise<SealedEvent[]>;
  /** The lowest number that events bear and no seal has, where all from 1 to `last` are there. */
  missing(tenantId: string, last: number): Promise<number | undefined>;
  unsealed(tenantId: string): Promise<number>;
}

/** A seal may be over so many events. */
export const BATCH = 1000;

/** Of a seal with its events in the order of their time and id. */
export function sealHash(key: Buffer, seal: Omit<Seal, 'hash'>, events: readonly SealedEvent[]): string {
  const hmac = createHmac('sha256', key);
  const line = (value: unknown) => hmac.update(`${canonical(value)}\n`);
  line([seal.previousHash, seal.number, seal.events, seal.sealedAt.toISOString()]);
  for (const event of events) line(fieldsOf(event));
  return hmac.digest('base64url');
}

/** In this order for ever: what is sealed could not be verified otherwise. */
function fieldsOf(event: SealedEvent): unknown[] {
  return [
    ...[event.id, event.type, event.at],
    ...[event.actor_kind, event.actor_id, event.actor_tenant, event.subject_kind, event.subject_id],
    ...[event.reason, event.detail, event.changes],
    ...[event.address, event.user_agent, event.request_id],
  ];
}

/** JSON whose objects have their members in order, for jsonb keeps no order of its own to rely on. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
