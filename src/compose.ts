// The composition root: every adapter and use case, built once, in one place. What exists for each tenant (providers,
// directories) is handed on as a factory.

import { fileURLToPath } from 'node:url';

import type Koa from 'koa';

import { createApp } from './app.ts';
import { createPostgresAudit } from './audit/audit-postgres.ts';
import { createPostgresClients, declaredClients } from './clients/clients-postgres.ts';
import type { Configuration } from './config.ts';
import { watchTenants } from './db/change-feed.ts';
import { openEmbedded } from './db/database-pglite.ts';
import { openPostgres } from './db/database-postgres.ts';
import { sweepPeriodically } from './db/expiry.ts';
import { assertMigrated } from './db/migrate.ts';
import { createEnqueue } from './delivery/delivery.ts';
import type { Channel } from './delivery/delivery.ts';
import { startDeliveryWorker } from './delivery/delivery-worker.ts';
import { createSmtpChannel } from './delivery/email-smtp.ts';
import { createNotifications } from './delivery/notifications.ts';
import { createPostgresOutbox } from './delivery/outbox-postgres.ts';
import { createDirectories } from './directory/directories.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createMemoryStore } from './ephemeral/ephemeral-memory.ts';
import { createRedisStore } from './ephemeral/ephemeral-redis.ts';
import { createPasswordSignIn } from './first-factors/password-sign-in.ts';
import { createMessages } from './http/messages.ts';
import { createRenderer } from './http/render.ts';
import { currentRequest } from './http/request-context.ts';
import { createPageSender } from './http/send-page.ts';
import { loadStaticFiles } from './http/static-files.ts';
import { siteOf } from './http/tenant-context.ts';
import { createKeys } from './keys/keys.ts';
import { createPostgresKeys } from './keys/keys-postgres.ts';
import { createPostgresConsents } from './login/consents-postgres.ts';
import { createFinishLogin } from './login/finish-login.ts';
import { createInteractions } from './login/interactions.ts';
import { createLinkUser } from './login/link-user.ts';
import { createLogins } from './login/login.ts';
import { createLoginOrigins } from './login/login-origins.ts';
import { loginRoutes } from './login/login-routes.ts';
import { createLoginStates } from './login/login-state.ts';
import { healthRoutes } from './observability/health-routes.ts';
import type { Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { reportEvents } from './oidc/events.ts';
import { createGroupsTickets, groupsRoutes } from './oidc/groups-routes.ts';
import { mountProvider } from './oidc/mount.ts';
import { INTERACTION_LIFE, createProvider } from './oidc/provider.ts';
import { createProviderPages } from './oidc/provider-pages.ts';
import { createTenantProviders } from './oidc/tenant-providers.ts';
import { createRoles } from './roles/roles.ts';
import { createPostgresRoles, declaredRoles } from './roles/roles-postgres.ts';
import { createEnrolSecondFactor } from './second-factors/enrol.ts';
import { createPostgresEnrolments } from './second-factors/enrolments-postgres.ts';
import { createProveSecondFactor } from './second-factors/prove.ts';
import { createTotp } from './second-factors/totp.ts';
import { createAttemptLimiter } from './security/attempt-limiter.ts';
import { createPostgresAttemptCounters } from './security/attempt-limiter-postgres.ts';
import { createEncryption } from './security/encryption.ts';
import { assertEncryptionKeys } from './security/encryption-canary.ts';
import { createPasswordHash } from './security/password-hash.ts';
import { createPostgresSessions } from './sessions/sessions-postgres.ts';
import { applyConfiguration } from './tenants/apply-configuration.ts';
import { siteRoutes } from './tenants/site-routes.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createPostgresTenants, declaredDirectories, declaredTenants } from './tenants/tenants-postgres.ts';
import { createStanding } from './users/standing.ts';
import { createPostgresUsers } from './users/users-postgres.ts';
import { createOpsApp } from './app.ts';
import type { OpenDatabase } from './db/pooled-database.ts';
import type { Directories } from './directory/directories.ts';
import type { EphemeralStore } from './ephemeral/ephemeral-store.ts';
import type { NamedDirectory } from './first-factors/directory-password.ts';
import { chooseLanguage } from './http/language.ts';
import type { Encryption } from './security/encryption.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What holds the data; enough for the commands that serve nothing. */
export interface Storage {
  db: OpenDatabase;
  encryption: Encryption;
}

export async function openStorage(configuration: Configuration, log: Log): Promise<Storage> {
  const { databaseUrl, databasePool, dataFolder, encryption } = configuration;
  const db =
    databaseUrl === undefined
      ? await openEmbedded({ folder: dataFolder, onError: warn(log, 'the embedded database could not be tidied') })
      : openPostgres({ url: databaseUrl, poolMax: databasePool.max });
  return { db, encryption: createEncryption(encryption.keys) };
}

/** The use cases that the command line needs, too. */
export function composeCore({ db, encryption }: Storage) {
  const audit = createPostgresAudit(db);
  const keys = createKeys(db, createPostgresKeys(db, encryption), audit);
  return {
    audit,
    keys,
    tenants: createPostgresTenants(db, encryption),
    users: createPostgresUsers(db),
    clients: createPostgresClients(db, encryption),
    roles: createRoles(createPostgresRoles(db)),
    enrolments: createPostgresEnrolments(db, encryption),
    passwordHash: createPasswordHash(),
    applyConfiguration: (declarations: Configuration['tenants']) =>
      applyConfiguration(declarations, {
        db,
        keys,
        audit,
        tenants: declaredTenants(db, encryption),
        directories: declaredDirectories(db, encryption),
        roles: declaredRoles(db),
        clients: declaredClients(db, encryption),
      }),
  };
}

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
export async function compose({ configuration, storage, log, emailChannel }: ComposeOptions): Promise<Composed> {
  const { db, encryption } = storage;
  await assertMigrated(db);
  await assertEncryptionKeys(db, encryption);

  const core = composeCore(storage);
  const { audit, keys, tenants, users, clients, roles, enrolments, passwordHash } = core;
  const publicUrl = new URL(configuration.publicUrl);
  const store = openEphemeralStore(configuration, log);
  const metrics = createMetrics();
  metrics.watchPool('database', () => db.poolUse());

  // Pages and mail
  const staticFiles = await loadStaticFiles(`${ROOT}views/assets`);
  const messages = createMessages(`${ROOT}views/messages`);
  const renderer = createRenderer({ viewsFolder: `${ROOT}views`, messages, assetUrl: staticFiles.assetUrl });
  const sender = createPageSender({ renderer, messages, tenantOf: (ctx) => lookOf(siteOf(ctx)?.tenant) });
  const delivery = composeDelivery(emailChannel ?? smtpChannelOf(configuration), storage, log);
  const notifications = createNotifications({
    enqueue: delivery.enqueue,
    findTenant: tenants.byId,
    findUser: users.find,
    currentRequest,
    writeSecondFactorAdded: (tenant, locale, facts) => {
      const language = chooseLanguage(messages.languages, { uiLocales: locale });
      return renderer.email('email/second-factor-added', { tenant: lookOf(tenant), language }, facts);
    },
  });

  // Directories and people
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
  const directoryOf = (tenant: Tenant, id: string) =>
    directories.of(tenant).find((candidate) => candidate.id === id)?.directory;
  const standing = createStanding({ users, directoryOf, audit });
  const sessions = createPostgresSessions(db);
  const consents = createPostgresConsents(db);

  // The login
  const limiter = createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store });
  const origins = createLoginOrigins(store);
  const interactions = createInteractions({ clients, origins, sender });
  const logins = createLogins({
    states: createLoginStates(store, INTERACTION_LIFE),
    sessions,
    users,
    clients,
    enrolments,
    factor: ({ name, settings: { policy } }) => createTotp({ ...policy.totp, issuer: policy.totp.issuer ?? name }),
    signIn: createPasswordSignIn({
      directories: async (tenantId) => namedDirectories(directories, await tenants.byId(tenantId)),
      localAccounts: users,
      passwordHash,
      limiter,
      audit,
    }),
    linkUser: createLinkUser({ users, directoryOf, audit }),
    proveSecondFactor: createProveSecondFactor({ limiter, enrolments, audit, db }),
    enrolSecondFactor: createEnrolSecondFactor({ enrolments, audit, db, notify: notifications.secondFactorAdded }),
    finishLogin: createFinishLogin({ standing, users, audit, db }),
    encryption,
    metrics,
  });

  // The protocol
  const issuerOf = ({ slug, settings: { host } }: Tenant) =>
    host === undefined ? `${publicUrl.origin}/t/${slug}` : `${publicUrl.protocol}//${host}`;
  const tickets = createGroupsTickets(store, issuerOf);
  const sites = createTenantProviders({
    tenants,
    issuerOf,
    build: async (tenant) => {
      const provider = createProvider(tenant, issuerOf(tenant), await keys.signingKeys(tenant.id), {
        db,
        store,
        sessions,
        clients,
        consents,
        standing,
        roles,
        tickets,
        pages: createProviderPages(sender, tenant),
        loginStarted: ({ uid, clientId }) => origins.remember(tenant.id, uid, clientId),
        sessionEnded: ({ uid, userId }) =>
          audit.record({
            type: 'session.ended',
            tenantId: tenant.id,
            ...(userId === undefined ? {} : { actor: { kind: 'user', id: userId } }),
            subject: { kind: 'session', id: uid },
          }),
      });
      reportEvents(provider, tenant, { audit, metrics, log });
      return provider;
    },
  });

  // What runs by itself
  const changes = watchTenants(db, (id) => sites.forget(id), { onError: warn(log, 'tenant changes cannot be read') });
  const sweep = sweepPeriodically(db, { onError: warn(log, 'expired rows could not be swept') });

  let draining = false;
  const health = healthRoutes({
    checks: [
      { name: 'database', check: (timeoutMs) => db.ping(timeoutMs) },
      { name: 'ephemeral-store', check: (timeoutMs) => store.ping(timeoutMs) },
    ],
    metrics,
    draining: () => draining,
    log,
  });
  const app = createApp({
    publicUrl,
    trustedProxies: configuration.trustedProxies,
    log,
    metrics,
    sender,
    staticFiles,
    sites,
    health: configuration.opsListen ? undefined : health,
    routers: [
      loginRoutes({ logins, interactions, consents, users, sender, audit }),
      groupsRoutes({ tickets, standing, clients, keys }),
      siteRoutes(sender, clients),
    ],
    provider: mountProvider(sender),
  });

  return {
    app,
    opsApp: configuration.opsListen ? createOpsApp(health, log) : undefined,
    drain() {
      draining = true;
    },
    async close() {
      await Promise.all([changes.stop(), sweep.stop(), delivery.stop()]);
      await directories.close();
      await store.close();
    },
  };
}

function composeDelivery(email: Channel | undefined, { db, encryption }: Storage, log: Log) {
  if (!email) return { enqueue: () => Promise.resolve(), stop: () => Promise.resolve() };
  const outbox = createPostgresOutbox(db, encryption);
  const worker = startDeliveryWorker({ outbox, channels: { email }, log });
  return { enqueue: createEnqueue(outbox, worker.poke), stop: worker.stop };
}

function smtpChannelOf({ mail }: Configuration): Channel | undefined {
  return mail && createSmtpChannel(mail);
}

function openEphemeralStore({ redisUrl }: Configuration, log: Log): EphemeralStore {
  return redisUrl === undefined
    ? createMemoryStore()
    : createRedisStore({ url: redisUrl, onError: warn(log, 'Redis does not answer') });
}

function namedDirectories(directories: Directories, tenant: Tenant | undefined): NamedDirectory[] {
  if (!tenant) return [];
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

function warn(log: Log, message: string): (err: unknown) => void {
  return (err) => {
    log.warn({ err }, message);
  };
}
