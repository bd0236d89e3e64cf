// Makes the database say what the configuration file says of tenants. It runs at every start of every replica, so it writes
// only what differs, and it never deletes: what the file no longer names is reported.

import { isDeepStrictEqual } from 'node:util';

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Keys } from '../keys/keys.ts';
import type { ClientDeclaration, DirectoryDeclaration, TenantDeclaration } from './tenant-declaration.ts';
import { tenantSettings } from './tenant-settings.ts';
import type { RoleSettings, TenantSettings } from './tenant-settings.ts';
import { ROOT_TENANT } from './tenants.ts';
import type { Owner, RoleOwner } from './tenants.ts';

type Change = 'created' | 'updated' | 'taken-over';

export interface ConfigurationChange {
  /** `taken-over`: made through the admin API, and now declared. `not-in-file`: declared once, and no longer. */
  what: Change | 'not-in-file';
  kind: 'tenant' | 'directory' | 'role' | 'client';
  /** The tenant's slug. */
  tenant: string;
  name: string;
}

export interface DirectoryEntry extends DirectoryDeclaration {
  position: number;
}
/** A role with the groups and clients that hold it, each sorted. */
export interface RoleEntry extends RoleSettings {
  clients: string[];
}
export interface TenantEntry {
  name: string;
  settings: TenantSettings;
}

export interface StoredEntry<Value> {
  name: string;
  owner: RoleOwner;
  value: Value;
}

/** One kind of entry of a tenant, in the adapter that owns its table. */
export interface DeclaredEntries<Value> {
  read(tenantId: string): Promise<StoredEntry<Value>[]>;
  /** Adds the entry or changes it, and makes the file its owner. */
  write(tenantId: string, name: string, value: Value): Promise<void>;
}

export interface DeclaredTenants {
  /** Until the unit of work ends nobody else applies a configuration. */
  lock(): Promise<void>;
  find(slug: string): Promise<(StoredEntry<TenantEntry> & { id: string }) | undefined>;
  /** Slugs of the tenants that the file owns. */
  ownedByFile(): Promise<string[]>;
  /** Makes a tenant with a secret of its own and the built-in roles; answers its id. */
  create(slug: string, owner: Owner, tenant: TenantEntry): Promise<string>;
  /** Changes the tenant, and makes the file its owner. */
  update(tenantId: string, tenant: TenantEntry): Promise<void>;
  /** Tells other processes; called before the change itself, as db/change-feed.ts asks. */
  markChanged(tenantId: string): Promise<void>;
  /** Ids of tenants that lack a built-in role: a process of the version before made them. */
  withoutBuiltInRoles(): Promise<string[]>;
  /** Writes those that are missing. */
  ensureBuiltInRoles(tenantId: string): Promise<void>;
}

export interface ApplyDependencies {
  db: Pick<Database, 'unitOfWork'>;
  tenants: DeclaredTenants;
  directories: DeclaredEntries<DirectoryEntry>;
  roles: DeclaredEntries<RoleEntry>;
  clients: DeclaredEntries<ClientDeclaration>;
  keys: Pick<Keys, 'ensureKeys'>;
  audit: Audit;
}

/**
 * Applies the file's tenants, by slug, one unit of work each; makes the root tenant where there is none. Every tenant has the built-in
 * roles then, also those that the file does not name.
 */
export async function applyConfiguration(
  declarations: Readonly<Record<string, TenantDeclaration>>,
  deps: ApplyDependencies,
): Promise<ConfigurationChange[]> {
  const changes: ConfigurationChange[] = [];
  for (const [slug, declaration] of Object.entries(declarations)) {
    changes.push(...(await deps.db.unitOfWork(() => applyTenant(slug, declaration, deps))));
  }
  changes.push(...(await deps.db.unitOfWork(() => ensureRoot(deps))));
  for (const id of await deps.tenants.withoutBuiltInRoles()) {
    await deps.db.unitOfWork(() => deps.tenants.ensureBuiltInRoles(id));
  }

  const forgotten = (await deps.tenants.ownedByFile()).filter((slug) => !Object.hasOwn(declarations, slug));
  for (const slug of forgotten) changes.push({ what: 'not-in-file', kind: 'tenant', tenant: slug, name: slug });
  return changes;
}

