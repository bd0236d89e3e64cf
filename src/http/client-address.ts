// Where a request comes from. Only a configured proxy is believed; what anybody else says in a forwarding header is removed
// before anything downstream, oidc-provider included, can read it. Which hosts are ours is public-host.ts.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Middleware } from 'koa';
import proxyAddr from 'proxy-addr';

const FORWARDING_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
];

/**
 * Sets `ctx.ip`, and rewrites the forwarding headers to what is true: afterwards X-Forwarded-For is the one client address,
 * and X-Forwarded-Proto and X-Forwarded-Host are there only when a trusted proxy set them. So it is safe for Koa and
 * oidc-provider to run with `proxy = true`, which must be set for protocol and host to take effect.
 *
 * @param trustedProxies addresses and CIDR ranges.
 * @throws TypeError at once, when one of them is neither.
 */
export function clientAddress(trustedProxies: readonly string[]): Middleware {
  const trusted = proxyAddr.compile([...trustedProxies]);
  return (ctx, next) => {
    const { headers, socket } = ctx.req;
    const peer = socket.remoteAddress ?? '';
    const believed = trusted(peer, 0);
    const address = believed ? forwardedAddress(ctx.req, trusted) : plainAddress(peer);
    const protocol = believed ? first(headers['x-forwarded-proto']).toLowerCase() : '';
    const host = believed ? first(headers['x-forwarded-host']) : '';

    for (const name of FORWARDING_HEADERS) Reflect.deleteProperty(headers, name);
    headers['x-forwarded-for'] = address;
    if (protocol === 'http' || protocol === 'https') headers['x-forwarded-proto'] = protocol;
    if (host) headers['x-forwarded-host'] = host;
    ctx.request.ip = address;
    return next();
  };
}

/** The nearest address that is no trusted proxy; the proxy's own where that is not an address at all. */
function forwardedAddress(request: IncomingMessage, trusted: (address: string, hop: number) => boolean): string {
  const address = withoutPort(proxyAddr(request, trusted));
  return plainAddress(isIP(address) ? address : (request.socket.remoteAddress ?? ''));
}

/** Some proxies (Azure Application Gateway) write `address:port`. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}

/** A dual-stack socket shows 192.0.2.1 as ::ffff:192.0.2.1; one client must not count as two. */
function plainAddress(address: string): string {
  return /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address;
}

/** Proxies in a row may make a list of it, of which the first is the one that the client spoke to. */
function first(header: string | string[] | undefined): string {
  return String(header ?? '')
    .split(',', 1)
    .join('')
    .trim();
}
