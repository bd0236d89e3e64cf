// The OpenID provider of each tenant.

import type { Provider } from 'oidc-provider';

import type { Base } from './compose-base.ts';
import type { PageParts } from './compose-pages.ts';
import type { People } from './compose-people.ts';
import { reportEvents } from './oidc/events.ts';
import { createGroupsTickets } from './oidc/groups-tickets.ts';
import { createGuardedFetch } from './oidc/guarded-fetch.ts';
import { createProviderPages } from './oidc/provider-pages.ts';
import { createProvider } from './oidc/provider.ts';
import { createTenantProviders } from './oidc/tenant-providers.ts';
import { deliverable } from './tenants/deliverable.ts';
import type { Tenant } from './tenants/tenants.ts';

export function composeProtocol(
  base: Base,
  { sender, messages }: PageParts,
  people: People,
  channels: Parameters<typeof deliverable>[1],
) {
  const { store, keys, audit, tenants, issuerOf } = base;
  const tickets = createGroupsTickets(store, issuerOf);
  const guardedFetch = createGuardedFetch(base.outbound);

  async function build(tenant: Tenant): Promise<Provider> {
    const provider = createProvider(tenant, issuerOf(tenant), await keys.signingKeys(tenant.id), {
      ...base,
      ...people,
      tickets,
      guardedFetch,
      pages: createProviderPages({ ...base, sender }),
      languages: messages.languages,
      sessionEnded: ({ uid, userId }) =>
        audit.record({
          type: 'session.ended',
          tenantId: tenant.id,
          ...(userId === undefined ? {} : { actor: { kind: 'user', id: userId } }),
          subject: { kind: 'session', id: uid },
        }),
    });
    reportEvents(provider, tenant, { ...base, audit: audit.reports });
    return provider;
  }
  const served = (tenant: Tenant | undefined) => tenant && deliverable(tenant, channels);
  const sites = createTenantProviders({
    tenants: {
      bySlug: async (slug) => served(await tenants.bySlug(slug)),
      byHost: async (host) => served(await tenants.byHost(host)),
    },
    issuerOf,
    build,
  });
  return { tickets, sites };
}
