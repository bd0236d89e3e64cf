// Tenants as a configuration file would declare them, and what applies them to a database.

import { v7 as uuidv7 } from 'uuid';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { clientMetadata } from '../../src/clients/client-metadata.ts';
import { declaredClients } from '../../src/clients/clients-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { createPostgresKeys } from '../../src/keys/keys-postgres.ts';
import { createKeys } from '../../src/keys/keys.ts';
import { declaredRoles } from '../../src/roles/roles-postgres.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { applyConfiguration } from '../../src/tenants/apply-configuration.ts';
import type { ConfigurationChange } from '../../src/tenants/apply-configuration.ts';
import type {
  ClientDeclaration,
  DirectoryDeclaration,
  TenantDeclaration,
} from '../../src/tenants/tenant-declaration.ts';
import { roleSettings, tenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { RoleSettings, TenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { declaredDirectories, declaredTenants } from '../../src/tenants/tenants-postgres.ts';

export const encryption = createEncryption([{ id: 'k1', secret: 'a secret of more than 32 characters' }]);

/** As a use case gets it; in no database. */
export function loadedTenant(parts: Partial<Tenant> = {}): Tenant {
  const rest = { status: 'active', version: 1, secret: 'a secret', directories: [] } as const;
  return { id: 't1', slug: 'acme', name: 'Acme Widgets', settings: settings(), ...rest, ...parts };
}

/** A slug that no other test has. */
export function freshSlug(): string {
  return `acme-${uuidv7()}`.slice(0, 40);
}

export function aTenantDeclaration(parts: Partial<TenantDeclaration> = {}): TenantDeclaration {
  return { name: 'Acme', settings: settings(), directories: {}, roles: {}, clients: {}, ...parts };
}

export function settings(parts: Record<string, unknown> = {}): TenantSettings {
  return tenantSettings.parse(parts);
}

export function aDirectory(bindPassword?: string, parts: Record<string, unknown> = {}): DirectoryDeclaration {
  const required = { urls: ['ldap://127.0.0.1'], bindDn: 'cn=service,dc=example', baseDn: 'dc=example' };
  return { settings: directorySettings.parse({ ...required, ...parts }), bindPassword };
}

export function aRole(parts: Record<string, unknown> = {}): RoleSettings {
  return roleSettings.parse(parts);
}

export function aClient(secret?: string, parts: Record<string, unknown> = {}): ClientDeclaration {
  return { metadata: clientMetadata.parse({ redirect_uris: ['https://app.example/callback'], ...parts }), secret };
}

export function apply(db: Database, declarations: Record<string, TenantDeclaration>): Promise<ConfigurationChange[]> {
  const audit = createPostgresAudit(db);
  return applyConfiguration(declarations, {
    db,
    tenants: declaredTenants(db, encryption),
    directories: declaredDirectories(db, encryption),
    roles: declaredRoles(db),
    clients: declaredClients(db, encryption),
    keys: createKeys(db, createPostgresKeys(db, encryption), audit),
    audit,
  });
}

/** The id of a new tenant without keys or anything else. */
export async function aTenantId(db: Database): Promise<string> {
  return declaredTenants(db, encryption).create(freshSlug(), 'api', { name: 'Acme', settings: settings() });
}

/** The id of a new directory of the tenant. */
export async function aDirectoryId(db: Database, tenantId: string, name = 'corp'): Promise<string> {
  await declaredDirectories(db, encryption).write(tenantId, name, { ...aDirectory(), position: 0 });
  const row = await db.one<{ id: string }>('select id from directories where tenant_id = $1 and name = $2', [
    tenantId,
    name,
  ]);
  if (!row) throw new Error('the directory was not stored');
  return row.id;
}
