// Tenants as they are served: one provider each, made when first asked for, kept while it is used, and swapped whole when
// something about the tenant changed, in this process or another (db/change-feed.ts tells).

import { LRUCache } from 'lru-cache';
import type { Provider } from 'oidc-provider';

import type { Sites, TenantSite } from '../http/tenant-context.ts';
import { derivedSecrets } from '../security/derived-secrets.ts';
import { tenantSlug } from '../tenants/tenant-settings.ts';
import type { Tenant, Tenants } from '../tenants/tenants.ts';

/** About 200 KB each, warm. */
const MOST_PROVIDERS = 500;
/** Names that nobody has are remembered apart, so that whoever makes them up drives no provider out. */
const MOST_UNKNOWN = 1000;
/** For less long: a name may be taken the next moment. */
const UNKNOWN_MS = 1000;

export interface TenantProviders extends Sites {
  /** Made anew when next asked for. */
  forget(tenantId: string): void;
}

export interface TenantProviderDeps {
  tenants: Pick<Tenants, 'bySlug' | 'byHost'>;
  issuerOf(tenant: Tenant): string;
  build(tenant: Tenant): Promise<Provider>;
}

type FindTenant = () => Promise<Tenant | undefined>;

export function createTenantProviders({ tenants, issuerOf, build }: TenantProviderDeps): TenantProviders {
  const sites = new LRUCache<string, TenantSite>({ max: 2 * MOST_PROVIDERS });
  const unknown = new LRUCache<string, true>({ max: MOST_UNKNOWN, ttl: UNKNOWN_MS });
  /** One making for any number of requests that ask at once. */
  const underWay = new Map<string, Promise<TenantSite | undefined>>();
  const keysOf = new Map<string, Set<string>>();

  async function cached(key: string, find: FindTenant): Promise<TenantSite | undefined> {
    if (unknown.has(key)) return undefined;
    return sites.get(key) ?? underWay.get(key) ?? begin(key, find);
  }

  function begin(key: string, find: FindTenant): Promise<TenantSite | undefined> {
    const making = make(find);
    underWay.set(key, making);
    // Told meanwhile, a change may be of this tenant: what was read serves those who wait for it, and nobody after.
    const isCurrent = () => underWay.get(key) === making;
    making.then(
      (site) => {
        if (isCurrent()) keep(key, site);
      },
      () => {
        if (isCurrent()) underWay.delete(key);
      },
    );
    return making;
  }

  async function make(find: FindTenant): Promise<TenantSite | undefined> {
    const tenant = await find();
    return (
      tenant && {
        tenant,
        issuer: issuerOf(tenant),
        provider: await build(tenant),
        secrets: derivedSecrets(tenant.secret),
      }
    );
  }

  function keep(key: string, site: TenantSite | undefined): void {
    underWay.delete(key);
    if (!site) {
      unknown.set(key, true);
      return;
    }
    sites.set(key, site);
    keysOf.set(site.tenant.id, (keysOf.get(site.tenant.id) ?? new Set()).add(key));
  }

  const byHost = (host: string) => cached(`host:${host}`, () => tenants.byHost(host));

  return {
    bySlug: async (slug) =>
      tenantSlug.safeParse(slug).success ? cached(`slug:${slug}`, () => tenants.bySlug(slug)) : undefined,
    byHost,
    isTenantHost: async (host) => (await byHost(host)) !== undefined,

    forget(tenantId) {
      underWay.clear();
      for (const key of keysOf.get(tenantId) ?? []) sites.delete(key);
      keysOf.delete(tenantId);
    },
  };
}
