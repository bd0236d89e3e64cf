// What is done to a tenant as a whole: made, named, suspended, and deleted after a time in which that can be withdrawn. Its settings
// and directories have use cases of their own; who may ask, If-Match and the audit trail are admin/'s.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Keys } from '../keys/keys.ts';
import type { ListRequest, Page } from '../listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { DeclaredTenants } from './apply-configuration.ts';
import { tenantSettings } from './tenant-settings.ts';
import type { TenantSettings } from './tenant-settings.ts';
import { ROOT_TENANT } from './tenants.ts';
import type { Owner, Tenant } from './tenants.ts';

/** A tenant as its administrators see it. */
export interface TenantRecord extends Pick<Tenant, 'id' | 'slug' | 'name' | 'status'> {
  settings: Pick<TenantSettings, 'host'>;
  owner: Owner;
  /** When it will be deleted, with all that is in it. */
  deleteAfter: Date | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export interface TenantStore {
  list(request: ListRequest): Promise<Page<TenantRecord>>;
  find(tenantId: string): Promise<TenantRecord | undefined>;
  /** Until the unit of work ends nobody else changes the tenant. */
  lock(tenantId: string): Promise<void>;
  rename(tenantId: string, name: string): Promise<void>;
  setSettings(tenantId: string, settings: TenantSettings): Promise<void>;
  /** Hosts that other tenants have to themselves. */
  hostsOfOthers(tenantId: string): Promise<{ slug: string; host: string }[]>;
  setStatus(tenantId: string, status: Tenant['status']): Promise<void>;
  /** Suspends it, and has it deleted after so many days. */
  requestDeletion(tenantId: string, days: number): Promise<void>;
  withdrawDeletion(tenantId: string): Promise<void>;
  /** Whether the time has come, by the database's clock. */
  isDue(tenantId: string): Promise<boolean>;
  due(): Promise<Pick<Tenant, 'id' | 'slug'>[]>;
  /** Deletes some of what is in it; answers how much, 0 when there is little left. */
  deletePart(tenantId: string): Promise<number>;
  /** Deletes the tenant with what is left in it, and tells other processes. */
  delete(tenantId: string): Promise<void>;
}

export type StatusRefusal = 'root' | 'already' | 'to-be-deleted' | 'not-to-be-deleted' | 'too-late';

export interface TenantAdministration extends Pick<TenantStore, 'list' | 'find' | 'lock' | 'rename'> {
  /** With keys, the roles that every tenant has and no settings of its own; answers its id. In the caller's unit of work. */
  create(slug: string, name: string): Promise<Outcome<string, 'slug-taken'>>;
  suspend(tenantId: string): Promise<Outcome<void, StatusRefusal>>;
  resume(tenantId: string): Promise<Outcome<void, StatusRefusal>>;
  requestDeletion(tenantId: string, days: number): Promise<Outcome<void, StatusRefusal>>;
  withdrawDeletion(tenantId: string): Promise<Outcome<void, StatusRefusal>>;
  /** Deletes the tenants whose time has come, or the one of them. Any number of processes may do so at once. */
  deleteDue(only?: string): Promise<void>;
}

export interface TenantAdministrationDeps {
  db: Pick<Database, 'unitOfWork'>;
  store: TenantStore;
  declared: Pick<DeclaredTenants, 'lock' | 'find' | 'create' | 'markChanged'>;
  keys: Pick<Keys, 'ensureKeys'>;
  audit: Audit;
}

export function createTenantAdministration(deps: TenantAdministrationDeps): TenantAdministration {
  const { db, store, declared, keys } = deps;

  /** In the caller's unit of work, once the tenant is locked. */
  async function change(
    tenantId: string,
    refusalOf: (tenant: TenantRecord) => StatusRefusal | undefined,
    work: () => Promise<void>,
  ): Promise<Outcome<void, StatusRefusal>> {
    const tenant = await store.find(tenantId);
    if (!tenant) throw new Error('a tenant is gone although it is locked');
    const refusal = tenant.slug === ROOT_TENANT ? 'root' : refusalOf(tenant);
    if (refusal) return refused(refusal);
    // What is being deleted already cannot be had back.
    if (await store.isDue(tenantId)) return refused('too-late');
    await declared.markChanged(tenantId);
    await work();
    return accepted(undefined);
  }

  return {
    list: store.list,
    find: store.find,
    lock: store.lock,

    async rename(tenantId, name) {
      await declared.markChanged(tenantId);
      await store.rename(tenantId, name);
    },

    async create(slug, name) {
      await declared.lock();
      if (await declared.find(slug)) return refused('slug-taken');
      const id = await declared.create(slug, 'api', { name, settings: tenantSettings.parse({}) });
      await keys.ensureKeys(id);
      return accepted(id);
    },

    suspend: (id) =>
      change(
        id,
        ({ status }) => (status === 'suspended' ? 'already' : undefined),
        () => store.setStatus(id, 'suspended'),
      ),

    resume: (id) =>
      change(
        id,
        ({ status, deleteAfter }) => (deleteAfter ? 'to-be-deleted' : status === 'active' ? 'already' : undefined),
        () => store.setStatus(id, 'active'),
      ),

    requestDeletion: (id, days) =>
      change(
        id,
        () => undefined,
        () => store.requestDeletion(id, days),
      ),

    withdrawDeletion: (id) =>
      change(
        id,
        ({ deleteAfter }) => (deleteAfter ? undefined : 'not-to-be-deleted'),
        () => store.withdrawDeletion(id),
      ),

    async deleteDue(only) {
      for (const tenant of await store.due()) {
        if (only === undefined || tenant.id === only) await deleteWhole(tenant, deps);
      }
    },
  };

  /** In parts, because a statement may not take long, and a tenant may have a million rows. */
  async function deleteWhole(tenant: Pick<Tenant, 'id' | 'slug'>, { audit }: TenantAdministrationDeps): Promise<void> {
    while ((await db.unitOfWork(() => store.deletePart(tenant.id))) > 0);
    await db.unitOfWork(async () => {
      await store.lock(tenant.id);
      // Another process was faster.
      if (!(await store.isDue(tenant.id))) return;
      await store.delete(tenant.id);
      const root = await declared.find(ROOT_TENANT);
      if (!root) return;
      await audit.record({
        type: 'tenant.deleted',
        tenantId: root.id,
        actor: { kind: 'system', id: 'tenants' },
        subject: { kind: 'tenant', id: tenant.id },
        detail: { slug: tenant.slug },
      });
    });
  }
}
