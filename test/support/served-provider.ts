// The protocol library as provider.ts configures it, on a port, without the rest of the product: whoever comes is signed in as
// the test says. Two of them on one database are two processes of one issuer.

import { createServer } from 'node:http';

import Koa from 'koa';
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { createPostgresClients } from '../../src/clients/clients-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { requestContext } from '../../src/http/request-context.ts';
import { createPostgresKeys } from '../../src/keys/keys-postgres.ts';
import { createKeys } from '../../src/keys/keys.ts';
import { createPostgresConsents } from '../../src/login/consents-postgres.ts';
import { createLog } from '../../src/observability/log.ts';
import { createGroupsTickets } from '../../src/oidc/groups-tickets.ts';
import { createGuardedFetch } from '../../src/oidc/guarded-fetch.ts';
import { mountProvider } from '../../src/oidc/mount.ts';
import { createProvider } from '../../src/oidc/provider.ts';
import { createPostgresRoles } from '../../src/roles/roles-postgres.ts';
import { createRoles } from '../../src/roles/roles.ts';
import { createGuardedRequest } from '../../src/security/guarded-request.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import type { Sessions } from '../../src/sessions/sessions.ts';
import { createPostgresTenants } from '../../src/tenants/tenants-postgres.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import type { Users } from '../../src/users/users.ts';
import { atEnd } from './global-teardown.ts';
import { freePort } from './ports.ts';
import { aUser } from './second-factors.ts';
import { aClient, aTenantDeclaration, apply, encryption, freshSlug, settings } from './tenants.ts';

/** A login's result, as login/finish-login.ts makes it. */
export interface Result {
  accountId: string;
  acr?: string;
  amr?: string[];
  ts?: number;
  proofs?: object[];
}

export interface ServedProvider {
  issuer: string;
  /** Where it listens itself; the issuer is where the first one does. */
  url: string;
  tenant: Tenant;
  provider: Provider;
  /** Sessions that ended, by uid. */
  ended: string[];
  /** What the next login comes to: the same person, by a password, unless told. */
  next: Result;
}

export interface ServeOptions {
  db: Database;
  store: EphemeralStore;
  /** Another process of the same issuer. */
  beside?: ServedProvider;
  clients?: Record<string, { secret?: string; metadata?: Record<string, unknown> }>;
  tenantSettings?: Record<string, unknown>;
  /** The sessions as this process is to see them. */
  seen?: (sessions: Sessions) => Sessions;
  /** That clients may point to although they are on this machine. */
  allowHosts?: readonly string[];
}

export async function serveProvider(options: ServeOptions): Promise<ServedProvider> {
  const { db, store, beside, seen = (sessions) => sessions, allowHosts = [] } = options;
  const tenant = beside?.tenant ?? (await tenantWith(options));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const issuer = beside?.issuer ?? url;
  const ended: string[] = [];
  const users = createPostgresUsers(db);
  const keys = createKeys(db, createPostgresKeys(db, encryption), createPostgresAudit(db));
  const current = (_: Tenant, userId: string) => users.find(tenant.id, userId);

  const provider = createProvider(tenant, issuer, await keys.signingKeys(tenant.id), {
    db,
    store,
    sessions: seen(createPostgresSessions(db)),
    clients: createPostgresClients(db, encryption),
    sessionEnded: async ({ uid }) => void ended.push(uid),
    standing: { current },
    roles: createRoles(createPostgresRoles(db)),
    tickets: createGroupsTickets(store, () => issuer),
    adminAudience: 'http://localhost:3000/admin',
    consents: createPostgresConsents(db),
    pages: {
      error: async (ctx, code, error) => void (ctx.body = `${code}: ${error.stack ?? ''}`),
      confirmLogout: async (ctx, { action, xsrf }) => {
        const form = `<form method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}">`;
        const buttons = '<button type="submit" name="logout" value="yes">All</button><button>This app</button></form>';
        ctx.body = `<!doctype html>${form}${buttons}`;
      },
      loggedOut: (ctx) => void (ctx.body = 'signed out'),
    },
    languages: ['en'],
    guardedFetch: createGuardedFetch(createGuardedRequest({ allowHosts })),
  });
  const accountId = beside?.next.accountId ?? (await aUser(db, tenant.id));
  const served = { issuer, url, tenant, provider, ended, next: { accountId } };
  await listen(served, users, port);
  return served;
}

async function listen(served: ServedProvider, users: Users, port: number): Promise<void> {
  const { issuer, tenant, provider } = served;
  const app = new Koa({ proxy: true });
  app.use(requestContext(createLog({ level: 'silent' })));
  app.use((ctx, next) => {
    ctx.state.site = { issuer, tenant, provider };
    return ctx.path.startsWith('/interaction/') ? finish(ctx, served, users) : next();
  });
  const onwards = (ctx: Context, { url }: { url: string }) => {
    ctx.status = 200;
    ctx.set('Refresh', `0; url=${url}`);
  };
  app.use(
    mountProvider({
      languageOf: () => 'en',
      sendPage: () => undefined,
      sendOnwards: onwards,
      renderErrorPage: () => '',
    }),
  );
  const answer = app.callback();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
}

async function finish(ctx: Context, { provider, tenant, next }: ServedProvider, users: Users): Promise<void> {
  const at = Math.floor(Date.now() / 1000);
  const proofs = proofsFor(next.acr ?? 'sfa').map((proof) => ({ ...proof, at }));
  const { proofGeneration } = (await users.find(tenant.id, next.accountId)) ?? {};
  const login = { amr: ['pwd'], acr: 'sfa', ts: at, remember: false, proofs, proofGeneration, ...next };
  const url = await provider.interactionResult(ctx.req, ctx.res, { login }, { mergeWithLastSubmission: false });
  ctx.redirect(url);
}

/** By which a login comes to a level, where the tenant leaves levels as they are. */
function proofsFor(acr: string) {
  const password = { factor: 'password', amr: ['pwd'] };
  if (acr === 'phr') return [{ factor: 'passkey', amr: ['hwk', 'user'] }];
  return acr === 'mfa' ? [password, { factor: 'totp', amr: ['otp'] }] : [password];
}

async function tenantWith({ db, clients = {}, tenantSettings = {} }: ServeOptions): Promise<Tenant> {
  const slug = freshSlug();
  const declared = Object.entries(clients).map(([clientId, { secret, metadata }]) => [
    clientId,
    aClient(secret, metadata),
  ]);
  await apply(db, {
    [slug]: aTenantDeclaration({
      settings: settings({ policy: { secondFactors: { required: 'never' } }, ...tenantSettings }),
      clients: Object.fromEntries(declared),
    }),
  });
  const tenant = await createPostgresTenants(db, encryption).bySlug(slug);
  if (!tenant) throw new Error('the tenant was not stored');
  return tenant;
}
