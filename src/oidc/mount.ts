// Hands a request over to a tenant's provider, a Koa of its own on the same request and response.

import type { IncomingMessage } from 'node:http';

import type Koa from 'koa';
import type { Middleware } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

import { readFormBody } from '../http/body.ts';
import type { PageSender } from '../http/send-page.ts';
import { requireSite } from '../http/tenant-context.ts';

/** What the outer application knows of a request (its tenant, its nonce), for the provider's own context of it. */
const outerStates = new WeakMap<IncomingMessage, Koa.DefaultState>();

export function mountProvider(): Middleware {
  return async (ctx) => {
    const { issuer, provider } = requireSite(ctx);
    if (ctx.method === 'POST' && ctx.path === '/auth') {
      // Core 3.1.2.1 wants POST answered; a cookie that came with a cross-site POST could not be SameSite=Lax.
      const params = new URLSearchParams({ ...(await readFormBody(ctx)) });
      ctx.status = 303;
      ctx.redirect(`${issuer}/auth?${params}`);
      return;
    }
    outerStates.set(ctx.req, ctx.state);
    ctx.respond = false;
    await provider.callback()(ctx.req, ctx.res);
  };
}

/** Ours around the library's own middleware. */
export function surroundProvider(provider: Provider, sender: PageSender): void {
  provider.use(async (ctx, next) => {
    Object.assign(ctx.state, outerStates.get(ctx.req));
    await next();
  });
  provider.use(leaveByRefresh(sender));
  provider.use(keepSessionCookie(provider));
}

/** Chromium holds `form-action` against redirects that follow a form: a confirmed logout leaves for the application by a page. */
function leaveByRefresh(sender: PageSender): Middleware {
  return async (ctx, next) => {
    await next();
    const location = ctx.response.get('Location');
    if (ctx.method !== 'POST' || ctx.status !== 303 || location === '') return;
    ctx.remove('Location');
    sender.sendOnwards(ctx, { app: undefined, url: location });
  };
}

/**
 * Leaves the browser's session cookie alone where there is nothing new to say: a slow answer that repeats an old id would undo
 * the rotation that another answer has brought, and a session of nobody needs no cookie.
 */
function keepSessionCookie(provider: Provider): Middleware {
  const name = provider.cookieName('session');
  return async (ctx, next) => {
    const held = ctx.cookies.get(name, { signed: false });
    await next();
    const cookies = ctx.response.get('Set-Cookie');
    if (cookies.length === 0) return;
    const { session } = (ctx as KoaContextWithOIDC).oidc;
    const isNobodys = session !== undefined && session.accountId === undefined && session.state === undefined;
    const kept = [cookies].flat().filter((cookie) => {
      const [pair = ''] = cookie.split(';', 1);
      const value = pair.startsWith(`${name}=`) ? pair.slice(name.length + 1) : undefined;
      if (pair.startsWith(`${name}.sig=`)) return !(isNobodys || session?.jti === held);
      return value === undefined || !(value !== '' && (isNobodys || value === held));
    });
    if (kept.length > 0) ctx.set('Set-Cookie', kept);
    else ctx.remove('Set-Cookie');
  };
}
