// Runs a tenant's provider within the application, on the same context: what it leaves unanswered or throws is the
// application's to answer. Around it stands what browsers make necessary.

import compose from 'koa-compose';
import type { Context, Middleware, Next } from 'koa';
import type { Provider } from 'oidc-provider';

import { AppError } from '../errors.ts';
import { readFormBody } from '../http/body.ts';
import { describeRequest } from '../http/request-context.ts';
import type { PageSender } from '../http/send-page.ts';
import { siteOf } from '../http/tenant-context.ts';

/** Relying parties may keep keys and metadata so long (seconds); a new key is published long before it signs. */
const METADATA_AGE = 300;
const METADATA = ['/jwks', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];

/** What the library's routes accept. To any other method it says that there is nothing there. */
const METHODS: ReadonlyMap<string, string> = new Map([
  ...METADATA.map((path) => [path, 'GET, HEAD'] as const),
  ['/auth', 'GET, HEAD, POST'],
  ['/me', 'GET, HEAD, POST'],
  ['/request', 'POST'],
  ['/session/end', 'GET, HEAD, POST'],
  ['/session/end/confirm', 'POST'],
  ['/session/end/success', 'GET, HEAD'],
  ['/token', 'POST'],
  ['/token/introspection', 'POST'],
  ['/token/revocation', 'POST'],
]);

/** Outside a tenant the next middleware answers. */
export function mountProvider(sender: PageSender): Middleware {
  const stacks = new WeakMap<Provider, Middleware>();

  function stackOf(provider: Provider): Middleware {
    const known = stacks.get(provider);
    if (known) return known;
    const stack = compose([
      getInsteadOfPost,
      leaveByRefresh(sender),
      keepSessionCookie(provider),
      ...provider.middleware,
    ]);
    stacks.set(provider, stack);
    return stack;
  }

  return async (ctx, next) => {
    const site = siteOf(ctx);
    if (!site) return next();
    // The library signs and reads its cookies through the context, with its own keys.
    ctx.cookies = site.provider.createContext(ctx.req, ctx.res).cookies;
    try {
      await stackOf(site.provider)(ctx, () => refuseOtherMethods(ctx, next));
      if (METADATA.includes(ctx.path) && ctx.status === 200)
        ctx.set('Cache-Control', `public, max-age=${METADATA_AGE}`);
    } finally {
      describeRequest({ route: routeOf(ctx) });
    }
  };
}

/** RFC 9110 15.5.6. */
function refuseOtherMethods(ctx: Context, next: Next): Promise<void> {
  const allowed = METHODS.get(ctx.path);
  if (allowed === undefined) return next();
  ctx.set('Allow', allowed);
  throw new AppError('method_not_allowed', 405, 'This address does not accept that method.');
}

/**
 * Core 3.1.2.1 and RP-Initiated Logout 2 want POST answered here, but a cookie that came along with another site's POST could
 * not be SameSite=Lax.
 */
const getInsteadOfPost: Middleware = async (ctx, next) => {
  const site = siteOf(ctx);
  if (!site || ctx.method !== 'POST' || !(ctx.path === '/auth' || ctx.path === '/session/end')) return next();
  const params = new URLSearchParams({ ...(await readFormBody(ctx)) });
  ctx.status = 303;
  ctx.redirect(`${site.issuer}${ctx.path}?${params.toString()}`);
};

/** Chromium holds `form-action` against redirects that follow a form: a confirmed logout leaves by a page. */
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
    const held = ctx.cookies.get(name);
    await next();
    const session = ctx.oidc?.session;
    const isNobodys = session?.accountId === undefined && session?.state === undefined;
    const saysNothingNew = session !== undefined && !session.destroyed && (isNobodys || session.jti === held);
    if (!saysNothingNew) return;
    const cookies = [ctx.res.getHeader('Set-Cookie') ?? []].flat().map(String);
    const others = cookies.filter((cookie) => !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`));
    if (others.length > 0) ctx.set('Set-Cookie', others);
    else ctx.remove('Set-Cookie');
  };
}

/** The library's name of the route, from a fixed set. */
function routeOf(ctx: Context): string {
  const route: unknown = ctx.oidc?.route;
  return typeof route === 'string' ? `oidc/${route}` : 'unmatched';
}
