import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { accepted, refused } from '../outcome.ts';
import type { DeclaredEntries, RoleEntry } from '../tenants/apply-configuration.ts';
import type { RoleOwner } from '../tenants/tenants.ts';
import { withBuiltIns } from './built-in-roles.ts';
import type { GivenRole, Role, RoleHolder, RoleStore } from './roles.ts';

export function createPostgresRoles(db: Database): RoleStore {
  return {
    async list(tenantId) {
      const roles = await db.query<Role>(
        `select r.name, r.owner, r.permissions, r.inherits,
                array(select h.holder from role_holders h
                      where h.tenant_id = r.tenant_id and h.role_id = r.id and h.kind = 'group') as groups
         from roles r where r.tenant_id = $1`,
        [tenantId],
      );
      const types = await db.query<{ name: string }>('select name from resource_types where tenant_id = $1', [
        tenantId,
      ]);
      return withBuiltIns(
        roles,
        types.map(({ name }) => name),
      );
    },

    givenTo: (tenantId, { kind, id }) =>
      db.query<GivenRole>(
        `select r.name, h.owner from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
         where h.tenant_id = $1 and h.kind = $2 and h.holder = $3 order by r.name`,
        [tenantId, kind, id],
      ),

    setRolesOf: (tenantId, holder, roles) =>
      db.unitOfWork(async () => {
        if (!(await lockHolder(db, tenantId, holder))) return refused('unknown-user');
        const known = await db.query<{ id: string }>('select id from roles where tenant_id = $1 and name = any($2)', [
          tenantId,
          roles,
        ]);
        if (known.length < new Set(roles).size) return refused('unknown-role');
        await writeRolesOf(
          db,
          tenantId,
          holder,
          known.map((role) => role.id),
        );
        return accepted(undefined);
      }),
  };
}

/**
 * So that of two calls at once the later one's roles remain and not a mixture. What clients and groups hold is cached: telling
 * that it changes locks the tenant as well.
 */
async function lockHolder(db: Database, tenantId: string, { kind, id }: RoleHolder): Promise<boolean> {
  if (kind !== 'user') {
    await bumpTenant(db, tenantId);
    return true;
  }
  if (!isUuid(id)) return false;
  const user = await db.one('select 1 from users where tenant_id = $1 and id = $2 for no key update', [tenantId, id]);
  return user !== undefined;
}

async function writeRolesOf(
  db: Database,
  tenantId: string,
  { kind, id }: RoleHolder,
  roleIds: readonly string[],
): Promise<void> {
  await db.query(
    `delete from role_holders
     where tenant_id = $1 and kind = $2 and holder = $3 and owner = 'api' and role_id <> all($4::uuid[])`,
    [tenantId, kind, id, roleIds],
  );
  await db.query(
    `insert into role_holders (tenant_id, role_id, kind, holder, owner)
     select $1, role_id, $2, $3, 'api' from unnest($4::uuid[]) role_id
     on conflict do nothing`,
    [tenantId, kind, id, roleIds],
  );
}

interface RoleEntryRow extends RoleEntry {
  name: string;
  owner: RoleOwner;
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
      const written = await db.query(
        `insert into roles (id, tenant_id, name, permissions, inherits, owner) values ($1, $2, $3, $4, $5, 'file')
         on conflict (tenant_id, name) do update
         set permissions = excluded.permissions, inherits = excluded.inherits, owner = 'file', updated_at = now()
         where roles.owner <> 'system'
         returning id`,
        [uuidv7(), tenantId, name, permissions, inherits],
      );
      // config/tenant-checks.ts says so earlier, and better.
      if (written.length === 0) throw new Error(`the role ${name} is built in`);
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
