import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { accepted, refused } from '../outcome.ts';
import type { DeclaredEntries, RoleEntry } from '../tenants/apply-configuration.ts';
import type { Owner } from '../tenants/tenants.ts';
import type { Role, RoleStore } from './roles.ts';

export function createPostgresRoles(db: Database): RoleStore {
  return {
    list: (tenantId) =>
      db.query<Role>(
        `select r.name, r.permissions, r.inherits,
                array(select h.holder from role_holders h
                      where h.tenant_id = r.tenant_id and h.role_id = r.id and h.kind = 'group') as groups
         from roles r where r.tenant_id = $1`,
        [tenantId],
      ),

    async heldBy(tenantId, { kind, id }) {
      const rows = await db.query<{ name: string }>(
        `select r.name from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
         where h.tenant_id = $1 and h.kind = $2 and h.holder = $3`,
        [tenantId, kind, id],
      );
      return rows.map((row) => row.name);
    },

    ensureRole: (tenantId, name) =>
      db.unitOfWork(async () => {
        await bumpTenant(db, tenantId);
        await db.query(
          `insert into roles (id, tenant_id, name, permissions, inherits, owner) values ($1, $2, $3, '{}', '{}', 'api')
           on conflict (tenant_id, name) do nothing`,
          [uuidv7(), tenantId, name],
        );
      }),

    setRolesOfUser: (tenantId, userId, roles) =>
      db.unitOfWork(async () => {
        if (!isUuid(userId)) return refused('unknown-user');
        // Locked, so that of two calls at once the later one's roles remain and not a mixture.
        const user = await db.one('select 1 from users where tenant_id = $1 and id = $2 for no key update', [
          tenantId,
          userId,
        ]);
        if (!user) return refused('unknown-user');
        const known = await db.query<{ id: string }>('select id from roles where tenant_id = $1 and name = any($2)', [
          tenantId,
          roles,
        ]);
        if (known.length < new Set(roles).size) return refused('unknown-role');

        const ids = known.map((role) => role.id);
        await db.query(
          `delete from role_holders
           where tenant_id = $1 and kind = 'user' and holder = $2 and role_id <> all($3::uuid[])`,
          [tenantId, userId, ids],
        );
        await db.query(
          `insert into role_holders (tenant_id, role_id, kind, holder, owner)
           select $1, role_id, 'user', $2, 'api' from unnest($3::uuid[]) role_id
           on conflict do nothing`,
          [tenantId, userId, ids],
        );
        return accepted(undefined);
      }),
  };
}

interface RoleEntryRow extends RoleEntry {
  name: string;
  owner: Owner;
}

/** Roles with the groups and clients that hold them, as the configuration file declares them. */
export function declaredRoles(db: Database): DeclaredEntries<RoleEntry> {
  return {
    async read(tenantId) {
      const rows = await db.query<RoleEntryRow>(
        `select r.name, r.owner, r.permissions, r.inherits,
                array(select h.holder from role_holders h where h.tenant_id = r.tenant_id and h.role_id = r.id
                      and h.kind = 'group' and h.owner = 'file') as groups,
                array(select h.holder from role_holders h where h.tenant_id = r.tenant_id and h.role_id = r.id
                      and h.kind = 'client' and h.owner = 'file') as clients
         from roles r where r.tenant_id = $1`,
        [tenantId],
      );
      return rows.map(({ name, owner, permissions, inherits, groups, clients }) => ({
        name,
        owner,
        value: { permissions, inherits, groups: groups.sort(), clients: clients.sort() },
      }));
    },

    async write(tenantId, name, { permissions, inherits, groups, clients }) {
      await db.query(
        `insert into roles (id, tenant_id, name, permissions, inherits, owner) values ($1, $2, $3, $4, $5, 'file')
         on conflict (tenant_id, name) do update
         set permissions = excluded.permissions, inherits = excluded.inherits, owner = 'file'`,
        [uuidv7(), tenantId, name, permissions, inherits],
      );
      await writeHolders(db, tenantId, name, 'group', groups);
      await writeHolders(db, tenantId, name, 'client', clients);
    },
  };
}

/** Whoever the file no longer gives the role loses it; what the admin API gave stays. */
async function writeHolders(
  db: Database,
  tenantId: string,
  role: string,
  kind: 'group' | 'client',
  holders: readonly string[],
): Promise<void> {
  await db.query(
    `delete from role_holders h using roles r
     where r.tenant_id = $1 and r.name = $2 and h.tenant_id = r.tenant_id and h.role_id = r.id
       and h.kind = $3 and h.owner = 'file' and h.holder <> all($4)`,
    [tenantId, role, kind, holders],
  );
  await db.query(
    `insert into role_holders (tenant_id, role_id, kind, holder, owner)
     select r.tenant_id, r.id, $3, holder, 'file' from roles r cross join unnest($4::text[]) holder
     where r.tenant_id = $1 and r.name = $2
     on conflict (tenant_id, role_id, kind, holder) do update set owner = 'file'`,
    [tenantId, role, kind, holders],
  );
}
