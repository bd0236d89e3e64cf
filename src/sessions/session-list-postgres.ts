import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import type { ListColumn } from '../db/listing.ts';
import type { Proof } from '../policy/proof.ts';
import type { ListedSession, SESSION_FIELDS, SessionList } from './session-list.ts';

interface Row {
  id: string;
  user_id: string;
  address: string | null;
  user_agent: string | null;
  acr: string | null;
  amr: string[] | null;
  proofs: Proof[] | null;
  signed_in_at: Date;
  last_seen_at: Date;
  client_ids: string[];
}

const SELECT = `
  select s.uid as id, s.user_id, s.address, s.user_agent, s.acr, s.amr, s.proofs, s.signed_in_at, s.last_seen_at,
         array(select a.client_id from session_authorizations a
                where a.tenant_id = s.tenant_id and a.session_uid = s.uid order by a.client_id) as client_ids
    from sessions s`;

const LIVE = `
  s.tenant_id = $1 and s.user_id is not null and s.signed_in_at is not null and s.ended_at is null and s.expires_at > now()`;

const OF_CLIENT = `
  and exists (select from session_authorizations a
               where a.tenant_id = s.tenant_id and a.session_uid = s.uid and a.client_id = `;

const COLUMNS: Record<keyof typeof SESSION_FIELDS, ListColumn> = {
  id: { sql: 's.uid', type: 'text' },
  userId: { sql: 's.user_id', type: 'uuid' },
  address: { sql: 's.address', type: 'text', fold: true },
  acr: { sql: 's.acr', type: 'text' },
  signedInAt: { sql: 's.signed_in_at', type: 'timestamptz' },
  lastSeenAt: { sql: 's.last_seen_at', type: 'timestamptz' },
};

export function createPostgresSessionList(db: Database): SessionList {
  return {
    async list(tenantId, request, { userId, clientId } = {}) {
      const values = [tenantId];
      let where = LIVE;
      if (userId !== undefined) where += ` and s.user_id = $${String(values.push(userId))}`;
      if (clientId !== undefined) where += `${OF_CLIENT} $${String(values.push(clientId))})`;
      const page = await listRows<Row>(db, { select: SELECT, where, values, columns: COLUMNS }, request);
      return { items: page.items.map(toSession), next: page.next };
    },

    async find(tenantId, id) {
      const row = await db.one<Row>(`${SELECT} where ${LIVE} and s.uid = $2`, [tenantId, id]);
      return row && toSession(row);
    },

    async lock(tenantId, id) {
      await db.query('select from sessions where tenant_id = $1 and uid = $2 for update', [tenantId, id]);
    },
  };
}

function toSession(row: Row): ListedSession {
  return {
    id: row.id,
    userId: row.user_id,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    acr: row.acr ?? undefined,
    amr: row.amr ?? [],
    proofs: row.proofs ?? [],
    signedInAt: row.signed_in_at,
    lastSeenAt: row.last_seen_at,
    clientIds: row.client_ids,
  };
}
