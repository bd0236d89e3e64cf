import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import type { Database } from '../db/database.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { ChannelName, Claim, ClaimedDelivery, Delivery, DeliveryStatus, Outbox } from './delivery.ts';

const CHANNELS: readonly ChannelName[] = ['email', 'sms', 'webhook'];
const LONGEST_REASON = 300;
const UNREADABLE = 'the message cannot be decrypted';

const emailBody = z.object({ to: z.string(), subject: z.string(), text: z.string(), html: z.string() });
const smsBody = z.object({ to: z.string(), text: z.string() });
const webhookBody = z.object({
  tenantId: z.string(),
  webhookId: z.string(),
  eventType: z.string(),
  body: z.string(),
});

interface Row {
  id: string;
  tenant_id: string;
  channel: Delivery['channel'];
  body: string;
  attempts: number;
  expires_at: Date;
}

// Times are the database's own, so that workers on machines whose clocks differ agree about a lease.

const INSERT = `
  insert into outbox (id, tenant_id, channel, body, expires_at) values ($1, $2, $3, $4, $5)`;

/** Locked until the end of the transaction: a webhook that somebody has just removed fails no login. */
const INSERT_FOR_WEBHOOK = `
  insert into outbox (id, tenant_id, channel, body, expires_at, webhook_id, event_type)
  select $1, $2, 'webhook', $3, $4, id, $6 from webhooks where tenant_id = $2 and id = $5 for key share`;

/** A claim is an attempt that is due again later: nothing has to notice when a process dies with it. */
const CLAIM = `
  with due as materialized (
    select id from outbox where state = 'ready' and run_at <= now() and channel = any($3)
     order by run_at limit $1 for update skip locked
  )
  update outbox set attempts = attempts + 1, run_at = now() + make_interval(secs => $2)
  from due where outbox.id = due.id
  returning outbox.id, tenant_id, channel, body, attempts, expires_at`;

// The number of the attempt tells our claim from a later one, after a lease that ran out.
const OURS = `id = $1 and attempts = $2 and state = 'ready'`;

const MARK_SENT = `update outbox set state = 'sent', body = case when channel = 'webhook' then body end, last_error = null where ${OURS}`;

/** What has expired is not sent any more, whether or not a worker has noticed. */
const STATUS = `
  select case when state = 'sent' then 'sent' when state = 'ready' and expires_at > now() then 'waiting' else 'failed' end
    as status
  from outbox where tenant_id = $1 and id = $2`;

const POSTPONE = `
  update outbox set run_at = now() + make_interval(secs => $3), last_error = $4 where ${OURS}`;

const EXPLAIN = `update outbox set last_error = $3 where ${OURS}`;

// Of a dead message, run_at says when it died. Nobody sends it any more, so its body is no use to anybody who should have it; but an
// event is no secret to who administers the tenant, and can be sent again.
const BURY = `
  update outbox set state = 'dead', body = case when channel = 'webhook' then body end, last_error = $3, run_at = now() where ${OURS}`;

const FORGET_DEAD = `
  delete from outbox where state = 'dead' and run_at < now() - interval '30 days'`;

export function createPostgresOutbox(db: Database, encryption: Encryption): Outbox {
  async function bury({ id, attempt }: Claim, reason: string): Promise<void> {
    await db.query(BURY, [id, attempt, bounded(reason)]);
    await db.query(FORGET_DEAD);
  }

  /** Undefined for a body that cannot be read here. Another process may have the key, so it is left until it expires. */
  async function open(row: Row): Promise<ClaimedDelivery | undefined> {
    const { id, attempts } = row;
    try {
      return {
        id,
        tenantId: row.tenant_id,
        ...contentOf(row.channel, JSON.parse(encryption.decrypt(row.body, place(id)))),
        attempt: attempts,
        expiresAt: row.expires_at,
      };
    } catch {
      if (row.expires_at.getTime() <= Date.now()) await bury({ id, attempt: attempts }, UNREADABLE);
      else await db.query(EXPLAIN, [id, attempts, UNREADABLE]);
      return undefined;
    }
  }

  return {
    async add({ tenantId, channel, message, expiresAt }) {
      const id = uuidv7();
      const sealed = encryption.encrypt(JSON.stringify(message), place(id));
      if (channel === 'webhook') {
        const { webhookId, eventType } = message;
        await db.query(INSERT_FOR_WEBHOOK, [id, tenantId, sealed, expiresAt, webhookId, eventType]);
      } else {
        await db.query(INSERT, [id, tenantId, channel, sealed, expiresAt]);
      }
      return id;
    },
    async status(tenantId, id) {
      return (await db.one<{ status: DeliveryStatus }>(STATUS, [tenantId, id]))?.status;
    },
    async claim(limit, leaseSeconds, channels = CHANNELS) {
      const rows = await db.query<Row>(CLAIM, [limit, leaseSeconds, channels]);
      const claimed = await Promise.all(rows.map(open));
      return claimed.filter((one) => one !== undefined);
    },
    async markSent({ id, attempt }) {
      await db.query(MARK_SENT, [id, attempt]);
    },
    async postpone({ id, attempt }, seconds, reason) {
      await db.query(POSTPONE, [id, attempt, seconds, bounded(reason)]);
    },
    bury,
  };
}

function contentOf(channel: Delivery['channel'], body: unknown) {
  switch (channel) {
    case 'email':
      return { channel, message: emailBody.parse(body) };
    case 'sms':
      return { channel, message: smsBody.parse(body) };
    case 'webhook':
      return { channel, message: webhookBody.parse(body) };
  }
}

function place(row: string): Place {
  return { table: 'outbox', column: 'body', row };
}

function bounded(reason: string): string {
  return reason.slice(0, LONGEST_REASON);
}
