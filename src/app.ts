// The application: what every request passes through, in order, and where it ends up. Wiring is compose.ts's.

import type { Router } from '@koa/router';
import Koa from 'koa';
import type { Middleware } from 'koa';

import type { AdminMiddleware } from './admin/http/admin-routes.ts';
import { AppError } from './errors.ts';
import { closeAfterUnreadBody } from './http/body.ts';
import { clientAddress } from './http/client-address.ts';
import { handleErrors, logStrayErrors } from './http/error-handler.ts';
import { requireHost } from './http/public-host.ts';
import { requestContext } from './http/request-context.ts';
import { securityHeaders } from './http/security-headers.ts';
import type { PageSender } from './http/send-page.ts';
import type { StaticFiles } from './http/static-files.ts';
import { tenantContext } from './http/tenant-context.ts';
import type { Sites } from './http/tenant-context.ts';
import { accessLog } from './observability/access-log.ts';
import type { Log } from './observability/log.ts';
import type { Metrics } from './observability/metrics.ts';

export interface AppDeps {
  publicUrl: URL;
  trustedProxies: readonly string[];
  log: Log;
  metrics: Metrics;
  sender: PageSender;
  staticFiles: StaticFiles;
  sites: Sites;
  /** Probes and metrics; undefined where they have a port of their own. */
  health: Router | undefined;
  /** The admin API and its pages, which are no tenant's. */
  administration: readonly AdminMiddleware[];
  /** Our own pages, asked in this order. */
  routers: readonly Router[];
  /** Whatever else there is under an issuer. */
  provider: Middleware;
}

export function createApp(deps: AppDeps): Koa {
  const { publicUrl, log, sender, sites } = deps;
  // clientAddress makes sure that forwarding headers say the truth.
  const app = new Koa({ proxy: true });
  logStrayErrors(app, log);

  app.use(clientAddress(deps.trustedProxies));
  app.use(requestContext(log));
  // Before the access log, which probes would fill, and the host check: a probe names an address and no public host.
  if (deps.health) app.use(deps.health.routes());
  app.use(accessLog(deps.metrics));
  app.use(securityHeaders({ https: publicUrl.protocol === 'https:' }));
  app.use(closeAfterUnreadBody);
  app.use(handleErrors({ renderErrorPage: sender.renderErrorPage, log }));
  app.use(requireHost((host) => host === publicUrl.host || sites.isTenantHost(host)));
  app.use(deps.staticFiles.serve);
  for (const surface of deps.administration) app.use(surface);
  app.use(tenantContext(sites, publicUrl.host));
  for (const router of deps.routers) app.use(router.routes());
  app.use(refuseOtherMethods);
  app.use(deps.provider);
  return app;
}

/** Probes and metrics on a port of their own. */
export function createOpsApp(health: Router, log: Log): Koa {
  const app = new Koa();
  logStrayErrors(app, log);
  app.use(health.routes());
  return app;
}

/** A path of ours that none of the routes answered was asked with a method that it does not have (RFC 9110 15.5.6). */
const refuseOtherMethods: Middleware = (ctx, next) => {
  const matched: { methods: string[] }[] = ctx.matched ?? [];
  if (matched.length === 0) return next();
  ctx.set('Allow', [...new Set(matched.flatMap((layer) => layer.methods))].join(', '));
  throw new AppError('method_not_allowed', 405, 'This address does not accept that method.');
};
