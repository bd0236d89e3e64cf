// The composition root: every adapter and use case, built once, in one place. What exists for each tenant (providers,
// directories) is handed on as a factory.

import type Koa from 'koa';

import { accountRoutes } from './account/account-routes.ts';
import { createApp, createOpsApp } from './app.ts';
import { sealPeriodically } from './audit/sealing.ts';
import { composeAdmin, serveAdmin } from './compose-admin.ts';
import { composeBase } from './compose-base.ts';
import type { Base, BaseOptions } from './compose-base.ts';
import { warn } from './compose-core.ts';
import { composeDelivery } from './compose-delivery.ts';
import type { OwnChannels } from './compose-delivery.ts';
import { composeLinks } from './compose-links.ts';
import { composeLogin } from './compose-login.ts';
import { composePages } from './compose-pages.ts';
import { composePeople } from './compose-people.ts';
import { composeProtocol } from './compose-protocol.ts';
import { composeSecondFactors } from './compose-second-factors.ts';
import { composeTenants } from './compose-tenants.ts';
import { watchTenants } from './db/change-feed.ts';
import { sweepPeriodically } from './db/expiry.ts';
import { assertMigrated } from './db/migrate.ts';
import { repeat } from './db/repeat.ts';
import { longestTokenLife } from './keys/keys.ts';
import { linkRoutes } from './links/link-routes.ts';
import { loginRoutes } from './login/login-routes.ts';
import { healthRoutes } from './observability/health-routes.ts';
import { groupsRoutes } from './oidc/groups-routes.ts';
import { mountProvider } from './oidc/mount.ts';
import { assertEncryptionKeys } from './security/encryption-canary.ts';
import { siteRoutes } from './tenants/site-routes.ts';

const HOUR_MS = 3_600_000;
/** Seconds. */
const CLOCK_SKEW = 90;

export type ComposeOptions = BaseOptions & OwnChannels;

export interface Composed {
  app: Koa;
  /** Probes and metrics on their own, where `opsListen` asks for it. */
  opsApp: Koa | undefined;
  /** From now on `/readyz` says that this process is going away. */
  drain(): void;
  /** Ends everything that runs in the background, then closes directories and stores; not the database. */
  close(): Promise<void>;
}

/** @throws AppError `invalid_configuration` on pending migrations or a wrong encryption key. */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const { configuration, storage, log } = options;
  await assertMigrated(storage.db);
  await assertEncryptionKeys(storage.db, storage.encryption);

  const base = composeBase(options);
  const pages = await composePages();
  const people = composePeople(base);
  const delivery = composeDelivery(base, pages, configuration, options);
  const factors = composeSecondFactors(base, delivery);
  const login = composeLogin(base, pages, people, factors);
  const protocol = composeProtocol(base, pages, people, delivery.channels);
  const admin = composeAdmin({ base, pages, people, delivery, factors });

  const forget = (tenantId: string) => {
    base.caches.forget(tenantId);
    protocol.sites.forget(tenantId);
  };
  const changes = watchTenants(base.db, forget, { onError: warn(log, 'tenant changes cannot be read') });
  const oldKeys = repeat(() => dropOldKeys(base), HOUR_MS, warn(log, 'old signing keys could not be dropped'));
  const { deleteDue } = composeTenants(base).tenantAdministration;
  const goneTenants = repeat(() => deleteDue(), HOUR_MS, warn(log, 'tenants could not be deleted'));
  const sweep = sweepPeriodically(base.db, { onError: warn(log, 'expired rows could not be swept') });
  const sealing = sealPeriodically(base, warn(log, 'audit events could not be sealed'));
  base.metrics.watchPool('database', () => base.db.poolUse());

  let draining = false;
  const health = healthRoutes({
    checks: [
      { name: 'database', check: (timeoutMs) => base.db.ping(timeoutMs) },
      { name: 'ephemeral-store', check: (timeoutMs) => base.store.ping(timeoutMs) },
    ],
    metrics: base.metrics,
    draining: () => draining,
    log,
  });
  const app = createApp({
    ...base,
    ...pages,
    publicUrl: new URL(configuration.publicUrl),
    trustedProxies: configuration.trustedProxies,
    sites: protocol.sites,
    health: configuration.opsListen ? undefined : health,
    administration: serveAdmin({ base, pages }, admin),
    routers: [
      loginRoutes({ ...base, ...pages, ...people, ...login }),
      accountRoutes({ ...base, ...pages, ...people, ...factors }),
      groupsRoutes({ ...base, ...people, ...protocol }),
      linkRoutes({ ...pages, ...composeLinks(base, pages, delivery, factors) }),
      siteRoutes(pages.sender, base.clients),
    ],
    provider: mountProvider(pages.sender),
  });

  return {
    app,
    opsApp: configuration.opsListen ? createOpsApp(health, log) : undefined,
    drain() {
      draining = true;
    },
    async close() {
      await Promise.all([
        changes.stop(),
        oldKeys.stop(),
        goneTenants.stop(),
        sweep.stop(),
        sealing.stop(),
        delivery.stop(),
      ]);
      await base.audit.reports.settled();
      await people.directories.close();
      await base.store.close();
    },
  };
}

/** A retired key stays published until its last token has expired, and clocks may differ. */
async function dropOldKeys({ tenants, keys }: Base): Promise<void> {
  for (const { id, settings } of await tenants.list()) {
    await keys.dropRetired(id, new Date(Date.now() - (longestTokenLife(settings) + CLOCK_SKEW) * 1000));
  }
}
