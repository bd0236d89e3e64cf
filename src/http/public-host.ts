// Which hosts are ours. Links, issuers and cookies hang on the host, so a foreign one gets no further.

import type { Middleware } from 'koa';
import { AppError } from '../errors.ts';

const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * Refuses every request whose host is none of ours with 421 `wrong_host` (RFC 9110 15.5.20), reflecting nothing of it.
 * Runs after `clientAddress`, which leaves X-Forwarded-Host only where a trusted proxy set it.
 *
 * @param isPublic gets the host in lower case, with its port unless that is the protocol's own, as `URL.host` has it.
 */
export function requireHost(isPublic: (host: string) => boolean | Promise<boolean>): Middleware {
  return async (ctx, next) => {
    // As it was sent: `ctx.host` would forgive a `user@` before it.
    const host = (ctx.get('X-Forwarded-Host') || ctx.get('Host')).toLowerCase();
    if (!HOST.test(host) || !(await isPublic(withoutDefaultPort(host, ctx.protocol)))) {
      throw new AppError('wrong_host', 421, 'This address does not belong to this service.');
    }
    return next();
  };
}

function withoutDefaultPort(host: string, protocol: string): string {
  const defaultPort = protocol === 'https' ? ':443' : ':80';
  return host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
}
