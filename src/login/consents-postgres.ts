import type { Database } from '../db/database.ts';
import { NO_ACCESS, joinAccess } from './access.ts';
import type { Consents } from './consents.ts';

interface ConsentRow {
  scopes: string[];
  claims: string[];
  resources: Record<string, string[]>;
}

const FIND = 'select scopes, claims, resources from consents where tenant_id = $1 and user_id = $2 and client_id = $3';

export function createPostgresConsents(db: Database): Consents {
  return {
    find: (tenantId, userId, clientId) => db.one<ConsentRow>(FIND, [tenantId, userId, clientId]),

    add: (tenantId, userId, clientId, allowed) =>
      db.unitOfWork(async () => {
        const who = [tenantId, userId, clientId];
        // A row that is not there yet could not be locked: of two first consents at once the second would undo the first.
        await db.query(
          `insert into consents (tenant_id, user_id, client_id, scopes, claims, resources) values ($1, $2, $3, '{}', '{}', '{}')
           on conflict do nothing`,
          who,
        );
        const before = await db.one<ConsentRow>(`${FIND} for update`, who);
        const { scopes, claims, resources } = joinAccess(before ?? NO_ACCESS, allowed);
        await db.query(
          `update consents set scopes = $4, claims = $5, resources = $6, granted_at = now()
            where tenant_id = $1 and user_id = $2 and client_id = $3`,
          [...who, scopes, claims, JSON.stringify(resources)],
        );
      }),

    async list(tenantId, userId) {
      const rows = await db.query<ConsentRow & { client_id: string; granted_at: Date }>(
        `select client_id, scopes, claims, resources, granted_at from consents
          where tenant_id = $1 and user_id = $2 order by client_id`,
        [tenantId, userId],
      );
      return rows.map(({ client_id: clientId, granted_at: grantedAt, ...access }) => ({
        clientId,
        grantedAt,
        ...access,
      }));
    },

    remove: (tenantId, userId, clientId) =>
      db.unitOfWork(async () => {
        const who = [tenantId, userId, clientId];
        const removed = await db.query(
          'delete from consents where tenant_id = $1 and user_id = $2 and client_id = $3 returning 1',
          who,
        );
        await db.query('delete from grants where tenant_id = $1 and user_id = $2 and client_id = $3', who);
        return removed.length > 0;
      }),
  };
}
