// The headers that tell a browser what our pages may do: nothing but what they need, and nothing from another origin.

import { randomBytes } from 'node:crypto';
import type { Context, Middleware } from 'koa';

const CSP = 'Content-Security-Policy';
const ONE_YEAR = 365 * 24 * 60 * 60;

const PERMISSIONS = [
  'camera=()',
  'geolocation=()',
  'microphone=()',
  'payment=()',
  'usb=()',
  'publickey-credentials-create=(self)',
  'publickey-credentials-get=(self)',
].join(', ');

/**
 * Sets the headers before anything else answers, so that errors carry them too. What is meant to be cached overrides
 * `Cache-Control`; templates find the nonce in `ctx.state.cspNonce`.
 *
 * @param https whether the public URL is https: only then is HSTS sent.
 */
export function securityHeaders({ https }: { https: boolean }): Middleware {
  return (ctx, next) => {
    const nonce = randomBytes(16).toString('base64url');
    ctx.state.cspNonce = nonce;
    ctx.set({
      [CSP]: contentSecurityPolicy(nonce),
      'Cache-Control': 'no-store',
      'Permissions-Policy': PERMISSIONS,
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
    if (https) ctx.set('Strict-Transport-Security', `max-age=${String(ONE_YEAR)}`);
    return next();
  };
}

// `script-src` must stay: oidc-provider adds the hash of its form_post script only to a policy that has one.
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `style-src 'self' 'nonce-${nonce}'`,
    `script-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'none'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/**
 * Lets a form of this one answer reach `uri`: directly (`response_mode=form_post`), or through the redirects that follow it,
 * which Chromium holds against `form-action` too (a confirmed logout that leads on to `post_logout_redirect_uri`).
 *
 * @param uri absolute, and already found among the client's registered ones.
 */
export function allowFormTarget(ctx: Pick<Context, 'response' | 'set'>, uri: string): void {
  const { origin, protocol } = new URL(uri);
  const source = origin === 'null' ? protocol : origin; // an app's private scheme (RFC 8252 7.1) has no origin
  ctx.set(CSP, ctx.response.get(CSP).replace("form-action 'self'", `form-action 'self' ${source}`));
}
