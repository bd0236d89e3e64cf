import { v7 as uuidv7, validate as isUuid } from 'uuid';

import { bumpTenant } from '../db/change-feed.ts';
import type { Database } from '../db/database.ts';
import { directorySettings } from '../directory/directory-settings.ts';
import type { DirectorySettings } from '../directory/directory-settings.ts';
import { BUILT_IN_ROLES, OWNER_ROLE } from '../roles/built-in-roles.ts';
import { newTenantSecret } from '../security/derived-secrets.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import type { DeclaredEntries, DeclaredTenants, DirectoryEntry } from './apply-configuration.ts';
import { readStored, withoutDefaults } from './stored-settings.ts';
import { tenantSettings, tenantSlug } from './tenant-settings.ts';
import type { TenantSettings } from './tenant-settings.ts';
import type { Owner, Tenant, TenantDirectory, Tenants } from './tenants.ts';

interface TenantRow {
  id: string;
  slug: string;
  name: string;
  status: Tenant['status'];
  settings: unknown;
  secret: string;
  changed_version: number;
  directories: DirectoryRow[];
}

interface DirectoryRow {
  id: string;
  name: string;
  position: number;
  settings: unknown;
  bind_password: string | null;
}

/** One statement, so that what is read belongs to the version that is read. */
const SELECT_TENANT = `
  select t.id, t.slug, t.name, t.status, t.settings, t.secret, t.changed_version,
         coalesce((select jsonb_agg(to_jsonb(d) order by d.position, d.name) from directories d where d.tenant_id = t.id),
                  '[]') as directories
  from tenants t`;

export function createPostgresTenants(db: Database, encryption: Encryption): Tenants {
  const readRow = (row: TenantRow): Tenant => ({
    id: row.id,
    slug: row.slug,
    name: row.name,
    status: row.status,
    settings: readStored(tenantSettings, row.settings),
    secret: encryption.decrypt(row.secret, secretPlace(row.id)),
    directories: row.directories.map((directory) => readDirectory(directory, encryption)),
    version: row.changed_version,
  });
  const one = async (text: string, value: string): Promise<Tenant | undefined> => {
    const row = await db.one<TenantRow>(text, [value]);
    return row && readRow(row);
  };

  return {
    // A path can hold anything, NUL as well, which Postgres refuses to compare.
    bySlug: async (slug) =>
      tenantSlug.safeParse(slug).success ? one(`${SELECT_TENANT} where t.slug = $1`, slug) : undefined,
    byHost: (host) => one(`${SELECT_TENANT} where lower(t.settings ->> 'host') = lower($1)`, host),
    byId: async (id) => (isUuid(id) ? one(`${SELECT_TENANT} where t.id = $1`, id) : undefined),
    list: async () => (await db.query<TenantRow>(`${SELECT_TENANT} order by t.slug`)).map(readRow),
  };
}

export function declaredTenants(db: Database, encryption: Encryption): DeclaredTenants {
  return {
    async lock() {
      await db.query(`select pg_advisory_xact_lock(hashtext('apply configuration'))`);
    },

    async find(slug) {
      const row = await db.one<Pick<TenantRow, 'id' | 'name' | 'settings'> & { owner: Owner }>(
        'select id, name, owner, settings from tenants where slug = $1',
        [slug],
      );
      if (!row) return undefined;
      const value = { name: row.name, settings: readStored(tenantSettings, row.settings) };
      return { id: row.id, name: slug, owner: row.owner, value };
    },

    async ownedByFile() {
      const rows = await db.query<{ slug: string }>(`select slug from tenants where owner = 'file' order by slug`);
      return rows.map((row) => row.slug);
    },

    async create(slug, owner, { name, settings }) {
      const id = uuidv7();
      await db.query(
        `insert into tenants (id, slug, name, settings, secret, owner, changed_version) values ($1, $2, $3, $4, $5, $6, 0)`,
        [id, slug, name, storedTenantSettings(settings), encryption.encrypt(newTenantSecret(), secretPlace(id)), owner],
      );
      await writeBuiltInRoles(db, id);
      return id;
    },

    async update(tenantId, { name, settings }) {
      // What the file declares is served, whatever was to become of it before.
      await db.query(
        `update tenants set name = $2, settings = $3, owner = 'file', status = 'active', delete_after = null, updated_at = now()
         where id = $1`,
        [tenantId, name, storedTenantSettings(settings)],
      );
    },

    markChanged: (tenantId) => bumpTenant(db, tenantId),

    async withoutBuiltInRoles() {
      const rows = await db.query<{ id: string }>(
        `select t.id from tenants t
          where (select count(*) from roles r where r.tenant_id = t.id and r.owner = 'system') < $1 order by t.slug`,
        [BUILT_IN_ROLES.length],
      );
      return rows.map((row) => row.id);
    },

    ensureBuiltInRoles: (tenantId) => writeBuiltInRoles(db, tenantId),
  };
}