async function applyTenant(
  slug: string,
  declaration: TenantDeclaration,
  deps: ApplyDependencies,
): Promise<ConfigurationChange[]> {
  await deps.tenants.lock();
  const { id, what } = await applyTenantItself(slug, declaration, deps.tenants);
  await deps.keys.ensureKeys(id);

  const apply = async <Value>(
    kind: ConfigurationChange['kind'],
    entries: DeclaredEntries<Value>,
    declared: Record<string, Value>,
  ) => {
    const { differing, forgotten } = compare(await entries.read(id), declared);
    if (differing.length > 0) await deps.tenants.markChanged(id);
    for (const { name, value } of differing) await entries.write(id, name, value);
    return [...differing, ...forgotten].map(({ what, name }) => ({ what, kind, tenant: slug, name }));
  };
  const changes: ConfigurationChange[] = [
    ...(what ? [{ what, kind: 'tenant', tenant: slug, name: slug } as const] : []),
    ...(await apply('directory', deps.directories, directoryEntries(declaration))),
    ...(await apply('role', deps.roles, roleEntries(declaration))),
    ...(await apply('client', deps.clients, declaration.clients)),
  ];
  await report(id, changes, deps.audit);
  return changes;
}

async function applyTenantItself(
  slug: string,
  { name, settings }: TenantDeclaration,
  tenants: DeclaredTenants,
): Promise<{ id: string; what?: Change }> {
  const stored = await tenants.find(slug);
  if (!stored) return { id: await tenants.create(slug, 'file', { name, settings }), what: 'created' };
  const what = changeOf(stored, { name, settings });
  if (what) {
    await tenants.markChanged(stored.id);
    await tenants.update(stored.id, { name, settings });
  }
  return { id: stored.id, what };
}

function compare<Value>(stored: readonly StoredEntry<Value>[], declared: Record<string, Value>) {
  const byName = new Map(stored.map((entry) => [entry.name, entry]));
  const differing = Object.entries(declared).flatMap(([name, value]) => {
    const what = changeOf(byName.get(name), value);
    return what ? [{ what, name, value }] : [];
  });
  const forgotten = stored
    .filter(({ name, owner }) => owner === 'file' && !Object.hasOwn(declared, name))
    .map(({ name }) => ({ what: 'not-in-file', name }) as const);
  return { differing, forgotten };
}

function changeOf<Value>(stored: Omit<StoredEntry<Value>, 'name'> | undefined, declared: Value): Change | undefined {
  if (!stored) return 'created';
  if (stored.owner === 'api') return 'taken-over';
  return isSame(stored.value, declared) ? undefined : 'updated';
}

/** The root tenant is the admin API's to change, unless the file names it. */
async function ensureRoot({ tenants, keys, audit }: ApplyDependencies): Promise<ConfigurationChange[]> {
  await tenants.lock();
  if (await tenants.find(ROOT_TENANT)) return [];
  const id = await tenants.create(ROOT_TENANT, 'api', { name: 'Sallyport', settings: tenantSettings.parse({}) });
  await keys.ensureKeys(id);
  const changes = [{ what: 'created', kind: 'tenant', tenant: ROOT_TENANT, name: ROOT_TENANT } as const];
  await report(id, changes, audit);
  return changes;
}

async function report(tenantId: string, changes: readonly ConfigurationChange[], audit: Audit): Promise<void> {
  const written = changes.filter(({ what }) => what !== 'not-in-file');
  if (written.length === 0) return;
  await audit.record({
    type: 'configuration.applied',
    tenantId,
    actor: { kind: 'system', id: 'configuration' },
    subject: { kind: 'tenant', id: tenantId },
    detail: { changes: written.map(({ what, kind, name }) => `${what} ${kind} ${name}`) },
  });
}

function directoryEntries({ directories }: TenantDeclaration): Record<string, DirectoryEntry> {
  const inOrder = Object.entries(directories);
  return Object.fromEntries(inOrder.map(([name, directory], position) => [name, { ...directory, position }]));
}

/** Roles with the clients that hold them; the file says it the other way round. */
function roleEntries({ roles, clients }: TenantDeclaration): Record<string, RoleEntry> {
  const holdersOf = (role: string): string[] =>
    Object.keys(clients).filter((clientId) => clients[clientId]?.metadata.roles.includes(role));
  const entryOf = (name: string, role: RoleSettings): RoleEntry => ({
    ...role,
    groups: [...new Set(role.groups)].sort(),
    clients: holdersOf(name).sort(),
  });
  return Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, entryOf(name, role)]));
}

/** As JSON: a member left out and one that is undefined are the same, and the order of members does not count. */
function isSame(stored: unknown, declared: unknown): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(stored), plain(declared));
}
