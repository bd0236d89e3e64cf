// One line and one measurement for each request, once its answer has left or its client has gone.

import type { Context, Middleware } from 'koa';
import { currentRequest } from '../http/request-context.ts';
import type { Metrics } from './metrics.ts';

export function accessLog(metrics: Pick<Metrics, 'requestFinished'>): Middleware {
  return async (ctx, next) => {
    const request = currentRequest();
    const started = performance.now();
    // The path as it came: a mount strips its prefix from `ctx.path`. Queries carry codes and tokens, and so do one-time links.
    const path = (ctx.originalUrl.split('?', 1)[0] ?? '/').replace(/\/link\/[^/]+/, '/link/(not shown)');
    const { method } = ctx;

    // Only the response itself knows the end: a mounted provider answers behind Koa's back.
    ctx.res.once('close', () => {
      const milliseconds = performance.now() - started;
      const status = ctx.res.statusCode;
      request?.log.info(
        {
          method,
          path,
          status,
          ms: Math.round(milliseconds),
          tenant: request.tenantSlug,
          address: request.address,
          ...(!ctx.res.writableFinished && { aborted: true }),
        },
        'request',
      );
      metrics.requestFinished({
        route: request?.route ?? matchedRoute(ctx),
        method,
        status,
        seconds: milliseconds / 1000,
      });
    });
    await next();
  };
}

/** The pattern of the route, never the path: a label with an id in it grows for ever. */
function matchedRoute(ctx: Context): string {
  const pattern: unknown = ctx._matchedRoute;
  return typeof pattern === 'string' ? pattern : 'unmatched';
}
