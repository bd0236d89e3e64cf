import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { Algorithm, SigningWebhook, Subscription, WEBHOOK_FIELDS, Webhooks } from './webhooks.ts';

interface Row {
  id: string;
  url: string;
  description: string | null;
  events: string[];
  algorithm: Algorithm;
  secret: string;
  previous_secret: string | null;
  previous_until: Date | null;
  enabled: boolean;
  created_at: Date;
  updated_at: Date;
}

// A secret that is good no more is not told.
const SELECT = `
  select id, url, description, events, algorithm, secret, enabled, created_at, updated_at,
         case when previous_until > now() then previous_secret end as previous_secret,
         case when previous_until > now() then previous_until end as previous_until
    from webhooks`;

const COLUMNS: Record<keyof typeof WEBHOOK_FIELDS, ListColumn> = {
  id: { sql: 'id', type: 'uuid' },
  url: { sql: 'url', type: 'text' },
  enabled: { sql: 'enabled', type: 'boolean' },
  createdAt: { sql: 'created_at', type: 'timestamptz' },
};

export function createPostgresWebhooks(db: Database, encryption: Encryption): Webhooks {
  const read = (row: Row): SigningWebhook => ({
    id: row.id,
    url: row.url,
    description: row.description ?? undefined,
    events: row.events,
    algorithm: row.algorithm,
    enabled: row.enabled,
    secret: encryption.decrypt(row.secret, place(row.id)),
    previousSecret: row.previous_secret === null ? undefined : encryption.decrypt(row.previous_secret, place(row.id)),
    previousUntil: row.previous_until ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });

  return {
    async list(tenantId, request) {
      const listed = { select: SELECT, where: 'tenant_id = $1', values: [tenantId], columns: COLUMNS };
      const { items, next } = await listRows<Row>(db, listed, request);
      return { items: items.map(read), next };
    },

    async find(tenantId, id) {
      if (!isUuid(id)) return undefined;
      const row = await db.one<Row>(`${SELECT} where tenant_id = $1 and id = $2`, [tenantId, id]);
      return row && read(row);
    },

    async lock(tenantId, id) {
      await bumpTenant(db, tenantId);
      await db.query('select from webhooks where tenant_id = $1 and id = $2 for no key update', [tenantId, id]);
    },

    async create(tenantId, { url, description, events, enabled, algorithm, secret }) {
      const id = uuidv7();
      await bumpTenant(db, tenantId);
      await db.query(
        `insert into webhooks (id, tenant_id, url, description, events, enabled, algorithm, secret)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, tenantId, url, description ?? null, events, enabled, algorithm, encryption.encrypt(secret, place(id))],
      );
      return id;
    },

    async update(tenantId, id, { url, description, events, enabled }) {
      await db.query(
        `update webhooks set url = $3, description = $4, events = $5, enabled = $6, updated_at = now()
          where tenant_id = $1 and id = $2`,
        [tenantId, id, url, description ?? null, events, enabled],
      );
    },

    async rotate(tenantId, id, secret, overlap) {
      await db.query(
        `update webhooks set previous_secret = secret, previous_until = now() + make_interval(secs => $4), secret = $3,
                updated_at = now()
          where tenant_id = $1 and id = $2`,
        [tenantId, id, encryption.encrypt(secret, place(id)), overlap],
      );
    },

    async remove(tenantId, id) {
      await db.query('delete from webhooks where tenant_id = $1 and id = $2', [tenantId, id]);
    },

    subscriptions: (tenantId) =>
      db.query<Subscription>('select id, events from webhooks where tenant_id = $1 and enabled order by id', [
        tenantId,
      ]),
  };
}

/** Both secrets have the same place: the one becomes the other without being read. */
function place(row: string): Place {
  return { table: 'webhooks', column: 'secret', row };
}
