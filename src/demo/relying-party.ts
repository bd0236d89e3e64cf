// The demo's apps: relying parties of two tenants, to sign in to and to see what they get. They know the provider only by its
// issuer and their own registration, as any app elsewhere would. Owns their wiring; relying-party/ has the parts.

import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { Router } from '@koa/router';
import Koa from 'koa';
import type { Context, Middleware } from 'koa';

import { AppError } from '../errors.ts';
import { securityHeaders } from '../http/security-headers.ts';
import { listen } from '../http/server.ts';
import { loadStaticFiles } from '../http/static-files.ts';
import { createDemoPages } from './demo-pages.ts';
import type { DemoPages } from './demo-pages.ts';
import { inboxRoutes } from './inbox-routes.ts';
import type { Inbox } from './inbox.ts';
import { createProviderClient } from './relying-party/client.ts';
import { appRoutes } from './relying-party/routes.ts';
import { createSessions } from './relying-party/sessions.ts';
import type { Sessions } from './relying-party/sessions.ts';

export interface RelyingPartyTenant {
  slug: string;
  name: string;
  issuer: string;
  apps: readonly RelyingPartyApp[];
}

export interface RelyingPartyApp {
  clientId: string;
  clientSecret: string;
  name: string;
  /** Below which all its addresses are, as `/acme/orders`. Registered are `{path}/callback` and `{path}/signed-out`. */
  path: string;
}

export interface RelyingPartyOptions {
  host: string;
  port: number;
  /** As browsers reach it; made of `host` and `port` unless told. */
  publicUrl?: string;
  tenants: readonly RelyingPartyTenant[];
  /** Shown at `/inbox` and `/inbox.json`. */
  inbox?: Inbox;
}

export interface RelyingParty {
  url: string;
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 2000;

export async function startRelyingParty(options: RelyingPartyOptions): Promise<RelyingParty> {
  const { host, port, inbox, publicUrl = `http://${host}:${port}` } = options;
  const assets = await loadStaticFiles(folder('assets'));
  const ownAssets = await loadStaticFiles(folder('demo'));
  const pages = createDemoPages((name) => (name === 'demo.css' ? ownAssets : assets).assetUrl(name));
  const sessions = createSessions(`demo-apps-${port}`);

  const app = new Koa({ keys: [randomBytes(32).toString('base64url')] });
  app.use(securityHeaders({ https: publicUrl.startsWith('https:') }));
  app.use(showProblems(pages));
  app.use(assets.serve).use(ownAssets.serve);
  const routers = [
    startPage(options.tenants, sessions, pages, inbox !== undefined),
    ...(inbox ? [inboxRoutes(inbox, pages)] : []),
    ...options.tenants.flatMap((tenant) => tenant.apps.map((one) => oneApp(tenant, one, publicUrl, sessions, pages))),
  ];
  for (const router of routers) app.use(router.routes());
  const listener = await listen(app, { host, port });
  return { url: publicUrl, close: () => listener.close(CLOSE_GRACE_MS) };
}

function oneApp(
  { name: tenant, issuer }: RelyingPartyTenant,
  { name, path, ...credentials }: RelyingPartyApp,
  publicUrl: string,
  sessions: Sessions,
  pages: DemoPages,
): Router {
  const client = createProviderClient({
    ...credentials,
    issuer,
    redirectUri: `${publicUrl}${path}/callback`,
    postLogoutRedirectUri: `${publicUrl}${path}/signed-out`,
  });
  return appRoutes({ app: { name, path, tenant, issuer }, publicUrl, client, sessions, pages });
}

function startPage(
  tenants: readonly RelyingPartyTenant[],
  sessions: Sessions,
  pages: DemoPages,
  inbox: boolean,
): Router {
  const router = new Router();
  router.get('/', (ctx) => {
    const { signedIn } = sessions.of(ctx);
    const shown = tenants.map(({ name, issuer, apps }) => ({
      name,
      issuer,
      apps: apps.map((app) => ({ name: app.name, path: app.path, signedIn: signedIn.has(app.path) })),
    }));
    pages.send(ctx, 'start', { tenants: shown, inbox });
  });
  return router;
}

function showProblems(pages: DemoPages): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404) problem(ctx, 404, 'There is no such page.');
    } catch (error) {
      if (error instanceof AppError) problem(ctx, error.status, error.publicMessage);
      else {
        ctx.app.emit('error', error, ctx);
        problem(ctx, 500, 'Something went wrong in the demo itself.');
      }
    }
  };

  function problem(ctx: Context, status: number, text: string): void {
    pages.send(ctx, 'problem', { title: 'That did not work', text });
    ctx.status = status;
  }
}

function folder(name: string): string {
  return fileURLToPath(new URL(`../../views/${name}`, import.meta.url));
}
