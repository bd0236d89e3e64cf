// The composition root: every adapter and use case, built once, in one place. What exists for each tenant (providers,
// directories) is handed on as a factory.

import { fileURLToPath } from 'node:url';

import type Koa from 'koa';
import type { Provider } from 'oidc-provider';

import { createApp, createOpsApp } from './app.ts';
import { composeCore, warn } from './compose-core.ts';
import type { Core, Storage } from './compose-core.ts';
import type { Configuration } from './config.ts';
import { watchTenants } from './db/change-feed.ts';
import { sweepPeriodically } from './db/expiry.ts';
import { assertMigrated } from './db/migrate.ts';
import { repeat } from './db/repeat.ts';
import { startDeliveryWorker } from './delivery/delivery-worker.ts';
import { createEnqueue } from './delivery/delivery.ts';
import type { Channel } from './delivery/delivery.ts';
import { createSmtpChannel } from './delivery/email-smtp.ts';
import { createNotifications } from './delivery/notifications.ts';
import { createPostgresOutbox } from './delivery/outbox-postgres.ts';
import { createDirectories } from './directory/directories.ts';
import type { Directories } from './directory/directories.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createMemoryStore } from './ephemeral/ephemeral-memory.ts';
import { createRedisStore } from './ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from './ephemeral/ephemeral-store.ts';
import type { NamedDirectory } from './first-factors/directory-password.ts';
import { createPasswordSignIn } from './first-factors/password-sign-in.ts';
import { chooseLanguage } from './http/language.ts';
import { createMessages } from './http/messages.ts';
import { createRenderer } from './http/render.ts';
import { currentRequest } from './http/request-context.ts';
import { createPageSender } from './http/send-page.ts';
import { loadStaticFiles } from './http/static-files.ts';
import { siteOf } from './http/tenant-context.ts';
import { longestTokenLife } from './keys/keys.ts';
import { createPostgresConsents } from './login/consents-postgres.ts';
import { createFinishLogin } from './login/finish-login.ts';
import { createInteractions } from './login/interactions.ts';
import { createLinkUser } from './login/link-user.ts';
import { loginRoutes } from './login/login-routes.ts';
import { createLoginStates } from './login/login-state.ts';
import { createLogins } from './login/login.ts';
import { healthRoutes } from './observability/health-routes.ts';
import type { Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import type { Metrics } from './observability/metrics.ts';
import { INTERACTION_LIFE } from './oidc/artifacts-ephemeral.ts';
import { reportEvents } from './oidc/events.ts';
import { groupsRoutes } from './oidc/groups-routes.ts';
import { createGroupsTickets } from './oidc/groups-tickets.ts';
import { mountProvider } from './oidc/mount.ts';
import { createProviderPages } from './oidc/provider-pages.ts';
import { createProvider } from './oidc/provider.ts';
import { createTenantProviders } from './oidc/tenant-providers.ts';
import { createEnrolSecondFactor } from './second-factors/enrol.ts';
import type { EnrolOptions } from './second-factors/enrol.ts';
import { createProveSecondFactor } from './second-factors/prove.ts';
import { createTotp } from './second-factors/totp.ts';
import { createPostgresAttemptCounters } from './security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from './security/attempt-limiter.ts';
import { assertEncryptionKeys } from './security/encryption-canary.ts';
import { siteRoutes } from './tenants/site-routes.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createStanding } from './users/standing.ts';

const HOUR_MS = 3_600_000;
/** Seconds. */
const CLOCK_SKEW = 90;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface ComposeOptions {
  configuration: Configuration;
  storage: Storage;
  log: Log;
  /** Sends mail in place of the configured server; the demo's inbox does. */
  emailChannel?: Channel;
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

  const base = {
    ...storage,
    ...composeCore(storage),
    log,
    metrics: createMetrics(),
    ...openEphemeral(configuration, log),
  };
  const pages = await composePages();
  const people = composePeople(base);
  const smtp = configuration.mail && createSmtpChannel(configuration.mail);
  const delivery = composeDelivery(base, pages, options.emailChannel ?? smtp);
  const login = composeLogin(base, pages, people, delivery.secondFactorAdded);
  const protocol = composeProtocol(configuration, base, pages, people);

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
      smtp?.close();
      await people.directories.close();
      await base.store.close();
    },
  };
}

interface Base extends Storage, Core {
  store: EphemeralStore;
  metrics: Metrics;
  log: Log;
}
type PageParts = Awaited<ReturnType<typeof composePages>>;
type People = ReturnType<typeof composePeople>;

