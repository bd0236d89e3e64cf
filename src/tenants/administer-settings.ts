// The settings of a tenant, changed as a whole. What each may be is the schema's, what they may not be together tenant-rules.ts's.

import type { Finding } from '../config/tree.ts';
import type { TenantStore } from './administer-tenants.ts';
import type { DeclaredTenants } from './apply-configuration.ts';
import type { TenantRules } from './tenant-rules.ts';
import type { TenantSettings } from './tenant-settings.ts';
import type { Tenants } from './tenants.ts';

export interface SettingsAdministration {
  /** Until the unit of work ends nobody else changes these settings, or takes a host that they may be about to name. */
  lock(tenantId: string): Promise<void>;
  /** Undefined where there is no such tenant. */
  read(tenantId: string): Promise<TenantSettings | undefined>;
  /** Answers what stands in the way: then nothing is changed. */
  change(tenantId: string, settings: TenantSettings): Promise<Finding[]>;
}

export interface SettingsAdministrationDeps {
  tenants: Pick<Tenants, 'byId'>;
  store: Pick<TenantStore, 'lock' | 'setSettings'>;
  declared: Pick<DeclaredTenants, 'lock' | 'markChanged'>;
  rules: TenantRules;
}

export function createSettingsAdministration(deps: SettingsAdministrationDeps): SettingsAdministration {
  const { tenants, store, declared, rules } = deps;
  return {
    async lock(tenantId) {
      await declared.lock();
      await store.lock(tenantId);
    },

    read: async (tenantId) => (await tenants.byId(tenantId))?.settings,

    async change(tenantId, settings) {
      const tenant = await tenants.byId(tenantId);
      if (!tenant) throw new Error('a tenant is gone although it is locked');
      const broken = await rules.broken(tenantId, tenant, { ...tenant, settings });
      if (broken.length > 0) return broken;
      await declared.markChanged(tenantId);
      await store.setSettings(tenantId, settings);
      return [];
    },
  };
}
