import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../db/database.ts';
import type { LinkPurpose, LinkStore, StoredLink } from './links.ts';

interface Row {
  user_id: string;
  purpose: LinkPurpose;
  sent_to: string | null;
}

export function createPostgresLinks(db: Database): LinkStore {
  return {
    add: ({ tenantId, userId, purpose, tokenHash, sentTo, expiresAt }) =>
      db.unitOfWork(async () => {
        // In turn: of two that are made at once the later one stays.
        await db.query('select from users where tenant_id = $1 and id = $2 for no key update', [tenantId, userId]);
        await db.query('delete from one_time_links where tenant_id = $1 and user_id = $2 and purpose = $3', [
          tenantId,
          userId,
          purpose,
        ]);
        await db.query(
          `insert into one_time_links (id, tenant_id, user_id, purpose, token_hash, sent_to, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)`,
          [uuidv7(), tenantId, userId, purpose, tokenHash, sentTo ?? null, expiresAt],
        );
      }),

    async find(tenantId, tokenHash, now) {
      const row = await db.one<Row>(
        `select user_id, purpose, sent_to from one_time_links
          where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3`,
        [tenantId, tokenHash, now],
      );
      return row && toLink(row);
    },

    async use(tenantId, tokenHash, now) {
      const row = await db.one<Row>(
        `update one_time_links set used_at = $3
          where tenant_id = $1 and token_hash = $2 and used_at is null and expires_at > $3
         returning user_id, purpose, sent_to`,
        [tenantId, tokenHash, now],
      );
      return row && toLink(row);
    },
  };
}

function toLink({ user_id, purpose, sent_to }: Row): StoredLink {
  return { userId: user_id, purpose, sentTo: sent_to ?? undefined };
}