/** What people see: templates, words, files. */
async function composePages() {
  const staticFiles = await loadStaticFiles(`${ROOT}views/assets`);
  const messages = createMessages(`${ROOT}views/messages`);
  const renderer = createRenderer({ viewsFolder: `${ROOT}views`, messages, assetUrl: staticFiles.assetUrl });
  const sender = createPageSender({ renderer, messages, tenantOf: (ctx) => lookOf(siteOf(ctx)?.tenant) });
  return { staticFiles, messages, renderer, sender };
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

/** How mail leaves; without a channel for it, none does. */
function composeDelivery(base: Base, { renderer, messages }: PageParts, email: Channel | undefined) {
  if (!email) return { secondFactorAdded: () => Promise.resolve(), stop: () => Promise.resolve() };
  const outbox = createPostgresOutbox(base.db, base.encryption);
  const worker = startDeliveryWorker({ outbox, channels: { email }, log: base.log });
  const { secondFactorAdded } = createNotifications({
    enqueue: createEnqueue(outbox, worker.poke),
    findTenant: base.tenants.byId,
    findUser: base.users.find,
    currentRequest,
    writeSecondFactorAdded(tenant, locale, facts) {
      const language = chooseLanguage(messages.languages, { uiLocales: locale });
      return renderer.email('email/second-factor-added', { tenant: lookOf(tenant), language }, facts);
    },
  });
  return { secondFactorAdded, stop: worker.stop };
}

/** The steps of a login. */
function composeLogin(base: Base, { sender }: PageParts, people: People, notify: EnrolOptions['notify']) {
  const { store, db, clients, users } = base;
  const limiter = createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store });
  const logins = createLogins({
    ...base,
    ...people,
    states: createLoginStates(store, INTERACTION_LIFE),
    factor: ({ name, settings: { policy } }) => createTotp({ ...policy.totp, issuer: policy.totp.issuer ?? name }),
    signIn: createPasswordSignIn({
      ...base,
      limiter,
      localAccounts: users,
    }),
    directoriesOf: (tenant) => namedDirectories(people.directories, tenant),
    linkUser: createLinkUser({ ...base, ...people }),
    proveSecondFactor: createProveSecondFactor({ ...base, limiter }),
    enrolSecondFactor: createEnrolSecondFactor({ ...base, notify }),
    finishLogin: createFinishLogin({ ...base, ...people }),
  });
  return { logins, interactions: createInteractions({ clients, sender }) };
}

/** The OpenID provider of each tenant. */
function composeProtocol({ publicUrl }: Configuration, base: Base, { sender, messages }: PageParts, people: People) {
  const { store, keys, audit, tenants } = base;
  const issuerOf = ({ slug, settings: { host } }: Tenant) =>
    host === undefined ? `${publicUrl}/t/${slug}` : `${new URL(publicUrl).protocol}//${host}`;
  const tickets = createGroupsTickets(store, issuerOf);

  async function build(tenant: Tenant): Promise<Provider> {
    const provider = createProvider(tenant, issuerOf(tenant), await keys.signingKeys(tenant.id), {
      ...base,
      ...people,
      tickets,
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
    reportEvents(provider, tenant, base);
    return provider;
  }
  return { tickets, sites: createTenantProviders({ tenants, issuerOf, build }) };
}

/** A retired key stays published until its last token has expired, and clocks may differ. */
async function dropOldKeys({ tenants, keys }: Base): Promise<void> {
  for (const { id, settings } of await tenants.list()) {
    await keys.dropRetired(id, new Date(Date.now() - (longestTokenLife(settings) + CLOCK_SKEW) * 1000));
  }
}

function openEphemeral({ redisUrl }: Configuration, log: Log): { store: EphemeralStore } {
  if (redisUrl === undefined) return { store: createMemoryStore() };
  return { store: createRedisStore({ url: redisUrl, onError: warn(log, 'Redis does not answer') }) };
}

function namedDirectories(directories: Directories, tenant: Tenant): NamedDirectory[] {
  return directories.of(tenant).map(({ id, directory, settings: { realm, lockoutBudget } }) => ({
    id,
    directory,
    ...(realm === undefined ? {} : { realm }),
    lockoutBudget,
  }));
}

function lookOf(tenant: Tenant | undefined) {
  return tenant && { name: tenant.name, branding: tenant.settings.branding, homeUrl: tenant.settings.homeUrl };
}