/** `admin create` of the version before made `owner` as a role that permits nothing: whoever got it is meant to be an administrator. */
async function writeBuiltInRoles(db: Database, tenantId: string): Promise<void> {
  await bumpTenant(db, tenantId);
  await db.query(
    `insert into roles (id, tenant_id, name, permissions, inherits, owner)
     select gen_random_uuid(), $1, name, '{}', '{}', 'system' from unnest($2::text[]) name
     on conflict (tenant_id, name) do update set owner = 'system', updated_at = now()
     where roles.owner = 'api' and roles.name = $3 and roles.permissions = '{}' and roles.inherits = '{}'`,
    [tenantId, BUILT_IN_ROLES, OWNER_ROLE],
  );
}

export function declaredDirectories(db: Database, encryption: Encryption): DeclaredEntries<DirectoryEntry> {
  return {
    async read(tenantId) {
      const rows = await db.query<DirectoryRow & { owner: Owner }>(
        'select id, name, owner, position, settings, bind_password from directories where tenant_id = $1',
        [tenantId],
      );
      return rows.map((row) => {
        const { position, settings, bindPassword } = readDirectory(row, encryption);
        return { name: row.name, owner: row.owner, value: { position, settings, bindPassword } };
      });
    },

    async write(tenantId, name, { position, settings, bindPassword }) {
      const known = await db.one<{ id: string }>('select id from directories where tenant_id = $1 and name = $2', [
        tenantId,
        name,
      ]);
      const id = known?.id ?? uuidv7();
      const sealed = bindPassword === undefined ? null : encryption.encrypt(bindPassword, bindPasswordPlace(id));
      await db.query(
        `insert into directories (id, tenant_id, name, position, settings, bind_password, owner)
         values ($1, $2, $3, $4, $5, $6, 'file')
         on conflict (tenant_id, name) do update
         set position = excluded.position, settings = excluded.settings, bind_password = excluded.bind_password, owner = 'file'`,
        [id, tenantId, name, position, JSON.stringify(settings), sealed],
      );
    },
  };
}

function readDirectory(row: DirectoryRow, encryption: Encryption): TenantDirectory {
  const { id, name, position, bind_password } = row;
  const settings = readDirectorySettings(row.settings);
  const bindPassword = bind_password === null ? undefined : encryption.decrypt(bind_password, bindPasswordPlace(id));
  return { id, name, position, settings, bindPassword };
}

/** As the column has them. */
export function readDirectorySettings(stored: unknown): DirectorySettings {
  return readStored(directorySettings, stored);
}

/** As the column has them. */
export function storedTenantSettings(settings: TenantSettings): string {
  return JSON.stringify(withoutDefaults(tenantSettings, settings));
}

function secretPlace(tenantId: string): Place {
  return { table: 'tenants', column: 'secret', row: tenantId };
}

export function bindPasswordPlace(directoryId: string): Place {
  return { table: 'directories', column: 'bind_password', row: directoryId };
}
