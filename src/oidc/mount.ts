// Runs a tenant's provider within the application, on the same context: what it leaves unanswered or throws is the
// application's to answer. What browsers make necessary around it is for-browsers.ts's.

import compose from 'koa-compose';
import type { Context, Middleware, Next } from 'koa';
import type { Provider } from 'oidc-provider';

import { AppError } from '../errors.ts';
import { describeRequest } from '../http/request-context.ts';
import type { PageSender } from '../http/send-page.ts';
import { siteOf } from '../http/tenant-context.ts';
import { forBrowsers } from './for-browsers.ts';

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
    const stack = compose([...forBrowsers(provider, sender), ...provider.middleware]);
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

/** The library's name of the route, from a fixed set. */
function routeOf(ctx: Context): string {
  const route: unknown = ctx.oidc?.route;
  return typeof route === 'string' ? `oidc/${route}` : 'unmatched';
}
