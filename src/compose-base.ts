// What everything else stands on: the storage with its use cases, the ephemeral store, limits, measures.

import { adminAudience } from './admin/authentication/resource.ts';
import { composeCore, warn } from './compose-core.ts';
import type { Storage } from './compose-core.ts';
import type { Configuration } from './config.ts';
import { createIsAllowedServer } from './directory/allowed-servers.ts';
import { createMemoryStore } from './ephemeral/ephemeral-memory.ts';
import { createRedisStore } from './ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from './ephemeral/ephemeral-store.ts';
import type { Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { cacheRoles } from './roles/cached-roles.ts';
import { createPostgresRoles } from './roles/roles-postgres.ts';
import { createRoles } from './roles/roles.ts';
import { createPostgresAttemptCounters } from './security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from './security/attempt-limiter.ts';
import { createGuardedRequest } from './security/guarded-request.ts';
import { createTenantCaches } from './tenants/tenant-caches.ts';
import type { TenantSettings } from './tenants/tenant-settings.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createCompleteSetUp } from './users/complete-set-up.ts';

export interface BaseOptions {
  configuration: Configuration;
  storage: Storage;
  log: Log;
}

export type Base = ReturnType<typeof composeBase>;

export function composeBase({ configuration, storage, log }: BaseOptions) {
  const { publicUrl } = configuration;
  const caches = createTenantCaches();
  const core = composeCore(storage, caches);
  const store = openEphemeral(configuration, log);
  return {
    ...storage,
    ...core,
    clients: { ...core.clients, find: caches.of(core.clients.find) },
    roles: createRoles(cacheRoles(createPostgresRoles(storage.db), caches)),
    caches,
    completeSetUp: createCompleteSetUp(core),
    publicUrl,
    production: configuration.production,
    adminAudience: adminAudience(publicUrl),
    log,
    store,
    metrics: createMetrics(),
    /** The way out to what somebody else points to. */
    outbound: createGuardedRequest(configuration.outbound),
    isAllowedServer: createIsAllowedServer(configuration.outbound.allowDirectories),
    limiter: createAttemptLimiter({ counters: createPostgresAttemptCounters(storage.db), store }),
    issuerOf: ({ slug, settings: { host } }: Pick<Tenant, 'slug'> & { settings: Pick<TenantSettings, 'host'> }) =>
      host === undefined ? `${publicUrl}/t/${slug}` : `${new URL(publicUrl).protocol}//${host}`,
  };
}

function openEphemeral({ redisUrl }: Configuration, log: Log): EphemeralStore {
  if (redisUrl === undefined) return createMemoryStore();
  return createRedisStore({ url: redisUrl, onError: warn(log, 'Redis does not answer') });
}
