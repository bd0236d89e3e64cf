import { validate as isUuid } from 'uuid';
import { z } from 'zod';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import { maskAddress, maskNumber } from '../second-factors/contacts.ts';
import type { Encryption } from '../security/encryption.ts';
import type { DELIVERY_FIELDS, Deliveries, ListedDelivery } from './deliveries.ts';
import type { ChannelName, DeliveryStatus } from './delivery.ts';

interface Row {
  id: string;
  channel: ChannelName;
  status: DeliveryStatus;
  body: string | null;
  webhook_id: string | null;
  url: string | null;
  event_type: string | null;
  attempts: number;
  last_error: string | null;
  created_at: Date;
  run_at: Date;
  expires_at: Date;
}

/** What has expired is not sent any more, whether or not a worker has noticed. */
const STATUS = `
  case when o.state = 'sent' then 'sent' when o.state = 'ready' and o.expires_at > now() then 'waiting' else 'failed' end`;

const SELECT = `
  select o.id, o.channel, ${STATUS} as status, o.body, o.webhook_id, w.url, o.event_type, o.attempts, o.last_error,
         o.created_at, o.run_at, o.expires_at
    from outbox o left join webhooks w on w.id = o.webhook_id`;

const COLUMNS: Record<keyof typeof DELIVERY_FIELDS, ListColumn> = {
  id: { sql: 'o.id', type: 'uuid' },
  status: { sql: STATUS, type: 'text' },
  channel: { sql: 'o.channel', type: 'text' },
  webhookId: { sql: 'o.webhook_id', type: 'uuid' },
  eventType: { sql: 'o.event_type', type: 'text' },
  createdAt: { sql: 'o.created_at', type: 'timestamptz' },
};

const recipient = z.object({ to: z.string() });

export function createPostgresDeliveries(db: Database, encryption: Encryption): Deliveries {
  const read = (row: Row): ListedDelivery => ({
    id: row.id,
    channel: row.channel,
    status: row.status,
    recipient: recipientOf(row),
    webhookId: row.webhook_id ?? undefined,
    eventType: row.event_type ?? undefined,
    attempts: row.attempts,
    lastError: row.last_error ?? undefined,
    createdAt: row.created_at,
    nextAttemptAt: row.status === 'waiting' ? row.run_at : undefined,
    expiresAt: row.expires_at,
    hasBody: row.body !== null,
  });

  function recipientOf({ id, channel, body, url }: Row): string | undefined {
    if (channel === 'webhook') return url === null ? undefined : new URL(url).host;
    if (body === null) return undefined;
    try {
      const { to } = recipient.parse(
        JSON.parse(encryption.decrypt(body, { table: 'outbox', column: 'body', row: id })),
      );
      return channel === 'sms' ? maskNumber(to) : maskAddress(to);
    } catch {
      // Written under a key that only another process has.
      return undefined;
    }
  }

  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'o.tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(read), next };
    },

    async find(tenantId, id) {
      if (!isUuid(id)) return undefined;
      const row = await db.one<Row>(`${SELECT} where o.tenant_id = $1 and o.id = $2`, [tenantId, id]);
      return row && read(row);
    },

    async lock(tenantId, id) {
      await db.query('select from outbox where tenant_id = $1 and id = $2 for update', [tenantId, id]);
    },

    async sendAgain(tenantId, id, expiresAt) {
      await db.query(
        `update outbox set state = 'ready', attempts = 0, run_at = now(), expires_at = $3, last_error = null
          where tenant_id = $1 and id = $2 and body is not null`,
        [tenantId, id, expiresAt],
      );
    },

    async hasten(tenantId, id) {
      // Within the lease of a claim it is being sent, or due in a moment anyway.
      await db.query(
        `update outbox set run_at = now()
          where tenant_id = $1 and id = $2 and state = 'ready' and run_at > now() + interval '60 seconds'`,
        [tenantId, id],
      );
    },
  };
}
