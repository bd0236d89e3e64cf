import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { OWNER_ROLE } from './built-in-roles.ts';
import type { OwnerStore } from './owners.ts';

/** $2: roles, $3: ids of groups, $4: names of groups. */
const HAS_ACTIVE = `
  with recursive inside (id) as (
    select g.id from groups g
     where g.tenant_id = $1
       and (g.id = any($3::uuid[])
            or lower(g.name) collate "C" = any(array(select lower(name) collate "C" from unnest($4::text[]) name)))
    union
    select m.member_group_id from inside
      join group_members m on m.tenant_id = $1 and m.group_id = inside.id and m.kind = 'group'),
  people (id) as (
    select h.holder::uuid from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
     where h.tenant_id = $1 and h.kind = 'user' and r.name = any($2)
    union all
    select m.user_id from inside
      join group_members m on m.tenant_id = $1 and m.group_id = inside.id and m.kind = 'user')
  select exists (
    select from people join users u on u.tenant_id = $1 and u.id = people.id
     where u.status = 'active' and coalesce(u.directory_state, 'enabled') = 'enabled') as found`;

export function createPostgresOwners(db: Database): Omit<OwnerStore, 'list'> {
  return {
    async hasActive(tenantId, { roles, groupIds, groupNames }) {
      if (roles.length === 0) return false;
      const ids = groupIds.filter((id) => isUuid(id));
      const row = await db.one<{ found: boolean }>(HAS_ACTIVE, [tenantId, roles, ids, groupNames]);
      return row?.found === true;
    },

    async localGroupsAmong(tenantId, ids) {
      const rows = await db.query<{ id: string }>(
        'select id from groups where tenant_id = $1 and id = any($2::uuid[])',
        [tenantId, ids.filter((id) => isUuid(id))],
      );
      return rows.map(({ id }) => id);
    },

    async lock(tenantId) {
      await db.query('select from roles where tenant_id = $1 and name = $2 for no key update', [tenantId, OWNER_ROLE]);
    },
  };
}
