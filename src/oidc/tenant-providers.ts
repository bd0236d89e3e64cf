// Tenants as they are served: one provider each, made when first asked for, kept while it is used, and swapped whole when
// something about the tenant changed, in this process or another (db/change-feed.ts tells).

import { LRUCache } from 'lru-cache';
import type { Provider } from 'oidc-provider';

import type { Sites, TenantSite } from '../http/tenant-context.ts';
import { derivedSecrets } from '../security/derived-secrets.ts';
import type { Tenant, Tenants } from '../tenants/tenants.ts';

/** About 200 KB each, warm. */
const MOST_PROVIDERS = 500;
/** A slug that nobody has is remembered too, for less long: it may be taken the next moment. */
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

type Entry = Promise<TenantSite | undefined>;

export function createTenantProviders({ tenants, issuerOf, build }: TenantProviderDeps): TenantProviders {
  const entries = new LRUCache<string, Entry>({ max: 2 * MOST_PROVIDERS });
  const keysOf = new Map<string, Set<string>>();
  let changes = 0;

  /** One making for any number of requests that ask at once; a failed one is not kept. */
  function cached(key: string, find: () => Promise<Tenant | undefined>): Entry {
    const known = entries.get(key);
    if (known) return known;
    const entry = make(key, find);
    entries.set(key, entry);
    const isCurrent = () => entries.peek(key) === entry;
    entry.then(
      (site) => {
        if (!site && isCurrent()) entries.set(key, entry, { ttl: UNKNOWN_MS });
      },
      () => {
        if (isCurrent()) entries.delete(key);
      },
    );
    return entry;
  }

  async function make(key: string, find: () => Promise<Tenant | undefined>): Entry {
    const seen = changes;
    const tenant = await find();
    // Told while the tenant was being read, a change may be of this one: what was read serves this request only.
    if (changes !== seen) entries.delete(key);
    if (!tenant) return undefined;
    const keys = keysOf.get(tenant.id) ?? new Set();
    keysOf.set(tenant.id, keys.add(key));
    return { tenant, issuer: issuerOf(tenant), provider: await build(tenant), secrets: derivedSecrets(tenant.secret) };
  }

  const byHost = (host: string) => cached(`host:${host}`, () => tenants.byHost(host));

  return {
    bySlug: (slug) => cached(`slug:${slug}`, () => tenants.bySlug(slug)),
    byHost,
    isTenantHost: async (host) => (await byHost(host)) !== undefined,

    forget(tenantId) {
      changes += 1;
      for (const key of keysOf.get(tenantId) ?? []) entries.delete(key);
      keysOf.delete(tenantId);
    },
  };
}
