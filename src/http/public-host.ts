// Which hosts are ours. Links, issuers and cookies hang on the host, so a foreign one gets no further.

import type { Context, Middleware } from 'koa';
import { AppError } from '../errors.ts';

const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * The host that a request names, in lower case and with its port unless that is the protocol's own, as `URL.host` has it;
 * undefined where it names none. Runs after `clientAddress`, which leaves X-Forwarded-Host only where a trusted proxy set it.
 */
export function hostOf(ctx: Context): string | undefined {
  // As it was sent: `ctx.host` would forgive a `user@` before it.
  const host = (ctx.get('X-Forwarded-Host') || ctx.get('Host')).toLowerCase();
  return HOST.test(host) ? withoutDefaultPort(host, ctx.protocol) : undefined;
}

/** Refuses every request whose host is none of ours with 421 `wrong_host` (RFC 9110 15.5.20), reflecting nothing of it. */
export function requireHost(isPublic: (host: string) => boolean | Promise<boolean>): Middleware {
  return async (ctx, next) => {
    const host = hostOf(ctx);
    if (host === undefined || !(await isPublic(host))) {
      throw new AppError('wrong_host', 421, 'This address does not belong to this service.');
    }
    return next();
  };
}

function withoutDefaultPort(host: string, protocol: string): string {
  const defaultPort = protocol === 'https' ? ':443' : ':80';
  return host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
}
