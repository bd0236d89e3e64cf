// Roles as the serving process reads them: what a tenant's roles are, and which its clients hold, changes seldom and is told of
// (db/change-feed.ts). Who of the people was given which is always asked.

import type { TenantCaches } from '../tenants/tenant-caches.ts';
import type { GivenRole, Role, RoleStore } from './roles.ts';

export function cacheRoles(store: RoleStore, caches: TenantCaches): RoleStore {
  const list = caches.of<Role[]>((tenantId) => store.list(tenantId));
  const ofClient = caches.of<GivenRole[]>((tenantId, id) => store.givenTo(tenantId, { kind: 'client', id }));
  return {
    ...store,
    list: async (tenantId) => (await list(tenantId, 'all')) ?? [],
    givenTo: async (tenantId, holder) =>
      holder.kind === 'client' ? ((await ofClient(tenantId, holder.id)) ?? []) : store.givenTo(tenantId, holder),
  };
}
