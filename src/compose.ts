// The composition root: every adapter and use case, built once, in one place. What exists for each tenant (providers,
// directories) is handed on as a factory.

import type Koa from 'koa';

import { accountRoutes } from './account/account-routes.ts';
import { createApp, createOpsApp } from './app.ts';
import { composeCore, warn } from './compose-core.ts';
import type { Storage } from './compose-core.ts';
import { composeDelivery } from './compose-delivery.ts';
import type { OwnChannels } from './compose-delivery.ts';
import { composePages } from './compose-pages.ts';
import type { PageParts } from './compose-pages.ts';
import { composeProtocol } from './compose-protocol.ts';
import { composeSecondFactors } from './compose-second-factors.ts';
import type { Configuration } from './config.ts';
import { watchTenants } from './db/change-feed.ts';
import { sweepPeriodically } from './db/expiry.ts';
import { assertMigrated } from './db/migrate.ts';
import { repeat } from './db/repeat.ts';
import { browserName } from './delivery/browser-name.ts';
import { createDirectories } from './directory/directories.ts';
import type { Directories } from './directory/directories.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createMemoryStore } from './ephemeral/ephemeral-memory.ts';
import { createRedisStore } from './ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from './ephemeral/ephemeral-store.ts';
import type { NamedDirectory } from './first-factors/directory-password.ts';
import { createPasswordSignIn } from './first-factors/password-sign-in.ts';
import { currentRequest } from './http/request-context.ts';
import { longestTokenLife } from './keys/keys.ts';
import { createPostgresConsents } from './login/consents-postgres.ts';
import { createFinishLogin } from './login/finish-login.ts';
import { createInteractions } from './login/interactions.ts';
import { createLinkUser } from './login/link-user.ts';
import { loginRoutes } from './login/login-routes.ts';
import { createLoginStates } from './login/login-state.ts';
import { createLogins } from './login/login.ts';
import { createStillStands } from './login/still-stands.ts';
import { healthRoutes } from './observability/health-routes.ts';
import type { Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { INTERACTION_LIFE } from './oidc/artifacts-ephemeral.ts';
import { groupsRoutes } from './oidc/groups-routes.ts';
import { mountProvider } from './oidc/mount.ts';
import { createPostgresAttemptCounters } from './security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from './security/attempt-limiter.ts';
import { assertEncryptionKeys } from './security/encryption-canary.ts';
import { siteRoutes } from './tenants/site-routes.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createStanding } from './users/standing.ts';

const HOUR_MS = 3_600_000;
/** Seconds. */
const CLOCK_SKEW = 90;

export interface ComposeOptions extends OwnChannels {
  configuration: Configuration;
  storage: Storage;
  log: Log;
}

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

  const changes = watchTenants(base.db, protocol.sites.forget, { onError: warn(log, 'tenant changes cannot be read') });
  const oldKeys = repeat(() => dropOldKeys(base), HOUR_MS, warn(log, 'old signing keys could not be dropped'));
  const sweep = sweepPeriodically(base.db, { onError: warn(log, 'expired rows could not be swept') });
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
    routers: [
      loginRoutes({ ...base, ...pages, ...people, ...login }),
      accountRoutes({ ...base, ...pages, ...people, ...factors }),
      groupsRoutes({ ...base, ...people, ...protocol }),
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
      await Promise.all([changes.stop(), oldKeys.stop(), sweep.stop(), delivery.stop()]);
      await people.directories.close();
      await base.store.close();
    },
  };
}

export type Base = ReturnType<typeof composeBase>;
export type People = ReturnType<typeof composePeople>;

/** What everything else stands on. */
function composeBase({ configuration, storage, log }: ComposeOptions) {
  const { publicUrl } = configuration;
  const core = composeCore(storage);
  const store = openEphemeral(configuration, log);
  return {
    ...storage,
    ...core,
    log,
    store,
    metrics: createMetrics(),
    limiter: createAttemptLimiter({ counters: createPostgresAttemptCounters(storage.db), store }),
    issuerOf: ({ slug, settings: { host } }: Tenant) =>
      host === undefined ? `${publicUrl}/t/${slug}` : `${new URL(publicUrl).protocol}//${host}`,
  };
}

/** Who people are: directories, and what became of somebody in them. */
function composePeople({ db, users, audit, metrics, log }: Base) {
  const directories = createDirectories(
    ({ name, settings, bindPassword = '' }) =>
      createLdapDirectory({
        name,
        settings,
        bindPassword,
        observe: (operation, server, seconds, ok) => metrics.directoryAnswered({ operation, server, seconds, ok }),
      }),
    warn(log, 'a directory could not be closed'),
  );
  const directoryOf = (tenant: Tenant, id: string) => directories.of(tenant).find((one) => one.id === id)?.directory;
  return {
    directories,
    directoryOf,
    standing: createStanding({ users, directoryOf, audit }),
    consents: createPostgresConsents(db),
  };
}

/** The steps of a login. */
function composeLogin(
  base: Base,
  { sender }: PageParts,
  people: People,
  factors: ReturnType<typeof composeSecondFactors>,
) {
  const { store, clients, users } = base;
  const stillStands = createStillStands(people.standing);
  const logins = createLogins({
    ...base,
    ...people,
    ...factors,
    states: createLoginStates(store, INTERACTION_LIFE),
    signIn: createPasswordSignIn({ ...base, localAccounts: users }),
    directoriesOf: (tenant) => namedDirectories(people.directories, tenant),
    linkUser: createLinkUser({ ...base, ...people }),
    stillStands,
    finishLogin: createFinishLogin({ ...base, stillStands, currentDevice }),
  });
  return { logins, interactions: createInteractions({ clients, sender }) };
}

/** A retired key stays published until its last token has expired, and clocks may differ. */
async function dropOldKeys({ tenants, keys }: Base): Promise<void> {
  for (const { id, settings } of await tenants.list()) {
    await keys.dropRetired(id, new Date(Date.now() - (longestTokenLife(settings) + CLOCK_SKEW) * 1000));
  }
}

function openEphemeral({ redisUrl }: Configuration, log: Log): EphemeralStore {
  if (redisUrl === undefined) return createMemoryStore();
  return createRedisStore({ url: redisUrl, onError: warn(log, 'Redis does not answer') });
}

function namedDirectories(directories: Directories, tenant: Tenant): NamedDirectory[] {
  return directories.of(tenant).map(({ id, directory, settings: { realm, lockoutBudget } }) => ({
    id,
    directory,
    ...(realm === undefined ? {} : { realm }),
    lockoutBudget,
  }));
}

/** What asks, as a person would tell it. */
function currentDevice(): { name: string; address: string } {
  const { userAgent, address = '-' } = currentRequest() ?? {};
  return { name: browserName(userAgent) ?? '', address };
}
