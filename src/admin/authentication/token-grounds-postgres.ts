import type { Database } from '../../db/database.ts';
import type { TokenGrounds } from './token-caller.ts';

export function createPostgresTokenGrounds(db: Database): TokenGrounds {
  return {
    async managedGroups(tenantId, userId, clientId, { grant, session }) {
      const row = await db.one<{ groups: string[] }>(
        `select array(select m.group_id from group_managers m
                       where m.tenant_id = $1 and m.user_id = grants.user_id)::text[] as groups
           from grants
          where tenant_id = $1 and id = $2 and user_id = $3 and client_id = $4 and expires_at > now()
            and ($5::text is null or exists (select from sessions s
                 where s.tenant_id = $1 and s.uid = $5 and s.user_id = grants.user_id
                   and s.ended_at is null and s.expires_at > now()))`,
        [tenantId, grant, userId, clientId, session ?? null],
      );
      return row?.groups;
    },
  };
}
